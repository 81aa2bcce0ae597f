/**
 * The messages of one durable session: all of them in the store, the next of them in memory while the client is connected.
 *
 *   append ─▶ store ──────────────────────────▶ settle
 *               └─ read ─▶ window ─▶ in flight ─┘
 *
 * Rules: a session that is away keeps nothing in memory; the Packet Identifier follows from the sequence, so that a
 * message sent again after a crash has the one it had; a QoS 2 message is sent only once it is on disk, else its identifier
 * might come back with another message; on a new connection what was released is read and sent before all else. One
 * question to the store at a time.
 */
import type { Store, StoredDelivery, StoredQueue } from '../../core/store.js';
import { messageBytes } from '../application-message.js';
import type { Delivery } from '../inflight.js';
import { DropOldestQueue } from '../queue.js';
import type { Backing, Bounds, DeliveryEvents } from './backing.js';
import { SentMarks } from './sent-marks.js';

/** What is read ahead for a connected client. */
const WINDOW_MESSAGES = 1_000;
const WINDOW_BYTES = 1024 * 1024;
/** Read in one go, messages. */
const CHUNK = 500;
/** An absent session may exceed its limit by one such part until the oldest are dropped on disk. */
const SLACK = 1 / 16;

export class StoredDeliveries {
  readonly #backing: Backing;
  readonly #limits: Bounds['limits'];
  readonly #memory: Bounds['memory'];
  readonly #store: Store;
  readonly #queue: StoredQueue;
  readonly #events: DeliveryEvents;
  readonly #window: DropOldestQueue<Delivery>;
  /** The next of those whose PUBREL is due again: before all others, in the order of PUBREC [MQTT-4.6.0-4]. */
  readonly #released: DropOldestQueue<Delivery>;
  #areReleasedRead = true;
  /** The last of them that was read. */
  #releasedTo = 0;
  #isConnected = false;
  #isBusy = false;
  #isOver = false;
  /** Grows with each connection and its end: what was asked before is of no use. */
  #epoch = 0;
  /** What is left of all up to here is in the window or in flight. */
  #readTo = 0;
  readonly #marks: SentMarks;
  #flyingMessages = 0;
  #flyingBytes = 0;
  #hasShared = true;

  constructor(backing: Backing, { limits, memory }: Bounds, events: DeliveryEvents) {
    const { store, queue } = backing;
    this.#backing = backing;
    this.#limits = limits;
    this.#memory = memory;
    this.#store = store;
    this.#queue = queue;
    this.#events = events;
    this.#marks = new SentMarks(backing, limits);
    const unlimited = {
      items: Number.POSITIVE_INFINITY,
      bytes: Number.POSITIVE_INFINITY,
      bytesOf: ({ message }: Delivery) => messageBytes(message),
      onRemoved: ({ message }: Delivery) => memory.release(message),
    };
    this.#window = new DropOldestQueue(unlimited);
    this.#released = new DropOldestQueue(unlimited);
    queue.onKept = () => events.onReady();
    queue.onLost = (first, last, messages) => {
      const inWindow = ({ stored }: Delivery) => stored!.sequence >= first && stored!.sequence <= last;
      if (this.#window.size > 0) this.#window.removeWhere(inWindow);
      events.onRefused(messages - events.onLost(first, last));
    };
  }

  /** Nothing more can be kept. */
  get isFull(): boolean {
    return this.#backing.isFull;
  }

  /** Messages that wait: neither in flight nor settled. */
  get size(): number {
    return this.#queue.messages - this.#flyingMessages;
  }

  /** As they are kept. */
  get bytes(): number {
    return this.#queue.bytes - this.#flyingBytes;
  }

  /** Those of them that are in memory. */
  get inMemory(): { readonly messages: number; readonly bytes: number } {
    return { messages: this.#window.size + this.#released.size, bytes: this.#window.bytes + this.#released.bytes };
  }

  /** Highest sequence sent so far. */
  get sentTo(): number {
    return this.#marks.sentTo;
  }

  connect(): void {
    this.#isConnected = true;
    this.#epoch++;
    this.#areReleasedRead = this.size === 0 || this.#marks.repeatedTo === 0;
    this.#releasedTo = 0;
    this.#marks.connect();
    this.#work();
  }

  /** Everything in memory is let go; it is read again for the next connection. To be called before what is in flight lands. */
  disconnect(): void {
    this.#isConnected = false;
    this.#epoch++;
    this.#marks.disconnect(this.#flyingMessages, this.#flyingBytes);
    this.#window.clear();
    this.#released.clear();
    this.#readTo = 0;
    this.#work();
  }

  /** Lets the window go, for want of memory. @returns false when there is none */
  unload(): boolean {
    if (this.#window.size === 0) return false;
    const next = this.#window.peek()!.stored!.sequence;
    this.#window.clear();
    this.#readTo = next - 1;
    this.#epoch++;
    return true;
  }

  append(delivery: Delivery): StoredDelivery {
    const { message, qos, retain, identifiers, share } = delivery;
    return this.#queue.append({ message, qos, retain, identifiers, share: share?.name });
  }

  /** It was sent at once, with nothing before it. */
  sentAtOnce({ sequence }: StoredDelivery): void {
    this.#readTo = sequence;
    this.#marks.sent(sequence);
  }

  /** An appended message has to wait. @returns how many were dropped for it at once */
  push(delivery: Delivery): number {
    if (delivery.share !== undefined) this.#hasShared = true;
    const { sequence } = delivery.stored!;
    const isNext = this.#isConnected && !this.#isBusy && this.#readTo === sequence - 1;
    if (isNext && this.#window.size < WINDOW_MESSAGES && this.#window.bytes < WINDOW_BYTES) {
      this.#readTo = sequence;
      this.#hold(this.#window, delivery);
    }
    const dropped = this.#trim();
    this.#work();
    return dropped;
  }

  /** The next whose PUBREL is due again; undefined: none now. */
  shiftReleased(): Delivery | undefined {
    const next = this.#released.shift();
    if (next === undefined && !this.#areReleasedRead) this.#work();
    return next;
  }

  /** The next to be sent; undefined: none now. */
  peek(): Delivery | undefined {
    const next = this.#window.peek();
    if (next === undefined) {
      this.#work();
      return undefined;
    }
    if (next.qos < 2) return next;
    const { batch, sequence } = next.stored!;
    if (!this.#store.isKept(batch)) return undefined;
    if (this.#marks.mayBeSent(sequence)) return next;
    const again = () => this.#events.onReady();
    this.#store.commit()?.then(again, again);
    return undefined;
  }

  shift(): Delivery | undefined {
    const next = this.#window.shift();
    if (next === undefined) return undefined;
    this.#marks.sent(next.stored!.sequence);
    if (this.#window.size < WINDOW_MESSAGES / 2) this.#work();
    return next;
  }

  /** Whether it may have been sent over an earlier connection. */
  isRepeated({ sequence }: StoredDelivery): boolean {
    return this.#marks.isRepeated(sequence);
  }

  /** Whether it is known that it was sent over an earlier connection; of what was sent before the start there is only a guess. */
  wasSent({ sequence }: StoredDelivery): boolean {
    return this.#marks.wasSent(sequence);
  }

  fly({ sequence, bytes }: StoredDelivery): void {
    this.#flyingMessages++;
    this.#flyingBytes += bytes;
    this.#marks.goesAgain(sequence, bytes);
  }

  land({ bytes }: StoredDelivery): void {
    this.#flyingMessages--;
    this.#flyingBytes -= bytes;
  }

  settle(stored: StoredDelivery): void {
    if (!this.#isOver) this.#queue.settle(stored);
  }

  release(stored: StoredDelivery): number {
    return this.#queue.release(stored);
  }

  isKept(batch: number): boolean {
    return this.#store.isKept(batch);
  }

  /** Takes out what `isPassed` takes: of an absent session, bit by bit; what may have been sent at QoS 2 stays. */
  passOn(isPassed: (delivery: Delivery) => boolean): void {
    if (this.#isConnected) {
      if (this.#window.size === 0) return;
      this.#window.removeWhere((delivery) => {
        if (!isPassed(delivery)) return false;
        this.settle(delivery.stored!);
        return true;
      });
      return;
    }
    if (!this.#hasShared || this.#isBusy || this.size === 0) return;
    this.#run((epoch) => this.#passStored(isPassed, epoch));
  }

  /** The session ends: all of it is gone. */
  remove(): void {
    this.#close();
    this.#queue.remove();
  }

  /** The broker stops: what is on disk stays. */
  close(): void {
    this.#close();
  }

  #close(): void {
    this.#isOver = true;
    this.#isConnected = false;
    this.#epoch++;
    this.#window.clear();
    this.#released.clear();
    this.#queue.onKept = undefined;
    this.#queue.onLost = undefined;
  }

  #hold(queue: DropOldestQueue<Delivery>, delivery: Delivery): void {
    this.#memory.keep(delivery.message);
    queue.push(delivery);
  }

  /** How many must go. What was in flight when a connection ended does not count: it waits only to be sent again. */
  get #excess(): number {
    const { queuedMessages, queuedBytes } = this.#limits;
    const { spared } = this.#marks;
    const size = this.size - spared.messages;
    const bytes = this.bytes - spared.bytes;
    const share = this.#backing.isOverflowing && size > 1 ? Math.ceil(size * SLACK) : 0;
    const tooMany = Math.max(0, size - queuedMessages, share);
    if (bytes <= queuedBytes || size <= 1) return tooMany;
    return Math.max(tooMany, 1, Math.min(size - 1, Math.ceil(((bytes - queuedBytes) / bytes) * size)));
  }

  /**
   * Drops the oldest of the window as long as there is too much, but not what was in flight, nor at QoS 2 what may have
   * been: its identifier may be in use at the client. What lies on disk is dropped by {@link #work}.
   */
  #trim(): number {
    // Not more than now, though it is too much for all sessions together: each gives up a part.
    const most = this.#window.size === 0 ? 0 : this.#excess;
    if (most === 0) return 0;
    let dropped = 0;
    const isEnough = () => dropped === most || this.#window.size === 0 || this.#excess === 0;
    if (!this.isRepeated(this.#window.peek()!.stored!)) {
      for (; !isEnough(); dropped++) this.settle(this.#window.shift()!.stored!);
      return dropped;
    }
    let spared = this.#marks.spared.messages;
    this.#window.removeWhere(({ qos, stored }) => {
      if (dropped === most || this.#excess === 0 || (this.isRepeated(stored!) && (spared-- > 0 || qos === 2))) return false;
      this.settle(stored!);
      dropped++;
      return true;
    });
    return dropped;
  }

  /** The next question to the store, if there is one. Not at once: what belongs together must be said before. */
  #work(): void {
    if (this.#isBusy || this.#isOver) return;
    if (this.#isConnected) {
      if (!this.#areReleasedRead) {
        if (this.#released.size === 0) this.#run((epoch) => this.#loadReleased(epoch));
      } else if (this.#readTo < this.#queue.lastSequence && this.#window.size < WINDOW_MESSAGES / 2 && this.size > 0) {
        this.#run((epoch) => this.#load(epoch));
      }
      return;
    }
    const { queuedMessages } = this.#limits;
    const excess = this.#excess;
    const few = this.#backing.isOverflowing ? 1 : Math.min(1_000, queuedMessages * SLACK);
    if (excess > 0 && excess >= few) this.#run(() => this.#dropStored());
  }

  #run(task: (epoch: number) => Promise<boolean>): void {
    this.#isBusy = true;
    queueMicrotask(() => {
      if (this.#isOver) return;
      const done = (isProgress: boolean) => {
        this.#isBusy = false;
        if (this.#isOver) return;
        // After a failure the next message or connection asks again.
        if (!isProgress) return;
        this.#work();
        this.#events.onReady();
      };
      task(this.#epoch).then(done, () => done(false));
    });
  }

  async #loadReleased(epoch: number): Promise<boolean> {
    const found = await this.#queue.readReleased(this.#marks.repeatedTo, this.#releasedTo, CHUNK);
    if (epoch !== this.#epoch) return true;
    this.#areReleasedRead = found.length === 0;
    for (const stored of found) {
      this.#releasedTo = stored.released;
      this.#hold(this.#released, this.#deliveryOf(stored));
    }
    return true;
  }

  async #load(epoch: number): Promise<boolean> {
    const { lastSequence } = this.#queue;
    const found = await this.#queue.read(this.#readTo, CHUNK);
    if (epoch !== this.#epoch) return true;
    if (found.length === 0) this.#readTo = Math.max(this.#readTo, lastSequence);
    for (const stored of found) {
      this.#readTo = stored.sequence;
      if (stored.released === 0) this.#hold(this.#window, this.#deliveryOf(stored));
    }
    this.#events.onDropped(this.#trim());
    return true;
  }

  async #dropStored(): Promise<boolean> {
    const { spared, repeatedTo } = this.#marks;
    const dropped = await this.#queue.dropOldest(spared.messages, repeatedTo, this.#excess);
    this.#events.onDropped(dropped);
    return dropped > 0;
  }

  async #passStored(isPassed: (delivery: Delivery) => boolean, epoch: number): Promise<boolean> {
    this.#hasShared = false;
    for (let after = 0; ; ) {
      const found = await this.#queue.read(after, CHUNK);
      if (found.length === 0) return true;
      if (epoch !== this.#epoch) {
        this.#hasShared = true;
        return true;
      }
      for (const stored of found) {
        after = stored.sequence;
        if (stored.share === undefined) continue;
        const isTheirs = stored.qos === 2 && this.isRepeated(stored);
        if (!isTheirs && isPassed(this.#deliveryOf(stored))) this.settle(stored);
        else this.#hasShared = true;
      }
    }
  }

  #deliveryOf(stored: StoredDelivery): Delivery {
    const { message, qos, retain, identifiers, share } = stored;
    const through = share === undefined ? undefined : this.#backing.shareOf(share);
    return { message, qos, retain, identifiers, share: through, stored };
  }
}
