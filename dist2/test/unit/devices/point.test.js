import fc from "fast-check";
import t from "tap";
import {
  decimalsOf,
  displayText,
  parseNumber,
  sameRaw,
  toEngineering,
  toRaw
} from "../../../src/devices/point.js";
import { pointConfig, writable } from "./support.js";
const scaled = (scale, offset = 0, decimals) => ({ scale, offset, decimals });
t.test("raw to engineering, without the noise of binary fractions", async (t2) => {
  t2.equal(toEngineering(714, scaled(0.1)), 71.4);
  t2.equal(toEngineering(3, scaled(0.1)), 0.3);
  t2.equal(toEngineering(-5, scaled(0.01, -40)), -40.05);
  t2.equal(toEngineering(65535, scaled(1e-3)), 65.535);
  t2.equal(toEngineering(7, scaled(1 / 3)), 2.33333333333333);
  t2.equal(toEngineering(20, scaled(10)), 200);
  t2.equal(toEngineering(1234.5678, scaled(1e-3)), 1.2345678, "a float keeps its own digits");
  t2.equal(toEngineering(21.456, scaled(1, 0, 1)), 21.5);
  t2.equal(toEngineering(0.1 + 0.2, scaled(1)), 0.1 + 0.2, "unscaled: exactly as it is");
  t2.ok(Object.is(toEngineering(-0, scaled(1)), 0), "no minus zero");
  t2.ok(Object.is(toEngineering(-0.04, scaled(1, 0, 1)), 0));
  t2.equal(toEngineering(5e300, scaled(1e300)), void 0, "overflow is no value");
});
t.test("an integer register gets all its digits back, also those beyond what division keeps", async (t2) => {
  const point = pointConfig("p", 0, { scale: 1e-3, write: writable });
  t2.equal(toRaw(1234567890123457e-3, point, "number"), 1234567890123457);
  t2.equal(toRaw(0.1235, point, "number"), 123.5, "what is between two steps is not rounded away");
});
t.test("what is not a number is no value", async (t2) => {
  for (const raw of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    t2.equal(toEngineering(raw, scaled(1)), void 0);
    t2.equal(toEngineering(raw, scaled(0.1)), void 0);
  }
});
t.test("text, truth and bytes pass; 64-bit integers stay exact", async (t2) => {
  t2.equal(toEngineering("A1", scaled(0.1)), "A1");
  t2.equal(toEngineering(true, scaled(1)), true);
  t2.equal(toEngineering(Buffer.from([1, 171]), scaled(1)), "01ab");
  const big = 2n ** 63n + 1n;
  t2.equal(toEngineering(big, scaled(1)), big);
  t2.equal(toEngineering(big, scaled(10, 5)), big * 10n + 5n);
  t2.equal(toEngineering(123456789012345n, scaled(0.01)), 123456789012345e-2);
  t2.equal(toEngineering(-5n, scaled(0.01)), -0.05);
  t2.equal(toEngineering(-12n, scaled(-0.5)), 6);
  t2.equal(toEngineering(3n, scaled(1 / 3, 0, 2)), 1);
  t2.equal(toEngineering(3n, scaled(1e300)), 3e300);
  t2.equal(toEngineering(10n ** 18n, scaled(1e300)), void 0);
});
t.test(
  "property: an integer register scaled by a power of ten is the decimal people expect, and writes back",
  async (t2) => {
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 31), max: 2 ** 31 }), fc.integer({ min: 0, max: 6 }), (raw, digits) => {
        const scale = Number(`1e-${digits}`);
        const value = toEngineering(raw, scaled(scale));
        const expected = Number(
          (raw < 0 ? "-" : "") + String(Math.abs(raw)).padStart(digits + 1, "0").replace(/(\d*)$/, (all) => digits === 0 ? all : `${all.slice(0, -digits)}.${all.slice(-digits)}`)
        );
        if (value !== (expected === 0 ? 0 : expected)) return false;
        const point = pointConfig("p", 0, { scale, write: writable });
        return toRaw(value, point, "number") === (raw === 0 ? 0 : raw);
      })
    );
    t2.pass("held for all inputs");
  }
);
t.test("decimals of a number as people write it", async (t2) => {
  t2.strictSame([1, 0.1, 0.25, 1e-7, 15e-8, 100, 1e21].map(decimalsOf), [0, 1, 2, 7, 8, 0, 0]);
});
t.test("the shown decimals of a point stand still, and no digit is lost", async (t2) => {
  const table = [
    [60, { scale: 0.1 }, "60.0"],
    [45.1, { scale: 0.1 }, "45.1"],
    [1.6, { scale: 0.01 }, "1.60"],
    [12.345, { scale: 0.1 }, "12.345"],
    [230, { decimals: 1 }, "230.0"],
    [7, {}, "7"],
    [-0.5, { offset: 0.5 }, "-0.5"],
    [1e21, { scale: 0.1 }, "1e+21"],
    [18446744073709551615n, {}, "18446744073709551615"],
    [true, { scale: 0.1 }, "true"],
    ["auto", {}, "auto"],
    [void 0, {}, "\u2014"]
  ];
  for (const [value, scaling, text] of table) {
    t2.equal(displayText(value, { scale: 1, offset: 0, decimals: void 0, ...scaling }), text);
  }
});
t.test("numbers in text", async (t2) => {
  t2.equal(parseNumber("42"), 42);
  t2.equal(parseNumber(" -1.5e3 "), -1500);
  t2.equal(parseNumber("+.5"), 0.5);
  t2.equal(parseNumber("9007199254740993"), 9007199254740993n);
  for (const text of ["", " ", "NaN", "Infinity", "1e999", "0x10", "1,5", "1_000", "--1"]) {
    t2.equal(parseNumber(text), void 0, text);
  }
});
t.test("engineering to raw: checks in engineering terms, then unscales", async (t2) => {
  const point = pointConfig("p", 0, { scale: 0.1, offset: -40, write: { ...writable, min: -40, max: 100, step: 0.1 } });
  t2.equal(toRaw(71.4, point, "number"), 1114);
  t2.equal(toRaw("71.4", point, void 0), 1114);
  t2.throws(() => toRaw(-40.1, point, "number"), { code: "POINT_OUT_OF_RANGE", message: /below the minimum -40/ });
  t2.throws(() => toRaw(100.1, point, "number"), { code: "POINT_OUT_OF_RANGE", message: /above the maximum 100/ });
  t2.throws(() => toRaw(71.45, point, "number"), { code: "POINT_OFF_STEP" });
  t2.throws(() => toRaw(Number.NaN, point, "number"), { code: "POINT_WRONG_TYPE" });
  t2.throws(() => toRaw(true, point, "number"), { code: "POINT_WRONG_TYPE" });
  t2.throws(() => toRaw("warm", point, void 0), { code: "POINT_WRONG_TYPE", fault: "caller" });
});
t.test("the type of the point decides what a value means", async (t2) => {
  const point = pointConfig("p", 0, { write: writable });
  t2.equal(toRaw(1, point, "boolean"), true);
  t2.equal(toRaw("OFF", point, "boolean"), false);
  t2.throws(() => toRaw(2, point, "boolean"), { code: "POINT_WRONG_TYPE" });
  t2.equal(toRaw(42, point, "string"), "42");
  t2.throws(() => toRaw(true, point, "string"), { code: "POINT_WRONG_TYPE" });
  t2.strictSame(toRaw("01aB", point, "bytes"), Buffer.from([1, 171]));
  t2.throws(() => toRaw("01a", point, "bytes"), { code: "POINT_WRONG_TYPE" });
  t2.equal(toRaw("free text", point, void 0), "free text", "nothing is known yet: the adapter decides");
  t2.equal(toRaw(true, point, void 0), true);
});
t.test("64-bit integers are written exactly", async (t2) => {
  const point = pointConfig("p", 0, { write: { ...writable, min: 0 } });
  t2.equal(toRaw("18446744073709551615", point, "bigint"), 18446744073709551615n);
  t2.equal(toRaw(18446744073709551615n, point, "bigint"), 18446744073709551615n);
  t2.equal(toRaw(5n, point, "bigint"), 5);
  t2.throws(() => toRaw(-(2n ** 63n), point, "bigint"), { code: "POINT_OUT_OF_RANGE" });
  const tens = pointConfig("p", 0, { scale: 10, write: writable });
  t2.equal(toRaw(90071992547409930n, tens, "bigint"), 9007199254740993n);
});
t.test("is what was read what was written", async (t2) => {
  t2.ok(sameRaw(42, 42));
  t2.ok(sameRaw(0.1, Math.fround(0.1)), "a 32-bit float says no more");
  t2.notOk(sameRaw(16777217, 16777216), "integers exactly");
  t2.notOk(sameRaw(0.1, 0.100001));
  t2.ok(sameRaw(5, 5n));
  t2.notOk(sameRaw(2n ** 53n + 1n, 2 ** 53));
  t2.ok(sameRaw(1, true));
  t2.notOk(sameRaw(0, true));
  t2.ok(sameRaw("AB", "AB\0\0 "), "registers are padded");
  t2.notOk(sameRaw("AB", "ABC"));
  t2.ok(sameRaw(Buffer.from("x"), Buffer.from("x")));
  t2.notOk(sameRaw(Buffer.from("x"), "x"));
});
//# sourceMappingURL=point.test.js.map
