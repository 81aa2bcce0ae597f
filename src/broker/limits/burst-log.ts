/** Says in the log when something begins that repeats, and when it is over, with how often; never each time. */
import type { Clock, Timer } from '../../core/clock.js';
import type { Log } from '../../core/log.js';

/** Quiet for so long: it is over, ms. */
const QUIET = 10_000;

interface Burst {
  count: number;
  lastAt: number;
}

export class BurstLog<Reason extends string> implements Disposable {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #what: string;
  readonly #bursts = new Map<Reason, Burst>();
  #timer: Timer | undefined;

  /** @param what - the message, such as `connections refused` */
  constructor(clock: Clock, log: Log, what: string) {
    this.#clock = clock;
    this.#log = log;
    this.#what = what;
  }

  report(reason: Reason, fields: Readonly<Record<string, unknown>>): void {
    const now = this.#clock.monotonic();
    const burst = this.#bursts.get(reason);
    if (burst !== undefined) {
      burst.count++;
      burst.lastAt = now;
      return;
    }
    this.#bursts.set(reason, { count: 1, lastAt: now });
    this.#log.warn({ reason, ...fields }, this.#what);
    this.#timer ??= this.#clock.after(QUIET, () => this.#look());
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel();
    for (const reason of this.#bursts.keys()) this.#end(reason);
  }

  #look(): void {
    const now = this.#clock.monotonic();
    let next = Number.POSITIVE_INFINITY;
    for (const [reason, { lastAt }] of this.#bursts) {
      if (now - lastAt >= QUIET) this.#end(reason);
      else next = Math.min(next, lastAt + QUIET);
    }
    this.#timer = this.#bursts.size === 0 ? undefined : this.#clock.after(next - now, () => this.#look());
  }

  #end(reason: Reason): void {
    const count = this.#bursts.get(reason)?.count ?? 0;
    this.#bursts.delete(reason);
    if (count > 1) this.#log.warn({ reason, count }, `${this.#what}: over`);
  }
}
