/** The ready functions, as they are in the executable. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import { type FunctionInstance, FunctionTrap, type HostCalls } from '../../../src/core/function.js';
import { compile } from '../../../src/functions/engine/module.js';
import { readMessages, readPoints } from '../../../src/functions/frame-reader.js';
import { decodeFrame, messageFrame } from '../../../src/functions/frame-writer.js';
import { libraryModule, libraryNames } from '../../../src/functions/library.js';
import { guestLimits, guestMessage, quietHost } from '../../support/guests.js';
import { needs, repoRoot } from '../../support/peers.js';

async function open(name: string, config: Readonly<Record<string, unknown>> = {}): Promise<FunctionInstance> {
  const module = await compile(libraryModule(name)!, {
    limits: guestLimits,
    grants: new Set(['kv'] as const),
    isolate: 'inline',
  });
  const kv = new Map<string, Buffer>();
  const host: HostCalls = {
    ...quietHost(),
    config: (key) => (Object.hasOwn(config, key) ? JSON.stringify(config[key]) : undefined),
    kvGet: (key) => kv.get(key),
    kvSet: (key, value) => kv.set(key, Buffer.from(value)) === kv,
    kvDelete: (key) => void kv.delete(key),
  };
  return module.instantiate(host);
}

/** Payloads that come out; undefined: it refused. */
function give(instance: FunctionInstance, payload: string | Buffer, previous?: string): readonly string[] | undefined {
  const before = previous === undefined ? undefined : Buffer.from(previous);
  try {
    const frame = messageFrame(guestMessage({ payload, qos: 1, retain: true }), before, 0, 0);
    const records = readMessages(instance.call('on_message', frame), 10);
    if (!Array.isArray(records)) throw new Error('it gave no messages');
    for (const { topic, qos, retain } of records)
      t.match({ topic, qos, retain }, { topic: 'a/b', qos: 1, retain: true });
    return records.map((one) => one.payload.toString());
  } catch (error) {
    if (error instanceof FunctionTrap && error.trap === 'refused') return undefined;
    throw error;
  }
}

t.test('what is in the executable is what the sources give', needs('clang', 'wasm-ld'), async () => {
  execFileSync(process.execPath, [join(repoRoot, 'functions-sdk/library/build.mjs'), '--check'], { stdio: 'pipe' });
});

t.test('each is small, and nothing but bytes and JSON makes them trap', async (t) => {
  const payloads = [
    '',
    '{',
    '[',
    '"',
    '{"a":',
    '{"a"}',
    '[[[[',
    `${'['.repeat(500)}`,
    'null',
    '1e',
    '-',
    '{"v":"\\',
    '{}}',
    '\u0000',
  ];
  for (const name of libraryNames) {
    t.ok(libraryModule(name)!.length < 16_384, name);
    const instance = await open(name, {
      path: 'v',
      drop: ['v'],
      mask: ['a'],
      band: 1,
      scale: 2,
      points: [{ name: 'x' }],
    });
    for (const payload of payloads) give(instance, payload, payload);
  }
  t.equal(libraryModule('constructor'), undefined);
});

t.test('deduplicate', async (t) => {
  const whole = await open('deduplicate');
  t.strictSame(give(whole, 'x'), ['x']);
  t.strictSame(give(whole, 'x', 'x'), []);
  t.strictSame(give(whole, '', ''), []);
  t.strictSame(give(whole, 'y', 'x'), ['y']);
  const part = await open('deduplicate', { path: 'a.v' });
  t.strictSame(give(part, '{"t":2,"a":{"v":1}}', '{"a": {"v": 1}, "t":1}'), []);
  t.strictSame(give(part, '{"a":{"v":2}}', '{"a":{"v":1}}'), ['{"a":{"v":2}}']);
  t.strictSame(give(part, '{"b":1}', '{"b":1}'), ['{"b":1}'], 'where the value is not, nothing is said to be the same');
});

t.test('dead-band', async (t) => {
  const band = await open('dead-band', { band: 0.5 });
  t.strictSame(
    ['10', '10.5', '9.5', '10.6', '10.2', 'no number'].map((payload) => give(band, payload)?.length),
    [1, 0, 0, 1, 0, 1],
  );
  const percent = await open('dead-band', { path: 'v', percent: 10 });
  const said = (v: number) => give(percent, `{"v":${v}}`)?.length;
  t.strictSame([said(-100), said(-91), said(-110), said(-111)], [1, 0, 0, 1]);
});

t.test('units', async (t) => {
  const fahrenheit = await open('units', { path: 'd.t', scale: 1.8, offset: 32, decimals: 2 });
  t.strictSame(give(fahrenheit, '{"t":1, "d":{ "t" : -4e1 , "u":"C"}}'), ['{"t":1, "d":{ "t" : -40 , "u":"C"}}']);
  t.strictSame(give(fahrenheit, '{"d":{"t":21.5}}'), ['{"d":{"t":70.7}}']);
  t.strictSame(give(fahrenheit, '{"d":{"t":"21"}}'), ['{"d":{"t":"21"}}']);
  t.strictSame(give(await open('units', { scale: 0.1 }), '215'), ['21.5']);
});

t.test('desensitise', async (t) => {
  const one = await open('desensitise', { drop: ['user.name', 'gps'], mask: ['user.phone', 'pin'] });
  const made = give(one, '{"user":{"name":"Li","phone":"13812345678","age":40},"gps":[1,2],"v":1,"pin":1234}');
  t.strictSame(made, ['{"user":{"phone":"***5678","age":40},"v":1,"pin":"***"}']);
  t.strictSame(give(one, '[{"user":{"name":"Li"}},{"gps":1}]'), ['[{"user":{}},{}]'], 'in arrays, too');
  t.strictSame(give(one, '{"g\\u0070s":1,"v":2}'), ['{"v":2}'], 'a name written with escapes does not get through');
  for (const bad of ['name=Li', '{"gps":1', '{"v":1}x', '{"a" 1}']) t.equal(give(one, bad), undefined, bad);
});

t.test('modbus-rtu', async (t) => {
  const frame = withCrc('010306 00d7 41ac 0000');
  t.strictSame(give(await open('modbus-rtu'), frame), ['{"unit":1,"registers":[215,16812,0]}']);
  const points = [
    { name: 't', at: 0, type: 'int16', scale: 0.1 },
    { name: 'f', at: 1, type: 'float32' },
    { name: 'late', at: 3 },
  ];
  const named = await open('modbus-rtu', { points });
  t.strictSame(give(named, frame), ['{"unit":1,"t":21.5,"f":21.5}']);
  const decode = (bytes: Buffer) => readPoints(named.call('on_decode', decodeFrame('dtu', bytes)));
  t.match(decode(frame), [
    { point: 't', value: 21.5 },
    { point: 'f', value: 21.5 },
    { point: 'late', value: undefined, why: 'not in this frame' },
  ]);
  const broken = Buffer.from(frame);
  broken[4]! ^= 1;
  t.match(decode(broken), [{ point: 't', value: undefined, why: 'CRC is wrong' }]);
  t.equal(give(named, broken), undefined);
  t.match(decode(withCrc('018302')), [{ why: 'the device answered with an exception' }]);
});

/** MODBUS over Serial Line V1.02 §6.2.2 */
function withCrc(hex: string): Buffer {
  const data = Buffer.from(hex.replaceAll(' ', ''), 'hex');
  let crc = 0xffff;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >> 1) ^ 0xa001 : crc >> 1;
  }
  return Buffer.concat([data, Buffer.from([crc & 0xff, crc >> 8])]);
}
