import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import t from "tap";
import {
  decodeRegisters,
  encodeRegisters,
  ORDERS_32,
  ORDERS_64,
  orderFits,
  REGISTER_TYPES,
  registersOf,
  shortestSingle
} from "../../../../adapters/modbus/registers.js";
import { repoRoot } from "../../../support/peers.js";
t.test("bytes \u2194 values as other programs have them", async (t2) => {
  const text = readFileSync(join(repoRoot, "test/vectors/modbus/registers.json"), "utf8");
  for (const { source, type, order, hex, value } of JSON.parse(text)) {
    const expected = typeof value === "string" ? BigInt(value) : value;
    const data = Buffer.from(hex, "hex");
    t2.equal(decodeRegisters(data, 0, type, order), expected, `${type} ${order} ${hex} (${source})`);
    t2.equal(encodeRegisters(expected, type, order).toString("hex"), hex);
    t2.equal(decodeRegisters(Buffer.concat([Buffer.alloc(6, 238), data]), 3, type, order), expected, "at register 3");
  }
});
const ARBITRARY = {
  bool: fc.boolean(),
  int16: fc.integer({ min: -32768, max: 32767 }),
  uint16: fc.integer({ min: 0, max: 65535 }),
  int32: fc.integer({ min: -2147483648, max: 2147483647 }),
  uint32: fc.integer({ min: 0, max: 4294967295 }),
  int64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  uint64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  float32: fc.float({ noNaN: true, noDefaultInfinity: true }),
  float64: fc.double({ noNaN: true, noDefaultInfinity: true })
};
const ORDERS = [...ORDERS_32, ...ORDERS_64];
for (const type of REGISTER_TYPES) {
  const fitting = registersOf(type) === 1 ? ["ABCD"] : ORDERS.filter((order) => orderFits(type, order));
  for (const order of fitting) {
    t.test(`${type} ${order}: what was encoded is decoded`, async (t2) => {
      fc.assert(
        fc.property(ARBITRARY[type], (value) => {
          const data = encodeRegisters(value, type, order);
          return data.length === 2 * registersOf(type) && Object.is(decodeRegisters(data, 0, type, order), value);
        })
      );
      t2.pass();
    });
  }
}
t.test("a single is shown with the digits it has, not with those of a double", async (t2) => {
  for (const value of [12.3, 0.1, -40.05, 230.4, 1e-7, 34028235e31, 16777216, 1234e-7]) {
    t2.equal(shortestSingle(Math.fround(value)), value);
  }
  t2.ok(Object.is(shortestSingle(-0), -0));
  t2.ok(Number.isNaN(shortestSingle(Number.NaN)));
  t2.equal(shortestSingle(Number.NEGATIVE_INFINITY), Number.NEGATIVE_INFINITY);
  fc.assert(
    fc.property(fc.float(), (single) => {
      const shown = shortestSingle(single);
      const digits = String(shown).replace(/e.*|\D/g, "").replace(/^0+/, "");
      return Object.is(Math.fround(shown), single) && (Number.isInteger(single) || digits.length <= 9);
    })
  );
});
t.test("four letters mean the same habit with eight bytes", async (t2) => {
  const same = [
    ["ABCD", "12345678"],
    ["BADC", "21436587"],
    ["CDAB", "78563412"],
    ["DCBA", "87654321"]
  ];
  const value = 0x0102030405060708n;
  for (const [letters, digits] of same) {
    t2.strictSame(encodeRegisters(value, "uint64", letters), encodeRegisters(value, "uint64", digits));
  }
  t2.notOk(orderFits("float32", "12345678"));
  t2.notOk(orderFits("int16", "ABCD"));
  t2.throws(() => decodeRegisters(Buffer.alloc(8), 0, "int32", "12345678"), { code: "MODBUS_CONFIG", fault: "config" });
});
t.test("values that do not fit are refused, with the type in the message", async (t2) => {
  const refused = [
    ["bool", 2],
    ["bool", "true"],
    ["int16", 32768],
    ["int16", 1.5],
    ["uint16", -1],
    ["uint16", "5"],
    ["uint16", true],
    ["int32", 2 ** 31],
    ["uint32", Number.NaN],
    ["int64", 2n ** 63n],
    ["int64", 2 ** 60],
    ["uint64", -1n],
    ["uint64", Buffer.alloc(8)],
    ["float32", 1e39],
    ["float32", Number.POSITIVE_INFINITY],
    ["float64", Number.NaN],
    ["float64", false]
  ];
  for (const [type, value] of refused) {
    t2.throws(() => encodeRegisters(value, type, "ABCD"), {
      code: "MODBUS_VALUE",
      fault: "caller",
      message: new RegExp(`does not fit ${type}$`)
    });
  }
  t2.same(encodeRegisters(7, "int64", "ABCD"), encodeRegisters(7n, "int64", "ABCD"), "a safe number is exact");
  t2.same(encodeRegisters(7n, "uint16", "ABCD"), Buffer.of(0, 7));
  t2.throws(() => decodeRegisters(Buffer.alloc(2), 0, "int32", "ABCD"), RangeError);
});
//# sourceMappingURL=registers.test.js.map
