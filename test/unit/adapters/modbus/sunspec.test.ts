/** The walk over SunSpec models, and what a device makes of it. */
import * as fc from 'fast-check';
import t from 'tap';
import { ModbusDevice } from '../../../../adapters/modbus/device.js';
import { exceptionError, modbusError } from '../../../../adapters/modbus/errors.js';
import type { Master } from '../../../../adapters/modbus/master.js';
import { READ_LIMIT, type Request } from '../../../../adapters/modbus/pdu.js';
import { addressSchema, deviceSchema } from '../../../../adapters/modbus/schema.js';
import { type ReadRegisters, SunSpecWalk, scaled } from '../../../../adapters/modbus/sunspec.js';
import { ManualClock } from '../../../support/manual-clock.js';

const MARKER = [0x5375, 0x6e53];
type Cells = Map<number, number>;

/** Lays models out behind a marker; the last one is the end, unless left away. */
function mapOf(at: number, models: readonly (readonly [id: number, length: number])[], end = true): Cells {
  const cells: Cells = new Map(MARKER.map((word, index) => [at + index, word]));
  let next = at + 2;
  for (const [id, length] of end ? [...models, [0xffff, 0] as const] : models) {
    cells.set(next, id).set(next + 1, length);
    for (let index = 0; index < length; index++) cells.set(next + 2 + index, 0);
    next += 2 + length;
  }
  return cells;
}

function readerOf(cells: Cells, asked: number[] = []): ReadRegisters {
  return async (start, quantity) => {
    asked.push(start);
    const data = Buffer.alloc(2 * quantity);
    for (let index = 0; index < quantity; index++) {
      const value = cells.get(start + index);
      if (value === undefined) throw exceptionError(1, 3, 2);
      data.writeUInt16BE(value, 2 * index);
    }
    return data;
  };
}

t.test('the marker is looked for at 40000, 50000 and 0; models are found no further than needed', async (t) => {
  for (const at of [40_000, 50_000, 0]) {
    const asked: number[] = [];
    const walk = new SunSpecWalk();
    const read = readerOf(
      mapOf(at, [
        [1, 66],
        [103, 50],
        [160, 88],
      ]),
      asked,
    );
    t.strictSame(await walk.find([101, 102, 103], read), { id: 103, start: at + 70, length: 50 });
    t.notOk(asked.includes(at + 122), 'nothing behind it was asked');
    const before = asked.length;
    t.equal((await walk.find([1], read))?.start, at + 2);
    t.equal(asked.length, before, 'what is known is not asked again');
    t.equal(await walk.find([701], read), undefined);
    t.strictSame(
      walk.models.map(({ id }) => id),
      [1, 103, 160],
    );
  }
});

t.test('a device whose map just ends, or names nonsense, ends the walk', async (t) => {
  const open = readerOf(mapOf(0, [[1, 66]], false));
  t.strictSame(
    (await new SunSpecWalk([0]).all(open)).map(({ id }) => id),
    [1],
  );
  const beyond = mapOf(0, [[1, 66]]);
  beyond.set(70, 103).set(71, 65_500);
  t.strictSame(
    (await new SunSpecWalk([0]).all(readerOf(beyond))).map(({ id }) => id),
    [1],
  );
  const endless: Cells = new Map([...Array(65_536).keys()].map((address) => [address, address % 2 === 0 ? 7 : 0]));
  for (const [index, word] of MARKER.entries()) endless.set(index, word);
  t.equal(
    (await new SunSpecWalk([0]).all(readerOf(endless))).length,
    256,
    'models without length are not walked for ever',
  );
});

t.test('a walk that was cut off goes on where it ended', async (t) => {
  const asked: number[] = [];
  const read = readerOf(
    mapOf(40_000, [
      [1, 66],
      [103, 50],
    ]),
    asked,
  );
  let left = 2;
  const cut: ReadRegisters = async (start, quantity) => {
    if (left-- === 0) throw modbusError('MODBUS_TIMEOUT', 'no answer');
    return read(start, quantity);
  };
  const walk = new SunSpecWalk();
  await t.rejects(walk.find([103], cut), { code: 'MODBUS_TIMEOUT' });
  t.equal((await walk.find([103], read))?.start, 40_070);
  t.strictSame(asked, [40_000, 40_002, 40_070], 'nothing twice');
});

t.test('without a marker there is no SunSpec; a silent unit is not taken for that', async (t) => {
  await t.rejects(new SunSpecWalk().find([1], readerOf(new Map())), { code: 'MODBUS_NO_SUNSPEC' });
  const silent: ReadRegisters = () => Promise.reject(exceptionError(1, 3, 11));
  await t.rejects(new SunSpecWalk().find([1], silent), { code: 'MODBUS_EXCEPTION' });
  const busy: ReadRegisters = () => Promise.reject(exceptionError(1, 3, 6));
  await t.rejects(new SunSpecWalk().find([1], busy), { code: 'MODBUS_EXCEPTION' });
});

t.test('any chain of models is found whole, in any order of questions', async (t) => {
  const chain = fc.array(fc.tuple(fc.integer({ min: 1, max: 65_534 }), fc.integer({ min: 0, max: 300 })), {
    maxLength: 20,
  });
  await fc.assert(
    fc.asyncProperty(chain, fc.constantFrom(40_000, 50_000, 0), fc.array(fc.nat(19)), async (models, at, questions) => {
      const read = readerOf(mapOf(at, models));
      const walk = new SunSpecWalk();
      for (const question of questions) {
        const id = models[question % Math.max(1, models.length)]?.[0] ?? 1;
        const found = await walk.find([id], read);
        const index = models.findIndex(([one]) => one === id);
        const start = models.slice(0, index).reduce((sum, [, length]) => sum + 2 + length, at + 2);
        if (index < 0 ? found !== undefined : found?.start !== start) return false;
      }
      return JSON.stringify((await walk.all(read)).map(({ id, length }) => [id, length])) === JSON.stringify(models);
    }),
  );
  t.pass();
});

t.test('powers of ten leave no noise, and only those of the specification count', async (t) => {
  t.equal(scaled(2311, -1), 231.1);
  t.equal(scaled(-9976, -2), -99.76);
  t.equal(scaled(351, 1), 3510);
  t.equal(scaled(12n, 3), 12_000);
  t.equal(scaled(1, -0x8000), undefined);
  t.equal(scaled(1, 11), undefined);
});

function deviceOn(cells: Cells) {
  const requests: [start: number, quantity: number][] = [];
  const clock = new ManualClock();
  const master = {
    execute: async (_unit: number, request: Request) => {
      const [start, quantity] = [request.pdu.readUInt16BE(1), request.pdu.readUInt16BE(3)];
      requests.push([start, quantity]);
      return Buffer.concat([request.answerPrefix, await readerOf(cells)(start, quantity)]);
    },
    readyAt: () => 0,
    close: () => {},
  } as unknown as Master;
  const device = new ModbusDevice(master, clock, deviceSchema.parse({ invalid: 'sunspec' }) as never);
  const point = (id: string, written: object) => ({ id, address: addressSchema.parse(written), writable: false });
  const power = point('power', { address: 'holding:14', type: 'int16', model: [101, 102, 103], scaleFactor: 15 });
  const read = async (...points: ReturnType<typeof point>[]) => device.read(points, AbortSignal.timeout(5_000));
  return { requests, clock, power, point, read };
}

t.test('a map that moves is noticed by the identifier that is read along, and walked again', async (t) => {
  const cells = mapOf(40_000, [
    [1, 66],
    [103, 50],
  ]);
  cells.set(40_084, 3512).set(40_085, 0);
  const { power, read, requests } = deviceOn(cells);
  t.match(await read(power), [{ value: 3512, quality: 'good' }]);
  t.strictSame(requests.at(-1), [40_070, 16], 'value, power of ten and identifier in one exchange');

  const moved = mapOf(40_000, [
    [1, 65],
    [103, 50],
  ]);
  cells.clear();
  for (const [address, value] of moved) cells.set(address, value);
  cells.set(40_083, 777).set(40_084, 0);
  const [wrong] = await read(power);
  t.match(wrong, { quality: 'bad', value: undefined, error: { code: 'MODBUS_NO_MODEL' } });
  t.match(await read(power), [{ value: 777, quality: 'good' }]);
});

t.test('models that the device has not make readings bad; it is not searched again each time', async (t) => {
  const { power, point, read, requests } = deviceOn(
    mapOf(40_000, [
      [1, 66],
      [113, 60],
    ]),
  );
  t.match(await read(power), [
    { quality: 'bad', error: { code: 'MODBUS_NO_MODEL', message: /101 or 102 or 103, but 1, 113/ } },
  ]);
  const before = requests.length;
  await read(power);
  t.equal(requests.length, before, 'known without asking');
  t.match(await read(point('dc', { address: 'holding:36', type: 'float32', model: 113 })), [{ value: 0 }]);

  const bare = deviceOn(new Map());
  t.match(await bare.read(bare.power), [{ quality: 'bad', error: { code: 'MODBUS_NO_SUNSPEC' } }]);
  t.equal(bare.requests.length, 3);
  await bare.read(bare.power);
  t.equal(bare.requests.length, 3, 'not within a minute');
  await bare.clock.advance(60_000);
  await bare.read(bare.power);
  t.equal(bare.requests.length, 6);
});

t.test('points of a model: what contradicts is told', async (t) => {
  const { default: modbus } = await import('../../../../adapters/modbus/index.js');
  const issues = (written: object) =>
    modbus.check?.point?.(addressSchema.parse(written)).map(({ path, message }) => `${path}: ${message}`);
  t.strictSame(issues({ address: 'holding:14', model: 103, scaleFactor: 15 }), []);
  t.match(issues({ address: 'input:14', model: 103 }), [/^address: models are in holding registers/]);
  t.match(issues({ address: 'holding:14', scaleFactor: 15 }), [/^scaleFactor: only values in a SunSpec model/]);
  t.match(issues({ address: 'holding:2', model: 103, scaleFactor: 200 }), [/too far for one read/]);
  t.match(issues({ address: 'holding:2', type: 'string', length: 8, model: 1, scaleFactor: 9 }), [
    /has no power of ten/,
  ]);
  const far = modbus.span?.(
    addressSchema.parse({ address: 'holding:300', type: 'int16', model: 704, scaleFactor: 310 }),
  );
  t.strictSame(far, { space: 'holding:704', start: 300, length: 11, limit: READ_LIMIT.holding });
  t.match(modbus.readOnly?.(addressSchema.parse({ address: 'holding:14', model: 103 })), 'only read');
});
