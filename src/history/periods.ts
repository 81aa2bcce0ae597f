/** Samples of a period summed up, so that a long time can be shown without reading all of them. */
import type { PeriodView } from '../core/history.js';

/** A row of `minute` or `hour`, its period left out. */
export interface Sums {
  readonly count: number;
  readonly min: number | null;
  readonly max: number | null;
  readonly sum: number;
  readonly last: number | null;
  readonly others: number;
}

export class Period {
  readonly #series: number;
  readonly at: number;
  #count = 0;
  #min: number | null = null;
  #max: number | null = null;
  #sum = 0;
  #last: number | null = null;
  #others = 0;

  /** @param at - its begin, Unix ms */
  constructor(series: number, at: number) {
    this.#series = series;
    this.at = at;
  }

  /** @param number - undefined: the sample is no good number */
  add(number: number | undefined): void {
    if (number === undefined) this.#others++;
    else this.addSums({ count: 1, min: number, max: number, sum: number, last: number, others: 0 });
  }

  /** What sums up a part of it, later than the parts before. */
  addSums({ count, min, max, sum, last, others }: Sums): void {
    this.#count += count;
    if (min !== null && (this.#min === null || min < this.#min)) this.#min = min;
    if (max !== null && (this.#max === null || max > this.#max)) this.#max = max;
    this.#sum += sum;
    if (last !== null) this.#last = last;
    this.#others += others;
  }

  /** series, at, count, min, max, sum, last, others */
  row(): (number | null)[] {
    return [this.#series, this.at, this.#count, this.#min, this.#max, this.#sum, this.#last, this.#others];
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
}

/** The begin of the period that `at` is in: periods begin at multiples of their length since 1970, UTC. */
export function beginOf(at: number, every: number): number {
  return Math.floor(at / every) * every;
}

/** @param number - undefined: the sample is no good number */
export function sumUp(
  periods: Map<string, Period>,
  series: number,
  at: number,
  every: number,
  number: number | undefined,
): void {
  const begin = beginOf(at, every);
  const key = `${series} ${begin}`;
  let period = periods.get(key);
  if (period === undefined) {
    period = new Period(series, begin);
    periods.set(key, period);
  }
  period.add(number);
}
