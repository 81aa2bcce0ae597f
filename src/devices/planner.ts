/**
 * What to read in one exchange. Points that lie side by side are merged into runs within the protocol's limit; a run
 * that the device refuses is cut in halves until the refusal sticks to the points it belongs to, so that one bad
 * register never blanks its neighbours.
 */

import type { Span } from '../core/adapter.js';
import type { Clock } from '../core/clock.js';

/** Cuts are forgotten after this time: what a device refused once it may answer after an update, ms. */
const MEMORY_MS = 3_600_000;
/** A device that refuses every single point is busy or misconfigured; its run is left whole for this time, ms. */
const FRUITLESS_MS = 600_000;

export interface Planned {
  readonly id: string;
  /** undefined: the adapter has no spans, the point is read alone. */
  readonly span: Span | undefined;
}

/** Points read in one exchange. */
export interface Piece<P extends Planned> {
  readonly points: readonly P[];
}

interface Run<P extends Planned> {
  readonly whole: Piece<P>;
  pieces: readonly Piece<P>[];
  /** Monotonic ms of the first cut. */
  cutAt: number | undefined;
  /** Not cut again before this moment, monotonic ms. */
  keepUntil: number;
  readonly refused: Set<Piece<P>>;
}

/**
 * Merges points whose spans touch or overlap.
 *
 * @param maxGap - units between two spans that may be read though nobody asked for them; above 0 only where reading an
 *   unmapped address does no harm
 */
export function mergeSpans<P extends Planned>(points: readonly P[], maxGap = 0): readonly (readonly P[])[] {
  const spans = new Map<string, P[]>();
  const alone: P[][] = [];
  for (const point of points) {
    if (point.span === undefined) alone.push([point]);
    else {
      const list = spans.get(point.span.space);
      if (list === undefined) spans.set(point.span.space, [point]);
      else list.push(point);
    }
  }
  const runs: P[][] = [];
  for (const list of spans.values()) {
    list.sort((a, b) => a.span!.start - b.span!.start || a.span!.length - b.span!.length);
    let run: P[] = [];
    let start = 0;
    let end = 0;
    let limit = 0;
    for (const point of list) {
      const span = point.span!;
      const newEnd = Math.max(end, span.start + span.length);
      const newLimit = Math.min(limit, span.limit);
      if (run.length > 0 && span.start <= end + maxGap && newEnd - start <= newLimit) {
        run.push(point);
        end = newEnd;
        limit = newLimit;
      } else {
        run = [point];
        runs.push(run);
        start = span.start;
        end = span.start + span.length;
        limit = span.limit;
      }
    }
  }
  return [...runs, ...alone];
}

/** The exchanges of one poll group, and what was learned about them. */
export class Plan<P extends Planned> {
  readonly #clock: Clock;
  readonly #runs: readonly Run<P>[];
  readonly #runOf = new Map<P, Run<P>>();

  constructor(points: readonly P[], clock: Clock, maxGap = 0) {
    this.#clock = clock;
    this.#runs = mergeSpans(points, maxGap).map((run) => {
      const whole = { points: run };
      return { whole, pieces: [whole], cutAt: undefined, keepUntil: Number.NEGATIVE_INFINITY, refused: new Set() };
    });
    for (const run of this.#runs) for (const point of run.whole.points) this.#runOf.set(point, run);
  }

  /** Every point exactly once. */
  pieces(): readonly Piece<P>[] {
    const now = this.#clock.monotonic();
    for (const run of this.#runs) {
      if (run.cutAt !== undefined && now - run.cutAt >= MEMORY_MS) this.#heal(run);
    }
    return this.#runs.flatMap((run) => run.pieces);
  }

  /** The exchange that reads this point now. */
  pieceOf(point: P): Piece<P> | undefined {
    return this.#runOf.get(point)?.pieces.find((piece) => piece.points.includes(point));
  }

  /** The device answered with at least one value. */
  answered(piece: Piece<P>): void {
    this.#run(piece)?.refused.delete(piece);
  }

  /**
   * The device refused all points of the piece.
   *
   * @returns the halves to try instead, at once; empty when the refusal stands
   */
  refused(piece: Piece<P>): readonly Piece<P>[] {
    const run = this.#run(piece);
    if (run === undefined || !run.pieces.includes(piece)) return [];
    const { points } = piece;
    if (points.length > 1 && this.#clock.monotonic() >= run.keepUntil) {
      const middle = points.length >> 1;
      const halves = [{ points: points.slice(0, middle) }, { points: points.slice(middle) }];
      run.cutAt ??= this.#clock.monotonic();
      run.pieces = run.pieces.flatMap((other) => (other === piece ? halves : [other]));
      return halves;
    }
    run.refused.add(piece);
    if (run.pieces.length > 1 && run.pieces.every((other) => run.refused.has(other))) {
      this.#heal(run);
      run.keepUntil = this.#clock.monotonic() + FRUITLESS_MS;
    }
    return [];
  }

  #heal(run: Run<P>): void {
    run.pieces = [run.whole];
    run.cutAt = undefined;
    run.refused.clear();
  }

  #run(piece: Piece<P>): Run<P> | undefined {
    const first = piece.points[0];
    return first === undefined ? undefined : this.#runOf.get(first);
  }
}
