/**
 * What a device was found not to have, by address: units that it refuses to read, and places that no read may cross.
 * Shared by the poll groups of the device, kept on disk, and doubted again after a while.
 */
import type { Clock } from '../core/clock.js';
import type { Barriers } from '../core/read-plan.js';

/** A place that no read could cross is tried again after this time, ms. */
const BARRIER_MS = 24 * 3_600_000;
/** What was refused for a reason that says nothing of addresses is forgotten after this time, ms. */
const PASSING_MS = 600_000;
/** Absent units are asked for ever less often, down to once in this time, ms. */
const MAX_REST_MS = 3_600_000;
/** Of either kind; a device with more is not worth remembering. */
const MOST = 2_000;

export interface Absence {
  readonly space: string;
  readonly start: number;
  /** The first unit behind. */
  readonly end: number;
  /** When it was refused last, Unix ms. */
  readonly at: number;
  /** In a row. */
  readonly refusals: number;
  /** The device said that the address is absent; else it refused for another reason. */
  readonly isLasting: boolean;
}

/** No read may begin before `before` and end after `after`. */
export interface Barrier {
  readonly space: string;
  readonly before: number;
  readonly after: number;
  /** Unix ms. */
  readonly at: number;
  readonly isLasting: boolean;
}

export interface LearnedRecord {
  readonly absences: readonly Absence[];
  readonly barriers: readonly Barrier[];
}

export class Learned implements Barriers {
  /** Grows when plans made with an earlier one are out of date. */
  revision = 0;
  readonly #clock: Clock;
  readonly #onChange: () => void;
  readonly #absences = new Map<string, Absence>();
  readonly #barriers = new Map<string, Barrier>();

  /** @param onChange - something lasting was learned or forgotten */
  constructor(clock: Clock, onChange: () => void, before?: LearnedRecord) {
    this.#clock = clock;
    this.#onChange = onChange;
    // A clock that was set back must not make them last for ever.
    const past = (at: number) => Math.min(at, clock.now());
    for (const one of before?.absences ?? []) this.#absences.set(keyOf(one), { ...one, at: past(one.at) });
    for (const one of before?.barriers ?? []) this.#barriers.set(barrierKey(one), { ...one, at: past(one.at) });
  }

  get absences(): readonly Absence[] {
    return [...this.#absences.values()];
  }

  /** What is worth keeping. */
  record(): LearnedRecord {
    return {
      absences: [...this.#absences.values()].filter(({ isLasting }) => isLasting),
      barriers: [...this.#barriers.values()].filter(({ isLasting }) => isLasting),
    };
  }

  isAbsent(space: string, start: number, end: number): boolean {
    for (const one of this.#absences.values()) {
      if (one.space === space && one.start < end && one.end > start) return true;
    }
    return false;
  }

  reach(space: string, start: number): number {
    let reach = Number.POSITIVE_INFINITY;
    for (const one of this.#absences.values()) {
      if (one.space === space && one.end > start) reach = Math.min(reach, one.start);
    }
    for (const one of this.#barriers.values()) {
      if (one.space === space && one.before > start) reach = Math.min(reach, one.after);
    }
    return reach;
  }

  /** ms that these units are left alone after they were refused. 0: nothing is known of them. */
  restMs(space: string, start: number, end: number, every: number): number {
    const one = this.#absences.get(keyOf({ space, start, end }));
    if (one === undefined) return 0;
    const longest = Math.max(every, one.isLasting ? MAX_REST_MS : PASSING_MS);
    return Math.min(longest, every * 2 ** Math.min(20, one.refusals - 1));
  }

  /** The units were refused when asked for alone. */
  refused(space: string, start: number, end: number, isLasting: boolean): void {
    const key = keyOf({ space, start, end });
    const before = this.#absences.get(key);
    if (before === undefined) {
      if (this.#absences.size >= MOST) return;
      this.revision++;
    }
    const refusals = Math.min(100, (before?.refusals ?? 0) + 1);
    this.#absences.set(key, { space, start, end, at: this.#clock.now(), refusals, isLasting });
    if (isLasting || before?.isLasting === true) this.#onChange();
  }

  /** The units were read. */
  answered(space: string, start: number, end: number): void {
    for (const [key, one] of this.#absences) {
      if (one.space !== space || one.start < start || one.end > end) continue;
      this.#absences.delete(key);
      this.revision++;
      if (one.isLasting) this.#onChange();
    }
  }

  bar(space: string, before: number, after: number, isLasting: boolean): void {
    if (this.#barriers.size >= MOST) return;
    const barrier = { space, before, after, at: this.#clock.now(), isLasting };
    this.#barriers.set(barrierKey(barrier), barrier);
    this.revision++;
    if (isLasting) this.#onChange();
  }

  unbar(space: string, before: number, after: number): void {
    if (this.#barriers.delete(barrierKey({ space, before, after }))) this.revision++;
  }

  /** Forgets what is too old to be believed. */
  doubt(): void {
    const now = this.#clock.now();
    for (const [key, { at, isLasting }] of this.#barriers) {
      if (now - at < (isLasting ? BARRIER_MS : PASSING_MS)) continue;
      this.#barriers.delete(key);
      this.revision++;
      if (isLasting) this.#onChange();
    }
  }
}

function keyOf({
  space,
  start,
  end,
}: {
  readonly space: string;
  readonly start: number;
  readonly end: number;
}): string {
  return `${space}:${start}-${end}`;
}

function barrierKey({ space, before, after }: Pick<Barrier, 'space' | 'before' | 'after'>): string {
  return `${space}:${before}-${after}`;
}
