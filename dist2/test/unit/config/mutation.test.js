import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import t from "tap";
import { ConfigError, problemBlock } from "../../../src/config/errors.js";
import { describeIssue, findingsOf } from "../../../src/config/issues.js";
import { createConfigSchema } from "../../../src/config/schema.js";
import { ConfigSource } from "../../../src/config/source.js";
import { editDistance } from "../../../src/core/nearest.js";
import { fakeAdapters } from "../../support/fake-adapters.js";
import { repoRoot } from "../../support/peers.js";
const example = readFileSync(join(repoRoot, "hpmq.example.yaml"));
const schema = createConfigSchema(fakeAdapters, { folder: repoRoot, env: {}, hostName: "box" });
function check(bytes) {
  try {
    const source = new ConfigSource("x.yaml", bytes);
    const result = schema.safeParse(source.value, { error: describeIssue, reportInput: true });
    const problems = findingsOf(result.error?.issues ?? []).map((finding) => source.problem(finding));
    if (!result.success && problems.length === 0) throw new Error("refused without a problem");
    if (problems.length > 0) throw new ConfigError(problems);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const problem of error.problems) {
      if (problem.message === "" || problem.hint === "" || /\u001f/.test(problemBlock(problem))) {
        throw new Error(`a problem without words: ${JSON.stringify(problem)}`);
      }
      if (problem.line !== void 0 && (problem.line < 1 || (problem.column ?? 0) < 1))
        throw new Error("no such place");
    }
  }
}
t.test("bytes of the example replaced, removed, inserted", async (t2) => {
  const edit = fc.record({ at: fc.nat(example.length), cut: fc.nat(30), add: fc.uint8Array({ maxLength: 8 }) });
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
      let bytes = example;
      for (const { at, cut, add } of edits)
        bytes = Buffer.concat([bytes.subarray(0, at), add, bytes.subarray(at + cut)]);
      check(bytes);
    }),
    { numRuns: 150 }
  );
  t2.pass("no crash");
});
t.test("lines of the example removed, repeated, moved and re-indented", async (t2) => {
  const lines = example.toString().split("\n");
  const line = fc.nat(lines.length - 1);
  const edit = fc.record({ from: line, to: line, indent: fc.integer({ min: -4, max: 4 }), keep: fc.boolean() });
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
      const copy = [...lines];
      for (const { from, to, indent, keep } of edits) {
        const text = keep ? copy[from] : copy.splice(from, 1, "")[0];
        copy.splice(to, 0, indent < 0 ? text.slice(-indent) : " ".repeat(indent) + text);
      }
      check(Buffer.from(copy.join("\n")));
    }),
    { numRuns: 150 }
  );
  t2.pass("no crash");
});
t.test("any value anywhere in a document", async (t2) => {
  const keys = [
    "gateway",
    "broker",
    "listeners",
    "auth",
    "limits",
    "ports",
    "a",
    "devices",
    "points",
    "links",
    "routes",
    "type",
    "adapter",
    "port",
    "address",
    "every",
    "write",
    "url",
    "filter",
    "to",
    "password",
    "tls",
    "host",
    "__proto__",
    "constructor"
  ];
  const words = [
    "tcp",
    "serial",
    "memory",
    "modbus",
    "scale",
    "simulator",
    "mqtt",
    "a",
    "5s",
    "1MB",
    "holding:1",
    "mqtt://h",
    "{topic:9}",
    "#",
    "",
    "127.0.0.1",
    "0.0.0.0"
  ];
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 5 },
      fc.constantFrom(...words, 0, 1, 1.5, -1, 7e4, true, false, null),
      fc.dictionary(fc.constantFrom(...keys), tie("tree"), { maxKeys: 5 }),
      fc.array(tie("tree"), { maxLength: 3 })
    )
  }));
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...keys.slice(0, 10)), tree), (document) => {
      check(Buffer.from(JSON.stringify(document)));
    }),
    { numRuns: 500 }
  );
  t2.pass("no crash");
});
t.test("the edit distance is a distance", async (t2) => {
  t2.strictSame([editDistance("boler", "boiler"), editDistance("prot", "port"), editDistance("", "ab")], [1, 1, 2]);
  const word = fc.string({ maxLength: 12 });
  fc.assert(
    fc.property(word, word, (a, b) => {
      const d = editDistance(a, b);
      return d === editDistance(b, a) && d === 0 === (a === b) && d <= Math.max(a.length, b.length);
    })
  );
  t2.pass("symmetric, bounded, zero only for equals");
});
//# sourceMappingURL=mutation.test.js.map
