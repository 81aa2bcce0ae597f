/** The adapter as the gateway sees it: schemas, checks, spans, readings. */
import { createRequire } from 'node:module';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { z } from 'zod';
import { parseAddress } from '../../../../adapters/modbus/address.js';
import { isSilenceOfUnit } from '../../../../adapters/modbus/errors.js';
import modbus from '../../../../adapters/modbus/index.js';
import { MemoryImage, type RegisterImage } from '../../../../adapters/modbus/server/image.js';
import { serveModbus } from '../../../../adapters/modbus/server/serve.js';
import { type Endpoint, silentLog } from '../../../../src/adapter.js';
import { duplexPair } from '../../../support/duplex-pair.js';
import { ManualClock, settle } from '../../../support/manual-clock.js';

const TCP: Endpoint = { type: 'tcp', host: '10.0.0.7', port: 502 };
const SERIAL: Endpoint = {
  type: 'serial',
  path: '/dev/ttyUSB0',
  baudRate: 9_600,
  dataBits: 8,
  parity: 'even',
  stopBits: 1,
};
const never = new AbortController().signal;
const pointSchema = z.strictObject({ every: z.string().optional(), ...modbus.address.shape });

t.test('addresses', async (t) => {
  const shown = (fields: object) => {
    const address = modbus.address.parse(fields);
    t.strictSame(modbus.check?.point?.(address), [], JSON.stringify(fields));
    return modbus.describe?.(address);
  };
  const cases: readonly (readonly [fields: object, canonical: string])[] = [
    [{ address: 'holding:100' }, 'holding:100 uint16'],
    [{ address: 'input:0x20', type: 'float64', order: '78563412' }, 'input:32 float64 78563412'],
    [{ address: 'coil:5' }, 'coil:5'],
    [{ address: 'discrete:65535' }, 'discrete:65535'],
    [{ address: '40001', type: 'float32' }, 'holding:0 float32 ABCD'],
    [{ address: 40_101 }, 'holding:100 uint16'],
    [{ address: '400001' }, 'holding:0 uint16'],
    [{ address: 465_536 }, 'holding:65535 uint16'],
    [{ address: '30033' }, 'input:32 uint16'],
    [{ address: '10008' }, 'discrete:7'],
    [{ address: '00006' }, 'coil:5'],
    [{ address: '000001' }, 'coil:0'],
    [{ address: '065536' }, 'coil:65535'],
    [{ address: '1!400001#BL', type: 'float32' }, 'holding:0 float32 CDAB'],
    [{ address: '1!400001#BB', type: 'uint32' }, 'holding:0 uint32 DCBA'],
    [{ address: '1!400001#LB', type: 'int32' }, 'holding:0 int32 BADC'],
    [{ address: '1!400001#B', type: 'int16' }, 'holding:0 int16 BA'],
    [{ address: '1!400001#L', type: 'int16' }, 'holding:0 int16'],
    [{ address: '1!300004#78563412', type: 'int64' }, 'input:3 int64 78563412'],
    [{ address: '1!300004.15' }, 'input:3.15'],
    [{ address: '1!400001.10H', type: 'string' }, 'holding:0 string 10'],
    [{ address: '1!400001.10L', type: 'string' }, 'holding:0 string 10 low-first'],
    [{ address: '1!400001.10D', type: 'bytes' }, 'holding:0 bytes 10 low-byte'],
    [{ address: '1!400001.10E', type: 'string' }, 'holding:0 string 10 high-byte'],
    [{ address: 'holding:7.3' }, 'holding:7.3'],
    [{ address: 'holding:7#CDAB', type: 'uint32' }, 'holding:7 uint32 CDAB'],
    [{ address: 'holding:7', bits: '4-7' }, 'holding:7.4-7'],
    [{ address: 'holding:7', bit: 0 }, 'holding:7.0'],
  ];
  for (const [fields, canonical] of cases) t.equal(shown(fields), canonical, JSON.stringify(fields));
  for (const address of [
    'holding',
    'holding:',
    'holding:-1',
    'register:5',
    'Holding:5',
    'holding:5x',
    6,
    4_001,
    null,
    '4001',
    '!40001',
    '40001#',
    '40001.',
    '40001.2H3',
    1e9,
    40_101.5,
  ]) {
    const result = pointSchema.safeParse({ address });
    t.match(result.error?.issues, [{ path: ['address'], message: /"holding:100", "input:0x20"/ }], String(address));
  }
  for (const [address, message] of [
    ['holding:65537', /beyond 65535/],
    ['20001', /begins with 2/],
    ['40000', /count from 1/],
    ['465537', /beyond 465536/],
    ['40001#ABDC', /names no order/],
  ] as const) {
    t.match(pointSchema.safeParse({ address }).error?.issues, [{ path: ['address'], message }], address);
  }
  fc.assert(
    fc.property(fc.string({ maxLength: 20 }), (text) => {
      const parsed = parseAddress(text);
      return typeof parsed === 'string' || (parsed.start >= 0 && parsed.start <= 65_536);
    }),
  );
  t.match(pointSchema.safeParse({ address: 'coil:1', typ: 'bool' }).error?.issues, [{ code: 'unrecognized_keys' }]);
  t.match(pointSchema.safeParse({ address: 'holding:1', order: 12_345_678 }).error?.issues, [{ message: /in quotes/ }]);
  t.match(modbus.port.safeParse({ lateWindow: 500 }).success, false);
  t.equal(modbus.port.parse({ lateWindow: '1.5s' }).lateWindow, 1_500);
  t.strictSame(modbus.device.parse({}), {
    unit: 1,
    order: 'ABCD',
    base: 0,
    writeRegister: 'single',
    writeCoil: 'single',
    writeBits: 'mask',
  });
  for (const schema of [modbus.port, modbus.device, modbus.address]) t.ok(z.toJSONSchema(schema, { io: 'input' }));
});

t.test('fields that contradict one another', async (t) => {
  const issues = (fields: object) => modbus.check?.point?.(modbus.address.parse(fields));
  t.strictSame(issues({ address: 'holding:1', type: 'float32', order: 'CDAB' }), []);
  t.strictSame(issues({ address: 'holding:1', type: 'int64', order: 'CDAB' }), []);
  t.strictSame(issues({ address: 'holding:1', type: 'int64', order: '34127856' }), []);
  t.strictSame(issues({ address: 'coil:1', type: 'bool' }), []);
  t.strictSame(issues({ address: 'input:1', bit: 15 }), []);
  t.match(issues({ address: 'coil:1', type: 'uint16' }), [{ path: ['type'], message: /a coil holds one bit/ }]);
  t.match(issues({ address: 'discrete:1', bit: 2 }), [{ path: ['bit'] }]);
  t.match(issues({ address: 'holding:1', bit: 2, type: 'int16' }), [{ path: ['type'] }]);
  t.match(issues({ address: 'holding:1', type: 'int16', order: 'CDAB' }), [{ path: ['order'], message: /AB or BA/ }]);
  t.match(issues({ address: 'holding:1', type: 'int32', order: '12345678' }), [
    { path: ['order'], message: /8 bytes/ },
  ]);
  const contradictions: readonly (readonly [fields: object, path: string, message: RegExp])[] = [
    [{ address: 'holding:1', bits: '7-4' }, 'bits', /lowest first/],
    [{ address: 'holding:1', bits: '4-16' }, 'bits', /0 to 15/],
    [{ address: 'holding:1.16' }, 'address', /0 to 15/],
    [{ address: 'holding:1', bit: 3, bits: '4-7' }, 'bits', /not both/],
    [{ address: 'holding:1', bits: '4-7', type: 'int16' }, 'type', /without sign/],
    [{ address: 'coil:1', bits: '4-7' }, 'bits', /no bits inside/],
    [{ address: 'holding:1', bit: 3, order: 'AB' }, 'order', /no order/],
    [{ address: 'coil:1#AB' }, 'address', /no order/],
    [{ address: 'holding:1', type: 'string' }, 'length', /needs its length/],
    [{ address: 'holding:1', type: 'string', length: 250, packing: 'low-byte' }, 'length', /250 registers/],
    [{ address: 'holding:1', type: 'string', length: 7, encoding: 'utf16' }, 'length', /two bytes/],
    [{ address: 'holding:1', type: 'bytes', length: 7, encoding: 'utf8' }, 'encoding', /for strings/],
    [{ address: 'holding:1', type: 'int16', length: 2 }, 'length', /for strings/],
    [{ address: 'holding:1', type: 'bool', invalid: 1 }, 'invalid', /not available/],
  ];
  for (const [fields, path, message] of contradictions) {
    t.match(issues(fields), [{ path: [path], message }], JSON.stringify(fields));
  }
  const together = (fields: object, device: object = {}) =>
    modbus.check?.pointOf?.(modbus.address.parse(fields), modbus.device.parse(device), 'p');
  t.strictSame(together({ address: 'holding:65534', type: 'int32' }), []);
  t.strictSame(together({ address: 'holding:65536' }, { base: 1 }), []);
  t.strictSame(together({ address: '40001' }, { base: 1 }), [], 'digits count from 1 anyway');
  for (const [fields, device, message] of [
    [{ address: 'holding:65535', type: 'int32' }, {}, /beyond address 65535/],
    [{ address: 'holding:65536' }, {}, /beyond 65535/],
    [{ address: 'holding:0' }, { base: 1 }, /counts from 1/],
    [{ address: '2!40001' }, { unit: 3 }, /in unit 2, the device is unit 3/],
    [
      { address: 'holding:0', type: 'string', length: 40 },
      { maxRegisters: 16 },
      /takes 20 registers, the device returns 16/,
    ],
  ] as const) {
    t.match(together(fields, device), [{ path: ['address'], message }], JSON.stringify(fields));
  }
  const port = modbus.port.parse({});
  t.strictSame(modbus.check?.device?.(modbus.device.parse({ unit: 0 }), port, TCP), []);
  t.match(modbus.check?.device?.(modbus.device.parse({ unit: 0 }), port, SERIAL), [
    { path: ['unit'], message: /1 to 247/ },
  ]);
  t.match(modbus.check?.device?.(modbus.device.parse({ unit: 248 }), { framing: 'rtu' }, TCP), [{ path: ['unit'] }]);
  t.strictSame(modbus.check?.port?.({ framing: 'rtu' }, TCP), []);
  t.match(modbus.check?.port?.({ framing: 'tcp' }, SERIAL), [{ path: ['framing'] }]);
});

t.test('spans and what cannot be written', async (t) => {
  const span = (fields: object) => modbus.span?.(modbus.address.parse(fields));
  t.strictSame(span({ address: 'holding:100' }), { space: 'holding', start: 100, length: 1, limit: 125 });
  t.strictSame(span({ address: 'input:7', type: 'float64' }), { space: 'input', start: 7, length: 4, limit: 125 });
  t.strictSame(span({ address: 'input:7', bit: 3 }), { space: 'input', start: 7, length: 1, limit: 125 });
  t.strictSame(span({ address: 'coil:3' }), { space: 'coil', start: 3, length: 1, limit: 2_000 });
  const based = modbus.resolve?.(
    modbus.address.parse({ address: 'holding:1', type: 'float32' }),
    modbus.device.parse({ base: 1, order: 'CDAB', invalid: 'sunspec' }),
  );
  t.match(based, { address: { start: 0, isBased: false }, order: 'CDAB', invalid: 'sunspec' });
  const marks = modbus.device.parse({ invalid: '0x8000' });
  for (const fields of [
    { address: 'coil:1' },
    { address: 'holding:1', type: 'string', length: 4 },
    { address: 'holding:1.3' },
  ]) {
    const resolved = modbus.resolve?.(modbus.address.parse(fields), marks);
    t.strictSame(modbus.check?.point?.(resolved!), [], 'marks of the device are for its numbers');
  }
  t.strictSame(modbus.resolve?.(based!, modbus.device.parse({ base: 1 })), based, 'once is enough');
  t.equal(modbus.describe?.(based!), 'holding:0 float32 CDAB');
  const own = modbus.address.parse({ address: 'holding:1', type: 'float32', order: 'BADC', invalid: [] });
  t.match(modbus.resolve?.(own, modbus.device.parse({ order: 'CDAB', invalid: 'sunspec' })), {
    order: 'BADC',
    invalid: [],
  });
  const reason = (fields: object) => modbus.readOnly?.(modbus.address.parse(fields));
  t.equal(reason({ address: 'holding:1' }), undefined);
  t.equal(reason({ address: 'coil:1' }), undefined);
  t.match(reason({ address: 'input:1' }), /input registers cannot be written/);
  t.match(reason({ address: 'discrete:1' }), /discrete inputs cannot be written/);
  t.equal(reason({ address: 'holding:1', bit: 1 }), undefined, 'with a mask');
  t.match(reason({ address: 'holding:1', type: 'bytes', length: 248 }), /123 registers/);
});

async function open(t: Test, image: RegisterImage, endpoint: Endpoint = TCP, options: object = {}) {
  const [near, far] = duplexPair();
  const clock = new ManualClock();
  const asked: string[] = [];
  const seen: RegisterImage = {
    read: (table, start, quantity) => {
      asked.push(`read ${table} ${start} ${quantity}`);
      return image.read(table, start, quantity);
    },
    write: (table, start, values) => {
      asked.push(`write ${table} ${start} ${values}`);
      return image.write(table, start, values);
    },
  };
  const framing = endpoint.type === 'serial' ? 'rtu' : 'tcp';
  const stop = new AbortController();
  const served = serveModbus(far, { framing, units: new Map([[1, seen]]), clock, signal: stop.signal });
  const frames: Buffer[] = [];
  const write = near.write.bind(near);
  near.write = ((frame: Buffer) => {
    frames.push(frame);
    return write(frame);
  }) as typeof near.write;
  const bus = await modbus.open(near, modbus.port.parse({}), { clock, endpoint, log: silentLog });
  t.teardown(async () => {
    stop.abort();
    await served;
    await bus[Symbol.asyncDispose]();
  });
  const device = bus.device(modbus.device.parse(options));
  const during = async <T>(work: Promise<T> | undefined): Promise<T> => {
    const held = Promise.resolve(work as Promise<T>);
    held.catch(() => {});
    await clock.advance(200);
    return held;
  };
  /** Function codes of the requests so far, on TCP. */
  const sent = () => frames.map((frame) => frame[7]);
  return { bus, device, clock, asked, during, sent };
}

const point = (id: string, fields: object) => ({ id, address: modbus.address.parse(fields), writable: true });

for (const endpoint of [TCP, SERIAL]) {
  t.test(`${endpoint.type}: many points are one exchange; NaN is no value`, async (t) => {
    const image = new MemoryImage({ holding: 200, coil: 100 });
    image.tables.holding.set([0x2000, 0x47f1], 10);
    image.tables.holding.set([0x7fc0, 0], 20);
    const { device, asked, during, clock } = await open(t, image, endpoint, { order: 'CDAB' });
    const points = [
      point('nan', { address: 'holding:20', type: 'float32', order: 'ABCD' }),
      point('float', { address: 'holding:10', type: 'float32' }),
      point('word', { address: 'holding:11', type: 'bool' }),
    ];
    const readings = await during(device.read?.(points, never));
    t.match(readings, [
      { point: 'nan', value: undefined, quality: 'bad', error: { code: 'MODBUS_NOT_A_NUMBER', fault: 'device' } },
      { point: 'float', value: 123_456, quality: 'good' },
      { point: 'word', value: true, quality: 'good' },
    ]);
    t.ok(readings.every(({ at }) => at > Date.UTC(2026, 0, 1) - 1 && at <= clock.now()));
    t.strictSame(asked, ['read holding 10 12']);
    t.strictSame(await during(device.read?.([], never)), []);
  });
}

t.test('writes use one coil, one register, or many registers', async (t) => {
  const { device, asked, during } = await open(t, new MemoryImage({ holding: 200, coil: 100 }));
  await during(device.write?.(point('c', { address: 'coil:3' }), 1, never));
  await during(device.write?.(point('r', { address: 'holding:3', type: 'int16' }), -2, never));
  await during(device.write?.(point('w', { address: 'holding:4', type: 'float32' }), 123_456, never));
  t.strictSame(asked, ['write coil 3 1', 'write holding 3 65534', `write holding 4 ${0x47f1},${0x2000}`]);
  const caller = { fault: 'caller' };
  await t.rejects(during(device.write?.(point('i', { address: 'input:3' }), 1, never)), {
    code: 'MODBUS_READ_ONLY',
    ...caller,
  });
  await t.rejects(during(device.write?.(point('r', { address: 'holding:3' }), 70_000, never)), {
    code: 'MODBUS_VALUE',
    ...caller,
  });
  await t.rejects(during(device.write?.(point('r', { address: 'holding:200' }), 1, never)), {
    code: 'MODBUS_EXCEPTION',
    details: { exceptionCode: 2 },
  });
  t.equal(asked.length, 4, 'what was refused here was not sent');
});

t.test('which functions write is said by the device', async (t) => {
  const options = { writeRegister: 'multiple', writeCoil: 'multiple', writeBits: 'read-write' };
  const image = new MemoryImage({ holding: 200, coil: 100 });
  image.tables.holding[3] = 0x1234;
  const { device, asked, during, sent } = await open(t, image, TCP, options);
  await during(device.write?.(point('c', { address: 'coil:3' }), true, never));
  await during(device.write?.(point('r', { address: 'holding:2' }), 7, never));
  await during(device.write?.(point('b', { address: 'holding:3.8' }), true, never));
  await during(device.write?.(point('n', { address: 'holding:3', bits: '0-3' }), 15, never));
  t.strictSame(sent(), [15, 16, 3, 16, 3, 16]);
  t.equal(image.tables.holding[3], 0x133f, 'the other bits stay');
  t.ok(asked.includes('read holding 3 1'));
});

t.test('bits of a register are written with a mask, in one request', async (t) => {
  const image = new MemoryImage({ holding: 200 });
  image.tables.holding[3] = 0x1234;
  const { device, during, sent } = await open(t, image);
  await during(device.write?.(point('b', { address: 'holding:3.8' }), true, never));
  await during(device.write?.(point('b', { address: 'holding:3.2' }), false, never));
  await during(device.write?.(point('h', { address: 'holding:3', type: 'int8H' }), -2, never));
  t.equal(image.tables.holding[3], 0xfe30);
  t.strictSame(sent(), [22, 22, 22]);
});

t.test('a device without a function is told apart from one that refuses: another setting may do', async (t) => {
  const { exceptionError } = await import('../../../../adapters/modbus/errors.js');
  t.match(exceptionError(3, 22, 1), { hint: /writeBits: read-write/ });
  t.match(exceptionError(3, 6, 1), { hint: /writeRegister: multiple/ });
  t.match(exceptionError(3, 22, 2), { hint: /does not exist/ });
});

t.test('a refusal is a bad reading for each point; a gateway that speaks for a silent unit is no answer', async (t) => {
  let code: 2 | 11 = 2;
  const { device, during } = await open(t, { read: () => code, write: () => undefined });
  const points = [point('a', { address: 'input:1' }), point('b', { address: 'input:2' })];
  const bad = { value: undefined, quality: 'bad', error: { code: 'MODBUS_EXCEPTION', details: { exceptionCode: 2 } } };
  t.match(await during(device.read?.(points, never)), [
    { point: 'a', ...bad },
    { point: 'b', ...bad },
  ]);
  code = 11;
  await t.rejects(during(device.read?.(points, never)), { code: 'MODBUS_EXCEPTION', details: { exceptionCode: 11 } });
  t.ok(isSilenceOfUnit(10));
});

t.test('what was not planned into one request is refused, not guessed', async (t) => {
  const { bus, device, asked, during } = await open(t, new MemoryImage({ holding: 200 }), SERIAL);
  const two = [point('a', { address: 'holding:1' }), point('b', { address: 'input:1' })];
  await t.rejects(during(device.read?.(two, never)), { code: 'MODBUS_SPAN', fault: 'bug' });
  const far = [point('a', { address: 'holding:1' }), point('b', { address: 'holding:126' })];
  await t.rejects(during(device.read?.(far, never)), { code: 'MODBUS_SPAN' });
  const odd = point('odd', { address: 'holding:1', type: 'int32', order: '12345678' });
  await t.rejects(during(device.read?.([odd], never)), { code: 'MODBUS_CONFIG', fault: 'config' });
  t.throws(() => bus.device(modbus.device.parse({ unit: 0 })), { code: 'MODBUS_CONFIG' });
  const [wire] = duplexPair();
  await t.rejects(
    modbus.open(wire, { framing: 'tcp' }, { clock: new ManualClock(), endpoint: SERIAL, log: silentLog }),
    {
      code: 'MODBUS_CONFIG',
    },
  );
  t.strictSame(asked, []);
});

t.test('a bus on a wire that is gone says so', async (t) => {
  for (const endpoint of [TCP, SERIAL]) {
    const [wire] = duplexPair();
    wire.destroy();
    await settle();
    const bus = await modbus.open(wire, {}, { clock: new ManualClock(), endpoint, log: silentLog });
    const device = bus.device(modbus.device.parse({}));
    await t.rejects(device.read?.([point('a', { address: 'coil:1' })], never) as Promise<unknown>, {
      code: 'MODBUS_DISCONNECTED',
      details: { sent: false },
    });
    await bus[Symbol.asyncDispose]();
  }
});

t.test('of jsmodbus only the request bodies are loaded', async (t) => {
  const loaded = Object.keys(createRequire(import.meta.url).cache).filter((path) => path.includes('node_modules'));
  t.ok(loaded.some((path) => path.includes('jsmodbus/dist/request/')));
  t.strictSame(
    loaded.filter((path) => /serialport|commander|jsmodbus\/dist\/modbus|\/crc\//.test(path)),
    [],
  );
});
