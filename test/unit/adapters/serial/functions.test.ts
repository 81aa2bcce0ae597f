/** Frames that a function takes apart and makes: what it says becomes points, why it cannot becomes the cause. */
import { setImmediate as turn } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { serialError } from '../../../../adapters/serial/errors.js';
import serial from '../../../../adapters/serial/index.js';
import type { Decoded, Encoded, FrameFunctions, Reading } from '../../../../src/adapter.js';
import { silentLog } from '../../../../src/core/log.js';
import { duplexPair } from '../../../support/duplex-pair.js';
import { ManualClock } from '../../../support/manual-clock.js';

type Answer = (frame: string) => Decoded | Promise<Decoded>;

async function setUp(
  t: Test,
  points: Readonly<Record<string, object>>,
  decode: Answer,
  encode?: (value: string) => Encoded,
) {
  const [near, far] = duplexPair();
  const clock = new ManualClock();
  const endpoint = { type: 'tcp', host: 'x', port: 1 } as const;
  const bus = await serial.open(near, {}, { clock, log: silentLog, endpoint });
  t.teardown(async () => {
    await bus[Symbol.asyncDispose]();
    near.destroy();
  });
  const options = serial.device.parse({ frame: 'line' });
  const functions: FrameFunctions = {
    decode: (frame) => decode(frame.toString()),
    encode: encode && ((point, value) => encode(`${point}=${value}`)),
  };
  const device = bus.device(options, functions);
  const all = Object.entries(points).map(([id, fields]) => ({
    id,
    address: serial.address.parse(fields),
    writable: true,
  }));
  const reported: Reading[] = [];
  const faults: string[] = [];
  device.listen!(all, {
    report: (readings) => void reported.push(...readings),
    fault: (error) => void faults.push(error.code),
    publish: () => {},
  });
  let sent = '';
  far.on('data', (chunk: Buffer) => (sent += chunk.toString()));
  const say = async (text: string) => {
    far.write(`${text}\r\n`);
    for (let i = 0; i < 5; i++) await turn();
  };
  const values = () => reported.splice(0).map(({ point, value, error }) => [point, value ?? error?.code]);
  return { device, all, say, values, faults, sent: () => sent };
}

/** `a=1,b=2` */
const pairs: Answer = (frame) =>
  frame.split(',').map((pair) => {
    const [point = '', text = ''] = pair.split('=');
    return text === '?' ? { point, value: undefined, why: 'sensor open' } : { point, value: Number(text) };
  });

t.test('points by their names; others in the frame are nobody’s', async (t) => {
  const { say, values, faults } = await setUp(t, { a: {}, b: { type: 'text' } }, (frame) =>
    frame === 'what' ? [] : pairs(frame),
  );
  await say('a=1.5,b=7,c=9');
  t.strictSame(values(), [
    ['a', 1.5],
    ['b', '7'],
  ]);
  await say('b=8');
  t.strictSame(values(), [['b', '8']]);
  await say('a=?');
  t.strictSame(values(), [['a', 'SERIAL_DECODED_BAD']]);
  await say('what');
  t.strictSame(values(), []);
  t.strictSame(faults, ['SERIAL_NO_MATCH']);
});

t.test('a function that is down: all points are bad, with the cause', async (t) => {
  const down = serialError('SERIAL_CONFIG', 'the function is down');
  const { device, all, say, values } = await setUp(t, { a: {}, b: {}, p: { poll: 'P\r\n' } }, () => down);
  await say('a=1');
  t.strictSame(values(), [
    ['a', 'SERIAL_CONFIG'],
    ['b', 'SERIAL_CONFIG'],
  ]);
  const asked = device.read!([all[2]!], AbortSignal.timeout(10_000));
  await turn();
  await say('p=1');
  t.match(await asked, [{ point: 'p', quality: 'bad', error: { code: 'SERIAL_CONFIG' } }]);
});

t.test('a function that waits: frames are heard in their order', async (t) => {
  const waiting: (() => void)[] = [];
  const late: Answer = async (frame) => {
    if (frame.startsWith('a')) await new Promise<void>((resolve) => waiting.push(resolve));
    return pairs(frame);
  };
  const { say, values } = await setUp(t, { a: {}, b: {} }, late);
  await say('a=1');
  await say('b=2');
  await say('a=3');
  t.strictSame(values(), []);
  waiting[1]!();
  await turn();
  waiting[0]!();
  await turn();
  t.strictSame(values(), [
    ['a', 1],
    ['b', 2],
    ['a', 3],
  ]);
});

t.test('writes are the frames of the function, in order; none, or an error: nothing is sent', async (t) => {
  const down = serialError('SERIAL_CONFIG', 'the function is down');
  const encode = (text: string): Encoded =>
    text === 'x=1' ? [Buffer.from('ONE;'), Buffer.from('TWO;')] : text === 'x=2' ? [] : down;
  const { device, all, sent } = await setUp(t, { x: { encoded: true } }, pairs, encode);
  const write = (value: number) => device.write!(all[0]!, value, AbortSignal.timeout(10_000));
  await write(1);
  t.equal(sent(), 'ONE;TWO;');
  await t.rejects(write(2), { code: 'SERIAL_VALUE' });
  await t.rejects(write(3), { code: 'SERIAL_CONFIG' });
  t.equal(sent(), 'ONE;TWO;');
  t.equal(serial.readOnly!(all[0]!.address), undefined);
});

t.test('a frame of a function is answered as `send` says', async (t) => {
  const encode = (): Encoded => [Buffer.from('SET\r\n')];
  const points = { x: { encoded: true, send: { text: '{value}', expect: '^OK$', refused: '^NO$' } } };
  const { device, all, say } = await setUp(t, points, pairs, encode);
  for (const [answer, code] of [['OK'], ['NO', 'SERIAL_REFUSED']] as const) {
    const written = device.write!(all[0]!, 1, AbortSignal.timeout(10_000));
    written.catch(() => {});
    await turn();
    await say(answer);
    if (code === undefined) await written;
    else await t.rejects(written, { code });
  }
});
