/** Samples of a period summed up, so that a long time can be shown without reading all of them. */
import type { PeriodView } from '../core/history.js';

export const MINUTE = 60_000;
export const HOUR = 3_600_000;

/** What a row of `minute` or `hour` says of its period. */
export interface Sums {
  readonly count: number;
  readonly min: number | null;
  readonly max: number | null;
  readonly sum: number;
  readonly last: number | null;
  readonly others: number;
}

export class Period {
  readonly at: number;
  #count = 0;
  #min: number | null = null;
  #max: number | null = null;
  #sum = 0;
  #last: number | null = null;
  #others = 0;

  /** @param at - its begin, Unix ms */
  constructor(at: number) {
    this.at = at;
  }

  get isEmpty(): boolean {
    return this.#count + this.#others === 0;
  }

  /** @param number - undefined: the sample is no good number */
  add(number: number | undefined): void {
    if (number === undefined) {
      this.#others++;
      return;
    }
    this.#count++;
    this.#include(number, number);
    this.#sum += number;
    this.#last = number;
  }

  /** What sums up a part of it, later than the parts before. */
  addSums({ count, min, max, sum, last, others }: Sums): void {
    this.#count += count;
    if (min !== null && max !== null) this.#include(min, max);
    this.#sum += sum;
    if (last !== null) this.#last = last;
    this.#others += others;
  }

  /** count, min, max, sum, last, others */
  row(): readonly (number | null)[] {
    return [this.#count, this.#min, this.#max, this.#sum, this.#last, this.#others];
  }

  view(): PeriodView {
    const count = this.#count;
    return {
      at: this.at,
      count,
      min: this.#min,
      max: this.#max,
      mean: count === 0 ? null : this.#sum / count,
      last: this.#last,
      others: this.#others,
    };
  }

  #include(min: number, max: number): void {
    if (this.#min === null || min < this.#min) this.#min = min;
    if (this.#max === null || max > this.#max) this.#max = max;
  }
}

/** The begin of the period that `at` is in: periods begin at multiples of their length since 1970, UTC. */
export function beginOf(at: number, every: number): number {
  return Math.floor(at / every) * every;
}
