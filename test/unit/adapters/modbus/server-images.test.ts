/** What the server role serves: points as registers, devices from memory or from the wire, and troubles as exceptions. */
import fc from 'fast-check';
import t from 'tap';
import type { z } from 'zod';
import modbus from '../../../../adapters/modbus/index.js';
import { cacheOf, keepCache, RegisterCache } from '../../../../adapters/modbus/register-cache.js';
import { DeviceImage } from '../../../../adapters/modbus/server/device-image.js';
import { exceptionOf, pointException, writeException } from '../../../../adapters/modbus/server/exceptions.js';
import { PointImage } from '../../../../adapters/modbus/server/point-image.js';
import { type DeviceUnit, type PointsUnit, roleSchema } from '../../../../adapters/modbus/server/role-schema.js';
import { VALUE_TYPES } from '../../../../adapters/modbus/values/codec.js';
import { errorsOf, type ServedDevice, type ServedPoint, type ServedSample } from '../../../../src/adapter.js';
import { ManualClock, settle } from '../../../support/manual-clock.js';

const error = errorsOf({
  DEVICE_OFFLINE: { fault: 'device', hint: '-' },
  DEVICE_PAUSED: { fault: 'caller', hint: '-' },
  DEVICE_TIMEOUT: { fault: 'device', hint: '-' },
  PORT_REFUSED: { fault: 'device', hint: '-' },
  PORT_SILENT: { fault: 'device', hint: '-' },
  COMMAND_QUEUE_FULL: { fault: 'limit', hint: '-' },
  COMMAND_CANCELLED: { fault: 'caller', hint: '-' },
  POINT_OUT_OF_RANGE: { fault: 'caller', hint: '-' },
  POINT_READ_ONLY: { fault: 'caller', hint: '-' },
  MODBUS_EXCEPTION: { fault: 'device', hint: '-' },
  MODBUS_TIMEOUT: { fault: 'device', hint: '-' },
  ADAPTER_READING: { fault: 'bug', hint: '-' },
});

const good = (value: ServedSample['value']): ServedSample => ({ value, quality: 'good', error: undefined });
const never = new AbortController().signal;

interface FakeDevice extends ServedDevice {
  readonly samples: Map<string, ServedSample>;
  readonly written: [string, unknown][];
  readonly recorded: string[];
  refuses: Error | undefined;
  away: ReturnType<typeof error> | undefined;
  /** Registers and how long they take; set by tests. */
  readRaw: (table: string, start: number, quantity: number, signal: AbortSignal) => Promise<Buffer>;
  asked: string[];
}

function device(points: Readonly<Record<string, object>>, options: object = {}): FakeDevice {
  const parsed = modbus.device.parse(options);
  const fake: FakeDevice = {
    name: 'boiler',
    adapter: 'modbus',
    options: parsed,
    samples: new Map(),
    written: [],
    recorded: [],
    refuses: undefined,
    away: undefined,
    asked: [],
    points: [],
    get unavailable() {
      return fake.away;
    },
    readRaw: async (_table, start, quantity) => {
      const data = Buffer.alloc(2 * quantity);
      for (let i = 0; i < quantity; i++) data.writeUInt16BE(start + i, 2 * i);
      return data;
    },
    async exchange(priority, run, signal) {
      const one = {
        readRaw: (table: string, start: number, quantity: number) => {
          fake.asked.push(`${priority} ${table} ${start} ${quantity}`);
          return fake.readRaw(table, start, quantity, signal);
        },
        writeBits: async (address: number, mask: number, bits: number) => {
          fake.asked.push(`${priority} bits ${address} ${mask} ${bits}`);
        },
        writeRaw: async (table: string, start: number, values: readonly number[]) => {
          fake.asked.push(`${priority} write ${table} ${start} ${values}`);
        },
      };
      return run(one, signal);
    },
    record: (what, who, outcome) => void fake.recorded.push(`${who}: ${what}: ${outcome}`),
  };
  const served = Object.entries(points).map(
    ([id, address]): ServedPoint => ({
      id,
      address: modbus.resolve?.(modbus.address.parse(address), parsed),
      sample: () => fake.samples.get(id),
      engineering: (raw) => (typeof raw === 'number' ? raw / 10 : Buffer.isBuffer(raw) ? raw.toString('hex') : raw),
      check: () => {
        if (fake.refuses !== undefined) throw fake.refuses;
      },
      write: async (value) => {
        fake.written.push([id, value]);
        return { status: 'written', error: undefined };
      },
    }),
  );
  return Object.assign(fake, { points: served });
}

function pointImage(fake: FakeDevice, unit: object): PointImage {
  const role = roleSchema.parse({ units: { 1: unit } });
  const parsed = role.units['1'] as PointsUnit;
  return new PointImage({
    unit: parsed,
    identity: [],
    device: (name) => (name === 'boiler' ? fake : undefined),
    who: 'me',
    signal: never,
  });
}

const anything = { a: { address: 'input:0' }, b: { address: 'input:1' }, c: { address: 'input:2' } };

t.test(
  'values at their addresses: scaled, rounded to the nearest, in the type and order that is asked for',
  async (t) => {
    const fake = device(anything);
    fake.samples.set('a', good(71.46));
    fake.samples.set('b', good(true));
    fake.samples.set('c', good('ON'));
    const image = pointImage(fake, {
      points: [
        { point: 'boiler.a', address: 'input:0', type: 'int16', scale: 0.1 },
        { point: 'boiler.a', address: 'input:1', type: 'float32', order: 'CDAB' },
        { point: 'boiler.a', address: 'input:3', type: 'uint16', scale: 0.01, offset: 70 },
        { point: 'boiler.b', address: 'input:4.3' },
        { point: 'boiler.b', address: 'input:4', type: 'uint8H' },
        { point: 'boiler.c', address: 'input:5', type: 'string', length: 4 },
        { point: 'boiler.b', address: 'discrete:9' },
        { point: 'boiler.a', address: 'input:7', type: 'int64' },
      ],
    });
    const single = Buffer.alloc(4);
    single.writeFloatBE(71.46);
    t.same(image.read('input', 0, 11), [
      715,
      single.readUInt16BE(2),
      single.readUInt16BE(0),
      146,
      0x0108,
      0x4f4e,
      0,
      0,
      0,
      0,
      71,
    ]);
    t.same(image.read('input', 2, 1), [single.readUInt16BE(0)], 'a word of a value alone');
    t.same(image.read('discrete', 9, 1), [1]);
    t.equal(image.read('input', 11, 1), 2, 'nothing is there');
    t.equal(image.read('holding', 0, 1), 2);
    fake.samples.set('a', good(7_000));
    t.equal(image.read('input', 0, 1), 4, 'a value that does not fit is none');
    fake.samples.set('a', good('text'));
    t.equal(image.read('input', 0, 1), 4);
  },
);

t.test('a point without a good value: exception, or what means «not available» in its type', async (t) => {
  const fake = device(anything);
  const points = [
    { point: 'boiler.a', address: 'input:0', type: 'int16' },
    { point: 'boiler.b', address: 'input:1', type: 'int32', onBad: 'sentinel' },
    { point: 'boiler.c', address: 'input:3.0', onBad: 'sentinel' },
  ];
  const image = pointImage(fake, { points, gaps: 'zero' });
  t.equal(image.read('input', 0, 1), 6, 'not read yet: busy');
  t.same(image.read('input', 1, 2), [0x8000, 0]);
  t.equal(image.read('input', 3, 1), 6, 'a bit has no such mark');
  t.equal(image.read('input', 4, 1), 2, 'gaps are between points');
  t.equal(image.read('holding', 4, 1), 2);
  fake.samples.set('a', { value: 5, quality: 'stale', error: undefined });
  t.equal(image.read('input', 0, 1), 4, 'a stale value is not served as if it were one');
  for (const [problem, code] of [
    [error('DEVICE_OFFLINE', '-'), 11],
    [error('DEVICE_OFFLINE', '-', { details: { code: 'PORT_REFUSED' } }), 10],
    [error('MODBUS_EXCEPTION', '-', { details: { exceptionCode: 2 } }), 4],
    [error('MODBUS_TIMEOUT', '-'), 11],
    [error('ADAPTER_READING', '-'), 4],
  ] as const) {
    fake.samples.set('a', { value: undefined, quality: 'bad', error: problem });
    t.equal(image.read('input', 0, 1), code, problem.code);
  }
});

t.test('every type has a mark that is not a value of it', async (t) => {
  for (const type of VALUE_TYPES) {
    if (/^(bool|u?int8)/.test(type)) continue;
    const fake = device(anything);
    const length = type === 'string' || type === 'bytes' ? { length: 4 } : {};
    const image = pointImage(fake, {
      onBad: 'sentinel',
      points: [{ point: 'boiler.a', address: 'input:0', type, ...length }],
    });
    const codec = modbus.span?.(modbus.address.parse({ address: 'input:0', type, ...length }));
    const words = image.read('input', 0, codec!.length) as Uint16Array;
    t.equal(words.length, codec!.length, type);
    const first = words[0]!;
    const expected = /^int24/.test(type)
      ? 0xff80
      : /^int/.test(type)
        ? 0x8000
        : /^(uint|bcd|unix)/.test(type)
          ? 0xffff
          : /^float/.test(type)
            ? { float16: 0x7e00, float32: 0x7fc0, float64: 0x7ff8 }[type as 'float16']
            : 0;
    t.equal(first, expected, type);
  }
});

t.test('writes: whole values of points that may be written, all checked before the first', async (t) => {
  const fake = device(anything);
  fake.samples.set('b', good(false));
  const image = pointImage(fake, {
    points: [
      { point: 'boiler.a', address: 'holding:0', type: 'float32', write: true },
      { point: 'boiler.b', address: 'holding:2.0', write: true },
      { point: 'boiler.c', address: 'holding:2.1', write: true },
      { point: 'boiler.a', address: 'holding:3', type: 'int16', scale: 0.1, write: true },
      { point: 'boiler.a', address: 'holding:4' },
      { point: 'boiler.b', address: 'coil:0', write: true },
      { point: 'boiler.a', address: 'holding:6', type: 'bcd16', write: true },
    ],
  });
  t.equal(await image.write('holding', 0, [0x428e, 0xcccd]), undefined);
  t.equal(await image.write('holding', 3, [0xfffe]), undefined);
  t.equal(await image.write('coil', 0, [1]), undefined);
  t.equal(await image.write('holding', 2, [2]), undefined, 'both bits of the register');
  t.same(fake.written, [
    ['a', 71.4],
    ['a', -0.2],
    ['b', true],
    ['b', false],
    ['c', true],
  ]);
  fake.written.length = 0;
  t.equal(await image.writeBits(2, 0x0001, 0x0001), undefined, 'function 22 touches only what it names');
  t.same(fake.written, [['b', true]]);
  fake.written.length = 0;
  t.equal(await image.write('holding', 1, [5]), 2, 'half a value');
  t.equal(await image.write('holding', 4, [5]), 2, 'not to be written');
  t.equal(await image.write('holding', 3, [5, 5]), 2, 'nor a part of the request');
  t.equal(await image.write('holding', 5, [5]), 2, 'nothing there');
  t.equal(await image.write('holding', 6, [0x1a00]), 3, 'no value of the type');
  t.equal(await image.writeBits(5, 1, 1), 2);
  t.equal(await image.writeBits(2, 0x8000, 0x8000), 2, 'bits of nobody');
  fake.refuses = error('POINT_OUT_OF_RANGE', '-');
  t.equal(await image.write('holding', 0, [0x4049, 0x0fdb, 1, 2]), 3);
  t.same(fake.written, [], 'nothing was sent');
});

t.test('troubles and their exceptions', async (t) => {
  t.equal(exceptionOf(error('DEVICE_PAUSED', '-')), 10);
  t.equal(exceptionOf(error('PORT_REFUSED', '-')), 10);
  t.equal(exceptionOf(error('PORT_SILENT', '-')), 11);
  t.equal(exceptionOf(error('DEVICE_TIMEOUT', '-')), 11);
  t.equal(exceptionOf(error('COMMAND_QUEUE_FULL', '-')), 6);
  t.equal(exceptionOf(error('COMMAND_CANCELLED', '-')), 6);
  t.equal(exceptionOf(error('POINT_OUT_OF_RANGE', '-')), 3);
  t.equal(exceptionOf(error('POINT_READ_ONLY', '-')), 2);
  t.equal(exceptionOf(error('MODBUS_EXCEPTION', '-', { details: { exceptionCode: 6 } })), 6, 'as the device says');
  t.equal(exceptionOf(error('MODBUS_EXCEPTION', '-', { details: { exceptionCode: 77 } })), 4);
  t.equal(pointException(undefined), 4);
  t.equal(writeException('written', undefined), undefined);
  t.equal(writeException('unknown', undefined), 11, 'whether it was done nobody knows');
  t.equal(writeException('failed', undefined), 4);
  t.equal(writeException('refused', error('COMMAND_QUEUE_FULL', '-')), 6);
});

function deviceImage(fake: FakeDevice, unit: object = {}) {
  const clock = new ManualClock();
  const role = roleSchema.parse({ units: { 1: { device: 'boiler', ...unit } } });
  const stop = new AbortController();
  const image = new DeviceImage({
    unit: role.units['1'] as DeviceUnit,
    device: fake,
    identity: [],
    clock,
    answerWithinMs: role.answerWithin,
    who: 'me',
    signal: stop.signal,
  });
  return { image, clock, stop, cache: keepCache(fake.options as z.output<typeof modbus.device>) };
}

t.test('a device: from memory what is fresh, in one question what is not', async (t) => {
  const fake = device({ a: { address: 'holding:5' } });
  const { image, clock, cache } = deviceImage(fake, { maxAge: '2s' });
  t.equal(cacheOf(fake.options as never), cache);
  cache.store('holding', 10, 2, Buffer.of(0, 7, 0, 8), clock.monotonic());
  t.same(image.read('holding', 10, 2), [7, 8], 'at once');
  t.same(await image.read('holding', 10, 3), [10, 11, 12], 'one that is not known asks for all');
  await clock.advance(2_001);
  t.same(await image.read('holding', 10, 1), [10], 'too old');
  t.same(fake.asked, ['ask holding 10 3', 'ask holding 10 1']);
  fake.asked = [];
  const same = await Promise.all([image.read('input', 0, 4), image.read('input', 0, 4), image.read('input', 0, 2)]);
  t.same(same, [
    [0, 1, 2, 3],
    [0, 1, 2, 3],
    [0, 1],
  ]);
  t.same(fake.asked, ['ask input 0 4', 'ask input 0 2'], 'masters that want the same share a question');
  fake.readRaw = async () => Buffer.of(0b101);
  t.same(await image.read('coil', 0, 3), [1, 0, 1]);
});

t.test('a device: its limits, its absence, its silence', async (t) => {
  const fake = device({ a: { address: 'holding:5' } }, { maxRegisters: 10 });
  const { image, clock, stop } = deviceImage(fake);
  t.equal(((await image.read('holding', 0, 25)) as Uint16Array).length, 25);
  t.same(fake.asked, ['ask holding 0 10', 'ask holding 10 10', 'ask holding 20 5']);
  fake.readRaw = (_table, _start, _quantity, signal) =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(error('COMMAND_CANCELLED', '-'))));
  const late = image.read('holding', 100, 1);
  await clock.advance(1_000);
  t.equal(await late, 6, 'it did not get the wire in time');
  const many = Array.from({ length: 40 }, (_, n) => image.read('holding', 200 + n, 1));
  t.equal(many.filter((one) => one === 6).length, 8, 'questions that wait are limited');
  stop.abort();
  t.same([...new Set(await Promise.all(many))], [6]);
  t.equal(clock.pending, 0);
  fake.away = error('DEVICE_OFFLINE', '-');
  t.equal(image.read('holding', 300, 1), 11, 'at once');
});

t.test('a device: writes by what is allowed', async (t) => {
  const points = {
    a: { address: 'holding:5' },
    f: { address: 'holding:7', type: 'float32' },
    i: { address: 'input:1' },
  };
  const none = device(points);
  t.equal(await deviceImage(none).image.write('holding', 5, [1]), 2);
  const some = device(points);
  const { image } = deviceImage(some, { write: 'points' });
  t.equal(await image.write('holding', 5, [123]), undefined);
  t.same(some.written, [['a', 12.3]]);
  t.equal(await image.write('holding', 5, [1, 2]), 2, 'the second register is no point');
  t.equal(await image.write('holding', 7, [1]), 2, 'half a value');
  t.same(some.asked, []);
  const all = device(points);
  const wide = deviceImage(all, { write: 'all' });
  t.equal(await wide.image.write('holding', 4, [9, 123, 9, 0x3f80, 0, 9, 9]), undefined);
  t.same(all.written, [
    ['a', 12.3],
    ['f', 0.1],
  ]);
  t.same(all.asked, ['command write holding 4 9', 'command write holding 6 9', 'command write holding 9 9,9']);
  t.match(all.recorded, [/me: holding:4-4: written/, /holding:6-6/, /holding:9-10/]);
  all.refuses = error('POINT_OUT_OF_RANGE', '-');
  all.asked = [];
  t.equal(await wide.image.write('holding', 4, [9, 123]), 3);
  t.same(all.asked, [], 'a value that is refused refuses the whole request');
});

t.test('a device: bits of a register', async (t) => {
  const points = {
    lamp: { address: 'holding:5.3' },
    level: { address: 'holding:5', bits: '8-11' },
    f: { address: 'holding:7', type: 'float32' },
  };
  const some = device(points);
  const { image } = deviceImage(some, { write: 'points' });
  t.equal(await image.writeBits(5, 0x0008, 0x0008), undefined);
  t.equal(await image.writeBits(5, 0x0f08, 0x0200), undefined);
  t.same(some.written, [
    ['lamp', true],
    ['lamp', false],
    ['level', 0.2],
  ]);
  t.equal(await image.writeBits(5, 0x0009, 0x0009), 2, 'bit 0 is no point');
  t.equal(await image.writeBits(5, 0x0100, 0x0100), 2, 'a part of one');
  t.equal(await image.writeBits(7, 0xffff, 0x0100), 2, 'half of one');
  t.equal(await image.write('holding', 5, [8]), 2, 'the whole register would lose its other bits');
  const all = device(points);
  const wide = deviceImage(all, { write: 'all' });
  t.equal(await wide.image.writeBits(5, 0x0009, 0x0009), undefined);
  t.equal(await wide.image.writeBits(6, 0x0001, 0x0001), undefined);
  t.same(all.written, [['lamp', true]]);
  t.same(all.asked, ['command bits 5 1 1', 'command bits 6 1 1']);
  t.same(all.recorded, ['me: holding:5 bits 0x1: written', 'me: holding:6 bits 0x1: written']);
  const none = device(points);
  t.equal(await deviceImage(none).image.writeBits(5, 8, 8), 2);
});

t.test('the memory of a device is that of its last reads, whatever their order', async (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ start: fc.nat(200), quantity: fc.integer({ min: 1, max: 20 }), forget: fc.boolean() }), {
        maxLength: 30,
      }),
      fc.nat(200),
      fc.integer({ min: 1, max: 20 }),
      (steps, start, quantity) => {
        const cache = new RegisterCache();
        const model = new Map<number, { value: number; at: number }>();
        steps.forEach((step, now) => {
          if (step.forget) cache.forget('holding', step.start, step.quantity);
          else {
            const data = Buffer.alloc(2 * step.quantity);
            for (let i = 0; i < step.quantity; i++) data.writeUInt16BE(now, 2 * i);
            cache.store('holding', step.start, step.quantity, data, now);
          }
          for (let i = step.start; i < step.start + step.quantity; i++) {
            if (step.forget) model.delete(i);
            else model.set(i, { value: now, at: now });
          }
        });
        const since = steps.length / 2;
        const expected = Array.from({ length: quantity }, (_, i) => model.get(start + i));
        const found = cache.get('holding', start, quantity, since);
        if (expected.some((one) => one === undefined || one.at < since)) return found === undefined;
        return found !== undefined && expected.every((one, i) => one!.value === found[i]);
      },
    ),
  );
  await settle();
  t.pass();
});
