/** One YAML file with the places of its values. */
import { isUtf8 } from 'node:buffer';
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type YAMLError,
} from 'yaml';
import { ConfigError, type ConfigProblem } from './errors.js';
import type { Finding, Path } from './issues.js';
import { isPlain, type Plain } from './merge.js';
import { shown } from './values.js';
import { duplicateKeys } from './yaml-keys.js';
import { aliasWords, NESTING_HINT, type YamlWords, yamlWords } from './yaml-words.js';

/** Aliases may multiply what is parsed by this at most (the "billion laughs" of YAML). */
const MAX_ALIAS_COUNT = 1_000;

interface Position {
  readonly line: number;
  readonly column: number;
}

export class ConfigSource {
  readonly file: string;
  /** The document as plain values. */
  readonly value: Plain;
  /** What the YAML parser found that does not keep the rest from being checked. */
  readonly problems: readonly ConfigProblem[];
  readonly #root: Node | null;
  readonly #lines: LineCounter;
  readonly #resolve: (node: unknown) => unknown;

  /**
   * @param file - as it shall be named in messages
   * @throws ConfigError when the bytes cannot be read as YAML at all
   */
  constructor(file: string, bytes: Buffer) {
    this.file = file;
    const text = decode(file, bytes);
    this.#lines = new LineCounter();
    const document = parseYaml(file, text, this.#lines);
    this.#root = document.contents;
    this.#resolve = (node) => (isAlias(node) ? node.resolve(document) : node);
    // What follows on the same line is mostly a consequence.
    const told = new Set<string>();
    const found = [...document.errors, ...document.warnings]
      .filter(({ code, pos }) => {
        const place = code === 'DUPLICATE_KEY' ? `key ${pos[0]}` : `line ${this.#lines.linePos(pos[0]).line}`;
        return !told.has(place) && told.add(place);
      })
      .map((error) => this.#yamlProblem(error, text));
    if (document.errors.some((error) => error.code !== 'DUPLICATE_KEY')) throw new ConfigError(found);
    this.problems = found;
    let value: unknown;
    try {
      value = document.toJS({ maxAliasCount: MAX_ALIAS_COUNT }) ?? {};
    } catch (error) {
      throw new ConfigError([...found, this.#problemOf(aliasWords(error, document))]);
    }
    if (!isPlain(value)) {
      const hint = 'write `key: value` pairs, such as `gateway: { id: plant-7 }`';
      throw new ConfigError([
        ...found,
        this.problem({ path: [], at: 'value', message: `expected a mapping, found ${shown(value)}`, hint }),
      ]);
    }
    this.value = value;
  }

  /** Gives a finding its place. */
  problem(finding: Finding): ConfigProblem {
    const { path, at, message, hint } = finding;
    const { line, column } = this.locate(path, at);
    return { file: this.file, line, column, path: pathText(path), message, hint };
  }

  /** The place of a value or key; of the nearest thing around it when it is not in the file. */
  locate(path: Path, at: Finding['at']): Position {
    let node: unknown = this.#root;
    let key: unknown;
    for (const [depth, segment] of path.entries()) {
      const container = this.#resolve(node);
      const next = isMap(container)
        ? findPair(container.items, segment)
        : isSeq(container)
          ? { key: undefined, value: container.items[Number(segment)] }
          : undefined;
      if (next === undefined || (next.key === undefined && next.value === undefined)) {
        return this.#position(key ?? node);
      }
      key = next.key;
      node = next.value;
      if (at === 'key' && depth === path.length - 1 && key !== undefined) return this.#position(key);
    }
    const empty = node === null || node === undefined || (isScalar(node) && node.value === null && node.source === '');
    return this.#position(empty ? key : node);
  }

  /** Does the file itself contain this value? */
  has(path: Path): boolean {
    let node: unknown = this.#root;
    for (const segment of path) {
      const container = this.#resolve(node);
      if (isMap(container)) {
        const pair = findPair(container.items, segment);
        if (pair === undefined) return false;
        node = pair.value;
      } else if (isSeq(container) && Number(segment) < container.items.length) {
        node = container.items[Number(segment)];
      } else return false;
    }
    return true;
  }

  #position(node: unknown): Position {
    const offset = (node as Node | null | undefined)?.range?.[0] ?? 0;
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }

  #yamlProblem(error: YAMLError, text: string): ConfigProblem {
    if (error.code !== 'DUPLICATE_KEY') return this.#problemOf(yamlWords(error, text, this.#root));
    const path = pathOfKey(this.#root, error.pos[0]) ?? [];
    const message = `the key ${shown(path.at(-1) ?? '')} stands twice in this mapping`;
    const hint = 'every key stands once in its mapping: rename or remove one of the two';
    return { ...this.#problemOf({ offset: error.pos[0], message, hint }), path: pathText(path) };
  }

  #problemOf({ offset, message, hint }: YamlWords): ConfigProblem {
    const { line, col } = this.#lines.linePos(offset);
    return problemAt(this.file, { line: Math.max(1, line), column: Math.max(1, col) }, message, hint);
  }
}

function problemAt(file: string, place: Position | undefined, message: string, hint: string): ConfigProblem {
  return { file, line: place?.line, column: place?.column, path: '', message, hint };
}

/** A problem of the file as a whole. */
export function fileProblem(file: string, message: string, hint: string): ConfigError {
  return new ConfigError([problemAt(file, undefined, message, hint)]);
}

function findPair(items: readonly Pair[], segment: string | number): Pair | undefined {
  return items.find((pair) => keyText(pair.key) === String(segment));
}

/** The path of the key that begins at an offset. */
function pathOfKey(node: unknown, offset: number): Path | undefined {
  if (!isMap(node) && !isSeq(node)) return undefined;
  for (const [index, item] of node.items.entries()) {
    const { key, value } = isMap(node) ? (item as Pair) : { key: undefined, value: item };
    const segment = isMap(node) ? keyText(key) : index;
    if ((key as Node | undefined)?.range?.[0] === offset) return [segment];
    const inner = pathOfKey(value, offset);
    if (inner !== undefined) return [segment, ...inner];
  }
  return undefined;
}

function keyText(key: unknown): string {
  return isScalar(key) ? String(key.value ?? '') : String(key);
}

/** `devices.boiler.points`, `broker.listeners[0].port`, `devices["a.b"]`. */
export function pathText(path: Path): string {
  let text = '';
  for (const segment of path) {
    if (typeof segment === 'number') text += `[${segment}]`;
    else if (/^[A-Za-z0-9_$-]+$/.test(segment)) text += text === '' ? segment : `.${segment}`;
    else text += `[${shown(segment)}]`;
  }
  return text;
}

function decode(file: string, bytes: Buffer): string {
  const mark = bytes.subarray(0, 2).toString('hex');
  if (mark === 'fffe' || mark === 'feff') throw fileProblem(file, 'the file is UTF-16, not UTF-8', 'save it as UTF-8');
  if (bytes.includes(0)) {
    throw fileProblem(file, 'the file contains NUL bytes: it is not a text file', 'name a YAML file; save it as UTF-8');
  }
  if (!isUtf8(bytes)) {
    const at = firstInvalid(bytes);
    const before = bytes.subarray(0, at);
    const lineStart = before.lastIndexOf(0x0a) + 1;
    const place = {
      line: before.toString('latin1').split('\n').length,
      column: before.subarray(lineStart).toString('utf8').length + 1,
    };
    const hex = bytes[at]!.toString(16).padStart(2, '0');
    throw new ConfigError([
      problemAt(file, place, `the byte 0x${hex} is not UTF-8`, 'save the file as UTF-8 (it looks like Latin-1)'),
    ]);
  }
  return bytes.toString('utf8').replace(/^\ufeff/, '');
}

/** Offset of the first byte that is not part of valid UTF-8. */
function firstInvalid(bytes: Buffer): number {
  let offset = 0;
  while (offset < bytes.length) {
    const lead = bytes[offset]!;
    const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (!isUtf8(bytes.subarray(offset, offset + length))) return offset;
    offset += length;
  }
  return offset;
}

function parseYaml(file: string, text: string, lineCounter: LineCounter) {
  try {
    const options = { lineCounter, prettyErrors: false, merge: true, logLevel: 'error', uniqueKeys: false } as const;
    const document = parseDocument(text, options);
    document.errors.push(...duplicateKeys(document));
    document.errors.sort((a, b) => a.pos[0] - b.pos[0]);
    return document;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw fileProblem(file, 'the mappings and lists are nested too deeply', NESTING_HINT);
  }
}
