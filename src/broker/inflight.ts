/**
 * QoS 1 and 2 messages on their way to one client (MQTT 5.0 §4.3, §4.4, §4.9).
 *
 *   QoS 1: PUBLISH ──▶ PUBACK: done        QoS 2: PUBLISH ──▶ PUBREC ──▶ PUBREL ──▶ PUBCOMP: done
 *
 * PUBLISH keeps the order in which it was sent first, PUBREL that of PUBREC; after a reconnect they are sent again in
 * that order, PUBREL first.
 */
import type { Message, QoS } from '../core/message.js';
import type { Share } from '../core/router.js';
import { messageBytes } from './application-message.js';

/** One message for one client, as it will be sent. */
export interface Delivery {
  readonly message: Message;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly identifiers: readonly number[];
  /** The Shared Subscription it came through. */
  readonly share: Share | undefined;
}

export interface Inflight {
  readonly packetIdentifier: number;
  readonly delivery: Delivery;
  /** What the client has to answer: PUBLISH with PUBACK or PUBREC, PUBREL with PUBCOMP. */
  state: 'publish' | 'pubrel';
  /** Its PUBLISH went over the present connection and counts against Receive Maximum. */
  isOutstanding: boolean;
}

/** done: the message is through; release: send PUBREL; unknown: no such Packet Identifier; mismatch: the wrong acknowledgement. */
export type AcknowledgementResult = 'done' | 'release' | 'unknown' | 'mismatch';

const MAX_PACKET_IDENTIFIER = 0xffff;

/** Told of what is in flight; see limits/message-memory.ts. */
export interface MessageKeeper {
  keep(message: Message): void;
  release(message: Message): void;
}

export class InflightMessages {
  readonly #keeper: MessageKeeper | undefined;
  readonly #entries = new Map<number, Inflight>();
  /** To be sent again on the present connection, in order; entries acknowledged meanwhile are skipped. */
  #again: Inflight[] = [];
  #againNext = 0;
  #outstanding = 0;
  #lastIdentifier = 0;
  #bytes = 0;

  constructor(keeper?: MessageKeeper) {
    this.#keeper = keeper;
  }

  /** Of the messages. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Gives all up: the session ends. */
  clear(): void {
    for (const entry of [...this.#entries.values()]) this.#remove(entry);
  }

  get size(): number {
    return this.#entries.size;
  }

  /** QoS 2 messages of which the client has said PUBREC: they are its own. */
  countReleased(): number {
    let released = 0;
    for (const { state } of this.#entries.values()) if (state === 'pubrel') released++;
    return released;
  }

  /** @param window - Receive Maximum of the client (§4.9) */
  hasRoom(window: number): boolean {
    return this.#outstanding < window && this.#entries.size < MAX_PACKET_IDENTIFIER;
  }

  /** Takes a free Packet Identifier; the caller sends the PUBLISH. Only while {@link hasRoom}. */
  add(delivery: Delivery): Inflight {
    do {
      this.#lastIdentifier = this.#lastIdentifier === MAX_PACKET_IDENTIFIER ? 1 : this.#lastIdentifier + 1;
    } while (this.#entries.has(this.#lastIdentifier));
    const entry: Inflight = {
      packetIdentifier: this.#lastIdentifier,
      delivery,
      state: 'publish',
      isOutstanding: true,
    };
    this.#entries.set(entry.packetIdentifier, entry);
    this.#outstanding++;
    this.#bytes += messageBytes(delivery.message);
    this.#keeper?.keep(delivery.message);
    return entry;
  }

  /** A new connection of the same session: everything not acknowledged is to be sent again [MQTT-4.4.0-1]. */
  restart(): void {
    this.#outstanding = 0;
    const entries = [...this.#entries.values()];
    // PUBREL does not wait for room [MQTT-3.3.4-10].
    this.#again = [...entries.filter(isReleased), ...entries.filter((entry) => !isReleased(entry))];
    this.#againNext = 0;
    for (const entry of entries) entry.isOutstanding = false;
  }

  /** The next entry to send again; undefined: none left. */
  peekAgain(): Inflight | undefined {
    for (; this.#againNext < this.#again.length; this.#againNext++) {
      const entry = this.#again[this.#againNext]!;
      if (this.#entries.get(entry.packetIdentifier) === entry) return entry;
    }
    this.#again = [];
    this.#againNext = 0;
    return undefined;
  }

  /** What {@link peekAgain} gave was sent. */
  sentAgain(entry: Inflight): void {
    this.#againNext++;
    if (entry.state === 'publish') {
      entry.isOutstanding = true;
      this.#outstanding++;
    }
  }

  /** QoS 1 messages of Shared Subscriptions not acknowledged; QoS 2 stays with this client [MQTT-4.8.2-4]. */
  passable(): Inflight[] {
    const found: Inflight[] = [];
    for (const entry of this.#entries.values()) {
      if (entry.delivery.share !== undefined && entry.delivery.qos === 1) found.push(entry);
    }
    return found;
  }

  /** Gives an entry up: the present connection cannot carry it, or another client has it. */
  forget(entry: Inflight): void {
    this.#remove(entry);
  }

  puback(packetIdentifier: number): AcknowledgementResult {
    const entry = this.#entries.get(packetIdentifier);
    if (entry === undefined) return 'unknown';
    if (entry.delivery.qos !== 1) return 'mismatch';
    this.#remove(entry);
    return 'done';
  }

  /** @param isFailure - the Reason Code is 0x80 or more: the client does not take the message (§4.3.3) */
  pubrec(packetIdentifier: number, isFailure: boolean): AcknowledgementResult {
    const entry = this.#entries.get(packetIdentifier);
    if (entry === undefined) return 'unknown';
    if (entry.delivery.qos !== 2) return 'mismatch';
    if (isFailure) {
      this.#remove(entry);
      return 'done';
    }
    if (entry.state === 'publish') {
      entry.state = 'pubrel';
      // PUBREL goes in the order of PUBREC, also when sent again [MQTT-4.6.0-4].
      this.#entries.delete(packetIdentifier);
      this.#entries.set(packetIdentifier, entry);
    }
    return 'release';
  }

  pubcomp(packetIdentifier: number): AcknowledgementResult {
    const entry = this.#entries.get(packetIdentifier);
    if (entry === undefined) return 'unknown';
    if (entry.state !== 'pubrel') return 'mismatch';
    this.#remove(entry);
    return 'done';
  }

  #remove(entry: Inflight): void {
    const { message } = entry.delivery;
    this.#entries.delete(entry.packetIdentifier);
    this.#bytes -= messageBytes(message);
    this.#keeper?.release(message);
    if (entry.isOutstanding) this.#outstanding--;
  }
}

function isReleased({ state }: Inflight): boolean {
  return state === 'pubrel';
}
