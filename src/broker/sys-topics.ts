/** `$SYS/broker/…`: the broker's figures, under Mosquitto's names where it has them, so that existing dashboards work. */
import type { Clock, Timer } from '../core/clock.js';
import { createMessage, type Origin } from '../core/message.js';
import type { Router } from '../core/router.js';
import type { Sessions } from './sessions.js';
import type { Statistics } from './statistics.js';

/** Mosquitto's sys_interval, ms. */
export const SYS_INTERVAL = 10_000;

export interface SysTopicsOptions {
  readonly router: Router;
  readonly clock: Clock;
  readonly sessions: Sessions;
  readonly statistics: Statistics;
  readonly origin: Origin;
  /** As `$SYS/broker/version` says it. */
  readonly version: string;
}

export class SysTopics implements Disposable {
  readonly #options: SysTopicsOptions;
  readonly #startedAt: number;
  /** What was published last: a value that stays is not published again. */
  readonly #last = new Map<string, string>();
  #timer: Timer | undefined;

  /** Publishes at once, then every {@link SYS_INTERVAL}. */
  constructor(options: SysTopicsOptions) {
    this.#options = options;
    this.#startedAt = options.clock.monotonic();
    this.#publishAll();
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel();
  }

  #publishAll(): void {
    for (const [name, value] of this.#values()) this.#publish(name, String(value));
    this.#timer = this.#options.clock.after(SYS_INTERVAL, () => this.#publishAll());
  }

  #values(): [name: string, value: string | number][] {
    const { router, clock, sessions, statistics, version } = this.#options;
    const { retained, subscriptions } = router.counters();
    const connected = sessions.connected;
    return [
      ['version', version],
      ['uptime', `${Math.floor((clock.monotonic() - this.#startedAt) / 1_000)} seconds`],
      ['clients/total', sessions.size],
      ['clients/connected', connected],
      ['clients/disconnected', sessions.size - connected],
      ['messages/received', statistics.packetsReceived],
      ['messages/sent', statistics.packetsSent],
      ['publish/messages/received', statistics.publishReceived],
      ['publish/messages/sent', statistics.publishSent],
      ['publish/messages/dropped', statistics.publishDropped],
      ['publish/messages/expired', statistics.publishExpired],
      ['publish/messages/refused', statistics.publishRefused],
      ['connections/failed', statistics.connectionsFailed],
      ['connections/refused', statistics.connectionsRefused],
      ['bytes/received', statistics.bytesReceived],
      ['bytes/sent', statistics.bytesSent],
      ['retained messages/count', retained],
      ['subscriptions/count', subscriptions],
    ];
  }

  #publish(name: string, value: string): void {
    if (this.#last.get(name) === value) return;
    this.#last.set(name, value);
    const { router, clock, origin } = this.#options;
    const topic = `$SYS/broker/${name}`;
    const message = createMessage({ topic, payload: value, origin, receivedAt: clock.now(), retain: true });
    // A figure that could not be kept is replaced by the next.
    router.publish(message)?.catch(() => {});
  }
}
