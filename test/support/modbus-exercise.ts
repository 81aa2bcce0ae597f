/** What every Modbus slave must do with our adapter, whoever made it and whatever wire it is on. */
import type { Duplex } from 'node:stream';
import type { Test } from 'tap';
import modbus from '../../adapters/modbus/index.js';
import type { Master } from '../../adapters/modbus/master.js';
import {
  maskWriteRegister,
  readRequest,
  readWriteRegisters,
  writeMultipleCoils,
  writeMultipleRegisters,
  writeSingleCoil,
  writeSingleRegister,
} from '../../adapters/modbus/pdu.js';
import type { PointAddress } from '../../adapters/modbus/schema.js';
import { shortestSingle } from '../../adapters/modbus/values/floats.js';
import { type Device, type Endpoint, type Point, silentLog, systemClock, type Value } from '../../src/adapter.js';
import type { Slave } from './modbus-peers.js';

export const deadline = (ms = 2_000) => AbortSignal.timeout(ms);

export function point(id: string, fields: Record<string, unknown>): Point<PointAddress> {
  const address = modbus.address.parse(fields);
  return { id, address, writable: modbus.readOnly?.(address) === undefined };
}

/** A device of our adapter on an open wire. */
export async function openDevice(
  wire: Duplex,
  endpoint: Endpoint,
  unit: number,
  port: Record<string, unknown> = {},
): Promise<Device<PointAddress> & AsyncDisposable> {
  const bus = await modbus.open(wire, modbus.port.parse(port), { clock: systemClock, endpoint, log: silentLog });
  const device = bus.device(modbus.device.parse({ unit }));
  return {
    read: (points, signal) => device.read!(points, signal),
    write: (point, value, signal) => device.write!(point, value, signal),
    [Symbol.asyncDispose]: () => bus[Symbol.asyncDispose](),
  };
}

/** FC 1–6, 15, 16, 22 and 23 on the bare master; what was written is looked up in the slave itself. */
export async function exerciseFunctions(t: Test, master: Master, unit: number, slave: Slave): Promise<void> {
  const send = async (request: Parameters<Master['execute']>[1]) =>
    (await master.execute(unit, request, deadline())).toString('hex');

  for (const line of ['coil 9 = 1', 'discrete 21 = 1', 'holding 300 = 4660', 'input 17 = 65535'])
    await slave.tell(line);
  t.equal(await send(readRequest('coil', 0, 10)), '01020002', 'FC 1');
  t.equal(await send(readRequest('discrete', 20, 3)), '020102', 'FC 2');
  t.equal(await send(readRequest('holding', 299, 3)), '0306000012340000', 'FC 3');
  t.equal(await send(readRequest('input', 17, 1)), '0402ffff', 'FC 4');

  t.equal(await send(writeSingleCoil(3, true)), '050003ff00', 'FC 5');
  t.equal(await slave.tell('coil 3'), 1);
  await send(writeSingleCoil(3, false));
  t.equal(await slave.tell('coil 3'), 0);
  t.equal(await send(writeSingleRegister(12, 54_321)), '06000cd431', 'FC 6');
  t.equal(await slave.tell('holding 12'), 54_321);
  await send(writeMultipleCoils(40, [true, false, true, true, false, false, false, true, false, true]));
  t.strictSame(
    await Promise.all([40, 41, 43, 47, 49, 50].map((n) => slave.tell(`coil ${n}`))),
    [1, 0, 1, 1, 1, 0],
    'FC 15',
  );
  await send(writeMultipleRegisters(500, Buffer.from('00010002ffff', 'hex')));
  t.strictSame(await Promise.all([500, 501, 502].map((n) => slave.tell(`holding ${n}`))), [1, 2, 65_535], 'FC 16');

  t.equal(await send(maskWriteRegister(300, 0x00f0, 0x0050)), '16012cff0f0050', 'FC 22');
  t.equal(await slave.tell('holding 300'), 0x1254, 'the other bits stay');
  t.equal(
    await send(readWriteRegisters(500, 3, 501, Buffer.from('00070008', 'hex'))),
    '1706000100070008',
    'FC 23: the write comes first',
  );
  t.equal(await slave.tell('holding 502'), 8);

  t.equal(await send(readRequest('holding', 0, 125)).then((hex) => hex.length), 2 * 252, 'the longest read');
  t.equal(await send(readRequest('coil', 0, 2_000)).then((hex) => hex.length), 2 * 252);
  await t.rejects(send(readRequest('holding', 9_999, 2)), {
    code: 'MODBUS_EXCEPTION',
    fault: 'device',
    details: { exceptionCode: 2 },
  });
}

const VALUES: readonly (readonly [type: string, orders: readonly string[], values: readonly Value[]])[] = [
  ['bool', [''], [true, false]],
  ['int16', [''], [-1, -32_768, 32_767]],
  ['uint16', [''], [0, 65_535]],
  ['int32', ['ABCD', 'BADC', 'CDAB', 'DCBA'], [-2_147_483_648, 305_419_896]],
  ['uint32', ['ABCD', 'CDAB'], [4_294_967_295]],
  ['int64', ['12345678', '78563412', 'CDAB'], [-(2n ** 63n), 81_985_529_216_486_895n]],
  ['uint64', ['87654321', '34127856'], [2n ** 64n - 1n]],
  ['float32', ['ABCD', 'BADC', 'CDAB', 'DCBA'], [-0.5, Math.fround(Math.PI)]],
  ['float64', ['12345678', '21436587', '56781234'], [Math.PI, -1e300]],
];

/** Every type through the device: written, read back, and seen in the slave. */
export async function exerciseDevice(t: Test, device: Device<PointAddress>, slave: Slave): Promise<void> {
  for (const [type, orders, values] of VALUES) {
    for (const order of orders) {
      const target = point('p', { address: 'holding:700', type, ...(order === '' ? {} : { order }) });
      for (const value of values) {
        await device.write?.(target, value, deadline());
        // A single is shown with its own digits; which they are, the unit tests say.
        const shown = type === 'float32' ? shortestSingle(value as number) : value;
        const [reading] = (await device.read?.([target], deadline())) ?? [];
        t.strictSame([reading?.value, reading?.quality], [shown, 'good'], `${type} ${order} ${value}`);
      }
    }
  }
  for (const [fields, value] of [
    [{ type: 'float16', order: 'BA' }, 12.5],
    [{ type: 'int24', order: 'CDAB' }, -7_654_321],
    [{ type: 'uint48', order: '563412' }, 123_456_789_012],
    [{ type: 'bcd32', order: 'CDAB' }, 12_345_678],
    [{ type: 'string', length: 20, packing: 'low-first', encoding: 'utf16' }, 'Kühlhaus'],
    [{ type: 'bytes', length: 5 }, Buffer.of(1, 2, 3, 4, 255)],
    [{ type: 'unix32' }, '2026-11-26T09:08:07Z'],
    [{ type: 'ti081' }, '2026-11-26T09:08:07.125'],
  ] as const) {
    const target = point('p', { address: 'holding:900', ...fields });
    await device.write?.(target, value, deadline());
    t.match(await device.read?.([target], deadline()), [{ value, quality: 'good' }], fields.type);
  }
  await slave.tell('holding 950 = 43690');
  for (const [fields, value] of [
    [{ address: 'holding:950.0' }, true],
    [{ address: 'holding:950', type: 'int8H' }, -2],
    [{ address: 'holding:950', bits: '2-3' }, 1],
  ] as const) {
    const target = point('p', fields);
    await device.write?.(target, value, deadline());
    t.match(await device.read?.([target], deadline()), [{ value, quality: 'good' }]);
  }
  t.equal(await slave.tell('holding 950'), 0xfea7, 'bits are written one by one, in the slave itself');

  const float = point('float', { address: 'holding:800', type: 'float32', order: 'CDAB' });
  await device.write?.(float, Math.PI, deadline());
  t.strictSame([await slave.tell('holding 800'), await slave.tell('holding 801')], [0x0fdb, 0x4049], 'low word first');

  const coil = point('pump', { address: 'coil:70' });
  await device.write?.(coil, true, deadline());
  t.equal(await slave.tell('coil 70'), 1);

  await slave.tell('input 105 = 32769');
  await slave.tell('input 100 = 5');
  const before = Date.now();
  const readings = await device.read?.(
    [
      point('word', { address: 'input:100' }),
      point('signed', { address: 'input:105', type: 'int16' }),
      point('top', { address: 'input:105', bit: 15 }),
      point('next', { address: 'input:105', bit: 14 }),
    ],
    deadline(),
  );
  t.strictSame(
    readings?.map(({ point, value }) => [point, value]),
    [
      ['word', 5],
      ['signed', -32_767],
      ['top', true],
      ['next', false],
    ],
    'one exchange for points with a gap between them',
  );
  t.ok(
    readings?.every(({ at }) => at >= before && at <= Date.now()),
    'the sample time is that of the answer',
  );

  const absent = await device.read?.([point('x', { address: 'holding:20000' })], deadline());
  t.match(
    absent,
    [{ quality: 'bad', value: undefined, error: { code: 'MODBUS_EXCEPTION' } }],
    'a refusal is a bad reading',
  );
}
