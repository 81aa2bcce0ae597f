/**
 * Samples on their way to the disk: gathered for a second, one batch at a time. While the disk takes nothing they wait, up to
 * a limit; beyond it the oldest go, and are counted.
 */
import { randomUUID } from 'node:crypto';
import type { Clock, Timer } from '../core/clock.js';
import { type GatewayError, toGatewayError } from '../core/errors.js';
import { globMatches } from '../core/glob.js';
import type { HistoryRecorder, HistorySample } from '../core/history.js';

/** Samples wait for so long, ms: a commit for each would wear out a card. */
const DELAY = 1_000;
/** Between two attempts, at most, ms. */
const MAX_DELAY = 30_000;
/** With nothing to write it is time to tidy up this often, ms. */
const IDLE = 300_000;
/** Of one batch. */
const BATCH = 5_000;
/** Waiting at a time; half as much again before the oldest go, so that they are not moved for each one. */
const MAX_WAITING = 100_000;
const MAX_BYTES = 32 * 1024 * 1024;
const SLACK = 1.5;
/** Of a sample besides its text, bytes. */
const SAMPLE_BYTES = 100;
/** Times of devices further ahead of the clock are wrong, ms. */
const MAX_AHEAD = 86_400_000;
/** What was written is forced to the disk when so long nothing came, ms. */
const QUIET = 10_000;

export interface RecorderOptions {
  readonly points: readonly string[];
  /** Samples are kept for so long, ms: older ones cannot be meant. */
  readonly keep: number;
  readonly clock: Clock;
  /**
   * Without samples it is time to tidy up. Rejects when the disk takes nothing: the same is given again.
   *
   * @param batch - its name, unlike that of any other
   * @returns what is wrong although they were taken
   */
  write(samples: readonly HistorySample[], batch: string): Promise<GatewayError | undefined>;
  /** @param error - undefined: it works again */
  onState(error: GatewayError | undefined): void;
}

/** What was recorded last of a point. */
interface Point {
  readonly isWanted: boolean;
  last: Pick<HistorySample, 'at' | 'value' | 'quality'> | undefined;
}

export class Recorder implements HistoryRecorder, AsyncDisposable {
  readonly #o: RecorderOptions;
  /** By `device/point`. */
  readonly #points = new Map<string, Point>();
  readonly #run = randomUUID();
  #batches = 0;
  #waiting: HistorySample[] = [];
  #bytes = 0;
  #timer: Timer | undefined;
  #isHurried = false;
  #delay = DELAY;
  #writing: Promise<boolean> | undefined;
  /** What the disk did not take, or did not answer. */
  #batch: readonly HistorySample[] = [];
  #isClosed = false;
  #recorded = 0;
  #dropped = 0;

  constructor(options: RecorderOptions) {
    this.#o = options;
    this.#arm(IDLE, false);
  }

  get recorded(): number {
    return this.#recorded;
  }

  get dropped(): number {
    return this.#dropped;
  }

  get waiting(): number {
    return this.#waiting.length + this.#batch.length;
  }

  record(sample: HistorySample): void {
    if (this.#isClosed) return;
    const point = this.#pointOf(sample);
    if (!point.isWanted) return;
    const { at, value, quality } = sample;
    const { last } = point;
    const isSameTime = last !== undefined && (last.at === at || this.#o.clock.rebased?.(last.at, true) === at);
    // Told again, as at the begin of each rest.
    if (isSameTime && Object.is(last.value, value) && last.quality === quality) return;
    point.last = { at, value, quality };
    this.#waiting.push({ ...sample, at: this.#timeOf(at, isSameTime) });
    this.#bytes += bytesOf(sample);
    if (this.#waiting.length >= MAX_WAITING * SLACK || this.#bytes >= MAX_BYTES * SLACK) this.#dropOldest();
    if (!this.#isHurried && this.#writing === undefined) this.#arm(this.#delay, true);
  }

  /** What waits is written, if the disk takes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    const wasFailing = await this.#writing;
    if (this.waiting > 0 && wasFailing !== true) await this.#write();
    this.#dropped += this.waiting;
    this.#waiting = [];
    this.#batch = [];
  }

  #pointOf({ device, point }: HistorySample): Point {
    const name = `${device}/${point}`;
    let known = this.#points.get(name);
    if (known === undefined) {
      const isWanted = this.#o.points.some((pattern) => globMatches(pattern, name));
      known = { isWanted, last: undefined };
      this.#points.set(name, known);
    }
    return known;
  }

  /** A sample that says something else of the same moment, as that it is stale by now, has the time at which it is said. */
  #timeOf(at: number, isSameTime: boolean): number {
    const now = this.#o.clock.now();
    return isSameTime || !(at >= now - this.#o.keep && at <= now + MAX_AHEAD) ? now : Math.round(at);
  }

  /** @param isHurried - something waits */
  #arm(delay: number, isHurried: boolean): void {
    this.#timer?.cancel();
    this.#isHurried = isHurried;
    this.#timer = this.#o.clock.after(delay, () => {
      const before = this.#recorded;
      this.#writing = this.#write().finally(() => {
        this.#writing = undefined;
        if (this.#isClosed) return;
        if (this.waiting > 0) this.#arm(this.#delay, true);
        else this.#arm(this.#recorded > before ? QUIET : IDLE, false);
      });
    });
  }

  /** @returns whether it failed */
  async #write(): Promise<boolean> {
    do {
      if (this.#batch.length === 0) this.#nextBatch();
      const batch = this.#batch;
      let trouble: GatewayError | undefined;
      try {
        trouble = await this.#o.write(
          batch.map((sample) => this.#timed(sample)),
          `${this.#run} ${this.#batches}`,
        );
      } catch (error) {
        this.#delay = Math.min(MAX_DELAY, this.#delay * 2);
        this.#o.onState(toGatewayError(error));
        return true;
      }
      this.#batch = [];
      this.#recorded += batch.length;
      this.#delay = DELAY;
      this.#o.onState(trouble);
    } while (this.#waiting.length > 0);
    return false;
  }

  #nextBatch(): void {
    this.#batch = this.#waiting.splice(0, BATCH);
    this.#batches++;
    for (const sample of this.#batch) this.#bytes -= bytesOf(sample);
  }

  #dropOldest(): void {
    const before = this.#waiting.length;
    let count = 0;
    while (before - count > MAX_WAITING || this.#bytes > MAX_BYTES) this.#bytes -= bytesOf(this.#waiting[count++]!);
    this.#waiting.splice(0, count);
    this.#dropped += count;
  }

  /** The clock may have been set meanwhile. */
  #timed(sample: HistorySample): HistorySample {
    const { quality, rebased } = this.#o.clock;
    if (sample.isUnsynced !== true || quality?.() !== 'synced') return sample;
    return { ...sample, at: Math.round(rebased?.(sample.at, true) ?? sample.at), isUnsynced: false };
  }
}

function bytesOf({ value }: HistorySample): number {
  return SAMPLE_BYTES + (typeof value === 'string' ? value.length * 2 : 0);
}
