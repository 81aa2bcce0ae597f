/**
 * Matches regular expressions in time that grows with text × pattern, whatever both are: all ways to match are followed at
 * once (Thompson 1968, Pike's virtual machine). Of several matches the one that JavaScript would find is taken: the
 * leftmost, and of those the first by the order of alternatives and the greed of quantifiers.
 */
import { compile, type Instruction, isIn } from './compile.js';
import { type Node, parsePattern } from './parse.js';

/** Positions of groups: start and end of each, −1 where it took no part. */
type Slots = Int32Array;

interface Thread {
  readonly at: number;
  readonly slots: Slots;
}

export class Pattern {
  readonly names: ReadonlyMap<string, number>;
  readonly #program: readonly Instruction[];
  readonly #slots: number;

  /** @throws PatternError */
  constructor(text: string) {
    const { root, groups, names } = parsePattern(text);
    this.names = names;
    this.#slots = 2 * (groups + 1);
    const program: Instruction[] = [{ op: 'save', slot: 0 }];
    compile(root, program);
    program.push({ op: 'save', slot: 1 }, { op: 'match' });
    this.#program = program;
  }

  test(text: string): boolean {
    return this.#run(text) !== undefined;
  }

  /** @returns all groups, that of the whole match first; undefined: no match */
  exec(text: string): readonly (string | undefined)[] | undefined {
    const slots = this.#run(text);
    if (slots === undefined) return undefined;
    return Array.from({ length: this.#slots / 2 }, (_, group) => {
      const [from, to] = [slots[2 * group]!, slots[2 * group + 1]!];
      return from < 0 || to < 0 ? undefined : text.slice(from, to);
    });
  }

  /** @returns the named groups that took part; undefined: no match */
  groups(text: string): ReadonlyMap<string, string> | undefined {
    const all = this.exec(text);
    if (all === undefined) return undefined;
    const found = new Map<string, string>();
    for (const [name, index] of this.names) if (all[index] !== undefined) found.set(name, all[index]);
    return found;
  }

  /** For streams. */
  scanner(): Scanner {
    return new Scanner(this.#program, this.#slots);
  }

  #run(text: string): Slots | undefined {
    const machine = new Machine(this.#program, this.#slots);
    let found: Slots | undefined;
    for (let i = 0; i <= text.length; i++) {
      if (found === undefined) machine.enter(i, text);
      found = machine.settled() ?? found;
      if (machine.isIdle && found !== undefined) return found;
      if (i < text.length) machine.step(text.charCodeAt(i), i + 1, text);
    }
    return found;
  }
}

/** Threads in order of preference. */
class Machine {
  readonly #program: readonly Instruction[];
  readonly #slots: number;
  #threads: Thread[] = [];
  #seen: Uint32Array;
  #generation = 0;
  /** A thread that matched at this position; those after it are not wanted. */
  #matched: Slots | undefined;

  constructor(program: readonly Instruction[], slots: number) {
    this.#program = program;
    this.#slots = slots;
    this.#seen = new Uint32Array(program.length);
    this.#generation = 1;
  }

  get isIdle(): boolean {
    return this.#threads.length === 0;
  }

  /** A match may begin here, with the least preference. */
  enter(position: number, text: string): void {
    if (this.#matched === undefined) this.#add(0, new Int32Array(this.#slots).fill(-1), position, text);
  }

  /** The match that ends at the position that was reached, if any. */
  settled(): Slots | undefined {
    const found = this.#matched;
    this.#matched = undefined;
    return found;
  }

  step(code: number, position: number, text: string): void {
    const threads = this.#threads;
    this.#threads = [];
    this.#generation++;
    this.#matched = undefined;
    for (const { at, slots } of threads) {
      const instruction = this.#program[at] as Instruction & { op: 'char' };
      const fits = code < 256 ? instruction.set[code] === 1 : isIn(instruction.other, code);
      if (!fits) continue;
      this.#add(at + 1, slots, position, text);
      // What comes after is less wanted than this match.
      if (this.#matched !== undefined) break;
    }
  }

  #add(start: number, first: Slots, position: number, text: string): void {
    const stack: [number, Slots][] = [[start, first]];
    for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
      const [at, slots] = top;
      if (this.#seen[at] === this.#generation) continue;
      this.#seen[at] = this.#generation;
      const instruction = this.#program[at]!;
      switch (instruction.op) {
        case 'char':
          this.#threads.push({ at, slots });
          break;
        case 'match':
          this.#matched = slots;
          return;
        case 'jump':
          stack.push([instruction.to, slots]);
          break;
        case 'split':
          stack.push([instruction.second, slots], [instruction.first, slots]);
          break;
        case 'save': {
          const saved = slots.slice();
          saved[instruction.slot] = position;
          stack.push([at + 1, saved]);
          break;
        }
        case 'clear':
          stack.push([at + 1, slots.slice().fill(-1, instruction.from, instruction.to)]);
          break;
        case 'assert':
          if (holds(instruction.what, text, position)) stack.push([at + 1, slots]);
      }
    }
  }
}

/**
 * Finds the first end of a match in a stream of bytes: as soon as any match is complete, so that it does not matter how
 * the bytes were cut. Only for patterns without assertions.
 */
export class Scanner {
  readonly #program: readonly Instruction[];
  readonly #slots: number;
  #machine: Machine;
  #position = 0;

  constructor(program: readonly Instruction[], slots: number) {
    this.#program = program;
    this.#slots = slots;
    this.#machine = new Machine(program, slots);
  }

  static fits(pattern: string): boolean {
    const { root } = parsePattern(pattern);
    return !hasAssertion(root) && !new Pattern(pattern).test('');
  }

  /** @returns where the match that ends with this byte begins, counted from the last reset; undefined: none */
  next(byte: number): number | undefined {
    this.#machine.enter(this.#position, '');
    this.#machine.settled();
    this.#position++;
    this.#machine.step(byte, this.#position, '');
    return this.#machine.settled()?.[0];
  }

  reset(): void {
    this.#machine = new Machine(this.#program, this.#slots);
    this.#position = 0;
  }
}

function hasAssertion(node: Node): boolean {
  switch (node.is) {
    case 'assert':
      return true;
    case 'concat':
      return node.parts.some(hasAssertion);
    case 'either':
      return node.choices.some(hasAssertion);
    case 'group':
    case 'repeat':
      return hasAssertion(node.inner);
    default:
      return false;
  }
}

function isWord(text: string, at: number): boolean {
  return /^[0-9A-Za-z_]$/.test(text[at] ?? '');
}

function holds(what: 'start' | 'end' | 'word' | 'notWord', text: string, position: number): boolean {
  if (what === 'start') return position === 0;
  if (what === 'end') return position === text.length;
  return (isWord(text, position - 1) !== isWord(text, position)) === (what === 'word');
}
