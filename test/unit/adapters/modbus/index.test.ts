/** The adapter as the gateway sees it: schemas, checks, spans, readings. */
import { createRequire } from 'node:module';
import t, { type Test } from 'tap';
import { z } from 'zod';
import { isSilenceOfUnit } from '../../../../adapters/modbus/errors.js';
import { MemoryImage, type RegisterImage } from '../../../../adapters/modbus/image.js';
import modbus from '../../../../adapters/modbus/index.js';
import { serveModbus } from '../../../../adapters/modbus/server.js';
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
  const parsed = (fields: object) => modbus.address.parse(fields).address;
  t.strictSame(parsed({ address: 'holding:100' }), { table: 'holding', start: 100 });
  t.strictSame(parsed({ address: 'input:0x20' }), { table: 'input', start: 32 });
  t.strictSame(parsed({ address: 'coil:5' }), { table: 'coil', start: 5 });
  t.strictSame(parsed({ address: 'discrete:65535' }), { table: 'discrete', start: 65_535 });
  for (const address of [
    '40001',
    40_001,
    'holding',
    'holding:',
    'holding:-1',
    'register:5',
    'Holding:5',
    'holding:5x',
  ]) {
    const result = pointSchema.safeParse({ address });
    t.match(result.error?.issues, [
      { path: ['address'], message: /"holding:100", "input:0x20", "coil:5" or "discrete:7"/ },
    ]);
  }
  t.match(pointSchema.safeParse({ address: 'holding:65536' }).error?.issues, [{ message: /beyond 65535/ }]);
  t.match(pointSchema.safeParse({ address: 'coil:1', typ: 'bool' }).error?.issues, [{ code: 'unrecognized_keys' }]);
  t.match(pointSchema.safeParse({ address: 'holding:1', order: 12_345_678 }).error?.issues, [{ message: /in quotes/ }]);
  t.match(modbus.port.safeParse({ lateWindow: 500 }).success, false);
  t.equal(modbus.port.parse({ lateWindow: '1.5s' }).lateWindow, 1_500);
  t.strictSame(modbus.device.parse({}), { unit: 1, order: 'ABCD' });
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
  t.match(issues({ address: 'holding:1', type: 'int16', order: 'CDAB' }), [
    { path: ['order'], message: /one register/ },
  ]);
  t.match(issues({ address: 'holding:1', type: 'int32', order: '12345678' }), [
    { path: ['order'], message: /8 bytes/ },
  ]);
  t.match(issues({ address: 'holding:65535', type: 'int32' }), [
    { path: ['address'], message: /beyond address 65535/ },
  ]);
  const port = modbus.port.parse({});
  t.strictSame(modbus.check?.device?.({ unit: 0, order: 'ABCD' }, port, TCP), []);
  t.match(modbus.check?.device?.({ unit: 0, order: 'ABCD' }, port, SERIAL), [{ path: ['unit'], message: /1 to 247/ }]);
  t.match(modbus.check?.device?.({ unit: 248, order: 'ABCD' }, { framing: 'rtu' }, TCP), [{ path: ['unit'] }]);
  t.strictSame(modbus.check?.port?.({ framing: 'rtu' }, TCP), []);
  t.match(modbus.check?.port?.({ framing: 'tcp' }, SERIAL), [{ path: ['framing'] }]);
});

t.test('spans and what cannot be written', async (t) => {
  const span = (fields: object) => modbus.span?.(modbus.address.parse(fields));
  t.strictSame(span({ address: 'holding:100' }), { space: 'holding', start: 100, length: 1, limit: 125 });
  t.strictSame(span({ address: 'input:7', type: 'float64' }), { space: 'input', start: 7, length: 4, limit: 125 });
  t.strictSame(span({ address: 'input:7', bit: 3 }), { space: 'input', start: 7, length: 1, limit: 125 });
  t.strictSame(span({ address: 'coil:3' }), { space: 'coil', start: 3, length: 1, limit: 2_000 });
  const reason = (fields: object) => modbus.readOnly?.(modbus.address.parse(fields));
  t.equal(reason({ address: 'holding:1' }), undefined);
  t.equal(reason({ address: 'coil:1' }), undefined);
  t.match(reason({ address: 'input:1' }), /input registers cannot be written/);
  t.match(reason({ address: 'discrete:1' }), /discrete inputs cannot be written/);
  t.match(reason({ address: 'holding:1', bit: 1 }), /write the whole register/);
});

async function open(t: Test, image: RegisterImage, endpoint: Endpoint = TCP, order = 'ABCD') {
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
  const bus = await modbus.open(near, modbus.port.parse({}), { clock, endpoint, log: silentLog });
  t.teardown(async () => {
    stop.abort();
    await served;
    await bus[Symbol.asyncDispose]();
  });
  const device = bus.device(modbus.device.parse({ unit: 1, order }));
  const during = async <T>(work: Promise<T> | undefined): Promise<T> => {
    const held = Promise.resolve(work as Promise<T>);
    held.catch(() => {});
    await clock.advance(200);
    return held;
  };
  return { bus, device, clock, asked, during };
}

const point = (id: string, fields: object) => ({ id, address: modbus.address.parse(fields), writable: true });

for (const endpoint of [TCP, SERIAL]) {
  t.test(`${endpoint.type}: many points are one exchange; NaN is no value`, async (t) => {
    const image = new MemoryImage({ holding: 200, coil: 100 });
    image.tables.holding.set([0x2000, 0x47f1], 10);
    image.tables.holding.set([0x7fc0, 0], 20);
    const { device, asked, during, clock } = await open(t, image, endpoint, 'CDAB');
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
  t.throws(() => bus.device({ unit: 0, order: 'ABCD' }), { code: 'MODBUS_CONFIG' });
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
    const device = bus.device({ unit: 1, order: 'ABCD' });
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
