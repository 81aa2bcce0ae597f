/** The Will Message of a connection (MQTT 5.0 §3.1.2.5): sent when it ends otherwise than by a normal DISCONNECT. */
import { createMessage, type Message, type Origin } from '../core/message.js';
import { messageProperties } from '../core/mqtt/message-properties.js';
import type { WillFields } from '../core/mqtt/packets.js';
import { splitStamp } from '../core/stamp.js';
import type { WillView } from '../core/views.js';
import { expiryTime } from './application-message.js';

export class Will {
  readonly fields: WillFields;
  readonly #origin: Origin;
  /** Will Delay Interval, ms (§3.1.3.2.2). */
  readonly delay: number;

  constructor(fields: WillFields, origin: Origin) {
    this.fields = fields;
    this.#origin = origin;
    this.delay = (fields.properties.willDelayInterval ?? 0) * 1_000;
  }

  view(): WillView {
    const { topic, payload, qos, retain } = this.fields;
    return { topic, qos, retain, bytes: payload.length, delay: this.delay };
  }

  get topic(): string {
    return this.fields.topic;
  }

  /**
   * The lifetime of the message begins when it is published.
   *
   * @param now - Unix ms
   */
  message(now: number): Message {
    const { topic, payload, qos, retain, properties } = this.fields;
    return createMessage({
      topic,
      payload,
      origin: this.#origin,
      receivedAt: now,
      qos,
      retain,
      properties: splitStamp(messageProperties(properties), now).properties,
      expiresAt: expiryTime(properties, now),
    });
  }
}
