/** What the commits of the last while were like: how many, how long they took, how much they wrote. */

/** Commits that are remembered. */
const REMEMBERED = 1_024;
/** Over which a rate is taken, s. */
const RATE_SECONDS = 10;
const HOUR = 3_600_000;
const DAY_HOURS = 24;

export class CommitMeter {
  readonly #took = new Float64Array(REMEMBERED);
  readonly #changes = new Uint32Array(REMEMBERED);
  #commits = 0;
  /** By second and by hour, in rings; what belongs to another round does not count. */
  readonly #perSecond = new Float64Array(RATE_SECONDS + 1);
  readonly #seconds = new Float64Array(RATE_SECONDS + 1).fill(-1);
  readonly #writtenPerHour = new Float64Array(DAY_HOURS);
  readonly #hours = new Float64Array(DAY_HOURS).fill(-1);
  #written = 0;

  get commits(): number {
    return this.#commits;
  }

  /**
   * @param now - monotonic ms
   * @param took - until it was on disk, ms
   * @param changes - in its batch
   */
  committed(now: number, took: number, changes: number): void {
    const at = this.#commits++ % REMEMBERED;
    this.#took[at] = took;
    this.#changes[at] = changes;
    const second = Math.floor(now / 1_000);
    const slot = second % this.#perSecond.length;
    if (this.#seconds[slot] !== second) this.#perSecond[slot] = 0;
    this.#seconds[slot] = second;
    this.#perSecond[slot]!++;
  }

  /** @param total - bytes since start */
  wrote(now: number, total: number): void {
    const hour = Math.floor(now / HOUR);
    const slot = hour % DAY_HOURS;
    if (this.#hours[slot] !== hour) this.#writtenPerHour[slot] = 0;
    this.#hours[slot] = hour;
    this.#writtenPerHour[slot]! += Math.max(0, total - this.#written);
    this.#written = total;
  }

  /** Of the last ten whole seconds. */
  perSecond(now: number): number {
    const second = Math.floor(now / 1_000);
    let sum = 0;
    for (const [slot, at] of this.#seconds.entries()) {
      if (at >= second - RATE_SECONDS && at < second) sum += this.#perSecond[slot]!;
    }
    return sum / RATE_SECONDS;
  }

  /** Bytes of the last 24 hours, the running one included. */
  writtenLastDay(now: number): number {
    const hour = Math.floor(now / HOUR);
    let sum = 0;
    for (const [slot, at] of this.#hours.entries()) if (at > hour - DAY_HOURS) sum += this.#writtenPerHour[slot]!;
    return sum;
  }

  /** Of the last commits, ms; null: none yet. */
  get took(): { readonly p50: number | null; readonly p99: number | null } {
    const sorted = this.#took.slice(0, Math.min(this.#commits, REMEMBERED)).sort();
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? null;
    return { p50: at(0.5), p99: at(0.99) };
  }

  /** In one of the last commits, on average. */
  get changesPerCommit(): number {
    const remembered = Math.min(this.#commits, REMEMBERED);
    let sum = 0;
    for (let at = 0; at < remembered; at++) sum += this.#changes[at]!;
    return remembered === 0 ? 0 : sum / remembered;
  }
}
