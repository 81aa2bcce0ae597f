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
import type { Delivery } from '../inflight.js';
import type { Backing, Bounds, DeliveryEvents } from './backing.js';
import { ReadAhead } from './read-ahead.js';
import { SentMarks } from './sent-marks.js';

/** Looked at in one go, messages. */
const CHUNK = 500;
/** An absent session may exceed its limit by one such part until the oldest are dropped on disk. */
const SLACK = 1 / 16;

export class StoredDeliveries {
  readonly #backing: Backing;
  readonly #limits: Bounds['limits'];
  readonly #store: Store;
  readonly #queue: StoredQueue;
  readonly #events: DeliveryEvents;
  readonly #ahead: ReadAhead;
  #isConnected = false;
  #isBusy = false;
  #isOver = false;
  /** Grows with each connection and its end: what was asked before is of no use. */
  #epoch = 0;
  readonly #marks: SentMarks;
  #flyingMessages = 0;
  #flyingBytes = 0;
  #hasShared = true;

  constructor(backing: Backing, { limits, memory }: Bounds, events: DeliveryEvents) {
    const { store, queue } = backing;
    this.#backing = backing;
    this.#limits = limits;
    this.#store = store;
    this.#queue = queue;
    this.#events = events;
    this.#marks = new SentMarks(backing, limits);
    this.#ahead = new ReadAhead(backing, memory);
    queue.onKept = () => events.onReady();
    queue.onLost = (first, last, messages) => {
      this.#ahead.lose(first, last);
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
    return this.#ahead;
  }

  /** Highest sequence sent so far. */
  get sentTo(): number {
    return this.#marks.sentTo;
  }

  connect(): void {
    this.#isConnected = true;
    this.#epoch++;
    this.#ahead.begin(this.size > 0 && this.#marks.repeatedTo > 0);
    this.#marks.connect();
    this.#work();
  }

  /** Everything in memory is let go; it is read again for the next connection. To be called before what is in flight lands. */
  disconnect(): void {
    this.#isConnected = false;
    this.#epoch++;
    this.#marks.disconnect(this.#flyingMessages, this.#flyingBytes);
    this.#ahead.clear();
    this.#work();
  }

  /** Lets the window go, for want of memory. @returns false when there is none */
  unload(): boolean {
    if (!this.#ahead.unload()) return false;
    this.#epoch++;
    return true;
  }

  append(delivery: Delivery): StoredDelivery {
    const { message, qos, retain, identifiers, share } = delivery;
    return this.#queue.append({ message, qos, retain, identifiers, share: share?.name });
  }

  /** It was sent at once, with nothing before it. */
  sentAtOnce({ sequence }: StoredDelivery): void {
    this.#ahead.readTo = sequence;
    this.#marks.sent(sequence);
  }

  /** An appended message has to wait. @returns how many were dropped for it at once */
  push(delivery: Delivery): number {
    if (delivery.share !== undefined) this.#hasShared = true;
    if (this.#isConnected && !this.#isBusy) this.#ahead.offer(delivery);
    const dropped = this.#trim();
    this.#work();
    return dropped;
  }

  /** The next whose PUBREL is due again; undefined: none now. */
  shiftReleased(): Delivery | undefined {
    const next = this.#ahead.released.shift();
    if (next === undefined && !this.#ahead.areReleasedRead) this.#work();
    return next;
  }

  /** The next to be sent; undefined: none now. */
  peek(): Delivery | undefined {
    const next = this.#ahead.window.peek();
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
    const next = this.#ahead.window.shift();
    if (next === undefined) return undefined;
    this.#marks.sent(next.stored!.sequence);
    if (this.#ahead.isLow) this.#work();
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
      if (this.#ahead.window.size === 0) return;
      this.#ahead.window.removeWhere((delivery) => {
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
    this.#ahead.clear();
    this.#queue.onKept = undefined;
    this.#queue.onLost = undefined;
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
    const most = this.#ahead.window.size === 0 ? 0 : this.#excess;
    if (most === 0) return 0;
    let dropped = 0;
    const isEnough = () => dropped === most || this.#ahead.window.size === 0 || this.#excess === 0;
    if (!this.isRepeated(this.#ahead.window.peek()!.stored!)) {
      for (; !isEnough(); dropped++) this.settle(this.#ahead.window.shift()!.stored!);
      return dropped;
    }
    let spared = this.#marks.spared.messages;
    this.#ahead.window.removeWhere(({ qos, stored }) => {
      if (dropped === most || this.#excess === 0 || (this.isRepeated(stored!) && (spared-- > 0 || qos === 2)))
        return false;
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
      const { areReleasedRead, released, isLow } = this.#ahead;
      if (!areReleasedRead) {
        if (released.size === 0) this.#run((epoch) => this.#loadReleased(epoch));
      } else if (isLow && this.size > 0) this.#run((epoch) => this.#load(epoch));
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
    await this.#ahead.loadReleased(this.#marks.repeatedTo, () => epoch === this.#epoch);
    return true;
  }

  async #load(epoch: number): Promise<boolean> {
    if (await this.#ahead.load(() => epoch === this.#epoch)) this.#events.onDropped(this.#trim());
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
        if (!isTheirs && isPassed(this.#ahead.deliveryOf(stored))) this.settle(stored);
        else this.#hasShared = true;
      }
    }
  }
}
