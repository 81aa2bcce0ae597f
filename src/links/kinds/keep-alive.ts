/** Keep Alive (MQTT 5.0 §3.1.2.10): pings, and notices when nothing comes back. */
import type { Clock, Timer } from '../../core/clock.js';

export interface KeepAliveEvents {
  ping(): void;
  /** Nothing came for half an interval after a ping; it is over, unless {@link KeepAlive.received} is called. */
  silent(): void;
}

export class KeepAlive {
  readonly #clock: Clock;
  readonly #interval: number;
  readonly #events: KeepAliveEvents;
  #sentAt: number;
  #receivedAt: number;
  /** Monotonic ms of a ping after which nothing came yet. */
  #pingedAt: number | undefined;
  #timer: Timer | undefined;

  /** @param interval - ms; 0: there is no keep-alive */
  constructor(clock: Clock, interval: number, events: KeepAliveEvents) {
    this.#clock = clock;
    this.#interval = interval;
    this.#events = events;
    this.#sentAt = this.#receivedAt = clock.monotonic();
    if (interval > 0) this.#arm();
  }

  sent(): void {
    this.#sentAt = this.#clock.monotonic();
  }

  received(): void {
    this.#receivedAt = this.#clock.monotonic();
    this.#pingedAt = undefined;
  }

  stop(): void {
    this.#timer?.cancel();
  }

  get #dueAt(): number {
    if (this.#pingedAt !== undefined) return this.#pingedAt + this.#interval / 2;
    return Math.min(this.#sentAt, this.#receivedAt) + this.#interval;
  }

  #arm(): void {
    this.#timer = this.#clock.after(Math.max(0, this.#dueAt - this.#clock.monotonic()), () => this.#look());
  }

  #look(): void {
    const now = this.#clock.monotonic();
    if (now >= this.#dueAt) {
      if (this.#pingedAt !== undefined) {
        this.#events.silent();
        if (this.#pingedAt !== undefined) return;
      } else {
        this.#events.ping();
        this.#sentAt = this.#pingedAt = now;
      }
    }
    this.#arm();
  }
}
