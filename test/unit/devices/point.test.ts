import fc from 'fast-check';
import t from 'tap';
import {
  decimalsOf,
  displayText,
  type Engineering,
  parseNumber,
  type Scaling,
  sameRaw,
  toEngineering,
  toRaw,
} from '../../../src/devices/point.js';
import { pointConfig, writable } from './support.js';

const scaled = (scale: number, offset = 0, decimals?: number): Scaling => ({ scale, offset, decimals });

t.test('raw to engineering, without the noise of binary fractions', async (t) => {
  t.equal(toEngineering(714, scaled(0.1)), 71.4);
  t.equal(toEngineering(3, scaled(0.1)), 0.3);
  t.equal(toEngineering(-5, scaled(0.01, -40)), -40.05);
  t.equal(toEngineering(65_535, scaled(0.001)), 65.535);
  t.equal(toEngineering(7, scaled(1 / 3)), 2.333_333_333_333_33);
  t.equal(toEngineering(20, scaled(10)), 200);
  t.equal(toEngineering(1_234.567_8, scaled(0.001)), 1.234_567_8, 'a float keeps its own digits');
  t.equal(toEngineering(21.456, scaled(1, 0, 1)), 21.5);
  t.equal(toEngineering(0.1 + 0.2, scaled(1)), 0.1 + 0.2, 'unscaled: exactly as it is');
  t.ok(Object.is(toEngineering(-0, scaled(1)), 0), 'no minus zero');
  t.ok(Object.is(toEngineering(-0.04, scaled(1, 0, 1)), 0));
  t.equal(toEngineering(5e300, scaled(1e300)), undefined, 'overflow is no value');
});

t.test('an integer register gets all its digits back, also those beyond what division keeps', async (t) => {
  const point = pointConfig('p', 0, { scale: 0.001, write: writable });
  t.equal(toRaw(1_234_567_890_123.457, point, 'number'), 1_234_567_890_123_457);
  t.equal(toRaw(0.1235, point, 'number'), 123.5, 'what is between two steps is not rounded away');
});

t.test('what is not a number is no value', async (t) => {
  for (const raw of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    t.equal(toEngineering(raw, scaled(1)), undefined);
    t.equal(toEngineering(raw, scaled(0.1)), undefined);
  }
});

t.test('text, truth and bytes pass; 64-bit integers stay exact', async (t) => {
  t.equal(toEngineering('A1', scaled(0.1)), 'A1');
  t.equal(toEngineering(true, scaled(1)), true);
  t.equal(toEngineering(Buffer.from([1, 0xab]), scaled(1)), '01ab');
  const big = 2n ** 63n + 1n;
  t.equal(toEngineering(big, scaled(1)), big);
  t.equal(toEngineering(big, scaled(10, 5)), big * 10n + 5n);
  t.equal(toEngineering(123_456_789_012_345n, scaled(0.01)), 1_234_567_890_123.45);
  t.equal(toEngineering(-5n, scaled(0.01)), -0.05);
  t.equal(toEngineering(-12n, scaled(-0.5)), 6);
  t.equal(toEngineering(3n, scaled(1 / 3, 0, 2)), 1);
  t.equal(toEngineering(3n, scaled(1e300)), 3e300);
  t.equal(toEngineering(10n ** 18n, scaled(1e300)), undefined);
});

t.test(
  'property: an integer register scaled by a power of ten is the decimal people expect, and writes back',
  async (t) => {
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 31), max: 2 ** 31 }), fc.integer({ min: 0, max: 6 }), (raw, digits) => {
        const scale = Number(`1e-${digits}`);
        const value = toEngineering(raw, scaled(scale));
        const expected = Number(
          (raw < 0 ? '-' : '') +
            String(Math.abs(raw))
              .padStart(digits + 1, '0')
              .replace(/(\d*)$/, (all) => (digits === 0 ? all : `${all.slice(0, -digits)}.${all.slice(-digits)}`)),
        );
        if (value !== (expected === 0 ? 0 : expected)) return false;
        const point = pointConfig('p', 0, { scale, write: writable });
        return toRaw(value, point, 'number') === (raw === 0 ? 0 : raw);
      }),
    );
    t.pass('held for all inputs');
  },
);

t.test('decimals of a number as people write it', async (t) => {
  t.strictSame([1, 0.1, 0.25, 1e-7, 1.5e-7, 100, 1e21].map(decimalsOf), [0, 1, 2, 7, 8, 0, 0]);
});

t.test('the shown decimals of a point stand still, and no digit is lost', async (t) => {
  const table: readonly (readonly [value: Engineering | undefined, scaling: Partial<Scaling>, text: string])[] = [
    [60, { scale: 0.1 }, '60.0'],
    [45.1, { scale: 0.1 }, '45.1'],
    [1.6, { scale: 0.01 }, '1.60'],
    [12.345, { scale: 0.1 }, '12.345'],
    [230, { decimals: 1 }, '230.0'],
    [7, {}, '7'],
    [-0.5, { offset: 0.5 }, '-0.5'],
    [1e21, { scale: 0.1 }, '1e+21'],
    [18_446_744_073_709_551_615n, {}, '18446744073709551615'],
    [true, { scale: 0.1 }, 'true'],
    ['auto', {}, 'auto'],
    [undefined, {}, '—'],
  ];
  for (const [value, scaling, text] of table) {
    t.equal(displayText(value, { scale: 1, offset: 0, decimals: undefined, ...scaling }), text);
  }
});

t.test('names of raw values, both ways', async (t) => {
  const names = new Map([
    [0, 'off'],
    [1, 'heating'],
    [2, '2'],
  ]);
  const point = pointConfig('mode', 0, { names, write: { ...writable, max: 1 } });
  t.equal(toEngineering(1, point), 'heating');
  t.equal(toEngineering(1n, point), 'heating');
  t.equal(toEngineering(true, point), 'heating');
  t.equal(toEngineering(7, point), 7, 'without a name it is the number');
  t.equal(toEngineering('text', point), 'text');
  t.equal(toRaw('heating', point, 'number'), 1);
  t.equal(toRaw(1, point, 'number'), 1);
  t.equal(toRaw(' 0 ', point, undefined), 0);
  t.equal(toRaw('off', point, 'boolean'), false);
  t.throws(() => toRaw('2', point, 'number'), { code: 'POINT_OUT_OF_RANGE' }, 'limits hold for names, too');
  for (const wrong of ['cooling', 7, '', true, 'Heating']) {
    t.throws(() => toRaw(wrong, point, 'number'), { code: 'POINT_WRONG_TYPE', message: /one of off, heating, 2/ });
  }
});

t.test('inverted: true is 0 in the device', async (t) => {
  const point = pointConfig('door', 0, { invert: true, write: writable });
  for (const [raw, value] of [
    [true, false],
    [false, true],
    [0, true],
    [1, false],
    [0n, true],
  ] as const) {
    t.equal(toEngineering(raw, point), value);
  }
  t.equal(toRaw(true, point, 'boolean'), false);
  t.equal(toRaw('off', point, 'boolean'), true);
  t.equal(toRaw(true, point, 'number'), 0);
  t.equal(toRaw('0', point, 'number'), 1);
  t.throws(() => toRaw(5, point, 'number'), { code: 'POINT_WRONG_TYPE' });
});

t.test('clamped after scaling', async (t) => {
  const point = { scale: 0.1, offset: 0, decimals: undefined, clamp: { min: 0, max: 100 } };
  t.equal(toEngineering(-5, point), 0);
  t.equal(toEngineering(1_001, point), 100);
  t.equal(toEngineering(999, point), 99.9);
  t.equal(toEngineering(2n ** 60n, { ...point, scale: 1 }), 100);
  t.equal(toEngineering(Number.NaN, point), undefined, 'what is no number is not made one');
  t.equal(toEngineering(-5, { ...point, clamp: { min: undefined, max: 100 } }), -0.5);
});

t.test('numbers in text', async (t) => {
  t.equal(parseNumber('42'), 42);
  t.equal(parseNumber(' -1.5e3 '), -1_500);
  t.equal(parseNumber('+.5'), 0.5);
  t.equal(parseNumber('9007199254740993'), 9_007_199_254_740_993n);
  for (const text of ['', ' ', 'NaN', 'Infinity', '1e999', '0x10', '1,5', '1_000', '--1']) {
    t.equal(parseNumber(text), undefined, text);
  }
});

t.test('engineering to raw: checks in engineering terms, then unscales', async (t) => {
  const point = pointConfig('p', 0, { scale: 0.1, offset: -40, write: { ...writable, min: -40, max: 100, step: 0.1 } });
  t.equal(toRaw(71.4, point, 'number'), 1_114);
  t.equal(toRaw('71.4', point, undefined), 1_114);
  t.throws(() => toRaw(-40.1, point, 'number'), { code: 'POINT_OUT_OF_RANGE', message: /below the minimum -40/ });
  t.throws(() => toRaw(100.1, point, 'number'), { code: 'POINT_OUT_OF_RANGE', message: /above the maximum 100/ });
  t.throws(() => toRaw(71.45, point, 'number'), { code: 'POINT_OFF_STEP' });
  t.throws(() => toRaw(Number.NaN, point, 'number'), { code: 'POINT_WRONG_TYPE' });
  t.throws(() => toRaw(true, point, 'number'), { code: 'POINT_WRONG_TYPE' });
  t.throws(() => toRaw('warm', point, undefined), { code: 'POINT_WRONG_TYPE', fault: 'caller' });
});

t.test('the type of the point decides what a value means', async (t) => {
  const point = pointConfig('p', 0, { write: writable });
  t.equal(toRaw(1, point, 'boolean'), true);
  t.equal(toRaw('OFF', point, 'boolean'), false);
  t.throws(() => toRaw(2, point, 'boolean'), { code: 'POINT_WRONG_TYPE' });
  t.equal(toRaw(42, point, 'string'), '42');
  t.throws(() => toRaw(true, point, 'string'), { code: 'POINT_WRONG_TYPE' });
  t.strictSame(toRaw('01aB', point, 'bytes'), Buffer.from([1, 0xab]));
  t.throws(() => toRaw('01a', point, 'bytes'), { code: 'POINT_WRONG_TYPE' });
  t.equal(toRaw('free text', point, undefined), 'free text', 'nothing is known yet: the adapter decides');
  t.equal(toRaw(true, point, undefined), true);
});

t.test('64-bit integers are written exactly', async (t) => {
  const point = pointConfig('p', 0, { write: { ...writable, min: 0 } });
  t.equal(toRaw('18446744073709551615', point, 'bigint'), 18_446_744_073_709_551_615n);
  t.equal(toRaw(18_446_744_073_709_551_615n, point, 'bigint'), 18_446_744_073_709_551_615n);
  t.equal(toRaw(5n, point, 'bigint'), 5);
  t.throws(() => toRaw(-(2n ** 63n), point, 'bigint'), { code: 'POINT_OUT_OF_RANGE' });
  const tens = pointConfig('p', 0, { scale: 10, write: writable });
  t.equal(toRaw(90_071_992_547_409_930n, tens, 'bigint'), 9_007_199_254_740_993n);
});

t.test('is what was read what was written', async (t) => {
  t.ok(sameRaw(42, 42));
  t.ok(sameRaw(0.1, Math.fround(0.1)), 'a 32-bit float says no more');
  t.notOk(sameRaw(16_777_217, 16_777_216), 'integers exactly');
  t.notOk(sameRaw(0.1, 0.100_001));
  t.ok(sameRaw(5, 5n));
  t.notOk(sameRaw(2n ** 53n + 1n, 2 ** 53));
  t.ok(sameRaw(1, true));
  t.notOk(sameRaw(0, true));
  t.ok(sameRaw('AB', 'AB\0\0 '), 'registers are padded');
  t.notOk(sameRaw('AB', 'ABC'));
  t.ok(sameRaw(Buffer.from('x'), Buffer.from('x')));
  t.notOk(sameRaw(Buffer.from('x'), 'x'));
});
