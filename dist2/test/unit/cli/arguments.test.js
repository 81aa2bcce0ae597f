import t from "tap";
import { between, qualityOfService, wholeNumber, writtenValue } from "../../../src/cli/arguments.js";
t.test("what is written: numbers where they are exact, else the text", async (t2) => {
  const cases = [
    ["72.5", 72.5],
    ["-5", -5],
    ["+1e3", 1e3],
    [".5", 0.5],
    ["true", true],
    ["false", false],
    ["9007199254740991", 9007199254740991],
    ["9007199254740993", "9007199254740993"],
    ["1e999", "1e999"],
    ["0x10", "0x10"],
    ["", ""],
    ["on", "on"]
  ];
  for (const [text, value] of cases) t2.strictSame(writtenValue(text), value, `"${text}"`);
});
t.test("options refuse what is not of their form", async (t2) => {
  t2.equal(wholeNumber("10"), 10);
  t2.equal(qualityOfService("2"), 2);
  t2.equal(between(0, 65535, "--port 1502")("0"), 0);
  for (const text of ["0", "-1", "1.5", "x", ""])
    t2.throws(() => wholeNumber(text), { code: "CLI_USAGE" }, `limit "${text}"`);
  t2.throws(() => qualityOfService("3"), { code: "CLI_USAGE", fault: "caller" });
  t2.throws(() => between(0, 65535, "--port 1502")("65536"), { code: "CLI_USAGE", hint: "write --port 1502" });
});
//# sourceMappingURL=arguments.test.js.map
