/** What the fast path hands on: frames as they came, where they lie in the read buffer. */
import { createMessage, type Message, type Origin, type QoS } from '../../core/message.js';

/** PUBLISH frames of one topic, one behind the other. One object per broker, filled anew. */
export class Run {
  bytes: Buffer = Buffer.alloc(0);
  start = 0;
  end = 0;
  messages = 0;
  /** Of all of them together. */
  payloadBytes = 0;
  /** The longest frame, bytes. */
  largest = 0;
  isVersion5 = false;
  qos: QoS = 0;
  /** The bytes, for receivers to keep instead of a copy of their own. */
  shared: Buffer | undefined = undefined;
  /** Of a frame of QoS 1 or 2: of its Packet Identifier, from its start. */
  identifierAt = 0;

  /** The messages, for receivers that want more than bytes. */
  read(topic: string, topicBytes: number, origin: Origin, now: number): Message[] {
    const messages: Message[] = [];
    const { bytes, qos } = this;
    const headBytes = 2 + topicBytes + (qos === 0 ? 0 : 2) + (this.isVersion5 ? 1 : 0);
    for (let at = this.start; at < this.end; ) {
      let remaining = 0;
      let shift = 0;
      do {
        at++;
        remaining |= (bytes[at]! & 0x7f) << shift;
        shift += 7;
      } while (bytes[at]! >= 0x80);
      const body = at + 1;
      at = body + remaining;
      const payload = Buffer.from(bytes.subarray(body + headBytes, at));
      messages.push(createMessage({ topic, payload, origin, receivedAt: now, qos }));
    }
    return messages;
  }
}

/** A connection that may be sent frames as they came. */
export interface Passage {
  /** Whether the client takes these frames as they are, and all of them now. */
  takes(run: Run): boolean;
  /** Sends QoS 0 as it came. @returns false when nothing was sent, because it does not {@link takes} it */
  forward(run: Run): boolean;
  /**
   * Sends QoS 0 as it came to a client that is behind, in place of what waits longest.
   *
   * @returns how many messages that waited were dropped for it; 0: nothing was sent
   */
  forwardLate(run: Run): number;
  /** Sends one PUBLISH of QoS 1 or 2 as it came, but for the Packet Identifier; only if it {@link takes} it. */
  forwardOne(run: Run, packetIdentifier: number): void;
}
