/**
 * Why a device refuses a read: the read is cut in halves until each part is answered or is one refused point. Both
 * halves of a part are tried before any is cut again, so that a device that refuses everything is soon known as one.
 */
import { extentOf, type Piece, type Planned } from '../core/read-plan.js';

/** So many refusals without an answer: it is the device, not its addresses. */
const FRUITLESS = 32;

interface Part<P extends Planned> {
  readonly piece: Piece<P>;
  result: 'open' | 'answered' | 'refused';
  halves: readonly [Part<P>, Part<P>] | undefined;
}

export interface Findings<P extends Planned> {
  /** Refused when asked for alone. */
  readonly refused: readonly P[];
  /** What is between them: a part that ends at `before` and one that begins at `after` are read, but not both at once. */
  readonly barriers: readonly { readonly before: number; readonly after: number }[];
}

export class Search<P extends Planned> {
  readonly root: Piece<P>;
  readonly isLasting: boolean;
  readonly #root: Part<P>;
  readonly #open = new Map<Piece<P>, Part<P>>();
  #refusals = 1;
  #answers = 0;

  /** @param piece - of at least two points; it was refused */
  constructor(piece: Piece<P>, isLasting: boolean) {
    this.root = piece;
    this.isLasting = isLasting;
    this.#root = { piece, result: 'refused', halves: undefined };
    this.#cut(this.#root);
  }

  /** To be tried; what is already on its way is among them. */
  get open(): readonly Piece<P>[] {
    return [...this.#open.keys()];
  }

  get isOver(): boolean {
    return this.#open.size === 0;
  }

  /** Nothing was answered: nothing is learned. */
  get isFruitless(): boolean {
    return this.#answers === 0 && (this.isOver || this.#refusals >= FRUITLESS);
  }

  has(piece: Piece<P>): boolean {
    return this.#open.has(piece);
  }

  answered(piece: Piece<P>): void {
    const part = this.#open.get(piece);
    if (part === undefined) return;
    part.result = 'answered';
    this.#open.delete(piece);
    this.#answers++;
  }

  /** @returns what to try in its place */
  refused(piece: Piece<P>): readonly Piece<P>[] {
    const part = this.#open.get(piece);
    if (part === undefined) return [];
    part.result = 'refused';
    this.#open.delete(piece);
    this.#refusals++;
    return piece.points.length > 1 ? this.#cut(part) : [];
  }

  findings(): Findings<P> {
    const refused: P[] = [];
    const barriers: { before: number; after: number }[] = [];
    const visit = (part: Part<P>): void => {
      if (part.result !== 'refused') return;
      if (part.halves === undefined) {
        if (part.piece.points.length === 1) refused.push(part.piece.points[0]!);
        return;
      }
      const [left, right] = part.halves;
      if (left.result === 'answered' && right.result === 'answered') {
        const { end } = extentOf(left.piece.points);
        const { start } = extentOf(right.piece.points);
        // Where the two overlap each must stay readable by itself.
        barriers.push({ before: Math.min(end, start), after: Math.max(end, start) });
      }
      visit(left);
      visit(right);
    };
    visit(this.#root);
    return { refused, barriers };
  }

  #cut(part: Part<P>): readonly Piece<P>[] {
    const { points } = part.piece;
    const middle = points.length >> 1;
    const half = (some: readonly P[]): Part<P> => ({ piece: { points: some }, result: 'open', halves: undefined });
    part.halves = [half(points.slice(0, middle)), half(points.slice(middle))];
    for (const one of part.halves) this.#open.set(one.piece, one);
    return part.halves.map(({ piece }) => piece);
  }
}
