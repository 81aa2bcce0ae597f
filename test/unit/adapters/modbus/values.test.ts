/** Values ↔ registers, against what other programs produce. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import modbus from '../../../../adapters/modbus/index.js';
import { placeOf } from '../../../../adapters/modbus/point.js';
import { type ValueCodec, valueCodec } from '../../../../adapters/modbus/values/codec.js';
import { decodeHalf, encodeHalf, shortestHalf, shortestSingle } from '../../../../adapters/modbus/values/floats.js';
import { ORDER_NAMES, parseOrder } from '../../../../adapters/modbus/values/order.js';
import { Unreadable } from '../../../../adapters/modbus/values/refuse.js';
import type { Value } from '../../../../src/adapter.js';
import { repoRoot } from '../../../support/peers.js';

/** The codec of a point as it is configured. */
function codec(fields: Readonly<Record<string, unknown>>): ValueCodec {
  const point = modbus.address.parse({ address: 'holding:0', ...fields });
  t.strictSame(modbus.check?.point?.(point), [], JSON.stringify(fields));
  return placeOf(point).codec!;
}

interface Vector extends Readonly<Record<string, unknown>> {
  readonly source: string;
  readonly type: string;
  readonly order: string;
  readonly hex: string;
  /** 64-bit integers as decimal text. */
  readonly value: number | string;
}

const vectors = JSON.parse(readFileSync(join(repoRoot, 'test/vectors/modbus/registers.json'), 'utf8')) as Vector[];

t.test('bytes ↔ values as other programs have them', async (t) => {
  for (const { source, order, hex, value, ...fields } of vectors) {
    // Types without an order are in the table with the usual one.
    const ordered = /^(u?int(24|32|48|64)|float(32|64)|bcd(24|32)|unix)/.test(fields.type) || order.length === 2;
    const { decode, encode, registers } = codec(ordered ? { ...fields, order } : fields);
    const expected = typeof value === 'string' && fields.type.endsWith('int64') ? BigInt(value) : value;
    const shown =
      fields.type === 'float32'
        ? shortestSingle(value as number)
        : fields.type === 'float16'
          ? shortestHalf(value as number)
          : expected;
    const data = Buffer.from(hex, 'hex');
    t.equal(2 * registers, data.length, `${fields.type} ${hex}`);
    t.equal(decode(data, 0), shown, `${fields.type} ${order} ${hex} (${source})`);
    t.equal(encode(expected).toString('hex'), hex, `${fields.type} ${order} ${value} (${source})`);
    t.equal(decode(Buffer.concat([Buffer.alloc(6, 0xee), data]), 3), shown, 'at register 3');
  }
  const foreign = new Set(vectors.map(({ source }) => source.split(' ')[0]));
  t.same([...foreign].sort(), ['Python', 'libmodbus', 'mbpoll', 'pymodbus'], 'none of them are ours');
});

t.test('letters and digits are two ways to write an order', async (t) => {
  const value = 0x0102030405060708n;
  const wire = (order: string) => codec({ type: 'uint64', order }).encode(value).toString('hex');
  t.equal(wire('CDAB'), wire('78563412'), 'low word first, whatever the number of words');
  t.equal(wire('GHEFCDAB'), wire('78563412'));
  t.equal(wire('BADC'), '0201040306050807');
  t.equal(codec({ type: 'int32', order: '3412' }).encode(0x01020304).toString('hex'), '03040102');
  t.equal(codec({ type: 'uint48', order: 'EFCDAB' }).encode(0x010203040506).toString('hex'), '050603040102');
  t.equal(codec({ type: 'uint48', order: 'CDAB' }).encode(0x010203040506).toString('hex'), '050603040102');
  for (const name of ORDER_NAMES) t.ok(parseOrder(name));
  t.equal(parseOrder('ABDC'), undefined);
});

t.test('a part of a register leaves the rest to others', async (t) => {
  const cases: readonly (readonly [fields: object, mask: number, value: Value, bits: number])[] = [
    [{ type: 'int8H' }, 0xff00, -2, 0xfe00],
    [{ type: 'uint8L' }, 0x00ff, 200, 0x00c8],
    [{ bit: 3 }, 0x0008, true, 0x0008],
    [{ bits: '4-7' }, 0x00f0, 9, 0x0090],
    [{ bits: '0-15' }, 0xffff, 65_535, 0xffff],
  ];
  for (const [fields, mask, value, bits] of cases) {
    const one = codec({ ...fields });
    t.equal(one.mask, mask);
    t.equal(one.encode(value).readUInt16BE(0), bits);
    const others = Buffer.alloc(2);
    others.writeUInt16BE((~mask & 0xffff) | bits);
    t.equal(one.decode(others, 0), value, 'the other bits change nothing');
  }
  t.throws(() => codec({ bits: '4-7' }).encode(16), { code: 'MODBUS_VALUE' });
});

t.test('registers that hold no value of their type', async (t) => {
  const cases: readonly (readonly [fields: object, hex: string, code: string])[] = [
    [{ type: 'bcd16' }, '1a00', 'MODBUS_MALFORMED'],
    [{ type: 'bcd32' }, '0000000f', 'MODBUS_MALFORMED'],
    [{ type: 'string', length: 4 }, 'ff414243', 'MODBUS_MALFORMED'],
    [{ type: 'string', length: 4, encoding: 'ascii' }, '41c30000', 'MODBUS_MALFORMED'],
    [{ type: 'ti081' }, '001a0b1a09880000', 'MODBUS_NOT_AVAILABLE'],
    [{ type: 'ti081' }, '001a0b1f09083000', 'MODBUS_MALFORMED'],
    [{ type: 'ymdhms6' }, '07ea0002001e000000000000', 'MODBUS_MALFORMED'],
    [{ type: 'ymdhmsBcd3' }, '26112a000000', 'MODBUS_MALFORMED'],
    [{ type: 'unix64' }, '7fffffffffffffff', 'MODBUS_MALFORMED'],
    [{ type: 'int16', invalid: 'sunspec' }, '8000', 'MODBUS_NOT_AVAILABLE'],
    [{ type: 'uint32', invalid: 'sunspec', order: 'CDAB' }, 'ffffffff', 'MODBUS_NOT_AVAILABLE'],
    [{ type: 'uint64', invalid: 'sunspec' }, 'ffffffffffffffff', 'MODBUS_NOT_AVAILABLE'],
    [{ type: 'string', length: 4, invalid: 'sunspec' }, '00000000', 'MODBUS_NOT_AVAILABLE'],
    [{ type: 'int16', invalid: -32_767 }, '8001', 'MODBUS_NOT_AVAILABLE'],
    [{ type: 'float32', invalid: ['0x7f800001', 9999] }, '461c3c00', 'MODBUS_NOT_AVAILABLE'],
    [{ type: 'int32', invalid: '0x80000000', order: 'CDAB' }, '00008000', 'MODBUS_NOT_AVAILABLE'],
    [{ type: 'bcd16', invalid: '0xffff' }, 'ffff', 'MODBUS_NOT_AVAILABLE'],
  ];
  for (const [fields, hex, code] of cases) {
    const found = codec({ ...fields }).decode(Buffer.from(hex, 'hex'), 0);
    t.match(found, { code }, `${JSON.stringify(fields)} ${hex}`);
    t.ok(found instanceof Unreadable);
  }
  t.equal(codec({ type: 'int16', invalid: 'sunspec' }).decode(Buffer.of(0x80, 1), 0), -32_767);
  t.throws(() => codec({ type: 'int16', invalid: 'sunspec' }).encode(-32_768), { code: 'MODBUS_VALUE' });
  t.throws(() => codec({ type: 'uint16', invalid: [7] }).encode(7), { code: 'MODBUS_VALUE' });
});

t.test('text: what is trimmed, padded and packed', async (t) => {
  const read = (fields: object, hex: string) => codec({ type: 'string', ...fields }).decode(Buffer.from(hex, 'hex'), 0);
  t.equal(read({ length: 8 }, '4142204300ff2020'), 'AB C', 'it ends at the first NUL, what follows may be anything');
  t.equal(read({ length: 6 }, '414220202020'), 'AB');
  t.equal(read({ length: 6, trim: 'nul' }, '414220200041'), 'AB  ');
  t.equal(read({ length: 6, trim: 'space' }, '414200202020'), 'AB\0');
  t.equal(read({ length: 4, trim: 'none' }, '41420020'), 'AB\0 ');
  t.equal(read({ length: 3 }, '41424358'), 'ABC', 'an odd length leaves the last byte alone');
  const write = (fields: object, value: Value) =>
    codec({ type: 'string', ...fields })
      .encode(value)
      .toString('latin1');
  t.equal(write({ length: 6, pad: 'space' }, 'AB'), 'AB    ');
  t.equal(write({ length: 6 }, 'AB'), 'AB\0\0\0\0');
  t.equal(write({ length: 4 }, 4711), '4711');
  for (const [fields, value] of [
    [{ length: 4 }, 'ABCDE'],
    [{ length: 4 }, 'AB '],
    [{ length: 4 }, 'A\0B'],
    [{ length: 4, encoding: 'ascii' }, 'ü'],
    [{ length: 4, encoding: 'latin1' }, '€'],
    [{ length: 4 }, '\ud800'],
    [{ length: 4 }, true],
  ] as const) {
    t.throws(() => write(fields, value), { code: 'MODBUS_VALUE', fault: 'caller' });
  }
  const bytes = codec({ type: 'bytes', length: 3, packing: 'low-first' });
  t.same(bytes.decode(Buffer.from('02010003', 'hex'), 0), Buffer.of(1, 2, 3));
  t.same(bytes.encode('010203'), Buffer.from('02010003', 'hex'), 'hexadecimal digits are bytes, too');
  t.throws(() => bytes.encode('0102'), { code: 'MODBUS_VALUE' });
});

t.test('a float is shown with the digits it has, not with those of a double', async (t) => {
  for (const value of [12.3, 0.1, -40.05, 230.4, 1e-7, 3.402_823_5e38, 16_777_216, 0.000_123_4]) {
    t.equal(shortestSingle(Math.fround(value)), value);
  }
  t.ok(Object.is(shortestSingle(-0), -0));
  t.ok(Number.isNaN(shortestSingle(Number.NaN)));
  t.equal(shortestSingle(Number.NEGATIVE_INFINITY), Number.NEGATIVE_INFINITY);
  fc.assert(
    fc.property(fc.float(), (single) => {
      const shown = shortestSingle(single);
      const digits = String(shown)
        .replace(/e.*|\D/g, '')
        .replace(/^0+/, '');
      return Object.is(Math.fround(shown), single) && (Number.isInteger(single) || digits.length <= 9);
    }),
  );
  t.equal(shortestHalf(decodeHalf(encodeHalf(0.1))), 0.1);
  for (let bits = 0; bits < 0x1_0000; bits++) {
    const value = decodeHalf(bits);
    if (!Number.isNaN(value) && (encodeHalf(value) !== bits || encodeHalf(shortestHalf(value)) !== bits)) {
      t.fail(`half 0x${bits.toString(16)} is ${value}`);
    }
  }
});

t.test('halves round to the nearest, ties to even, beyond all to infinity', async (t) => {
  t.equal(encodeHalf(2049), encodeHalf(2048));
  t.equal(encodeHalf(2051), encodeHalf(2052));
  t.equal(encodeHalf(65_519), 0x7bff);
  t.equal(encodeHalf(65_520), 0x7c00);
  t.equal(encodeHalf(-(2 ** -26)), 0x8000);
});

t.test('values that do not fit are refused, with the type in the message', async (t) => {
  const refused: readonly (readonly [string, Value])[] = [
    ['bool', 2],
    ['bool', 'true'],
    ['int8H', 128],
    ['uint8L', -1],
    ['int16', 32_768],
    ['int16', 1.5],
    ['uint16', -1],
    ['uint16', '5'],
    ['uint16', true],
    ['int24', 2 ** 23],
    ['uint24', 2 ** 24],
    ['int32', 2 ** 31],
    ['uint32', Number.NaN],
    ['int48', -(2 ** 47) - 1],
    ['uint48', 2 ** 48],
    ['int64', 2n ** 63n],
    ['int64', 2 ** 60],
    ['uint64', -1n],
    ['uint64', Buffer.alloc(8)],
    ['float16', 65_520],
    ['float32', 1e39],
    ['float32', Number.POSITIVE_INFINITY],
    ['float64', Number.NaN],
    ['float64', false],
    ['bcd8', 100],
    ['bcd16', -1],
    ['bcd32', 1.5],
    ['unix32', -1],
    ['unix32', '2026-11-26T09:08:07'],
    ['unix32', '2026-11-26T10:08:07+01:00'],
    ['unix64', Number.NaN],
    ['ti081', '2026-11-26T09:08:07'],
    ['ti081', '1999-11-26T09:08:07.000'],
    ['ymdhms3', '2026-02-30T09:08:07'],
    ['ymdhms6', '2026-02-28T24:00:00'],
    ['ymdhmsBcd3', '2100-02-28T23:00:00'],
    ['ymdhms6', 5],
  ];
  for (const [type, value] of refused) {
    t.throws(() => codec({ type }).encode(value), {
      code: 'MODBUS_VALUE',
      fault: 'caller',
      message: new RegExp(`does not fit ${type}$`),
    });
  }
  t.same(codec({ type: 'int64' }).encode(7), codec({ type: 'int64' }).encode(7n), 'a safe number is exact');
  t.same(codec({ type: 'uint16' }).encode(7n), Buffer.of(0, 7));
  t.throws(() => codec({ type: 'int32' }).decode(Buffer.alloc(2), 0), RangeError);
  t.throws(() => codec({ type: 'string', length: 4 }).decode(Buffer.alloc(2), 0), RangeError);
  t.throws(() => valueCodec({ type: 'int32', order: '12345678' }), { code: 'MODBUS_CONFIG', fault: 'config' });
});
