/** Which exchange of a device is next: its points grouped by `every`, planned, and due at their beats. */
import type { ReadCosts } from '../core/adapter.js';
import type { Clock } from '../core/clock.js';
import type { PlannedDevice } from '../core/plan-views.js';
import type { Piece } from '../core/read-plan.js';
import type { DevicePoint } from './device-point.js';
import type { Learned } from './learned.js';
import { Plan } from './planner.js';
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

export interface PollGroupsOptions {
  readonly clock: Clock;
  /** Of the beats, as a share of `every`, above 0 to 1. */
  readonly phase: number;
  readonly costs: ReadCosts;
  readonly learned: Learned;
  /** As it was measured; undefined: not yet. */
  readonly latencyMs: () => number | undefined;
  /** There is something new to read. */
  readonly onDue: () => void;
  /** The beat of points came that are not asked for, because the device does not have them. */
  readonly onRest: (points: readonly DevicePoint[]) => void;
}

/** How a poll group is read, for people. */
export interface GroupPlan {
  readonly every: number;
  readonly pieces: readonly Piece<DevicePoint>[];
}

export class PollGroups {
  /** Reads skipped because the one before was not done. */
  overruns = 0;
  readonly #o: PollGroupsOptions;
  readonly #groups: readonly Group[];
  #queue: Waiting[] = [];
  /** Parts of reads that were refused, to find out why: before all else. */
  #trials: Entry[] = [];
  /** Waiting in a queue or on the wire. */
  readonly #open = new Set<Piece<DevicePoint>>();
  /** Their beat came while they were open. */
  readonly #missed = new Set<Piece<DevicePoint>>();
  /** Exchanges that went without an answer while others did not: each costs a time-out, so they are tried ever less. */
  readonly #silences = new WeakMap<Piece<DevicePoint>, Silence>();
  #probes = 0;

  constructor(points: readonly DevicePoint[], options: PollGroupsOptions) {
    this.#o = options;
    const { clock, phase, onDue } = options;
    const byEvery = Map.groupBy(points, (point) => point.config.every);
    this.#groups = [...byEvery]
      .sort(([a], [b]) => a - b)
      .map(([every, members]): Group => {
        const group: Group = {
          plan: new Plan(members, { ...options, every }),
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

  /** What is read, the fastest first. */
  plans(): readonly GroupPlan[] {
    return this.#groups.map(({ every, plan }) => ({ every, pieces: plan.all() }));
  }

  /** What the device was found not to have. */
  absent(): PlannedDevice['absent'] {
    return this.#o.learned.absences;
  }

  /** Nothing to read at all. */
  get empty(): boolean {
    return this.#groups.length === 0;
  }

  /** Everything is due, and the beats begin; `except` was read just now. */
  start(except?: Entry): void {
    for (const { plan } of this.#groups) plan.recheck();
    this.allDue(except);
    for (const group of this.#groups) group.beats.start();
  }

  stop(): void {
    for (const group of this.#groups) {
      group.beats.stop();
      group.plan.halt();
    }
    this.#queue = [];
    this.#trials = [];
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
    for (;;) {
      const entry = this.#trials.shift() ?? this.#earliest();
      if (entry === undefined || entry.group.plan.has(entry.piece)) return entry;
      // What it was part of has been planned anew.
      this.done(entry);
    }
  }

  #earliest(): Entry | undefined {
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

  /** The device answered the exchange, be it with a refusal. */
  answered({ piece }: Entry): void {
    this.#silences.delete(piece);
    this.#missed.delete(piece);
  }

  /** There is a value in the answer. */
  succeeded({ group, piece }: Entry): void {
    group.plan.answered(piece);
  }

  /** The device is busy: that says nothing of what it was asked for. */
  postponed({ group, piece }: Entry): void {
    group.plan.failed(piece);
  }

  failed({ group, piece }: Entry): void {
    if (group.plan.silent(piece)) return;
    group.lastFailed = piece;
    const times = (this.#silences.get(piece)?.times ?? 0) + 1;
    // The first failure may be noise: it is tried again at its next beat.
    const absence = times === 1 ? 0 : Math.min(MAX_ABSENCE_MS, group.every * 2 ** Math.min(20, times - 1));
    this.#silences.set(piece, { times, until: this.#o.clock.monotonic() + absence });
    // Its next beat was during the time-out: it is due now, or an absent device would be noticed a beat too late.
    if (this.#missed.delete(piece) && times === 1) this.#enqueue(group, [piece]);
  }

  /**
   * The device refused the whole exchange.
   *
   * @param isLasting - because an address is absent
   * @returns true when its parts are tried instead, at once; false when the refusal stands
   */
  refused({ group, piece }: Entry, isLasting: boolean): boolean {
    const parts = group.plan.refused(piece, isLasting);
    for (const part of parts ?? []) {
      this.#open.add(part);
      this.#trials.push({ group, piece: part });
    }
    return parts !== undefined;
  }

  #beat(group: Group): void {
    const latencyMs = this.#o.latencyMs();
    if (latencyMs !== undefined) group.plan.adapt(latencyMs);
    const resting = group.plan.resting();
    if (resting.length > 0) this.#o.onRest(resting);
    const now = this.#o.clock.monotonic();
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
      this.#queue.push({ entry: { group, piece }, deadline: this.#o.clock.monotonic() + group.every });
    }
    return overrun;
  }
}
