/**
 * The limits of an outbox: by number, bytes, age and what is free on the disk, and what goes when they are reached. The least
 * important priority goes first; what is in flight, or may have been sent at QoS 2 before the start, stays.
 *
 * The oldest are read before they go, because the loss record says what they were; until then the outbox exceeds its limit
 * by {@link SLACK}, and beyond that new messages are dropped.
 */
import type { Clock, Timer } from '../../core/clock.js';
import type { OutboxConfig } from '../../core/config.js';
import type { GatewayError } from '../../core/errors.js';
import type { StoredDelivery, StoredQueue } from '../../core/store.js';
import { linkError } from '../errors.js';
import type { Classes } from './classes.js';
import type { Keeping } from './outbox.js';
import { Thinning } from './thinning.js';

/** Read in one go, messages. */
const CHUNK = 1_000;
const SLACK = 1 / 50;
const SLACK_MESSAGES = 1_000;
const SLACK_BYTES = 1024 * 1024;
/** Thinning goes on until so much of the limit is left. */
const THINNED = 0.9;
/** The alarm ends when there is so much room again. */
const RELIEVED = 0.95;
const MIN_SWEEP = 1_000;
const MAX_SWEEP = 60_000;
/** Received before the clock was set: its age is not known. Unix ms. */
const CLOCK_FLOOR = Date.UTC(2020, 0, 1);

export interface TrimmerOptions {
  readonly queue: StoredQueue;
  readonly keeping: Keeping;
  readonly config: OutboxConfig;
  readonly clock: Clock;
  readonly classes: Classes;
  isHeld(sequence: number): boolean;
  /** Of so many of the oldest at QoS 2 it is not known whether they were sent. */
  spared(): number;
  drop(stored: StoredDelivery, reason: string): void;
  /** Nobody else asks the store until {@link end}. @returns false: not now */
  begin(): boolean;
  end(): void;
}

/** Whether a message waits for longer than it may. @param now - Unix ms */
export function isTooOld(receivedAt: number, maxAge: number | undefined, now: number): boolean {
  return maxAge !== undefined && receivedAt >= CLOCK_FLOOR && now - receivedAt > maxAge;
}

export class Trimmer {
  readonly #options: TrimmerOptions;
  #timer: Timer | undefined;
  #isOver = false;
  /** Messages at the moment the disk became short. */
  #shortAt: number | undefined;
  #isFull = false;
  #thinning: Thinning | undefined;
  /** Of the running pass: all up to here were looked at. */
  #thinnedTo = 0;
  #isFruitful = false;
  /** All that was there had to stay: there is nothing to try before another message comes. */
  #fruitlessAt = 0;
  /** A whole pass gained nothing: not before there are messages behind this. */
  #notBefore = 0;

  constructor(options: TrimmerOptions) {
    this.#options = options;
  }

  get fault(): GatewayError | undefined {
    const { queue, config } = this.#options;
    if (!this.#isFull) return undefined;
    const { messages, bytes } = queue;
    const isShort = this.#isShort;
    const text = `${messages} messages (${bytes} bytes) wait for the far side${isShort ? ', and the disk is nearly full' : ''}`;
    return linkError('LINK_QUEUE_FULL', text, { details: { messages, bytes, policy: config.full } });
  }

  /** Begins to remove what is too old. */
  start(): void {
    const { maxAge } = this.#options.config;
    this.check();
    if (maxAge === undefined || this.#isOver) return;
    const wait = Math.min(MAX_SWEEP, Math.max(MIN_SWEEP, maxAge / 10));
    this.#timer = this.#options.clock.after(wait, () => {
      const again = () => this.start();
      if (this.#options.queue.messages === 0 || !this.#options.begin()) {
        again();
        return;
      }
      void this.#sweep(maxAge)
        .catch(() => {})
        .then(() => this.#options.end())
        .then(again);
    });
  }

  close(): void {
    this.#isOver = true;
    this.#timer?.cancel();
  }

  /** Asked before a message is appended. */
  refuses(priority: number): boolean {
    const { queue, config, classes } = this.#options;
    const { messages, bytes } = queue;
    const { maxMessages, maxBytes } = config;
    const isShort = this.#isShort;
    if (config.full === 'drop-new') {
      const isFull = messages >= maxMessages || bytes >= maxBytes || (isShort && messages >= this.#shortAt!);
      if (!isFull) return false;
      this.#isFull = true;
      const [least] = classes.present();
      if (least === undefined || least.priority >= priority) return true;
    }
    const most = (limit: number, slack: number) => limit + Math.max(slack, limit * SLACK);
    const limit = isShort ? Math.min(maxMessages, this.#shortAt!) : maxMessages;
    return messages >= most(limit, SLACK_MESSAGES) || bytes >= most(maxBytes, SLACK_BYTES);
  }

  /** To be called when a message was appended, and when the store has time. */
  check(): void {
    const excess = this.#excess(1);
    if (excess === 0) {
      if (this.#isFull && this.#excess(RELIEVED) === 0 && !this.#isShort) this.#isFull = false;
      return;
    }
    this.#isFull = true;
    if (this.#isOver || this.#options.queue.lastSequence <= this.#fruitlessAt || !this.#options.begin()) return;
    const end = () => this.#options.end();
    // Said before the question: the messages of this turn.
    queueMicrotask(() => void this.#trim().then(end, end));
  }

  get #isShort(): boolean {
    const { keeping, queue, config } = this.#options;
    const { freeBytes, diskBytes } = keeping.disk;
    const { bytes, share } = config.minFree;
    if (diskBytes === 0 || freeBytes >= bytes + share * diskBytes) this.#shortAt = undefined;
    else this.#shortAt ??= queue.messages;
    return this.#shortAt !== undefined;
  }

  /** Messages above this part of the limits. */
  #excess(part: number): number {
    const { queue, config } = this.#options;
    const { messages, bytes } = queue;
    if (messages === 0) return 0;
    const limit = this.#isShort ? Math.min(config.maxMessages, this.#shortAt!) : config.maxMessages;
    const tooMany = Math.max(0, messages - Math.floor(limit * part));
    const maxBytes = config.maxBytes * part;
    if (bytes <= maxBytes || messages <= 1) return tooMany;
    return Math.max(tooMany, 1, Math.min(messages - 1, Math.ceil(((bytes - maxBytes) / bytes) * messages)));
  }

  async #trim(): Promise<void> {
    const { config, queue } = this.#options;
    // Messages of an earlier run may be gone by now.
    this.#thinning = undefined;
    for (let isThinning = false; !this.#isOver; ) {
      if (this.#excess(isThinning ? THINNED : 1) === 0) return;
      isThinning = config.full === 'thin' && queue.lastSequence >= this.#notBefore;
      if (isThinning) await this.#thinOut();
      else if ((await this.#dropOldest(this.#excess(1))) === 0) {
        this.#fruitlessAt = queue.lastSequence;
        return;
      }
    }
  }

  /** @returns how many went */
  async #dropOldest(excess: number): Promise<number> {
    const { queue, classes, config } = this.#options;
    const reason = config.full === 'thin' ? 'thinned' : 'drop-oldest';
    for (const one of classes.present()) {
      let dropped = 0;
      let index = 0;
      for (let after = 0; dropped < excess; ) {
        const found = await queue.read(after, Math.min(CHUNK, excess + index + 100), classes.filterOf(one));
        if (found.length === 0) {
          // A batch that could not be written took them with it.
          if (after === 0) one.messages = 0;
          break;
        }
        after = found.at(-1)!.sequence;
        for (const stored of found) {
          if (dropped === excess) break;
          if (!this.#mayGo(stored, index++)) continue;
          this.#drop(stored, reason);
          dropped++;
        }
      }
      if (dropped > 0) return dropped;
    }
    return 0;
  }

  /** One chunk of a pass, which may go on in the next run. */
  async #thinOut(): Promise<void> {
    const { queue, classes, config } = this.#options;
    const [least] = classes.present();
    const only = least && classes.filterOf(least);
    const found = least === undefined ? [] : await queue.read(this.#thinnedTo, CHUNK, only);
    this.#thinning ??= new Thinning(config.thin);
    let enough = this.#excess(THINNED);
    for (const stored of found) {
      if (enough === 0) return;
      this.#thinnedTo = stored.sequence;
      if (!this.#mayGo(stored, 0)) continue;
      const victim = this.#thinning.add(stored);
      if (victim === undefined) continue;
      this.#drop(victim, 'thinned');
      this.#isFruitful = true;
      enough--;
    }
    if (found.length > 0) return;
    // The end of a pass: what is left is thinned out once more, unless that gains nothing.
    if (!this.#isFruitful) this.#notBefore = queue.lastSequence + config.maxMessages * (1 - THINNED);
    this.#thinning = undefined;
    this.#isFruitful = false;
    this.#thinnedTo = 0;
  }

  /** @param index - position in the queue, or before it */
  #mayGo(stored: StoredDelivery, index: number): boolean {
    const { isHeld, spared } = this.#options;
    return !isHeld(stored.sequence) && stored.released === 0 && (stored.qos < 2 || index >= spared());
  }

  #drop(stored: StoredDelivery, reason: string): void {
    const { clock, config, drop } = this.#options;
    const now = clock.now();
    const { expiresAt, receivedAt } = stored.message;
    if (expiresAt <= now) drop(stored, 'expired');
    else drop(stored, isTooOld(receivedAt, config.maxAge, now) ? 'too-old' : reason);
  }

  async #sweep(maxAge: number): Promise<void> {
    const { queue, clock, drop } = this.#options;
    for (let after = 0, index = 0; !this.#isOver; ) {
      const found = await queue.read(after, CHUNK);
      const now = clock.now();
      let dropped = 0;
      for (const stored of found) {
        after = stored.sequence;
        if (!isTooOld(stored.message.receivedAt, maxAge, now) || !this.#mayGo(stored, index++)) continue;
        drop(stored, 'too-old');
        dropped++;
      }
      if (dropped === 0) return;
    }
  }
}
