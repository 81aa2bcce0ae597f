/**
 * The seam between routes, which say what becomes of a message, and the sender, which keeps, sends and settles it.
 *
 *   local message ─▶ targetsOf ─▶ target (one for each name at the far side) ─▶ kept ─▶ encode ─▶ what goes out
 *                                                                                └─▶ Batcher: several kept, one packet
 *
 * Nothing here waits, reads a clock or keeps what the sender has to keep.
 */

import type { GatewayError } from '../core/errors.js';
import type { Message, PublishProperties, QoS } from '../core/message.js';
import type { BatchConfig, Compression, RouteConfig } from '../core/route-config.js';
import type { Schedule } from '../core/schedule.js';

/** One piece of a payload, made of one message: the whole of it, or an element of a batch. */
export interface Encoder {
  /** Content Type of what it makes; undefined: that of the message. */
  readonly contentType: string | undefined;
  /** @returns the bytes, or why the message has no such form */
  element(message: Message): Buffer | GatewayError;
  /** Several elements as one payload. */
  join(elements: readonly Buffer[], as: BatchConfig['as']): Buffer;
}

/** What is common to the targets of one route of direction out (or both). */
export interface OutRoute {
  /** Where it stands in `routes` of the link, from 0. */
  readonly index: number;
  readonly retain: NonNullable<RouteConfig['retain']>;
  /** Messages of QoS 1 travel at the QoS of the route, too: at 2 the far side gives none of them on twice. */
  readonly isOnce: boolean;
  /** 0 to 9; the higher is sent first and dropped last. */
  readonly priority: number;
  /** Of the payload as it arrives here; `refuse`: counted as refused and alarmed, `drop`: counted only. */
  readonly maxSize: RouteConfig['maxSize'];
  /** undefined: as is. */
  readonly encoder: Encoder | undefined;
  readonly batch: BatchConfig | undefined;
  readonly compress: Compression | undefined;
  readonly schedule: Schedule | undefined;
  /** Message Expiry Interval of the route, ms; undefined: that of the message. */
  readonly expiry: RouteConfig['expiry'];
  /** Of its filters: the same after everything else in it was changed. */
  readonly key: string;
  /** Routes to one topic with the same form are one target. */
  readonly form: string;
}

/** Forms of the far side become ours. */
export interface Decoder {
  /** @returns payloads for here, in order; or why it is none of this form */
  decode(message: Message): readonly Buffer[] | GatewayError;
}

/** What becomes of messages that come in by a route. */
export interface InRoute {
  readonly index: number;
  readonly retain: NonNullable<RouteConfig['retain']>;
  readonly maxSize: RouteConfig['maxSize'];
  readonly decoder: Decoder | undefined;
  /** Payloads that are not marked are compressed so. */
  readonly compress: Compression | undefined;
  readonly expiry: RouteConfig['expiry'];
  /** Subscribed while there is demand, and this long after, ms; undefined: always. */
  readonly linger: number | undefined;
  /** See {@link OutRoute.form}. */
  readonly form: string;
}

/** Where one message goes by one route. Shared by all messages of the topic: never changed. */
export interface Target {
  /** Topic Name at the far side. */
  readonly topic: string;
  /** Highest QoS. */
  readonly qos: QoS;
  /** Lowest. */
  readonly minQos: QoS;
  readonly route: OutRoute;
  /** Kept with a stored delivery, so that it finds its target again when routes have changed meanwhile: see `resume` of rules.ts. */
  readonly tag: string;
}

/** What goes out: for one message or for a batch of them. */
export interface Encoded {
  readonly topic: string;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly payload: Buffer;
  readonly properties: PublishProperties | undefined;
  /** Unix ms; Infinity: never. */
  readonly expiresAt: number;
}

/** Messages that leave in one packet; its acknowledgement settles all of `deliveries`. */
export interface Batch<D> {
  readonly target: Target;
  /** In the order in which they were added. */
  readonly deliveries: readonly D[];
  readonly encoded: Encoded;
  /** Of which it is made: see `halve` of batcher.ts. */
  readonly elements: readonly Buffer[];
  readonly qos: QoS;
  readonly expiresAt: number;
}

/**
 * Collects messages of routes with `batch`. It holds no promise: what it has is still kept by the sender, which settles it
 * when the packet is acknowledged, and hands it over again after a lost connection or a start.
 *
 * @typeParam D - what the sender wants back, e.g. its StoredDelivery
 */
export interface Batcher<D> {
  /**
   * Only for targets whose route has `batch`.
   *
   * @returns why the message has no such form or is too large: it is not in the batch, and counted as dropped
   */
  add(target: Target, message: Message, delivery: D, now: number): GatewayError | undefined;
  /**
   * The next batch that is full or old enough, or for which there is no room any more; call it until it gives none.
   *
   * @param now - monotonic ms
   * @param all - also those that could wait: at the end
   */
  next(now: number, all?: boolean): Batch<D> | undefined;
  /** Monotonic ms from which {@link next} gives something without another message; Infinity: nothing is collected. */
  readonly dueAt: number;
  /** Messages collected and not given out by {@link next}. */
  readonly size: number;
  /** Forgets everything: the connection is gone. */
  clear(): void;
}
