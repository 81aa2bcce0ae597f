import fc from "fast-check";
import t from "tap";
import { GatewayError } from "../../../src/core/errors.js";
import {
  correlationText,
  jsonValue,
  parseValue,
  parseValues,
  reportJson,
  resultJson,
  stateJson
} from "../../../src/devices/payload.js";
const at = 1763841600123;
t.test("a reading as JSON, byte for byte", async (t2) => {
  const good = { value: 71.4, quality: "good", at, unit: "\xB0C", code: void 0 };
  t2.equal(reportJson(good), '{"v":71.4,"q":"good","t":1763841600123,"u":"\xB0C"}');
  t2.equal(
    reportJson({ value: void 0, quality: "bad", at, unit: void 0, code: "MODBUS_TIMEOUT" }),
    '{"v":null,"q":"bad","t":1763841600123,"e":"MODBUS_TIMEOUT"}'
  );
  t2.equal(
    reportJson({ value: 18446744073709551615n, quality: "good", at, unit: void 0, code: void 0 }),
    '{"v":18446744073709551615,"q":"good","t":1763841600123}'
  );
  t2.equal(jsonValue('a"b'), '"a\\"b"');
  t2.equal(stateJson("offline", at, "PORT_REFUSED"), `{"state":"offline","since":${at},"reason":"PORT_REFUSED"}`);
  t2.equal(stateJson("online", at, void 0), `{"state":"online","since":${at}}`);
});
t.test("a result as JSON", async (t2) => {
  t2.equal(
    resultJson({ status: "verified", value: 42, at, error: void 0 }, 'c"1'),
    `{"status":"verified","v":42,"t":${at},"correlation":"c\\"1"}`
  );
  const error = new GatewayError("X_Y", { fault: "caller", hint: "do this" }, "it was wrong");
  t2.strictSame(JSON.parse(resultJson({ status: "refused", value: void 0, at, error }, void 0)), {
    status: "refused",
    v: null,
    t: at,
    code: "X_Y",
    message: "it was wrong",
    hint: "do this"
  });
});
t.test("Correlation Data is text where it is printable, else base64", async (t2) => {
  t2.equal(correlationText(Buffer.from("order-7 \u2713")), "order-7 \u2713");
  t2.equal(correlationText(Buffer.from([0, 1, 255])), "AAH/");
  t2.equal(correlationText(Buffer.from("a\nb")), "YQpi");
});
t.test("integers beyond 2^53 in a command stay exact", async (t2) => {
  t2.equal(parseValue(Buffer.from("9007199254740993")), 9007199254740993n);
  t2.equal(parseValue(Buffer.from('{"v":-9223372036854775808}')), -(2n ** 63n));
  t2.equal(parseValue(Buffer.from("1e20")), 1e20);
  t2.strictSame(
    [...parseValues(Buffer.from('{"a":18446744073709551615,"b":{"v":1}}'))],
    [
      ["a", 18446744073709551615n],
      ["b", 1]
    ]
  );
});
t.test("property: any bytes give a value or COMMAND_MALFORMED", async (t2) => {
  const tame = (parse) => {
    try {
      parse();
      return true;
    } catch (error) {
      return error instanceof GatewayError && error.code === "COMMAND_MALFORMED";
    }
  };
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 64 }).map((array) => Buffer.from(array)),
    fc.json().map((text) => Buffer.from(text)),
    fc.string().map((text) => Buffer.from(text))
  );
  fc.assert(fc.property(bytes, (payload) => tame(() => parseValue(payload)) && tame(() => parseValues(payload))));
  t2.pass("held for all inputs");
});
t.test("property: a value survives its own JSON", async (t2) => {
  const value = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n === 0 ? 0 : n),
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n }),
    fc.boolean(),
    fc.string()
  );
  fc.assert(
    fc.property(value, (v) => {
      const read = parseValue(Buffer.from(`{"v":${jsonValue(v)}}`));
      return typeof read === "bigint" && typeof v === "number" ? Number(read) === v : read === v;
    })
  );
  t2.pass("held for all inputs");
});
//# sourceMappingURL=payload.test.js.map
