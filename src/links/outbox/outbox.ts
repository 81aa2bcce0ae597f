/**
 * What a link has accepted and its far side has not taken: all of it in the store, the next of it in memory while the link
 * is connected.
 *
 *   accept ─▶ store ─────────────────────────────────────────▶ settle, drop
 *               ├─ read ─▶ history: in order ─┐
 *               └─ at once ─▶ live ───────────┴─▶ next ─▶ in flight ─┘
 *
 * Rules: messages of one topic for one target leave in their order; a live message passes the backlog only when nothing of
 * its topic waits there, and never at QoS 2, whose identifiers must come in order after a crash; a link that is away keeps
 * nothing in memory; one question to the store at a time.
 */
import type { Clock } from '../../core/clock.js';
import type { OutboxConfig } from '../../core/config.js';
import type { GatewayError } from '../../core/errors.js';
import type { Message, QoS } from '../../core/message.js';
import type { StoredDelivery, StoredQueue } from '../../core/store.js';
import type { Books } from './books.js';
import { Classes } from './classes.js';
import { type Item, itemOf, labelOf, priorityOf, slotOf, slotOfTopic } from './item.js';
import type { Keeping } from './keeping.js';
import { Lane } from './lane.js';
import type { Losses } from './losses.js';
import { Oldest } from './oldest.js';
import { Trimmer } from './trimmer.js';

/** In a lane. */
const MOST_MESSAGES = 3_000;
const MOST_BYTES = 2 * 1024 * 1024;
/** Of the live lane: what is behind that is history. */
const MOST_LIVE = 1_000;
/** Read in one go, messages. */
const CHUNK = 1_000;
const SURVEY_CHUNK = 20_000;
/** More cannot have been in flight when the gateway was killed: no window is larger. */
export const MAX_WINDOW = 1_000;

/** How a message is kept and sent. */
export interface Terms {
  readonly qos: QoS;
  /** What its target is known by. */
  readonly tag: string;
  /** Messages of one topic and one key stay in order. */
  readonly key: string;
  /** 0 to 9. */
  readonly priority: number;
  /** Its route does not send now: see {@link Outbox.setAside}. */
  readonly isHeldBack: boolean;
}

export interface OutboxOptions {
  readonly queue: StoredQueue;
  readonly keeping: Keeping;
  readonly config: OutboxConfig;
  readonly clock: Clock;
  readonly books: Books;
  readonly losses: Losses;
  /** {@link Outbox.next} may have something, a release is on disk, or there is room again. */
  readonly onReady: () => void;
  /** Nothing is left that was accepted before this connection. */
  readonly onCaughtUp?: (() => void) | undefined;
}

export class Outbox {
  readonly #options: OutboxOptions;
  readonly #queue: StoredQueue;
  readonly #classes = new Classes();
  readonly #history = new Lane();
  readonly #live = new Lane();
  /** Sequences of all that is in memory, in flight included. */
  readonly #held = new Map<number, Item>();
  readonly #trimmer: Trimmer;
  readonly #oldest: Oldest;
  #isConnected = false;
  #isBusy = false;
  #isOver = false;
  /** Settled in the batch that is not on its way yet, or since the store was asked: its answer may still have them. */
  readonly #gone = new Set<number>();
  /** The batch of those. */
  #goneBatch = 0;
  /** Of what was lost in {@link #lost}, still in flight. */
  #flyingLost = 0;
  /** Of the last message accepted before this connection. */
  #connectedAt = 0;
  /** Of those so many are left. */
  #before = 0;
  /** Nothing may be taken before it is known what is there. */
  #isSurveyed: boolean;
  /** Of the next messages of the queue so many may have been sent before the start. */
  #unsure: number;
  /** Grows with whatever makes an answer of the store useless. */
  #epoch = 0;
  #isLiveNext = false;

  constructor(options: OutboxOptions) {
    const { queue, books } = options;
    this.#options = options;
    this.#queue = queue;
    this.#oldest = new Oldest(queue);
    this.#isSurveyed = queue.messages === 0;
    this.#unsure = queue.messages === 0 ? 0 : MAX_WINDOW;
    books.found = queue.messages;
    this.#trimmer = new Trimmer({
      ...options,
      classes: this.#classes,
      isHeld: (sequence) => this.#held.has(sequence) || this.#gone.has(sequence),
      spared: () => this.#unsure,
      drop: (stored, reason) => this.#dropStored(stored, reason),
      begin: () => this.#beginTrim(),
      end: () => {
        this.#answered();
        this.#work();
        options.onReady();
      },
    });
    queue.onKept = () => options.onReady();
    queue.onLost = (first, last, messages) => this.#lost(first, last, messages);
  }

  get messages(): number {
    return this.#queue.messages + this.#flyingLost;
  }

  get bytes(): number {
    return this.#queue.bytes;
  }

  /** Why the policy is at work; undefined: it is not. */
  get fault(): GatewayError | undefined {
    return this.#trimmer.fault;
  }

  /** Something could be sent that is not in flight. */
  get isWaiting(): boolean {
    return this.#isBusy || this.#history.size + this.#live.size > 0 || this.#classes.toRead !== undefined;
  }

  /** Reads what was left by an earlier run. @returns what the far side has and whose release is due, in that order */
  async begin(): Promise<readonly Item[]> {
    const released: Item[] = [];
    for (let after = 0; this.#queue.messages > 0; ) {
      const found = await this.#queue.readReleased(Number.MAX_SAFE_INTEGER, after, CHUNK);
      if (found.length === 0) break;
      for (const stored of found) {
        after = stored.released;
        const item = itemOf(stored, true);
        this.#held.set(stored.sequence, item);
        released.push(item);
      }
    }
    for (let after = 0; !this.#isSurveyed; ) {
      const { lastSequence, labels } = await this.#queue.survey(after, SURVEY_CHUNK);
      for (const { label, messages, lastSequence: last } of labels) {
        const one = this.#classes.of(priorityOf(label));
        one.messages += messages;
        one.lastSequence = Math.max(one.lastSequence, last);
        this.#classes.mark(slotOf(label), one.priority, last);
      }
      after = lastSequence;
      if (lastSequence === 0) this.#isSurveyed = true;
    }
    this.#trimmer.start();
    this.#work();
    return released;
  }

  /** @returns false when the message is dropped */
  accept(message: Message, { qos, tag, key, priority: wanted, isHeldBack }: Terms): boolean {
    const { keeping, books } = this.#options;
    books.received++;
    if (keeping.refusal !== undefined) {
      // Its publisher is told, and will come again.
      books.drop('not-kept');
      return false;
    }
    const slot = slotOfTopic(message.topic, key);
    const priority = this.#classes.priorityFor(slot, wanted);
    const refused = this.#trimmer.refuses(priority);
    if (refused) {
      this.#lose(message, 'drop-new');
      return false;
    }
    this.#oldest.append(message.receivedAt);
    if (this.#queue.messages === 0) this.#classes.clear();
    const label = labelOf(priority, slot);
    const delivery = { message, qos, retain: message.retain, identifiers: [], share: tag, label };
    this.#offer(this.#queue.append(delivery), slot, isHeldBack);
    this.#trimmer.check();
    return true;
  }

  /** A message that is not even kept. @returns false */
  refuse(message: Message, qos: QoS, reason: string): false {
    this.#options.books.received++;
    if (qos > 0) this.#lose(message, reason);
    else this.#options.books.drop(reason);
    return false;
  }

  connect(): void {
    this.#isConnected = true;
    this.#connectedAt = this.#queue.lastSequence;
    this.#before = this.#queue.messages;
    if (this.#before === 0) this.#options.onCaughtUp?.();
    this.#epoch++;
    this.#work();
  }

  /** What waits in memory is let go, and read again; what was taken by {@link next} stays with its taker. */
  disconnect(): void {
    this.#isConnected = false;
    this.rewind();
  }

  /** Reads from the beginning again, e.g. because what was set aside may go now. */
  rewind(): void {
    this.#epoch++;
    for (const lane of [this.#history, this.#live]) {
      for (const { stored } of lane.takeAll()) {
        this.#held.delete(stored.sequence);
        this.#classes.mark(slotOf(stored.label), priorityOf(stored.label), stored.sequence);
      }
    }
    this.#classes.rewind();
    this.#work();
  }

  /**
   * The next to be sent; it stays until {@link take}.
   *
   * @param mayBacklog - whether the backlog may go on
   * @param maximumQoS - of the far side
   */
  peek(mayBacklog: boolean, maximumQoS: QoS): Item | undefined {
    const { order } = this.#options.config.drain;
    const history = this.#history.peek();
    const live = this.#live.peek();
    let next = history?.isBacklog && !mayBacklog ? undefined : history;
    if (live !== undefined) {
      // Of one topic the earlier is never in the history when the later is live, but it may be the other way round.
      const isDue =
        order !== 'interleaved' || this.#isLiveNext || live.stored.sequence < (history?.stored.sequence ?? 0);
      if (next === undefined || isDue) next = live;
    }
    if (next === undefined) return undefined;
    const isExact = next.stored.qos === 2 && maximumQoS === 2;
    return isExact && !this.#options.keeping.isKept(next.stored.batch) ? undefined : next;
  }

  /** Takes what {@link peek} gave; it is settled, dropped or set aside later. */
  take(item: Item): void {
    const isLive = this.#live.peek() === item;
    const lane = isLive ? this.#live : this.#history;
    lane.shift();
    this.#isLiveNext = !isLive;
    if (!isLive) {
      const one = this.#classes.of(priorityOf(item.stored.label));
      one.sentTo = Math.max(one.sentTo, item.stored.sequence);
    }
    this.#work();
  }

  /** Taken, but not sent: it waits on disk until {@link rewind}. */
  setAside({ stored, isLost }: Item): void {
    if (isLost) return;
    this.#held.delete(stored.sequence);
    this.#classes.mark(slotOf(stored.label), priorityOf(stored.label), stored.sequence);
  }

  /** The far side has it. */
  settle(item: Item): void {
    this.#options.books.delivered++;
    this.#remove(item);
  }

  /** It will never arrive there. */
  drop(item: Item, reason: string): void {
    if (this.#remove(item)) this.#lose(item.stored.message, reason);
    else this.#options.books.drop(reason);
  }

  /** Its route says nothing of it: nothing is lost. */
  leaveOut(item: Item): void {
    this.#remove(item);
    this.#options.books.drop('not-good');
  }

  /** QoS 2: PUBREC came. @returns the batch: see {@link Keeping.isKept} */
  release(item: Item): number {
    return item.isLost ? 0 : this.#queue.release(item.stored);
  }

  /** QoS 2: the far side knows nothing of it any more. @returns as {@link release} */
  unrelease(item: Item): number {
    return item.isLost ? 0 : this.#queue.unrelease(item.stored);
  }

  /** When the oldest was accepted, Unix ms; null: none waits. */
  get oldestAt(): number | null {
    // What was held first is the oldest, or nearly so.
    for (const { stored } of this.#held.values()) return this.#oldest.at(stored);
    return this.#oldest.at(undefined);
  }

  /** The link stops: what is on disk stays. */
  close(): void {
    this.#isOver = true;
    this.#isConnected = false;
    this.#epoch++;
    this.#trimmer.close();
    this.#queue.onKept = undefined;
    this.#queue.onLost = undefined;
  }

  #offer(stored: StoredDelivery, slot: number, isHeldBack: boolean): void {
    const one = this.#classes.of(priorityOf(stored.label));
    const { sequence } = stored;
    const isReadUp = one.readTo >= one.lastSequence || one.messages === 0;
    const isAlone = this.#history.backlog === 0 && this.#classes.toRead === undefined;
    one.messages++;
    one.lastSequence = sequence;
    const isInMemory = this.#isConnected && this.#isSurveyed && !isHeldBack;
    const mayPass =
      isInMemory &&
      this.#options.config.drain.order !== 'history-first' &&
      stored.qos === 1 &&
      this.#live.size < MOST_LIVE &&
      this.#live.bytes < MOST_BYTES &&
      this.#classes.isFree(slot);
    if (isInMemory && !this.#isBusy && isReadUp && hasRoom(this.#history) && (isAlone || !mayPass)) {
      this.#hold(this.#history, itemOf(stored, false));
    } else if (mayPass) {
      this.#hold(this.#live, itemOf(stored, false));
      if (isReadUp) one.readTo = sequence;
      return;
    } else if (!isHeldBack || !isReadUp || !this.#isConnected) {
      this.#classes.mark(slot, one.priority, sequence);
      return;
    }
    this.#classes.mark(slot, one.priority, sequence);
    one.readTo = sequence;
  }

  #hold(lane: Lane, item: Item): void {
    lane.push(item);
    this.#held.set(item.stored.sequence, item);
  }

  /** @returns whether it was in the store */
  #remove(item: Item): boolean {
    if (item.isLost) {
      this.#flyingLost--;
      return false;
    }
    this.#held.delete(item.stored.sequence);
    this.#goes(item.stored.sequence);
    this.#classes.of(priorityOf(item.stored.label)).messages--;
    this.#queue.settle(item.stored);
    return true;
  }

  #dropStored(stored: StoredDelivery, reason: string): void {
    this.#classes.of(priorityOf(stored.label)).messages--;
    this.#goes(stored.sequence);
    this.#queue.settle(stored);
    this.#lose(stored.message, reason);
  }

  #lose(message: Message, reason: string): void {
    const { books, losses } = this.#options;
    if (reason === 'expired') books.expired++;
    else books.drop(reason);
    losses.lose(reason, message.topic, message.receivedAt);
  }

  /** A batch could not be written: these are not in the store any more, and their publishers were told. */
  #lost(first: number, last: number, lost: number): void {
    let messages = lost;
    for (const lane of [this.#history, this.#live]) {
      for (const { stored } of lane.remove(first, last)) this.#held.delete(stored.sequence);
    }
    for (const [sequence, item] of this.#held) {
      if (sequence < first || sequence > last) continue;
      // In flight: what became of it is counted when its acknowledgement comes.
      item.isLost = true;
      this.#held.delete(sequence);
      this.#flyingLost++;
      messages--;
    }
    this.#options.books.drop('not-kept', messages);
  }

  /** What waits in the history goes back to the disk: the oldest must not be spared because they are next. */
  #beginTrim(): boolean {
    if (this.#isBusy || this.#isOver || !this.#isSurveyed) return false;
    this.#isBusy = true;
    if (this.#history.size > 0) this.rewind();
    return true;
  }

  #answered(): void {
    this.#isBusy = false;
  }

  /** Said before it is settled. */
  #goes(sequence: number): void {
    const { batchNumber } = this.#options.keeping;
    if (batchNumber !== this.#goneBatch && !this.#isBusy) {
      this.#gone.clear();
      this.#goneBatch = batchNumber;
    }
    this.#gone.add(sequence);
    if (this.#isConnected && sequence <= this.#connectedAt && --this.#before === 0) this.#options.onCaughtUp?.();
  }

  /** The next question to the store, if there is one. Not at once: what belongs together must be said before. */
  #work(): void {
    if (this.#isBusy || this.#isOver || !this.#isConnected || !this.#isSurveyed) return;
    if (this.#history.size > MOST_MESSAGES - CHUNK || this.#history.bytes > MOST_BYTES / 2) return;
    if (this.#classes.toRead === undefined) return;
    this.#isBusy = true;
    queueMicrotask(() => {
      const epoch = this.#epoch;
      const done = (isProgress: boolean) => {
        this.#answered();
        if (this.#isOver) return;
        this.#options.onReady();
        this.#trimmer.check();
        if (isProgress) this.#work();
      };
      this.#load(epoch).then(done, () => done(false));
    });
  }

  async #load(epoch: number): Promise<boolean> {
    const one = this.#classes.toRead;
    if (one === undefined) return false;
    const { lastSequence } = this.#queue;
    const only = this.#classes.filterOf(one);
    // Far from the end nothing is missed by not waiting for what was just said.
    const isLoose = one.lastSequence - one.readTo > 2 * CHUNK && only === undefined;
    let found = await this.#queue.read(one.readTo, CHUNK, only, isLoose);
    if (isLoose && found.length === 0 && epoch === this.#epoch) found = await this.#queue.read(one.readTo, CHUNK, only);
    if (epoch !== this.#epoch || this.#isOver) return true;
    for (const stored of found) {
      if (this.#held.has(stored.sequence) || this.#gone.has(stored.sequence)) continue;
      const isBacklog = stored.sequence <= this.#connectedAt || one.messages > MOST_LIVE;
      const item = itemOf(stored, isBacklog);
      if (this.#unsure > 0) {
        this.#unsure--;
        item.wasSent = true;
      }
      this.#hold(this.#history, item);
    }
    one.readTo = Math.max(one.readTo, found.at(-1)?.sequence ?? lastSequence);
    return true;
  }
}

function hasRoom(lane: Lane): boolean {
  return lane.size < MOST_MESSAGES && lane.bytes < MOST_BYTES;
}
