/** Which exchange of a device is next: its points grouped by `every`, planned, and due at their beats. */
import type { Clock } from '../core/clock.js';
import type { DevicePoint } from './device-point.js';
import { type Piece, Plan } from './planner.js';
import { Beats } from './poll.js';

interface Group {
  readonly plan: Plan<DevicePoint>;
  readonly beats: Beats;
  readonly every: number;
  /** The exchange that went without an answer last; the next round starts after it, so that it cannot hide the others. */
  lastFailed: Piece<DevicePoint> | undefined;
}

/** An exchange that goes without an answer is left out for a time that doubles up to this, ms. */
const MAX_ABSENCE_MS = 30_000;

interface Silence {
  readonly times: number;
  /** Monotonic ms. */
  readonly until: number;
}

export interface Entry {
  readonly group: Group;
  readonly piece: Piece<DevicePoint>;
}

interface Waiting {
  readonly entry: Entry;
  /** Its next beat, monotonic ms: who has the earliest is read first, so that a slow group cannot hold up a fast one. */
  readonly deadline: number;
}

export class PollGroups {
  /** Reads skipped because the one before was not done. */
  overruns = 0;
  readonly #groups: readonly Group[];
  #queue: Waiting[] = [];
  /** Waiting in the queue or on the wire. */
  readonly #open = new Set<Piece<DevicePoint>>();
  /** Their beat came while they were open. */
  readonly #missed = new Set<Piece<DevicePoint>>();
  /** Exchanges that went without an answer while others did not: each costs a time-out, so they are tried ever less. */
  readonly #silences = new WeakMap<Piece<DevicePoint>, Silence>();
  readonly #clock: Clock;
  #probes = 0;

  /** @param onDue - there is something new to read */
  constructor(points: readonly DevicePoint[], clock: Clock, phase: number, onDue: () => void) {
    this.#clock = clock;
    const byEvery = Map.groupBy(points, (point) => point.config.every);
    this.#groups = [...byEvery]
      .sort(([a], [b]) => a - b)
      .map(([every, members]): Group => {
        const group: Group = {
          plan: new Plan(members, clock),
          every,
          beats: new Beats(clock, every, phase, (skipped) => {
            this.overruns += skipped;
            this.#beat(group);
            onDue();
          }),
          lastFailed: undefined,
        };
        return group;
      });
  }

  /** Nothing to read at all. */
  get empty(): boolean {
    return this.#groups.length === 0;
  }

  /** Everything is due, and the beats begin; `except` was read just now. */
  start(except?: Entry): void {
    this.allDue(except);
    for (const group of this.#groups) group.beats.start();
  }

  stop(): void {
    for (const group of this.#groups) group.beats.stop();
    this.#queue = [];
    this.#open.clear();
    this.#missed.clear();
  }

  allDue(except?: Entry): void {
    for (const group of this.#groups) this.#enqueue(group, group.plan.pieces(), except?.piece);
  }

  /** Reads this point after what waits already: a flood of writes must not keep the others from being read. */
  due(point: DevicePoint): void {
    for (const group of this.#groups) {
      const piece = group.plan.pieceOf(point);
      if (piece !== undefined) this.#enqueue(group, [piece]);
    }
  }

  next(): Entry | undefined {
    let first = 0;
    for (const [i, { deadline }] of this.#queue.entries()) if (deadline < this.#queue[first]!.deadline) first = i;
    return this.#queue.splice(first, 1)[0]?.entry;
  }

  /** One exchange to find out whether the device is there; another one each time, because one may be unanswerable. */
  nextProbe(): Entry | undefined {
    const entries = this.#groups.flatMap((group) => group.plan.pieces().map((piece) => ({ group, piece })));
    const entry = entries[this.#probes++ % Math.max(1, entries.length)];
    if (entry !== undefined) this.#open.add(entry.piece);
    return entry;
  }

  /** The exchange ended, one way or another. */
  done(entry: Entry): void {
    this.#open.delete(entry.piece);
  }

  answered({ piece }: Entry): void {
    this.#silences.delete(piece);
    this.#missed.delete(piece);
  }

  failed({ group, piece }: Entry): void {
    group.lastFailed = piece;
    const times = (this.#silences.get(piece)?.times ?? 0) + 1;
    // The first failure may be noise: it is tried again at its next beat.
    const absence = times === 1 ? 0 : Math.min(MAX_ABSENCE_MS, group.every * 2 ** Math.min(20, times - 1));
    this.#silences.set(piece, { times, until: this.#clock.monotonic() + absence });
    // Its next beat was during the time-out: it is due now, or an absent device would be noticed a beat too late.
    if (this.#missed.delete(piece) && times === 1) this.#enqueue(group, [piece]);
  }

  /**
   * The device refused the whole exchange.
   *
   * @returns true when it is tried again in halves, at once; false when the refusal stands
   */
  refused(entry: Entry): boolean {
    const halves = entry.group.plan.refused(entry.piece);
    for (const piece of halves.toReversed()) {
      this.#open.add(piece);
      this.#queue.unshift({ entry: { group: entry.group, piece }, deadline: 0 });
    }
    return halves.length > 0;
  }

  #beat(group: Group): void {
    const now = this.#clock.monotonic();
    const pieces = group.plan.pieces().filter((piece) => (this.#silences.get(piece)?.until ?? now) <= now);
    const after = group.lastFailed === undefined ? -1 : pieces.indexOf(group.lastFailed);
    if (this.#enqueue(group, [...pieces.slice(after + 1), ...pieces.slice(0, after + 1)])) this.overruns++;
  }

  /** @returns whether any of the pieces was still open from the time before */
  #enqueue(group: Group, pieces: readonly Piece<DevicePoint>[], except?: Piece<DevicePoint>): boolean {
    let overrun = false;
    for (const piece of pieces) {
      if (piece === except) continue;
      if (this.#open.has(piece)) {
        overrun = true;
        this.#missed.add(piece);
        continue;
      }
      this.#open.add(piece);
      this.#queue.push({ entry: { group, piece }, deadline: this.#clock.monotonic() + group.every });
    }
    return overrun;
  }
}
