/**
 * How far the messages of one durable session were sent: what comes again, and what its limits spare.
 *
 * On disk there is one mark, ahead of what was sent, that moves in steps: up to it a message may have been sent before the
 * gateway was started.
 */
import type { Backing, Bounds } from './backing.js';

/** Of the mark, messages. */
const STEP = 1_000;

interface Amount {
  readonly messages: number;
  readonly bytes: number;
}

const NOTHING: Amount = { messages: 0, bytes: 0 };

export class SentMarks {
  readonly #backing: Pick<Backing, 'store' | 'mark'>;
  #sentTo: number;
  #repeatedTo: number;
  /** Highest sequence sent since the gateway started; {@link #sentTo} begins with what may have been sent before. */
  #surelySentTo = 0;
  /** The same, over earlier connections. */
  #surelyRepeatedTo = 0;
  #mark: number;
  #markBatch = 0;
  #spared: Amount;

  constructor(backing: Pick<Backing, 'store' | 'mark' | 'sent' | 'queue'>, limits: Bounds['limits']) {
    const { queue, sent } = backing;
    this.#backing = backing;
    // After a start the sequences go on behind the last message that is left, which may be before what was sent.
    this.#sentTo = Math.min(sent, queue.lastSequence);
    this.#repeatedTo = this.#sentTo;
    this.#mark = this.#sentTo;
    const messages = this.#repeatedTo === 0 ? 0 : Math.min(queue.messages, limits.receiveMaximum);
    this.#spared = { messages, bytes: messages === 0 ? 0 : Math.min(queue.bytes, limits.queuedBytes) };
  }

  /** Highest sequence sent so far. */
  get sentTo(): number {
    return this.#sentTo;
  }

  /** Up to here a message may have been sent over an earlier connection. */
  get repeatedTo(): number {
    return this.#repeatedTo;
  }

  /** Of what waits: was in flight over an earlier connection, as far as that is known, and is not again. */
  get spared(): Amount {
    return this.#spared;
  }

  connect(): void {
    this.#move(this.#sentTo);
  }

  /** What is in flight now will be sent again. */
  disconnect(messages: number, bytes: number): void {
    this.#repeatedTo = Math.max(this.#repeatedTo, this.#sentTo);
    this.#surelyRepeatedTo = this.#surelySentTo;
    this.#spared = { messages: this.#spared.messages + messages, bytes: this.#spared.bytes + bytes };
  }

  sent(sequence: number): void {
    if (sequence > this.#surelySentTo) this.#surelySentTo = sequence;
    // In order: of what was in flight nothing is left behind.
    if (sequence > this.#repeatedTo) this.#spared = NOTHING;
    if (sequence <= this.#sentTo) return;
    this.#sentTo = sequence;
    if (sequence > this.#mark - STEP / 2) this.#move(sequence);
  }

  /** It is in flight, again if it was before. */
  goesAgain(sequence: number, bytes: number): void {
    const { messages, bytes: spared } = this.#spared;
    if (messages === 0 || sequence > this.#repeatedTo) return;
    this.#spared = messages === 1 ? NOTHING : { messages: messages - 1, bytes: Math.max(0, spared - bytes) };
  }

  isRepeated(sequence: number): boolean {
    return sequence <= this.#repeatedTo;
  }

  /** Known to have been sent over an earlier connection; of what was sent before the start there is only a guess. */
  wasSent(sequence: number): boolean {
    return sequence <= this.#surelyRepeatedTo;
  }

  /** QoS 2: whether the disk knows that it may have been sent; if not, it will with the next commit. */
  mayBeSent(sequence: number): boolean {
    if (sequence > this.#mark) this.#move(sequence);
    return sequence <= this.#repeatedTo || this.#backing.store.isKept(this.#markBatch);
  }

  #move(sequence: number): void {
    this.#mark = sequence + STEP;
    this.#backing.mark(this.#mark);
    this.#markBatch = this.#backing.store.batchNumber;
  }
}
