import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { bindings, bindingsOf, keyLabel } from "../../src/tui/keys.js";
import { screens } from "../../src/tui/state.js";
import { repoRoot } from "../support/peers.js";
const together = [
  ...screens.map((screen) => [screen, "global", "always"]),
  ["help", "always"],
  ["prompt", "always"],
  ["dialog", "always"]
];
t.test("no key has two meanings where it is heard", async (t2) => {
  for (const contexts of together) {
    const keys = bindingsOf(contexts).flatMap((binding) => binding.keys);
    t2.strictSame(keys, [...new Set(keys)], contexts.join(" "));
  }
});
t.test("every key has a title, a sentence of help, and a name of its own", async (t2) => {
  for (const { id, title, help, keys } of bindings) {
    t2.ok(keys.length > 0, id);
    t2.match(help, /^[A-Z].{8,}[^.]$/, `${id} has help`);
    if (typeof title === "string") t2.match(title, /^[a-z]/, `${id} has a title`);
  }
  const ids = bindings.map(({ id }) => id);
  t2.strictSame(ids, [...new Set(ids)]);
});
t.test("the same letter means the same on all screens", async (t2) => {
  const verbs = /* @__PURE__ */ new Map();
  for (const { id, keys, contexts } of bindings) {
    if (!contexts.some((context) => screens.includes(context))) continue;
    for (const key of keys) verbs.set(key, (verbs.get(key) ?? /* @__PURE__ */ new Set()).add(id));
  }
  const shared = [...verbs].filter(([, ids]) => ids.size > 1).map(([key]) => key);
  t2.strictSame(shared.sort(), ["enter", "r"]);
});
t.test("nothing that reaches the plant is done without a reason to refuse it", async (t2) => {
  for (const { id, danger, when, contexts } of bindings) {
    if (danger === true && !contexts.includes("dialog")) t2.equal(typeof when, "function", `${id} can be disabled`);
  }
});
t.test("in a prompt only control keys and editing are keys, so that everything can be typed", async (t2) => {
  for (const contexts of [
    ["prompt", "always"],
    ["dialog", "always"]
  ]) {
    for (const key of bindingsOf(contexts).flatMap((binding) => binding.keys)) t2.ok(key.length > 1, key);
  }
  t2.equal(keyLabel("enter"), "\u23CE");
  t2.equal(keyLabel("w"), "w");
});
t.test("only one file draws text", async (t2) => {
  const folder = join(repoRoot, "src/tui");
  const drawing = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => /\.tsx?$/.test(name)).filter((name) => /\bText\b[^;]*from 'ink'/.test(readFileSync(join(folder, name), "utf8")));
  t2.strictSame(drawing, ["components/line.tsx"]);
});
//# sourceMappingURL=keys.test.js.map
