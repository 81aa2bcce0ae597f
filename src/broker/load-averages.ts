/**
 * Averages of counters as `uptime` has them: per minute, over 1, 5 and 15 minutes, older times weighing exponentially
 * less. The formula is that of Mosquitto's `load/…`, so that dashboards read the same figures.
 */
const WINDOWS = [
  ['1min', 60],
  ['5min', 300],
  ['15min', 900],
] as const;

export class LoadAverages {
  readonly #last = new Map<string, number>();
  readonly #averages = new Map<string, number[]>();

  /**
   * @param total - of a counter that only grows, now
   * @param seconds - since the update before; 0 at the first
   * @returns name of the window and average each
   */
  update(name: string, total: number, seconds: number): readonly (readonly [window: string, perMinute: number])[] {
    const grown = total - (this.#last.get(name) ?? 0);
    this.#last.set(name, total);
    const perMinute = seconds > 0 ? (grown * 60) / seconds : 0;
    const before = this.#averages.get(name) ?? [0, 0, 0];
    const averages = WINDOWS.map(([, window], i) => perMinute + Math.exp(-seconds / window) * (before[i]! - perMinute));
    // What happened before the first look has no time to be divided by.
    this.#averages.set(name, seconds > 0 ? averages : before);
    return WINDOWS.map(([window], i) => [window, this.#averages.get(name)![i]!] as const);
  }
}
