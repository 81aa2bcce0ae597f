/** The adapter on a wire in memory: listening, polling, late answers, refusals, bad frames. */
import type { Duplex } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import t, { type Test } from 'tap';
import serial from '../../../../adapters/serial/index.js';
import type { Point, Reading } from '../../../../src/core/adapter.js';
import { silentLog } from '../../../../src/core/log.js';
import type { Endpoint } from '../../../../src/core/transport.js';
import { duplexPair } from '../../../support/duplex-pair.js';
import { ManualClock } from '../../../support/manual-clock.js';

const endpoint: Endpoint = { type: 'tcp', host: 'scale', port: 1 };

type Address = ReturnType<typeof serial.address.parse>;

interface Setup {
  readonly far: Duplex;
  readonly clock: ManualClock;
  readonly device: ReturnType<Awaited<ReturnType<typeof serial.open>>['device']>;
  readonly points: readonly Point<Address>[];
  readonly reported: Reading[];
  readonly faults: string[];
  readonly messages: string[];
  /** What the gateway sent so far. */
  sent(): string;
  say(text: string): Promise<void>;
}

async function setUp(t: Test, options: object, points: Readonly<Record<string, object>>): Promise<Setup> {
  const [near, far] = duplexPair();
  const clock = new ManualClock();
  const bus = await serial.open(near, {}, { clock, log: silentLog, endpoint });
  t.teardown(async () => {
    await bus[Symbol.asyncDispose]();
    near.destroy();
    if (clock.pending > 0) throw new Error(`${clock.pending} timers are left`);
  });
  const parsed = serial.device.parse(options);
  const device = bus.device(parsed);
  const all = Object.entries(points).map(([id, fields]) => {
    const address = serial.resolve!(serial.address.parse(fields), parsed);
    return { id, address, writable: address.send !== undefined };
  });
  const reported: Reading[] = [];
  const faults: string[] = [];
  const messages: string[] = [];
  device.listen?.(
    all.filter(({ address }) => serial.pushed?.(address, parsed, {}) !== undefined),
    {
      report: (readings) => void reported.push(...readings),
      fault: (error) => void faults.push(error.code),
      publish: (name, payload) => void messages.push(`${name} ${payload}`),
    },
  );
  let sent = '';
  far.on('data', (chunk: Buffer) => (sent += chunk.toString('latin1')));
  return {
    far,
    clock,
    device,
    points: all,
    reported,
    faults,
    messages,
    sent: () => sent,
    async say(text) {
      far.write(text, 'latin1');
      for (let i = 0; i < 5; i++) await turn();
    },
  };
}

const regex = { regex: '^(?<n>[+-]?[0-9.]+)(?<unit>kg)?$' };
const values = (readings: readonly Reading[]) =>
  readings.map(({ point, value, error }) => [point, value ?? error?.code]);

t.test('what comes by itself is reported, and what is no good is counted', async (t) => {
  const { say, reported, faults, messages, clock } = await setUp(
    t,
    { frame: 'line', parse: regex, checksum: { type: 'xor', encoding: 'hex', separator: '*' }, raw: { tee: true } },
    { weight: { field: 'n' }, heavy: { field: 'n', type: 'text' }, kilo: { field: 'unit', is: 'kg' } },
  );
  const sum = [...Buffer.from('1.5kg')]
    .reduce((a, b) => a ^ b, 0)
    .toString(16)
    .toUpperCase();
  await say(`1.5kg*${sum}\r\n`);
  t.strictSame(values(reported), [
    ['weight', 1.5],
    ['heavy', '1.5'],
    ['kilo', true],
  ]);
  await say('1.5kg*00\r\n');
  await say('what*0A\r\n');
  t.strictSame(faults, ['SERIAL_CHECKSUM', 'SERIAL_NO_MATCH']);
  t.ok(messages.every((message) => /^\$raw\/rx [0-9a-f]+$/.test(message)) && messages.length > 0);
  await say('1.5');
  await clock.advance(1_001);
  reported.length = 0;
  await say(`1.5kg*${sum}\r\n`);
  t.equal(reported.length, 3, 'what was begun and not ended does not spoil the next');
});

t.test('an answer is taken for its question only', async (t) => {
  const setup = await setUp(
    t,
    {
      address: '01',
      frame: 'line',
      parse: { regex: '^(?<id>[0-9]{2}) (?<n>[0-9.]+)$' },
      poll: { text: '{address}?\r\n', expect: '^{address} ' },
    },
    { level: { field: 'n' }, other: { field: 'n', poll: { text: 'X\r\n' } } },
  );
  const { device, points, say, sent, clock } = setup;
  const [level] = points;
  const reading = device.read!([level!], AbortSignal.timeout(10_000));
  await say('');
  t.equal(sent(), '01?\r\n');
  await say('02 9.9\r\n');
  await say('01 4.5\r\n');
  t.strictSame(values(await reading), [['level', 4.5]], 'that of another device is not taken');

  const controller = new AbortController();
  const late = t.rejects(device.read!([level!], controller.signal), {
    code: 'SERIAL_TIMEOUT',
    details: { sent: true },
  });
  await clock.advance(400);
  controller.abort(new Error('deadline'));
  await late;
  t.ok(device.readyAt!() > clock.monotonic(), 'it is not asked while its answer may be late');
  await say('01 1.0\r\n');
  t.equal(device.readyAt!(), 0, 'the late answer came, and was thrown away');
  const next = device.read!([level!], AbortSignal.timeout(10_000));
  await say('01 2.0\r\n');
  t.strictSame(values(await next), [['level', 2]]);

  const silent = new AbortController();
  const broken = device.read!([level!], silent.signal);
  await say('01 x\r\n');
  t.strictSame(values(await broken), [['level', 'SERIAL_NO_MATCH']]);
});

t.test('commands: templates, refusals, nothing without a value that fits', async (t) => {
  const { device, points, say, sent } = await setUp(
    t,
    { frame: { start: { hex: '02' }, end: { hex: '03' }, trailer: 1 }, checksum: 'xor', wrap: true, poll: 'R' },
    {
      set: { field: 'content', send: { text: 'S{value:06.2}', expect: '^OK$', refused: '^NO' } },
      hexed: { field: 'content', send: { hex: '53 {value:u16be}', wrap: false } },
      plain: { field: 'content' },
    },
  );
  const [set, hexed, plain] = points;
  const signal = AbortSignal.timeout(10_000);
  const written = device.write!(set!, 12.5, signal);
  await say('\x02OK\x03\x07');
  await written;
  t.equal(sent(), '\x02S012.50\x03\x65'.slice(0, -1) + sent().at(-1), 'a frame of it');
  const refused = t.rejects(device.write!(set!, 1, signal), { code: 'SERIAL_REFUSED' });
  await say('\x02NO7\x03\x35');
  await refused;
  await t.rejects(device.write!(set!, 123_456, signal), { code: 'SERIAL_VALUE' });
  await t.rejects(device.write!(plain!, 1, signal), { code: 'SERIAL_READ_ONLY' });
  const before = sent().length;
  await device.write!(hexed!, 258, signal);
  await say('');
  t.equal(sent().slice(before), '\x53\x01\x02');
  await t.rejects(device.write!(hexed!, 70_000, signal), { code: 'SERIAL_VALUE' });
  await t.rejects(device.request!('00', signal), { code: 'SERIAL_NO_RAW' });
});

t.test('a value cannot bring a second command along', async (t) => {
  const { device, points, sent } = await setUp(
    t,
    { frame: 'line' },
    { name: { send: 'N{value}\r\n', field: 'content' } },
  );
  await t.rejects(device.write!(points[0]!, 'a\r\nZERO', AbortSignal.timeout(1_000)), { code: 'SERIAL_VALUE' });
  t.equal(sent(), '');
});

t.test('requests as they are', async (t) => {
  const { device, say, sent } = await setUp(t, { frame: 'slip', raw: { request: true, encoding: 'hex' } }, {});
  const answer = device.request!('01 c0 02', AbortSignal.timeout(10_000));
  await say('');
  t.equal(Buffer.from(sent(), 'latin1').toString('hex'), 'c001dbdc02c0');
  await say('\xc0\x05\xdb\xdd\xc0');
  t.equal(await answer, '05db');
  await t.rejects(device.request!('xyz', AbortSignal.timeout(10_000)), { code: 'SERIAL_RAW' });
});

t.test('the wire goes while an answer is awaited', async (t) => {
  const [near, far] = duplexPair();
  const bus = await serial.open(near, {}, { clock: new ManualClock(), log: silentLog, endpoint });
  const options = serial.device.parse({ frame: 'line', poll: '?' });
  const device = bus.device(options);
  const address = serial.resolve!(serial.address.parse({}), options);
  const point = { id: 'x', address, writable: false };
  const reading = t.rejects(device.read!([point], AbortSignal.timeout(10_000)), { code: 'SERIAL_DISCONNECTED' });
  await turn();
  far.destroy();
  await bus[Symbol.asyncDispose]();
  await reading;
});

t.test('configurations that say nothing, or two things', async (t) => {
  const issues = (device: object) => serial.check!.device!(serial.device.parse(device), {}, endpoint);
  t.match(issues({}), [{ path: [], message: /needs `frame`/ }]);
  t.match(issues({ frame: 'nmea', checksum: 'xor' }), [{ path: ['checksum'], message: /its own/ }]);
  t.match(issues({ protocol: 'iec62056-21', frame: 'line' }), [{ path: ['frame'] }]);
  t.match(issues({ frame: 'line', poll: '{address}?' }), [{ path: ['poll'], message: /give the device an `address`/ }]);
  t.match(issues({ frame: 'line', raw: {} }), [{ path: ['raw'], message: /does nothing/ }]);
  t.match(issues({ frame: { regex: 'a' }, wrap: true }), [{ path: ['wrap'] }]);
  t.match(issues({ frame: { start: '(', end: ')', trailer: 1 }, checksum: 'crc-16/arc' }), [
    { path: ['checksum'], message: /2 bytes, the trailer of the frame 1/ },
  ]);
  const point = (address: object, device: object, id = 'weight') =>
    serial.check!.pointOf!(serial.address.parse(address), serial.device.parse(device), id);
  t.match(point({}, { frame: 'line', parse: regex }), [{ path: [], message: /no field weight.*n, unit/ }]);
  t.strictSame(point({ field: 'n' }, { frame: 'line', parse: regex }), []);
  t.strictSame(point({}, { frame: 'line' }), [], 'without parse everything is the content');
  t.match(point({ staleAfter: '1s' }, { frame: 'line', poll: '?' }), [{ path: ['staleAfter'] }]);
  for (const [device, message] of [
    [{ frame: {} }, /say how a frame ends/],
    [{ frame: { delimiter: 'a', gap: '1ms' } }, /delimiter and gap/],
    [{ frame: { delimiter: 'a', escape: 'b' } }, /does not go with delimiter/],
    [{ frame: { regex: '^' } }, /matches nothing/],
    [{ frame: { regex: '(' } }, /no pattern/],
    [{ frame: { fixed: 100, max: 50 } }, /more than max/],
    [{ frame: 'line', parse: { regex: 'abc' } }, /no named group/],
    [{ frame: 'line', checksum: 'crc-16/modbuss' }, /crc-16\/modbus/],
    [{ frame: 'line', poll: 'a{b}' }, /a place is/],
    [{ protocol: 'iec62056-21', password: 'secret' }, /secrets do not stand/],
  ] as const) {
    const result = serial.device.safeParse(device);
    t.match(JSON.stringify(result.error?.issues), message, JSON.stringify(device));
  }
});
