/**
 * The exchanges of one poll group, and what becomes of them when the device refuses: a read that is refused is searched
 * (search.ts) until the refusal sticks to what it belongs to, that is remembered (learned.ts), and the rest is planned
 * anew around it. One bad register never blanks its neighbours.
 */
import type { ReadCosts } from '../core/adapter.js';
import type { Clock } from '../core/clock.js';
import { extentOf, idleUnits, type Piece, type Planned, planReads } from '../core/read-plan.js';
import type { Learned } from './learned.js';
import { Search } from './search.js';

/** A read that was searched in vain is left as it is for this time, ms. */
const FRUITLESS_MS = 600_000;
/** A read that takes in what nobody asked for and was not answered so often is cut there. */
const SILENT_TIMES = 2;
/** A plan is made anew when the latency is this many times, or this part of, the one it was made for. */
const LATENCY_RATIO = 2;
/** Differences below this are of no matter, ms. */
const LATENCY_STEP_MS = 2;

export interface PlanOptions {
  readonly clock: Clock;
  readonly costs: ReadCosts;
  readonly learned: Learned;
  /** ms between two reads. */
  readonly every: number;
}

export class Plan<P extends Planned> {
  readonly #o: PlanOptions;
  readonly #points: readonly P[];
  #latencyMs: number;
  #pieces = new Map<string, Piece<P>>();
  #pieceOf = new Map<P, Piece<P>>();
  /** Of `learned` when the pieces were made; −1: they are out of date. */
  #revision = -1;
  #searches: Search<P>[] = [];
  /** Pieces that are not searched before this moment, monotonic ms. */
  readonly #leftUntil = new Map<string, number>();
  /** Absent points are not asked for before this moment, monotonic ms. */
  readonly #restUntil = new Map<P, number>();
  readonly #hasAnswered = new Set<string>();
  readonly #silences = new Map<string, number>();
  /** Cut because nobody answered, which may have been because nobody was there. */
  readonly #suspects = new Map<string, readonly (readonly [space: string, before: number, after: number])[]>();

  constructor(points: readonly P[], options: PlanOptions) {
    this.#o = options;
    this.#points = points;
    this.#latencyMs = options.costs.latencyMs;
  }

  /** What is to be read at a beat. */
  pieces(): readonly Piece<P>[] {
    const all = this.all();
    const now = this.#o.clock.monotonic();
    return all.filter((piece) => !this.#isSearched(piece) && !this.#rests(piece, now));
  }

  /** Every point exactly once, also those that rest or are being searched. */
  all(): readonly Piece<P>[] {
    this.#o.learned.doubt();
    this.#update();
    return [...this.#pieces.values()];
  }

  /** Points that the device does not have and is not asked for now. */
  resting(): readonly P[] {
    const now = this.#o.clock.monotonic();
    return [...this.#restUntil].flatMap(([point, until]) => (until > now ? [point] : []));
  }

  has(piece: Piece<P>): boolean {
    return this.#pieceOf.get(piece.points[0]!) === piece || this.#searches.some((search) => search.has(piece));
  }

  /** The exchange that reads this point now. */
  pieceOf(point: P): Piece<P> | undefined {
    this.#update();
    return this.#pieceOf.get(point);
  }

  /** The device answered with at least one value. */
  answered(piece: Piece<P>): void {
    const key = keyOf(piece);
    this.#hasAnswered.add(key);
    this.#silences.delete(key);
    const space = piece.points[0]?.span?.space;
    if (space !== undefined) {
      const { start, end } = extentOf(piece.points);
      this.#o.learned.answered(space, start, end);
    }
    for (const point of piece.points) this.#restUntil.delete(point);
    const search = this.#searchOf(piece);
    search?.answered(piece);
    if (search?.isOver) this.#conclude(search);
  }

  /**
   * The device refused all points of the piece.
   *
   * @param isLasting - because an address is absent
   * @returns what to try instead, at once; undefined when the refusal stands and concerns these points
   */
  refused(piece: Piece<P>, isLasting: boolean): readonly Piece<P>[] | undefined {
    const running = this.#searchOf(piece);
    if (running !== undefined) {
      const next = running.refused(piece);
      if (running.isFruitless || running.isOver) this.#conclude(running);
      return piece.points.length > 1 && this.#searches.includes(running) ? next : undefined;
    }
    if (piece.points.length === 1) {
      this.#absent(piece.points[0]!, isLasting);
      return undefined;
    }
    if (this.#pieceOf.get(piece.points[0]!) !== piece) return [];
    if ((this.#leftUntil.get(keyOf(piece)) ?? Number.NEGATIVE_INFINITY) > this.#o.clock.monotonic()) return undefined;
    const search = new Search(piece, isLasting);
    this.#searches.push(search);
    return search.open;
  }

  /** The piece went without an answer, or the answer says nothing of the addresses. */
  failed(piece: Piece<P>): void {
    const search = this.#searchOf(piece);
    if (search !== undefined) this.#conclude(search);
  }

  /**
   * No answer came. A device may fall silent when it is asked for what it does not have, and not only be away.
   *
   * @returns whether the plan has changed
   */
  silent(piece: Piece<P>): boolean {
    this.failed(piece);
    const key = keyOf(piece);
    if (this.#hasAnswered.has(key) || idleUnits(piece.points) === 0 || !this.#pieces.has(key)) return false;
    const times = (this.#silences.get(key) ?? 0) + 1;
    this.#silences.set(key, times);
    if (times < SILENT_TIMES) return false;
    this.#silences.delete(key);
    const isSecond = this.#suspects.has(key);
    const gaps = gapsOf(piece);
    for (const [space, before, after] of gaps) this.#o.learned.bar(space, before, after, isSecond);
    this.#suspects.set(key, isSecond ? [] : gaps);
    return true;
  }

  /** The device is there (again): what is absent is asked for once, what was cut on suspicion is tried once more. */
  recheck(): void {
    this.#restUntil.clear();
    for (const [key, gaps] of this.#suspects) {
      if (gaps.length === 0) continue;
      for (const [space, before, after] of gaps) this.#o.learned.unbar(space, before, after);
      this.#suspects.set(key, []);
    }
  }

  /** Searches are given up; what they have found stays. */
  halt(): void {
    for (const search of [...this.#searches]) this.#conclude(search);
  }

  /** @param latencyMs - as it was measured */
  adapt(latencyMs: number): void {
    const ratio = Math.max(latencyMs, 0.1) / Math.max(this.#latencyMs, 0.1);
    const isClose = ratio < LATENCY_RATIO && ratio > 1 / LATENCY_RATIO;
    if (isClose || Math.abs(latencyMs - this.#latencyMs) < LATENCY_STEP_MS) return;
    this.#latencyMs = latencyMs;
    this.#revision = -1;
  }

  #absent(point: P, isLasting: boolean): void {
    const { span } = point;
    if (span === undefined) return;
    const { learned, every, clock } = this.#o;
    const end = span.start + span.length;
    learned.refused(span.space, span.start, end, isLasting);
    // Half a beat less, or the beat that is meant would come too early by what the exchange took.
    const rest = learned.restMs(span.space, span.start, end, every) - every / 2;
    if (rest > every) this.#restUntil.set(point, clock.monotonic() + rest);
    else this.#restUntil.delete(point);
  }

  #conclude(search: Search<P>): void {
    this.#searches = this.#searches.filter((other) => other !== search);
    const { refused, barriers } = search.findings();
    const space = search.root.points[0]!.span!.space;
    if (search.isFruitless || refused.length + barriers.length === 0) {
      if (search.isOver || search.isFruitless) {
        this.#leftUntil.set(keyOf(search.root), this.#o.clock.monotonic() + FRUITLESS_MS);
      }
      return;
    }
    for (const point of refused) this.#absent(point, search.isLasting);
    for (const { before, after } of barriers) this.#o.learned.bar(space, before, after, search.isLasting);
  }

  #update(): void {
    const { learned, costs } = this.#o;
    if (this.#revision === learned.revision || this.#searches.length > 0) return;
    this.#revision = learned.revision;
    const before = this.#pieces;
    this.#pieces = new Map();
    this.#pieceOf = new Map();
    for (const planned of planReads(this.#points, costs, this.#latencyMs, learned)) {
      const key = keyOf(planned);
      const known = before.get(key);
      const piece = known !== undefined && known.points.length === planned.points.length ? known : planned;
      this.#pieces.set(this.#pieces.has(key) ? `${key} ${this.#pieces.size}` : key, piece);
      for (const point of piece.points) this.#pieceOf.set(point, piece);
    }
  }

  #isSearched(piece: Piece<P>): boolean {
    return this.#searches.some(({ root }) => root === piece);
  }

  #rests({ points }: Piece<P>, now: number): boolean {
    return points.length === 1 && (this.#restUntil.get(points[0]!) ?? now) > now;
  }

  #searchOf(piece: Piece<P>): Search<P> | undefined {
    return this.#searches.find((search) => search.has(piece));
  }
}

/** By address: the same read has the same key in the next plan. */
function keyOf<P extends Planned>({ points }: Piece<P>): string {
  const first = points[0];
  if (first?.span === undefined) return `${first?.id}`;
  const { start, end } = extentOf(points);
  return points.length === 1
    ? `${first.span.space}:${start}-${end} ${first.id}`
    : `${first.span.space}:${start}-${end}`;
}

function gapsOf<P extends Planned>({ points }: Piece<P>): readonly (readonly [string, number, number])[] {
  const gaps: [string, number, number][] = [];
  let reached: number | undefined;
  for (const { span } of points) {
    const { space, start, length } = span!;
    if (reached !== undefined && start > reached) gaps.push([space, reached, start]);
    reached = Math.max(reached ?? 0, start + length);
  }
  return gaps;
}
