/** How a backlog leaves: how fast, whether at all, and when it will be gone. */
import type { Clock } from '../../core/clock.js';
import type { OutboxConfig } from '../../core/config.js';
import type { StoredTable } from '../../core/store.js';
import type { LinkDrainView } from '../../core/views.js';
import { Rate } from '../rate.js';
import { Pacer } from './pacer.js';

export class Drain {
  readonly #config: OutboxConfig['drain'];
  readonly #pacer: Pacer;
  readonly #key: string;
  readonly #table: StoredTable | undefined;
  readonly #accepted: Rate;
  readonly #gone: Rate;
  #isPaused = false;

  /** @param table - where a pause survives */
  constructor(link: string, config: OutboxConfig['drain'], clock: Clock, table: StoredTable | undefined) {
    this.#config = config;
    this.#pacer = new Pacer(config.rate, config.bandwidth, clock);
    this.#table = table;
    this.#key = `${link}\0paused`;
    this.#accepted = new Rate(clock);
    this.#gone = new Rate(clock);
    for (const [key] of table?.entries() ?? []) if (key === this.#key) this.#isPaused = true;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  set isPaused(isPaused: boolean) {
    this.#isPaused = isPaused;
    if (isPaused) this.#table?.set(this.#key, Buffer.alloc(0), false);
    else this.#table?.delete(this.#key);
  }

  /** A message came to the outbox. */
  accepted(): void {
    this.#accepted.add();
  }

  /** A message left it. */
  gone(): void {
    this.#gone.add();
  }

  sent(bytes: number, isBacklog: boolean): void {
    this.#pacer.sent(bytes, isBacklog);
  }

  /** ms until the next of the backlog may go; Infinity: it is paused. */
  wait(): number {
    return this.#isPaused ? Number.POSITIVE_INFINITY : this.#pacer.wait();
  }

  /** @param isConnected - else nothing is known of when it will be gone */
  view(messages: number, isConnected: boolean): LinkDrainView {
    const perSecond = this.#gone.perSecond();
    const gained = perSecond - this.#accepted.perSecond();
    const isFalling = isConnected && messages > 0 && gained > 0;
    return {
      order: this.#config.order,
      paused: this.#isPaused,
      perSecond,
      etaMs: messages === 0 ? 0 : isFalling ? Math.round((messages / gained) * 1_000) : null,
    };
  }
}
