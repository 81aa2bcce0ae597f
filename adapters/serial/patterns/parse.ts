/**
 * Regular expressions in the syntax of JavaScript, without what cannot be matched in linear time: no look-around and no
 * back references. They come from configuration files, and what they are held against from the wire.
 */

/** Code points a character may be: pairs of first and last, in order. */
export interface CharSet {
  readonly ranges: readonly (readonly [number, number])[];
  readonly negated: boolean;
}

export type Node =
  | { readonly is: 'empty' }
  | { readonly is: 'char'; readonly set: CharSet }
  | { readonly is: 'assert'; readonly what: 'start' | 'end' | 'word' | 'notWord' }
  | { readonly is: 'concat'; readonly parts: readonly Node[] }
  | { readonly is: 'either'; readonly choices: readonly Node[] }
  | { readonly is: 'group'; readonly index: number; readonly inner: Node }
  | {
      readonly is: 'repeat';
      readonly inner: Node;
      readonly min: number;
      readonly max: number;
      readonly greedy: boolean;
    };

export interface Parsed {
  readonly root: Node;
  readonly groups: number;
  /** Index of each named group. */
  readonly names: ReadonlyMap<string, number>;
}

export class PatternError extends Error {}

const MAX_PATTERN = 1_000;
const MAX_GROUPS = 64;
const MAX_REPEAT = 1_000;
const LAST = 0xffff;

const digit: readonly (readonly [number, number])[] = [[0x30, 0x39]];
const word: readonly (readonly [number, number])[] = [...digit, [0x41, 0x5a], [0x5f, 0x5f], [0x61, 0x7a]];
const space: readonly (readonly [number, number])[] = [
  [0x09, 0x0d],
  [0x20, 0x20],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
];
const classes: Readonly<Record<string, readonly (readonly [number, number])[]>> = { d: digit, w: word, s: space };
const controls: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13, 0: 0 };
const dot: CharSet = {
  ranges: [
    [0x0a, 0x0a],
    [0x0d, 0x0d],
    [0x2028, 0x2029],
  ],
  negated: true,
};

/** @throws PatternError with a sentence for people */
export function parsePattern(text: string): Parsed {
  return new Parser(text).parse();
}

class Parser {
  readonly #text: string;
  #at = 0;
  #groups = 0;
  readonly #names = new Map<string, number>();

  constructor(text: string) {
    if (text.length > MAX_PATTERN) throw new PatternError(`a pattern has at most ${MAX_PATTERN} characters`);
    this.#text = text;
  }

  parse(): Parsed {
    const root = this.#either();
    if (this.#at < this.#text.length) throw this.#fault('there is a ) without its (');
    return { root, groups: this.#groups, names: this.#names };
  }

  #fault(message: string): PatternError {
    return new PatternError(`${message} (at character ${this.#at + 1})`);
  }

  #take(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #either(): Node {
    const choices = [this.#concat()];
    while (this.#take('|')) choices.push(this.#concat());
    return choices.length === 1 ? choices[0]! : { is: 'either', choices };
  }

  #concat(): Node {
    const parts: Node[] = [];
    while (this.#at < this.#text.length && this.#text[this.#at] !== '|' && this.#text[this.#at] !== ')') {
      parts.push(this.#repeated());
    }
    if (parts.length === 0) return { is: 'empty' };
    return parts.length === 1 ? parts[0]! : { is: 'concat', parts };
  }

  #repeated(): Node {
    const inner = this.#atom();
    const range = this.#quantifier();
    if (range === undefined) return inner;
    const [min, max] = range;
    if (inner.is === 'assert') throw this.#fault('what has no length cannot be repeated');
    if (max === Number.POSITIVE_INFINITY && isNullable(inner)) {
      throw this.#fault('what may be empty cannot be repeated without end');
    }
    const node: Node = { is: 'repeat', inner, min, max, greedy: !this.#take('?') };
    if (this.#quantifier() !== undefined) throw this.#fault('there are two quantifiers in a row');
    return node;
  }

  #quantifier(): readonly [number, number] | undefined {
    if (this.#take('*')) return [0, Number.POSITIVE_INFINITY];
    if (this.#take('+')) return [1, Number.POSITIVE_INFINITY];
    if (this.#take('?')) return [0, 1];
    const match = /^\{(\d{1,6})(?:(,)(\d{1,6})?)?\}/.exec(this.#text.slice(this.#at, this.#at + 20));
    if (match === null) return undefined;
    this.#at += match[0].length;
    const min = Number(match[1]);
    const max = match[2] === undefined ? min : match[3] === undefined ? Number.POSITIVE_INFINITY : Number(match[3]);
    if (max < min) throw this.#fault('the numbers in {} are out of order');
    if (min > MAX_REPEAT || (max !== Number.POSITIVE_INFINITY && max > MAX_REPEAT)) {
      throw this.#fault(`a part is repeated at most ${MAX_REPEAT} times`);
    }
    return [min, max];
  }

  #atom(): Node {
    if (this.#take('(')) return this.#group();
    if (this.#take('[')) return { is: 'char', set: this.#class() };
    if (this.#take('.')) return { is: 'char', set: dot };
    if (this.#take('^')) return { is: 'assert', what: 'start' };
    if (this.#take('$')) return { is: 'assert', what: 'end' };
    if (this.#take('\\b')) return { is: 'assert', what: 'word' };
    if (this.#take('\\B')) return { is: 'assert', what: 'notWord' };
    const character = this.#text[this.#at]!;
    if ('*+?'.includes(character)) throw this.#fault('there is nothing to repeat');
    if (this.#take('\\')) return { is: 'char', set: this.#escape(false) };
    this.#at++;
    const code = character.charCodeAt(0);
    return { is: 'char', set: { ranges: [[code, code]], negated: false } };
  }

  #group(): Node {
    let index: number | undefined;
    if (this.#take('?:')) index = undefined;
    else if (this.#take('?<') && !/^[=!]/.test(this.#text.slice(this.#at))) {
      const name = /^([A-Za-z_][A-Za-z0-9_]*)>/.exec(this.#text.slice(this.#at))?.[1];
      if (name === undefined) throw this.#fault('a name has letters, digits and _, and ends with >');
      if (this.#names.has(name)) throw this.#fault(`there are two groups ${name}`);
      this.#at += name.length + 1;
      index = ++this.#groups;
      this.#names.set(name, index);
    } else if (this.#text[this.#at] === '?' || this.#text[this.#at - 1] === '<') {
      throw this.#fault('look-ahead, look-behind and flags are not possible');
    } else index = ++this.#groups;
    if (this.#groups > MAX_GROUPS) throw this.#fault(`a pattern has at most ${MAX_GROUPS} groups`);
    const inner = this.#either();
    if (!this.#take(')')) throw this.#fault('there is a ( without its )');
    return index === undefined ? inner : { is: 'group', index, inner };
  }

  #class(): CharSet {
    const negated = this.#take('^');
    const ranges: (readonly [number, number])[] = [];
    while (!this.#take(']')) {
      if (this.#at >= this.#text.length) throw this.#fault('there is a [ without its ]');
      const first = this.#member();
      const isRange =
        this.#text[this.#at] === '-' && this.#text[this.#at + 1] !== ']' && this.#at + 1 < this.#text.length;
      if (!isRange) {
        ranges.push(...expand(first));
        continue;
      }
      this.#at++;
      const last = this.#member();
      const [from, to] = [single(first), single(last)];
      if (from === undefined || to === undefined || to < from) throw this.#fault('this is no range of characters');
      ranges.push([from, to]);
    }
    return { ranges, negated };
  }

  #member(): CharSet {
    if (this.#take('\\')) return this.#escape(true);
    const code = this.#text.charCodeAt(this.#at++);
    return { ranges: [[code, code]], negated: false };
  }

  #escape(inClass: boolean): CharSet {
    const character = this.#text[this.#at++];
    if (character === undefined) throw this.#fault('the pattern ends with \\');
    const known = classes[character.toLowerCase()];
    if (known !== undefined) return { ranges: known, negated: character !== character.toLowerCase() };
    const one = (code: number): CharSet => ({ ranges: [[code, code]], negated: false });
    if (inClass && character === 'b') return one(8);
    const next = this.#text[this.#at] ?? '';
    if (character === '0' && /\d/.test(next)) throw this.#fault('write \\x00, not octal digits');
    const control = controls[character];
    if (control !== undefined) return one(control);
    const digits = character === 'x' ? 2 : character === 'u' ? 4 : 0;
    if (digits > 0) {
      const hex = this.#text.slice(this.#at, this.#at + digits);
      if (hex.length < digits || !/^[0-9a-f]+$/i.test(hex))
        throw this.#fault(`\\${character} needs ${digits} hexadecimal digits`);
      this.#at += digits;
      return one(Number.parseInt(hex, 16));
    }
    if (/[1-9k]/.test(character)) throw this.#fault('back references are not possible');
    if (/[A-Za-z]/.test(character)) throw this.#fault(`there is no \\${character}`);
    return one(character.charCodeAt(0));
  }
}

function single({ ranges, negated }: CharSet): number | undefined {
  const [range] = ranges;
  return !negated && ranges.length === 1 && range![0] === range![1] ? range![0] : undefined;
}

/** A set without negation. */
function expand({ ranges, negated }: CharSet): readonly (readonly [number, number])[] {
  if (!negated) return ranges;
  const out: (readonly [number, number])[] = [];
  let from = 0;
  for (const [first, last] of ranges) {
    if (first > from) out.push([from, first - 1]);
    from = last + 1;
  }
  if (from <= LAST) out.push([from, LAST]);
  return out;
}

function isNullable(node: Node): boolean {
  switch (node.is) {
    case 'empty':
    case 'assert':
      return true;
    case 'char':
      return false;
    case 'concat':
      return node.parts.every(isNullable);
    case 'either':
      return node.choices.some(isNullable);
    case 'group':
      return isNullable(node.inner);
    case 'repeat':
      return node.min === 0 || isNullable(node.inner);
  }
}
