/** Which exchange of a device is next: its points grouped by `every`, planned, and due at their beats. */
import type { Clock } from '../core/clock.js';
import type { DevicePoint } from './device-point.js';
import { type Piece, Plan } from './planner.js';
import { Beats } from './poll.js';

interface Group {
  readonly plan: Plan<DevicePoint>;
  readonly beats: Beats;
  /** The exchange that went without an answer last; the next round starts after it, so that it cannot hide the others. */
  lastFailed: Piece<DevicePoint> | undefined;
}

export interface Entry {
  readonly group: Group;
  readonly piece: Piece<DevicePoint>;
}

export class PollGroups {
  /** Reads skipped because the one before was not done. */
  overruns = 0;
  readonly #groups: readonly Group[];
  #queue: Entry[] = [];
  /** Waiting in the queue or on the wire. */
  readonly #open = new Set<Piece<DevicePoint>>();
  #probes = 0;

  /** @param onDue - there is something new to read */
  constructor(points: readonly DevicePoint[], clock: Clock, phase: number, onDue: () => void) {
    const byEvery = Map.groupBy(points, (point) => point.config.every);
    this.#groups = [...byEvery]
      .sort(([a], [b]) => a - b)
      .map(([every, members]): Group => {
        const group: Group = {
          plan: new Plan(members, clock),
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
    return this.#queue.shift();
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

  failed(entry: Entry): void {
    entry.group.lastFailed = entry.piece;
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
      this.#queue.unshift({ group: entry.group, piece });
    }
    return halves.length > 0;
  }

  #beat(group: Group): void {
    const pieces = group.plan.pieces();
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
        continue;
      }
      this.#open.add(piece);
      this.#queue.push({ group, piece });
    }
    return overrun;
  }
}
