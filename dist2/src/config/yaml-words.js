import { isAlias, isMap, isScalar, visit } from "yaml";
import { shown } from "./values.js";
const HINTS = {
  TAB_AS_INDENT: "indent with spaces; YAML allows no tabs",
  BAD_INDENT: "indent entries of one mapping or list alike, deeper than its key",
  MISSING_CHAR: "close the bracket, brace or quote, or put a space after the colon",
  BAD_ALIAS: "define the anchor (&name) before its alias (*name)",
  TAG_RESOLVE_FAILED: "remove the tag; secrets are written as { file: \u2026 } or { env: \u2026 }"
};
const HINT = "correct the YAML; nothing after this place could be checked";
function yamlWords(error, text, contents) {
  const offset = error.pos[0];
  const end = text.indexOf("\n", offset);
  const line = text.slice(text.lastIndexOf("\n", offset - 1) + 1, end < 0 ? void 0 : end);
  const rest = text.slice(offset, end < 0 ? void 0 : end).trim();
  const quoted = /pass|secret|token/i.test(line) ? "what stands here" : shown(rest);
  const say = (message2, hint, at = offset) => ({ offset: at, message: message2, hint });
  switch (error.code) {
    case "BLOCK_AS_IMPLICIT_KEY":
      return /:(\s|$)/.test(rest) ? say(
        `${quoted} looks like a key inside a value`,
        "if it is a text, remove the space after the colon or put the text in quotes; a key begins a line of its own"
      ) : say("the line after this value is indented too deeply", "indent it like the key of this line");
    case "MULTILINE_IMPLICIT_KEY":
      return say(`${quoted} is not a key with a value`, "write `key: value`, with a colon and a space after the key");
    case "MULTIPLE_DOCS":
      return say("a second document begins here", "a configuration is one document: remove the line `---`");
    case "BAD_SCALAR_START":
      return say(`a text cannot begin with ${text.charAt(offset)}`, "put the text in quotes");
    case "UNEXPECTED_TOKEN":
      return say(
        rest === "" ? "something is missing here" : `${quoted} does not belong here`,
        "look for a missing quote, comma, colon or indent just before it; texts that contain { } [ ] or , stand in quotes"
      );
    default:
  }
  const flow = /^flow (map|sequence) /i.exec(error.message)?.[1];
  if (flow !== void 0) {
    const [open, close] = flow === "map" ? ["{", "}"] : ["[", "]"];
    return say(`the ${open} before this place is not closed`, `close it with ${close}`);
  }
  if (/^missing closing .quote/i.test(error.message)) {
    return say("the text that begins here has no closing quote", "close the quote", lastQuoted(contents) ?? offset);
  }
  if (/^all (mapping|sequence) items must start/i.test(error.message)) {
    return say("this line is indented differently from its neighbours", HINTS.BAD_INDENT);
  }
  const message = `${error.message.charAt(0).toLowerCase()}${error.message.slice(1)}`;
  return say(message.replace(/\s+/g, " ").slice(0, 200), HINTS[error.code] ?? HINT);
}
function lastQuoted(contents) {
  let offset;
  visit(contents, (_key, node) => {
    if (isScalar(node) && (node.type === "QUOTE_SINGLE" || node.type === "QUOTE_DOUBLE")) offset = node.range?.[0];
  });
  return offset;
}
function aliasWords(error, document) {
  if (error instanceof RangeError) {
    return { offset: 0, message: "the mappings and lists are nested too deeply", hint: NESTING_HINT };
  }
  let found;
  visit(document, {
    Alias(_key, node) {
      if (node.resolve(document) !== void 0) return void 0;
      const message = `there is no anchor &${node.source} before this alias`;
      found = { offset: node.range?.[0] ?? 0, message, hint: HINTS.BAD_ALIAS };
      return visit.BREAK;
    },
    Pair(_key, { key, value }) {
      if (!isScalar(key) || typeof key.value !== "symbol") return void 0;
      const source = isAlias(value) ? value.resolve(document) : value;
      if (source === void 0 || isMap(source)) return void 0;
      const hint = "write `<<: *name`, where &name marks a mapping";
      found = { offset: key.range?.[0] ?? 0, message: "what is merged with << is not a mapping", hint };
      return visit.BREAK;
    }
  });
  return found ?? {
    offset: 0,
    message: "the aliases of the file expand to too much",
    hint: "write the repeated parts out, or use fewer aliases"
  };
}
const NESTING_HINT = "a configuration needs at most ten levels";
export {
  NESTING_HINT,
  aliasWords,
  yamlWords
};
//# sourceMappingURL=yaml-words.js.map
