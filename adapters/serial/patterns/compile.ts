/** From a parsed pattern to the program of the machine that matches it. */
import { type CharSet, type Node, PatternError } from './parse.js';

const MAX_PROGRAM = 4_000;

export type Instruction =
  | { readonly op: 'char'; readonly set: Uint8Array; readonly other: CharSet }
  | { readonly op: 'split'; readonly first: number; readonly second: number }
  | { readonly op: 'jump'; readonly to: number }
  | { readonly op: 'save'; readonly slot: number }
  /** Groups of a part that is repeated: each round begins without them. */
  | { readonly op: 'clear'; readonly from: number; readonly to: number }
  | { readonly op: 'assert'; readonly what: 'start' | 'end' | 'word' | 'notWord' }
  | { readonly op: 'match' };

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export function isIn({ ranges, negated }: CharSet, code: number): boolean {
  return ranges.some(([first, last]) => code >= first && code <= last) !== negated;
}

function emit<I extends Instruction>(program: Instruction[], instruction: I): Mutable<I> {
  if (program.length >= MAX_PROGRAM) throw new PatternError('the pattern is too large: repeat fewer times');
  program.push(instruction);
  return instruction as Mutable<I>;
}

export function compile(node: Node, program: Instruction[]): void {
  switch (node.is) {
    case 'empty':
      return;
    case 'char': {
      const set = new Uint8Array(256);
      for (let code = 0; code < 256; code++) if (isIn(node.set, code)) set[code] = 1;
      emit(program, { op: 'char', set, other: node.set });
      return;
    }
    case 'assert':
      emit(program, { op: 'assert', what: node.what });
      return;
    case 'concat':
      for (const part of node.parts) compile(part, program);
      return;
    case 'group':
      emit(program, { op: 'save', slot: 2 * node.index });
      compile(node.inner, program);
      emit(program, { op: 'save', slot: 2 * node.index + 1 });
      return;
    case 'either':
      compileEither(node.choices, program);
      return;
    case 'repeat':
      compileRepeat(node, program);
  }
}

function compileEither(choices: readonly Node[], program: Instruction[]): void {
  const jumps: Mutable<Instruction & { op: 'jump' }>[] = [];
  for (const [index, choice] of choices.entries()) {
    const isLast = index === choices.length - 1;
    const split = isLast ? undefined : emit(program, { op: 'split', first: program.length + 1, second: 0 });
    compile(choice, program);
    if (split === undefined) break;
    jumps.push(emit(program, { op: 'jump', to: 0 }));
    split.second = program.length;
  }
  for (const jump of jumps) jump.to = program.length;
}

function compileRepeat({ inner, min, max, greedy }: Node & { is: 'repeat' }, program: Instruction[]): void {
  const groups = groupsOf(inner);
  const round = () => {
    if (groups !== undefined) emit(program, { op: 'clear', from: 2 * groups[0], to: 2 * groups[1] + 2 });
    compile(inner, program);
  };
  const branch = (): ((to: number) => void) => {
    const next = program.length + 1;
    const split = emit(program, { op: 'split', first: next, second: next });
    return (to) => {
      if (greedy) split.second = to;
      else split.first = to;
    };
  };
  for (let i = 0; i < min; i++) round();
  if (max === Number.POSITIVE_INFINITY) {
    const loop = program.length;
    const leave = branch();
    round();
    emit(program, { op: 'jump', to: loop });
    leave(program.length);
    return;
  }
  const leaves: ((to: number) => void)[] = [];
  for (let i = min; i < max; i++) {
    leaves.push(branch());
    round();
  }
  for (const leave of leaves) leave(program.length);
}

/** First and last group inside. */
function groupsOf(node: Node): readonly [number, number] | undefined {
  switch (node.is) {
    case 'group': {
      const inner = groupsOf(node.inner);
      return [node.index, inner?.[1] ?? node.index];
    }
    case 'repeat':
      return groupsOf(node.inner);
    case 'concat':
    case 'either': {
      const found = (node.is === 'concat' ? node.parts : node.choices).map(groupsOf).filter((one) => one !== undefined);
      return found.length === 0 ? undefined : [found[0]![0], found.at(-1)![1]];
    }
    default:
      return undefined;
  }
}
