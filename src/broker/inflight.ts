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
import type { StoredDelivery } from '../core/store.js';
import { messageBytes } from './application-message.js';
import { PassingMessages } from './fast/passing.js';

/** One message for one client, as it will be sent. */
export interface Delivery {
  readonly message: Message;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly identifiers: readonly number[];
  /** The Shared Subscription it came through. */
  readonly share: Share | undefined;
  /** As it lies in the store; undefined: only in memory. */
  stored: StoredDelivery | undefined;
}

export interface Inflight {
  readonly packetIdentifier: number;
  readonly delivery: Delivery;
  /** What the client has to answer: PUBLISH with PUBACK or PUBREC, PUBREL with PUBCOMP. */
  state: 'publish' | 'pubrel';
  /** Its PUBLISH went over the present connection and counts against Receive Maximum. */
  isOutstanding: boolean;
  /** In which batch its release was said to the store; 0: not. */
  releaseBatch: number;
}

/** done: the message is through; release: send PUBREL; later: PUBREL follows once that is on disk; unknown: no such Packet Identifier; mismatch: the wrong acknowledgement. */
export type AcknowledgementResult = 'done' | 'release' | 'later' | 'unknown' | 'mismatch';

const MAX_PACKET_IDENTIFIER = 0xffff;

/** Told of what is in flight; see limits/message-memory.ts. */
export interface MessageKeeper {
  keep(message: Message): void;
  release(message: Message): void;
}

/** Told of those that lie in the store; see persistence/stored-deliveries.ts. */
export interface FlightRecorder {
  fly(stored: StoredDelivery): void;
  land(stored: StoredDelivery): void;
  settle(stored: StoredDelivery): void;
}

/** A message sent again after a crash must have the identifier it had: it follows from its place in the queue. */
export function identifierOf({ sequence }: StoredDelivery): number {
  return ((sequence - 1) % MAX_PACKET_IDENTIFIER) + 1;
}

/** Most sessions have none: these are never changed. */
const NO_ENTRIES: Map<number, Inflight> = new Map();
const NONE_PASSING = new PassingMessages();
const NOTHING_AGAIN: Inflight[] = [];

export class InflightMessages {
  readonly #keeper: MessageKeeper | undefined;
  readonly #recorder: FlightRecorder | undefined;
  /** Replaced by a map of its own with the first of them. */
  #entries: Map<number, Inflight> = NO_ENTRIES;
  #passing: PassingMessages = NONE_PASSING;
  /** To be sent again on the present connection, in order; entries acknowledged meanwhile are skipped. */
  #again: Inflight[] = NOTHING_AGAIN;
  #againNext = 0;
  #outstanding = 0;
  #lastIdentifier = 0;
  #bytes = 0;

  constructor(keeper?: MessageKeeper, recorder?: FlightRecorder) {
    this.#keeper = keeper;
    this.#recorder = recorder;
  }

  /** Of the messages. */
  get bytes(): number {
    return this.#bytes + this.#passing.bytes;
  }

  /** Those of them that are kept. */
  get kept(): { messages: number; bytes: number } {
    return { messages: this.#entries.size, bytes: this.#bytes };
  }

  /** Gives all up: the session ends. */
  clear(): void {
    for (const entry of [...this.#entries.values()]) this.#remove(entry);
    this.#outstanding -= this.#passing.size;
    this.#passing = NONE_PASSING;
  }

  /** Lets all go that lies in the store: it is read again for the next connection. */
  letGo(): void {
    for (const entry of [...this.#entries.values()]) this.#release(entry);
  }

  has(packetIdentifier: number): boolean {
    return this.#entries.has(packetIdentifier);
  }

  get(packetIdentifier: number): Inflight | undefined {
    return this.#entries.get(packetIdentifier);
  }

  /** Those of the store with these sequences are not there any more. @returns how many */
  unstore(first: number, last: number): number {
    let found = 0;
    for (const { delivery } of this.#entries.values()) {
      const { stored } = delivery;
      if (stored === undefined || stored.sequence < first || stored.sequence > last) continue;
      this.#recorder?.land(stored);
      delivery.stored = undefined;
      found++;
    }
    return found;
  }

  get size(): number {
    return this.#entries.size + this.#passing.size;
  }

  /** QoS 2 messages of which the client has said PUBREC: they are its own. */
  countReleased(): number {
    let released = this.#passing.released;
    for (const { state } of this.#entries.values()) if (state === 'pubrel') released++;
    return released;
  }

  /** @param window - Receive Maximum of the client (§4.9) */
  hasRoom(window: number): boolean {
    return this.#outstanding < window && this.size < MAX_PACKET_IDENTIFIER;
  }

  /**
   * Takes a free Packet Identifier; the caller sends the PUBLISH, or the PUBREL of one that was released before. Only while
   * {@link hasRoom}, and while the identifier of one that lies in the store is free.
   */
  add(delivery: Delivery): Inflight {
    const { stored } = delivery;
    const isReleased = stored !== undefined && stored.released > 0;
    const entry: Inflight = {
      packetIdentifier: stored === undefined ? this.#nextIdentifier() : identifierOf(stored),
      delivery,
      state: isReleased ? 'pubrel' : 'publish',
      isOutstanding: !isReleased,
      releaseBatch: 0,
    };
    if (this.#entries === NO_ENTRIES) this.#entries = new Map();
    this.#entries.set(entry.packetIdentifier, entry);
    if (stored !== undefined) this.#recorder?.fly(stored);
    if (!isReleased) this.#outstanding++;
    this.#bytes += messageBytes(delivery.message);
    this.#keeper?.keep(delivery.message);
    return entry;
  }

  /**
   * As {@link add}, for a session that ends with its connection: nobody will need the message again.
   *
   * @param bytes - of the message, as messageBytes() has them
   * @returns the Packet Identifier
   */
  pass(qos: 1 | 2, bytes: number): number {
    const packetIdentifier = this.#nextIdentifier();
    if (this.#passing === NONE_PASSING) this.#passing = new PassingMessages();
    this.#passing.add(packetIdentifier, qos, bytes);
    this.#outstanding++;
    return packetIdentifier;
  }

  #nextIdentifier(): number {
    do {
      this.#lastIdentifier = this.#lastIdentifier === MAX_PACKET_IDENTIFIER ? 1 : this.#lastIdentifier + 1;
    } while (this.#entries.has(this.#lastIdentifier) || this.#passing.has(this.#lastIdentifier));
    return this.#lastIdentifier;
  }

  #passed(result: AcknowledgementResult): AcknowledgementResult {
    if (result === 'done') this.#outstanding--;
    return result;
  }

  /** A new connection of the same session: everything not acknowledged is to be sent again [MQTT-4.4.0-1]. */
  restart(): void {
    this.#outstanding = 0;
    if (this.#entries.size === 0) {
      this.#again = NOTHING_AGAIN;
      this.#againNext = 0;
      return;
    }
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
    this.#again = NOTHING_AGAIN;
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
    if (entry === undefined) return this.#passed(this.#passing.puback(packetIdentifier));
    if (entry.delivery.qos !== 1) return 'mismatch';
    this.#remove(entry);
    return 'done';
  }

  /** @param isFailure - the Reason Code is 0x80 or more: the client does not take the message (§4.3.3) */
  pubrec(packetIdentifier: number, isFailure: boolean): AcknowledgementResult {
    const entry = this.#entries.get(packetIdentifier);
    if (entry === undefined) return this.#passed(this.#passing.pubrec(packetIdentifier, isFailure));
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
    if (entry === undefined) return this.#passed(this.#passing.pubcomp(packetIdentifier));
    if (entry.state !== 'pubrel') return 'mismatch';
    this.#remove(entry);
    return 'done';
  }

  #remove(entry: Inflight): void {
    const { stored } = entry.delivery;
    this.#release(entry);
    if (stored !== undefined) this.#recorder?.settle(stored);
  }

  #release(entry: Inflight): void {
    const { message, stored } = entry.delivery;
    if (stored !== undefined) this.#recorder?.land(stored);
    this.#entries.delete(entry.packetIdentifier);
    this.#bytes -= messageBytes(message);
    this.#keeper?.release(message);
    if (entry.isOutstanding) this.#outstanding--;
  }
}

function isReleased({ state }: Inflight): boolean {
  return state === 'pubrel';
}
