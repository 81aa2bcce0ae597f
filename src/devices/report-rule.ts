/** Which readings of a point are worth a message. */
import type { ReportConfig } from '../core/config.js';
import type { Engineering } from './point.js';
import type { Sample } from './shadow.js';

/** The next reading is expected after this share of `every`: it may come a little early. */
const NEXT_READING = 0.9;

export class ReportRule {
  readonly #config: ReportConfig;
  readonly #every: number;
  #last: Sample | undefined;
  #lastAt = 0;

  /** @param every - time between two readings, ms */
  constructor(config: ReportConfig, every: number) {
    this.#config = config;
    this.#every = every;
  }

  /**
   * Compares with what was reported last, not with what was read last: a value that creeps is reported in time.
   *
   * @param now - monotonic ms
   * @param force - publish in any case: someone waits for it
   * @returns whether to publish; then this sample is the last reported
   */
  accepts(sample: Sample, now: number, force = false): boolean {
    if (!force && !this.#worthwhile(sample, now)) return false;
    this.#last = sample;
    this.#lastAt = now;
    return true;
  }

  #worthwhile(sample: Sample, now: number): boolean {
    const last = this.#last;
    const { mode, minInterval = 0, maxSilence } = this.#config;
    if (last === undefined) return true;
    if (last.quality !== sample.quality || last.error?.code !== sample.error?.code) return true;
    // What changes meanwhile is reported with the first reading after it, unless it has changed back.
    if (now - this.#lastAt < minInterval) return false;
    if (mode === 'always') return true;
    // The next reading would break the silence too late.
    if (now - this.#lastAt + NEXT_READING * this.#every >= maxSilence) return true;
    return this.#differs(last.value, sample.value);
  }

  #differs(a: Engineering | undefined, b: Engineering | undefined): boolean {
    if (a === b) return false;
    const { deadband, deadbandPercent = 0 } = this.#config;
    const least = Math.max(deadband, typeof a === 'number' || typeof a === 'bigint' ? share(a, deadbandPercent) : 0);
    if (typeof a === 'number' && typeof b === 'number') return reaches(Math.abs(a - b), least);
    // The difference of two 64-bit integers is exact only as bigint; number and bigint mix where a scale made a fraction.
    if (typeof a === 'bigint' && typeof b === 'bigint') return reaches(Number(a > b ? a - b : b - a), least);
    return true;
  }
}

function share(value: number | bigint, percent: number): number {
  return percent === 0 ? 0 : (Math.abs(Number(value)) * percent) / 100;
}

/** A change as large as the dead band counts, also when binary fractions make it look a hair smaller. */
function reaches(change: number, deadband: number): boolean {
  return change >= deadband * (1 - 1e-9);
}
