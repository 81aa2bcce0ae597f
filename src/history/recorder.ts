/**
 * Samples on their way to the disk: gathered for a second, one batch at a time. While the disk takes nothing they wait, up to
 * a limit; beyond it the oldest go, and are counted.
 */
import type { Clock, Timer } from '../core/clock.js';
import type { GatewayError } from '../core/errors.js';
import { toGatewayError } from '../core/errors.js';
import { globMatches } from '../core/glob.js';
import type { HistoryRecorder, HistorySample } from '../core/history.js';

/** Samples wait for so long, ms: a commit for each would wear out a card. */
const DELAY = 1_000;
/** Of one batch. */
const BATCH = 5_000;
/** Waiting at a time, 10 MB or so. */
const MAX_WAITING = 100_000;

export interface RecorderOptions {
  readonly points: readonly string[];
  readonly clock: Clock;
  /** Rejects when the disk takes nothing: it is tried again. */
  write(samples: readonly HistorySample[]): Promise<void>;
  /** @param error - undefined: it works again */
  onState(error: GatewayError | undefined): void;
}

export class Recorder implements HistoryRecorder, AsyncDisposable {
  readonly #o: RecorderOptions;
  /** `device/point` → whether it is recorded. */
  readonly #wanted = new Map<string, boolean>();
  #waiting: HistorySample[] = [];
  #timer: Timer | undefined;
  #writing: Promise<void> | undefined;
  #isClosed = false;
  #recorded = 0;
  #dropped = 0;

  constructor(options: RecorderOptions) {
    this.#o = options;
  }

  get recorded(): number {
    return this.#recorded;
  }

  get dropped(): number {
    return this.#dropped;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  record(sample: HistorySample): void {
    if (this.#isClosed || !this.#isWanted(sample)) return;
    this.#waiting.push(sample);
    // Half a limit more, so that it is not moved for each one.
    if (this.#waiting.length >= MAX_WAITING * 1.5) this.#dropOldest();
    this.#timer ??= this.#o.clock.after(DELAY, () => this.#due());
  }

  /** What waits is written, if the disk takes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    await this.#writing;
    const last = this.#waiting.map((sample) => this.#timed(sample));
    this.#waiting = [];
    for (let at = 0; at < last.length; at += BATCH) {
      const batch = last.slice(at, at + BATCH);
      await this.#o.write(batch).then(
        () => {
          this.#recorded += batch.length;
        },
        () => {
          this.#dropped += batch.length;
        },
      );
    }
  }

  #isWanted({ device, point }: HistorySample): boolean {
    const name = `${device}/${point}`;
    let isWanted = this.#wanted.get(name);
    if (isWanted === undefined) {
      isWanted = this.#o.points.some((pattern) => globMatches(pattern, name));
      this.#wanted.set(name, isWanted);
    }
    return isWanted;
  }

  #due(): void {
    this.#timer = undefined;
    if (this.#isClosed || this.#writing !== undefined) return;
    // Times of a clock that is not yet right cannot be put in order with the others: they wait until they are known.
    if (this.#o.clock.quality?.() === 'unsynced' && this.#waiting.length < MAX_WAITING) {
      this.#again();
      return;
    }
    this.#writing = this.#write().finally(() => {
      this.#writing = undefined;
      if (this.#waiting.length > 0) this.#again();
    });
  }

  #again(): void {
    if (!this.#isClosed) this.#timer ??= this.#o.clock.after(DELAY, () => this.#due());
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, BATCH);
      try {
        await this.#o.write(batch.map((sample) => this.#timed(sample)));
        this.#recorded += batch.length;
        this.#o.onState(undefined);
      } catch (error) {
        this.#waiting = batch.concat(this.#waiting);
        if (this.#waiting.length > MAX_WAITING) this.#dropOldest();
        this.#o.onState(toGatewayError(error));
        return;
      }
    }
  }

  #dropOldest(): void {
    const count = this.#waiting.length - MAX_WAITING;
    this.#waiting.splice(0, count);
    this.#dropped += count;
  }

  #timed(sample: HistorySample): HistorySample {
    const at = this.#o.clock.rebased?.(sample.at) ?? sample.at;
    return at === sample.at ? sample : { ...sample, at };
  }
}
