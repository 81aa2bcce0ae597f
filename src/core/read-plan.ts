/**
 * Which points are read in one exchange. Pure: the gateway plans with it what it reads, the command line what it would.
 *
 * Points of one space are cut, in the order of their addresses, into reads of the least predicted time; of equal ones,
 * those with the fewest requests, then with the fewest units. O(points × points per read).
 */
import type { ReadCosts, Span } from './adapter.js';

export interface Planned {
  readonly id: string;
  /** undefined: the adapter has no spans, the point is read alone. */
  readonly span: Span | undefined;
}

/** Points read in one exchange. */
export interface Piece<P extends Planned> {
  readonly points: readonly P[];
}

/** What of an address space cannot be read, or not together. */
export interface Barriers {
  /** Points that overlap this are read alone. `end` is the first unit behind. */
  isAbsent(space: string, start: number, end: number): boolean;
  /** A read that begins at this unit must end here: the first unit behind it. */
  reach(space: string, start: number): number;
}

export const noBarriers: Barriers = { isAbsent: () => false, reach: () => Number.POSITIVE_INFINITY };

/** Of adapters that say nothing. */
export const plainCosts: ReadCosts = {
  exchangeMs: 0,
  restMs: 0,
  latencyMs: 1,
  unitMs: () => 0,
  limit: () => Number.POSITIVE_INFINITY,
  maxGap: () => 0,
};

/** Two times that differ by less are equal, ms. */
const EPSILON = 1e-9;

/** @returns first unit and the first behind */
export function extentOf(points: readonly Planned[]): { readonly start: number; readonly end: number } {
  let start = Number.POSITIVE_INFINITY;
  let end = 0;
  for (const { span } of points) {
    if (span === undefined) continue;
    start = Math.min(start, span.start);
    end = Math.max(end, span.start + span.length);
  }
  return { start, end };
}

/** Units that are read though no point has them. */
export function idleUnits(points: readonly Planned[]): number {
  let idle = 0;
  let reached: number | undefined;
  for (const { span } of points) {
    if (span === undefined) continue;
    if (reached !== undefined && span.start > reached) idle += span.start - reached;
    reached = Math.max(reached ?? 0, span.start + span.length);
  }
  return idle;
}

/** Predicted time of one exchange, ms. */
export function readMs(points: readonly Planned[], costs: ReadCosts, latencyMs: number): number {
  const { start, end } = extentOf(points);
  const space = points[0]?.span?.space;
  const units = space === undefined ? 0 : (end - start) * costs.unitMs(space);
  return costs.exchangeMs + latencyMs + units;
}

/** @returns every point exactly once; the points of a piece in the order of their addresses */
export function planReads<P extends Planned>(
  points: readonly P[],
  costs: ReadCosts,
  latencyMs: number,
  barriers: Barriers = noBarriers,
): readonly Piece<P>[] {
  const pieces: Piece<P>[] = [];
  const alone: Piece<P>[] = [];
  for (const [space, members] of Map.groupBy(points, (point) => point.span?.space)) {
    if (space === undefined) {
      for (const point of members) alone.push({ points: [point] });
      continue;
    }
    const [absent, present] = partition(members, ({ span }) =>
      barriers.isAbsent(space, span!.start, span!.start + span!.length),
    );
    for (const point of absent) alone.push({ points: [point] });
    present.sort((a, b) => a.span!.start - b.span!.start || a.span!.length - b.span!.length);
    for (const run of runsOf(present, costs.maxGap(space))) {
      for (const piece of cut(run, space, costs, latencyMs, barriers)) pieces.push({ points: piece });
    }
  }
  return [...pieces, ...alone];
}

/** Cuts where so many units lie between that nobody asked for. */
function runsOf<P extends Planned>(sorted: readonly P[], maxGap: number): readonly (readonly P[])[] {
  const runs: P[][] = [];
  let reached = Number.NEGATIVE_INFINITY;
  for (const point of sorted) {
    const { start, length } = point.span!;
    if (runs.length === 0 || start - reached > maxGap) runs.push([point]);
    else runs.at(-1)!.push(point);
    reached = Math.max(reached, start + length);
  }
  return runs;
}

/** The best way to read the first points of a run: costs, and where its last read begins. */
interface Best {
  readonly ms: number;
  readonly requests: number;
  readonly units: number;
  readonly from: number;
}

function cut<P extends Planned>(
  run: readonly P[],
  space: string,
  costs: ReadCosts,
  latencyMs: number,
  barriers: Barriers,
): readonly (readonly P[])[] {
  const requestMs = costs.exchangeMs + latencyMs;
  const unitMs = costs.unitMs(space);
  const most = costs.limit(space);
  const reach = run.map(({ span }) => barriers.reach(space, span!.start));
  const best: Best[] = [{ ms: 0, requests: 0, units: 0, from: 0 }];
  for (let to = 1; to <= run.length; to++) {
    let chosen: Best | undefined;
    let end = 0;
    let limit = most;
    for (let from = to - 1; from >= 0; from--) {
      const span = run[from]!.span!;
      end = Math.max(end, span.start + span.length);
      limit = Math.min(limit, span.limit);
      const units = end - span.start;
      // A point that is too long by itself is read all the same: the device will say so.
      if (from < to - 1 && (units > limit || end > reach[from]!)) break;
      const before = best[from]!;
      const option = {
        ms: before.ms + requestMs + units * unitMs,
        requests: before.requests + 1,
        units: before.units + units,
        from,
      };
      if (chosen === undefined || isBetter(option, chosen)) chosen = option;
    }
    best.push(chosen!);
  }
  const pieces: P[][] = [];
  for (let to = run.length; to > 0; to = best[to]!.from) pieces.unshift(run.slice(best[to]!.from, to));
  return pieces;
}

function isBetter(a: Best, b: Best): boolean {
  if (Math.abs(a.ms - b.ms) > EPSILON) return a.ms < b.ms;
  return a.requests !== b.requests ? a.requests < b.requests : a.units < b.units;
}

function partition<T>(items: readonly T[], isFirst: (item: T) => boolean): [T[], T[]] {
  const [first, second]: [T[], T[]] = [[], []];
  for (const item of items) (isFirst(item) ? first : second).push(item);
  return [first, second];
}
