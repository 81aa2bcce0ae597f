import { isUtf8 } from "node:buffer";
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument
} from "yaml";
import { ConfigError } from "./errors.js";
import { isPlain } from "./merge.js";
import { shown } from "./values.js";
import { aliasWords, NESTING_HINT, yamlWords } from "./yaml-words.js";
const MAX_ALIAS_COUNT = 1e3;
class ConfigSource {
  file;
  /** The document as plain values. */
  value;
  /** What the YAML parser found that does not keep the rest from being checked. */
  problems;
  #root;
  #lines;
  #resolve;
  /**
   * @param file - as it shall be named in messages
   * @throws ConfigError when the bytes cannot be read as YAML at all
   */
  constructor(file, bytes) {
    this.file = file;
    const text = decode(file, bytes);
    this.#lines = new LineCounter();
    const document = parseYaml(file, text, this.#lines);
    this.#root = document.contents;
    this.#resolve = (node) => isAlias(node) ? node.resolve(document) : node;
    const told = /* @__PURE__ */ new Set();
    const found = [...document.errors, ...document.warnings].filter(({ code, pos }) => {
      const place = code === "DUPLICATE_KEY" ? `key ${pos[0]}` : `line ${this.#lines.linePos(pos[0]).line}`;
      return !told.has(place) && told.add(place);
    }).map((error) => this.#yamlProblem(error, text));
    if (document.errors.some((error) => error.code !== "DUPLICATE_KEY")) throw new ConfigError(found);
    this.problems = found;
    let value;
    try {
      value = document.toJS({ maxAliasCount: MAX_ALIAS_COUNT }) ?? {};
    } catch (error) {
      throw new ConfigError([...found, this.#problemOf(aliasWords(error, document))]);
    }
    if (!isPlain(value)) {
      const hint = "write `key: value` pairs, such as `gateway: { id: plant-7 }`";
      throw new ConfigError([
        ...found,
        this.problem({ path: [], at: "value", message: `expected a mapping, found ${shown(value)}`, hint })
      ]);
    }
    this.value = value;
  }
  /** Gives a finding its place. */
  problem(finding) {
    const { path, at, message, hint } = finding;
    const { line, column } = this.locate(path, at);
    return { file: this.file, line, column, path: pathText(path), message, hint };
  }
  /** The place of a value or key; of the nearest thing around it when it is not in the file. */
  locate(path, at) {
    let node = this.#root;
    let key;
    for (const [depth, segment] of path.entries()) {
      const container = this.#resolve(node);
      const next = isMap(container) ? findPair(container.items, segment) : isSeq(container) ? { key: void 0, value: container.items[Number(segment)] } : void 0;
      if (next === void 0 || next.key === void 0 && next.value === void 0) {
        return this.#position(key ?? node);
      }
      key = next.key;
      node = next.value;
      if (at === "key" && depth === path.length - 1 && key !== void 0) return this.#position(key);
    }
    const empty = node === null || node === void 0 || isScalar(node) && node.value === null && node.source === "";
    return this.#position(empty ? key : node);
  }
  /** Does the file itself contain this value? */
  has(path) {
    let node = this.#root;
    for (const segment of path) {
      const container = this.#resolve(node);
      if (isMap(container)) {
        const pair = findPair(container.items, segment);
        if (pair === void 0) return false;
        node = pair.value;
      } else if (isSeq(container) && Number(segment) < container.items.length) {
        node = container.items[Number(segment)];
      } else return false;
    }
    return true;
  }
  #position(node) {
    const offset = node?.range?.[0] ?? 0;
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }
  #yamlProblem(error, text) {
    if (error.code !== "DUPLICATE_KEY") return this.#problemOf(yamlWords(error, text, this.#root));
    const path = pathOfKey(this.#root, error.pos[0]) ?? [];
    const message = `the key ${shown(path.at(-1) ?? "")} stands twice in this mapping`;
    const hint = "every key stands once in its mapping: rename or remove one of the two";
    return { ...this.#problemOf({ offset: error.pos[0], message, hint }), path: pathText(path) };
  }
  #problemOf({ offset, message, hint }) {
    const { line, col } = this.#lines.linePos(offset);
    return problemAt(this.file, { line: Math.max(1, line), column: Math.max(1, col) }, message, hint);
  }
}
function problemAt(file, place, message, hint) {
  return { file, line: place?.line, column: place?.column, path: "", message, hint };
}
function fileProblem(file, message, hint) {
  return new ConfigError([problemAt(file, void 0, message, hint)]);
}
function findPair(items, segment) {
  return items.find((pair) => keyText(pair.key) === String(segment));
}
function pathOfKey(node, offset) {
  if (!isMap(node) && !isSeq(node)) return void 0;
  for (const [index, item] of node.items.entries()) {
    const { key, value } = isMap(node) ? item : { key: void 0, value: item };
    const segment = isMap(node) ? keyText(key) : index;
    if (key?.range?.[0] === offset) return [segment];
    const inner = pathOfKey(value, offset);
    if (inner !== void 0) return [segment, ...inner];
  }
  return void 0;
}
function keyText(key) {
  return isScalar(key) ? String(key.value ?? "") : String(key);
}
function pathText(path) {
  let text = "";
  for (const segment of path) {
    if (typeof segment === "number") text += `[${segment}]`;
    else if (/^[A-Za-z0-9_$-]+$/.test(segment)) text += text === "" ? segment : `.${segment}`;
    else text += `[${shown(segment)}]`;
  }
  return text;
}
function decode(file, bytes) {
  const mark = bytes.subarray(0, 2).toString("hex");
  if (mark === "fffe" || mark === "feff") throw fileProblem(file, "the file is UTF-16, not UTF-8", "save it as UTF-8");
  if (bytes.includes(0)) {
    throw fileProblem(file, "the file contains NUL bytes: it is not a text file", "name a YAML file; save it as UTF-8");
  }
  if (!isUtf8(bytes)) {
    const at = firstInvalid(bytes);
    const before = bytes.subarray(0, at);
    const lineStart = before.lastIndexOf(10) + 1;
    const place = {
      line: before.toString("latin1").split("\n").length,
      column: before.subarray(lineStart).toString("utf8").length + 1
    };
    const hex = bytes[at].toString(16).padStart(2, "0");
    throw new ConfigError([
      problemAt(file, place, `the byte 0x${hex} is not UTF-8`, "save the file as UTF-8 (it looks like Latin-1)")
    ]);
  }
  return bytes.toString("utf8").replace(/^\ufeff/, "");
}
function firstInvalid(bytes) {
  let offset = 0;
  while (offset < bytes.length) {
    const lead = bytes[offset];
    const length = lead < 128 ? 1 : lead < 224 ? 2 : lead < 240 ? 3 : 4;
    if (!isUtf8(bytes.subarray(offset, offset + length))) return offset;
    offset += length;
  }
  return offset;
}
function parseYaml(file, text, lineCounter) {
  try {
    return parseDocument(text, { lineCounter, prettyErrors: false, merge: true, logLevel: "error" });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw fileProblem(file, "the mappings and lists are nested too deeply", NESTING_HINT);
  }
}
export {
  ConfigSource,
  fileProblem,
  pathText
};
//# sourceMappingURL=source.js.map
