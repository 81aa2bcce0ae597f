/**
 * `$SYS/broker/…`: the broker's figures under Mosquitto's names (2.0 and 2.1), so that existing dashboards work. Retained;
 * a figure that stays is not published again. Names that Mosquitto does not have are our own.
 */
import type { Clock, Timer } from '../core/clock.js';
import { createMessage, type Origin } from '../core/message.js';
import type { Router } from '../core/router.js';
import { dropReasons } from '../core/views.js';
import type { BrokerFigures } from './figures.js';
import { LoadAverages } from './load-averages.js';

export interface SysTopicsOptions {
  readonly router: Router;
  readonly clock: Clock;
  readonly figures: () => BrokerFigures;
  readonly origin: Origin;
  /** Time between two looks, ms. */
  readonly interval: number;
  /** As `$SYS/broker/version` says it. */
  readonly version: string;
}

/** Name below `$SYS/broker/`, and its payload. */
type Entry = readonly [name: string, value: string | number];

export class SysTopics implements Disposable {
  readonly #options: SysTopicsOptions;
  readonly #startedAt: number;
  readonly #loads = new LoadAverages();
  /** What was published last. */
  readonly #last = new Map<string, string>();
  #heapMaximum = 0;
  #lookedAt: number;
  #timer: Timer | undefined;

  /** Publishes at once, then every interval. */
  constructor(options: SysTopicsOptions) {
    this.#options = options;
    this.#startedAt = options.clock.monotonic();
    this.#lookedAt = this.#startedAt;
    this.#publishAll();
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel();
  }

  #publishAll(): void {
    const { clock, interval, figures } = this.#options;
    const seconds = (clock.monotonic() - this.#lookedAt) / 1_000;
    this.#lookedAt = clock.monotonic();
    const now = figures();
    for (const [name, value] of this.#values(now)) this.#publish(name, String(value));
    for (const [name, value] of this.#loadValues(now, seconds)) this.#publish(name, String(value));
    this.#timer = clock.after(interval, () => this.#publishAll());
  }

  #values(figures: BrokerFigures): readonly Entry[] {
    const { clock, version } = this.#options;
    const { statistics, router, clients, stored, waiting, ledger } = figures;
    const { heapUsed, external } = process.memoryUsage();
    const heap = heapUsed + external;
    this.#heapMaximum = Math.max(this.#heapMaximum, heap);
    return [
      ['version', version],
      ['uptime', `${Math.floor((clock.monotonic() - this.#startedAt) / 1_000)} seconds`],
      ['clients/total', clients.total],
      ['clients/connected', clients.connected],
      ['clients/active', clients.connected],
      ['clients/disconnected', clients.total - clients.connected],
      ['clients/inactive', clients.total - clients.connected],
      ['clients/maximum', statistics.clientsMaximum],
      ['clients/expired', statistics.sessionsExpired],
      ['messages/received', statistics.packetsReceived],
      ['messages/sent', statistics.packetsSent],
      ['messages/stored', stored.messages],
      ['store/messages/count', stored.messages],
      ['store/messages/bytes', stored.bytes],
      ['publish/messages/received', statistics.publishReceived],
      ['publish/messages/sent', statistics.publishSent],
      ['publish/messages/dropped', statistics.publishDropped],
      ['publish/messages/expired', statistics.publishExpired],
      ['publish/messages/refused', statistics.publishRefused],
      ['publish/bytes/received', statistics.publishBytesReceived],
      ['publish/bytes/sent', statistics.publishBytesSent],
      ['bytes/received', statistics.bytesReceived],
      ['bytes/sent', statistics.bytesSent],
      ['packet/out/count', waiting.packets],
      ['packet/out/bytes', waiting.bytes],
      ['connections/socket/count', statistics.connectionsOpened],
      ['connections/failed', statistics.connectionsFailed],
      ['connections/refused', statistics.connectionsRefused],
      ['hpmq/ledger/messages/received', ledger.messages.received],
      ['hpmq/ledger/messages/routed', ledger.messages.routed],
      ['hpmq/ledger/messages/unmatched', ledger.messages.unmatched],
      ['hpmq/ledger/messages/refused', ledger.messages.refused],
      ['hpmq/ledger/copies/made', ledger.copies.made],
      ['hpmq/ledger/copies/delivered', ledger.copies.delivered],
      ['hpmq/ledger/copies/inflight', ledger.copies.inFlight],
      ['hpmq/ledger/copies/queued', ledger.copies.queued],
      ['hpmq/ledger/copies/expired', ledger.copies.expired],
      ['hpmq/ledger/copies/dropped', ledger.copies.dropped],
      ...dropReasons.map((reason): Entry => [`hpmq/dropped/${reason}`, ledger.copies.droppedBy[reason] ?? 0]),
      ['retained messages/count', router.retained],
      ['subscriptions/count', router.subscriptions],
      ['shared_subscriptions/count', figures.sharedSubscriptions],
      ['heap/current', heap],
      ['heap/maximum', this.#heapMaximum],
    ];
  }

  *#loadValues({ statistics }: BrokerFigures, seconds: number): Generator<Entry> {
    const totals: readonly Entry[] = [
      ['messages/received', statistics.packetsReceived],
      ['messages/sent', statistics.packetsSent],
      ['publish/received', statistics.publishReceived],
      ['publish/sent', statistics.publishSent],
      ['publish/dropped', statistics.publishDropped],
      ['bytes/received', statistics.bytesReceived],
      ['bytes/sent', statistics.bytesSent],
      ['sockets', statistics.connectionsOpened],
      ['connections', statistics.connectReceived],
    ];
    for (const [name, total] of totals) {
      for (const [window, perMinute] of this.#loads.update(name, Number(total), seconds)) {
        yield [`load/${name}/${window}`, perMinute.toFixed(2)];
      }
    }
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
