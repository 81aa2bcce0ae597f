import { nearest } from "../core/nearest.js";
import { choices } from "./choices.js";
import { isPlain } from "./merge.js";
import { say, shown, unsay } from "./values.js";
const KINDS = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a mapping",
  record: "a mapping"
};
function typeHint(expected, input) {
  switch (expected) {
    case "string":
      return typeof input === "number" || typeof input === "boolean" ? `put it in quotes: '${input}'` : isPlain(input) ? "put the text in quotes" : "write a text";
    case "number":
    case "int":
      return numberHint(expected, input);
    case "boolean":
      return /^(yes|on)$/i.test(String(input)) ? "write true" : /^(no|off)$/i.test(String(input)) ? "write false" : "write true or false";
    case "array":
      return 'begin each entry with "- "';
    case "object":
    case "record":
      return typeof input === "string" && /^[\w-]+:\S/.test(input) ? "put a space after the colon" : "write `key: value` pairs, indented by two spaces";
    default:
      return `write ${KINDS[expected] ?? expected}`;
  }
}
function numberHint(expected, input) {
  if (typeof input !== "string") return expected === "int" ? "write a whole number" : "write a number, such as 0.1";
  const text = input.trim().replace(",", ".");
  return text !== "" && Number.isFinite(Number(text)) ? `write ${text}, without quotes` : "write a number";
}
const EMPTY = "remove the key, or write its value behind or indented below it";
function knownKeys(schema) {
  const shape = schema?._zod?.def?.shape;
  return shape === void 0 ? [] : Object.keys(shape).filter((key) => key !== "$schema");
}
function oneOf(values) {
  const words = values.map(String);
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}
const describeIssue = (issue) => {
  const { input } = issue;
  switch (issue.code) {
    case "invalid_type":
      if (input === void 0) {
        const what = issue.inst?.description ?? KINDS[issue.expected] ?? issue.expected;
        return say("is missing", `add it: ${what}`);
      }
      return say(
        `expected ${KINDS[issue.expected] ?? issue.expected}, found ${shown(input)}`,
        typeHint(issue.expected, input)
      );
    case "invalid_value": {
      if (input === void 0) return say("is missing", `add it: ${oneOf(issue.values)}`);
      const hint = issue.values.length === 1 ? `write ${oneOf(issue.values)}` : choices("values", String(input), issue.values.map(String));
      return say(`${shown(input)} is not allowed here`, hint);
    }
    case "unrecognized_keys": {
      const known = knownKeys(issue.inst);
      return issue.keys.map((key) => say(`unknown key ${shown(key)}`, choices("keys", key, known))).join("\n");
    }
    case "invalid_union": {
      const allowed = issue.options ?? [];
      const { discriminator } = issue;
      if (discriminator !== void 0 && isPlain(input)) {
        const word = input[discriminator];
        if (word === void 0) return say("is missing", `add it: ${oneOf(allowed)}`);
        return say(`${shown(word)} is not allowed here`, choices("values", String(word), allowed.map(String)));
      }
      return void 0;
    }
    case "too_small":
      if (issue.origin === "string") return say("is empty", "write at least one character, or remove the key");
      return say(
        `${shown(input)} is too small`,
        `write a number ${issue.inclusive ? "of at least" : "greater than"} ${issue.minimum}`
      );
    case "too_big":
      if (issue.origin === "string") return say("is too long", `write at most ${issue.maximum} characters`);
      return say(`${shown(input)} is too large`, `write a number of at most ${issue.maximum}`);
    default:
      return void 0;
  }
};
function meantBranch(branches) {
  const fits = branches.filter(
    (issues) => !issues.some((issue) => issue.path.length === 0 && issue.code === "invalid_type")
  );
  return fits.toSorted((a, b) => a.length - b.length)[0];
}
function expectedOf(branches) {
  const kinds = branches.flatMap(
    (issues) => issues.flatMap((issue) => issue.code === "invalid_type" ? [issue.expected] : [])
  );
  return [...new Set(kinds)];
}
function isMissing(issue) {
  if (unsay(issue.message).message === "is missing") return true;
  return (issue.code === "invalid_type" || issue.code === "invalid_value") && "input" in issue && issue.input === void 0;
}
function wordsOf(issue) {
  const { message, hint } = unsay(issue.message);
  if (hint !== void 0) return { message, hint };
  const expected = /^expected (.*)$/s.exec(message)?.[1];
  if (isMissing(issue)) return { message, hint: `add it: ${expected ?? message}` };
  if (expected !== void 0) return { message: `${shown(issue.input)} is not valid here`, hint: `write ${expected}` };
  const at = message.indexOf("; ");
  if (at > 0) return { message: message.slice(0, at), hint: message.slice(at + 2) };
  return { message, hint: "correct the value; `hpmq config schema` prints what is allowed" };
}
function findingsOf(issues) {
  const found = flatten(issues, []);
  const unknown = /* @__PURE__ */ new Map();
  const parentOf = ({ path }) => JSON.stringify(path.slice(0, -1));
  for (const one of found) {
    if (one.at === "key") unknown.set(parentOf(one), [...unknown.get(parentOf(one)) ?? [], String(one.path.at(-1))]);
  }
  const isMistyped = (one) => one.at === "parent" && unknown.get(parentOf(one))?.some((key) => nearest(key, [String(one.path.at(-1))]));
  return found.filter((one) => !isMistyped(one));
}
function flatten(issues, prefix) {
  return issues.flatMap((issue) => {
    const path = [...prefix, ...issue.path];
    if (issue.input === null) return [{ path, at: "value", message: "is empty", hint: EMPTY }];
    const { message, hint } = wordsOf(issue);
    if (issue.code === "unrecognized_keys") {
      const texts = issue.message.split("\n").map(unsay);
      return issue.keys.map((key, index) => ({
        path: [...path, key],
        at: "key",
        message: texts[index]?.message ?? message,
        hint: texts[index]?.hint ?? hint
      }));
    }
    if (issue.code === "invalid_key") {
      const inner = unsay(issue.issues[0]?.message ?? "");
      return [{ path, at: "key", message: inner.message, hint: inner.hint ?? hint }];
    }
    if (issue.code === "invalid_union" && issue.errors.length > 0) {
      const meant = meantBranch(issue.errors);
      if (meant !== void 0) return flatten(meant, path);
      const kinds = expectedOf(issue.errors);
      const expected = kinds.map((kind) => KINDS[kind] ?? kind).join(" or ");
      if (issue.input === void 0)
        return [
          { path, at: "parent", message: "is missing", hint: message === "is missing" ? hint : `add it: ${expected}` }
        ];
      const text = `expected ${expected}, found ${shown(issue.input)}`;
      return [{ path, at: "value", message: text, hint: typeHint(kinds[0] ?? "", issue.input) }];
    }
    if (isMissing(issue)) return [{ path, at: "parent", message: "is missing", hint }];
    return [{ path, at: "value", message, hint }];
  });
}
export {
  describeIssue,
  findingsOf
};
//# sourceMappingURL=issues.js.map
