/**
 * Bytes to one socket: one write per turn of the event loop (or per full block), one at a time, so that progress is seen.
 *
 *   push ───▶ frames ─(end of turn)─▶ block ≤ 64 KiB, of several frames or of one ─▶ write ─▶ callback ─▶ next block
 *   append ─▶ slab ─▶ as one frame
 *
 * Most connections are idle: what only a busy or a slow one needs is made when it is needed (test/bench G).
 */
import type { Duplex } from 'node:stream';
import type { Flushable, Flushes } from './fast/flushes.js';
import { SLAB_BYTES, type Slab, type Slabs } from './fast/slabs.js';
import { FrameQueue, framesOf } from './frame-queue.js';
import type { SocketMemory } from './limits/socket-memory.js';
import { type SlowLimits, SlowWatch, type Watched } from './slow-watch.js';

const BLOCK_BYTES = 64 * 1024;
const MIN_BLOCK_BYTES = 4 * 1024;
/** Shorter packets are copied to where others are put together. */
const SMALL_BYTES = 256;
const NOTHING = Buffer.alloc(0);

/** What all writers of a broker have in common. */
export interface WriterContext extends SlowLimits {
  /** Bytes waiting from which on the receiver counts as congested, however much is free in {@link memory}. */
  readonly congestedBytes: number;
  /** Where what waits is counted. */
  readonly memory: SocketMemory;
  readonly flushes: Flushes;
  readonly slabs: Slabs;
}

/** What the stream does with what it is given. lent: it may be changed after the callback; kept: it may be handed on as it is. */
export type StreamKind = 'lent' | 'kept';

/** A stream that asks for no callback where the system takes everything at once (listeners/direct-socket.ts). */
interface Prompt extends Duplex {
  /** @returns whether all of it is written, and may be changed */
  writeNow(bytes: Buffer): boolean;
  readonly unsentBytes: number;
}

export interface WriterOwner {
  /** Congested before, half of it free now. */
  drained(): void;
  stalled(): void;
  tooSlow(): void;
}

export class SocketWriter implements Flushable, Watched {
  readonly #stream: Duplex;
  readonly #prompt: Prompt | undefined;
  readonly #kind: StreamKind;
  readonly #context: WriterContext;
  readonly #owner: WriterOwner;
  #queue: FrameQueue | undefined;
  /** Where packets are put together that come after those of the queue. */
  #slab: Slab | undefined;
  /** Of a frame larger than a block, what is not yet written. */
  #rest: Buffer | undefined;
  #waitingBytes = 0;
  #writingBytes = 0;
  #isDue = false;
  #isCongested = false;
  /** Nothing more is taken: it ends, or is closed. */
  #isEnding = false;
  #isClosed = false;
  #watch: SlowWatch | undefined;
  #lookAgain: (() => void) | undefined;
  #written: ((error?: Error | null) => void) | undefined;

  constructor(stream: Duplex, kind: StreamKind, context: WriterContext, owner: WriterOwner) {
    this.#stream = stream;
    this.#prompt = 'writeNow' in stream ? (stream as Prompt) : undefined;
    this.#kind = kind;
    this.#context = context;
    this.#owner = owner;
  }

  get isCongested(): boolean {
    return this.#isCongested;
  }

  get isWriting(): boolean {
    return this.#writingBytes > 0;
  }

  /** Not yet taken by the stream: packets not begun, and all bytes. */
  get waiting(): { packets: number; bytes: number } {
    const slab = this.#slab;
    const inSlab = slab === undefined ? 0 : framesOf(slab.bytes.subarray(slab.start, slab.end)).length;
    return { packets: inSlab + (this.#queue?.packets ?? 0), bytes: this.#waitingBytes + this.#writingBytes };
  }

  flush(): void {
    this.#isDue = false;
    this.#write();
  }

  stalled(): void {
    this.#owner.stalled();
  }

  tooSlow(): void {
    this.#owner.tooSlow();
  }

  /** QoS 0 messages that wait. */
  get droppable(): number {
    return (this.#slab?.messages ?? 0) + (this.#queue?.droppable ?? 0);
  }

  /**
   * Whether there is room for one more frame of this size in what all connections share; if not, the receiver counts as
   * congested until there is.
   */
  hasRoomFor(bytes: number): boolean {
    if (bytes <= BLOCK_BYTES || this.#context.memory.fits(bytes)) return true;
    this.#congested();
    this.#context.memory.wait(bytes, this.#onRoom);
    return false;
  }

  /** Drops QoS 0 messages that wait, the oldest first, until so many bytes are free of them. @returns how many */
  dropOldest(bytes: number): number {
    this.#closeSlab();
    if (this.#queue === undefined) return 0;
    const dropped = this.#queue.dropOldest(bytes);
    this.#waitingBytes -= dropped.bytes;
    this.#context.memory.remove(dropped.bytes);
    return dropped.messages;
  }

  /** @param identifier - Packet Identifier to be filled in at `offset`; the frame itself may be shared and stays as it is */
  push(frame: Buffer, identifier = 0, offset = 0): void {
    if (this.#isEnding) return;
    const { length } = frame;
    const slab = identifier === 0 && length < SMALL_BYTES ? this.#slabFor(length) : undefined;
    if (slab !== undefined) slab.add(frame, 0, length, 0);
    else {
      this.#closeSlab();
      this.#frames.push(frame, identifier, offset);
    }
    this.#added(length);
  }

  /** PUBLISH packets of QoS 0, one behind the other; the bytes may be shared and stay as they are. Only if {@link takes}. */
  pushRun(packets: Buffer, messages: number): void {
    if (this.#isEnding) return;
    this.#closeSlab();
    this.#frames.pushRun(packets, messages);
    this.#count(packets.length);
  }

  /** Whether the receiver is behind, and so much waits that a run of so many bytes can take the place of it. */
  isBehind(bytes: number): boolean {
    return this.#isCongested && bytes * 2 <= this.#waitingBytes;
  }

  /** Whether it may be given so many bytes at once without becoming congested by them. */
  takes(bytes: number): boolean {
    if (bytes > BLOCK_BYTES || this.#isCongested) return false;
    const pending = this.#waitingBytes + this.#writingBytes + bytes;
    // Mostly: so much is its own (test/bench F).
    if (this.#writingBytes === 0 && pending <= BLOCK_BYTES) return pending < this.#context.congestedBytes;
    return pending < this.#context.congestedBytes && pending <= this.#room(bytes);
  }

  /**
   * Copies packets from `source`. Only if {@link takes}, or if as much was dropped for it.
   *
   * @param messages - how many of them are PUBLISH of QoS 0
   */
  append(source: Buffer, start: number, end: number, messages: number): void {
    if (this.#isEnding) return;
    this.#copy(source, start, end, messages);
    this.#count(end - start);
  }

  /**
   * Where packets can be put together that are {@link appended} then. Only if {@link takes}.
   *
   * @returns undefined: one by one only
   */
  slabFor(bytes: number): Slab | undefined {
    if (this.#isEnding) return undefined;
    const slab = this.#slab;
    // While memory is short, one that has room for some of them is filled up.
    const isShort = slab !== undefined && !slab.fits(bytes) && this.#context.memory.share < SLAB_BYTES;
    return isShort ? undefined : this.#slabFor(bytes);
  }

  /** So many bytes are in the slab that was asked for. */
  appended(bytes: number): void {
    this.#count(bytes);
  }

  /** Copies one PUBLISH of QoS 0, as {@link push} takes it: the receiver may be congested then. */
  appendOne(source: Buffer, start: number, end: number): void {
    if (this.#isEnding) return;
    this.#copy(source, start, end, 1);
    this.#added(end - start);
  }

  #copy(source: Buffer, start: number, end: number, messages: number): void {
    const slab = this.#slabFor(end - start);
    if (slab !== undefined) slab.add(source, start, end, messages);
    else this.#frames.pushRun(Buffer.from(source.subarray(start, end)), messages);
  }

  /** Copies one PUBLISH, with another Packet Identifier at `offset`. Only if {@link takes}. */
  appendIdentified(source: Buffer, start: number, end: number, offset: number, identifier: number): void {
    if (this.#isEnding) return;
    const slab = this.#slabFor(end - start);
    let target: Buffer;
    let at = offset;
    if (slab !== undefined) {
      target = slab.bytes;
      at += slab.add(source, start, end, 0);
    } else {
      target = Buffer.from(source.subarray(start, end));
      this.#frames.pushRun(target, 0);
    }
    target[at] = identifier >> 8;
    target[at + 1] = identifier & 0xff;
    this.#count(end - start);
  }

  /** A packet of four bytes. */
  append4(first: number, high: number, low: number): void {
    if (this.#isEnding) return;
    const slab = this.#slabFor(4);
    if (slab !== undefined) slab.add4(first, high, low);
    else this.#frames.pushRun(Buffer.of(first, 2, high, low), 0);
    this.#added(4);
  }

  get #frames(): FrameQueue {
    this.#queue ??= new FrameQueue();
    return this.#queue;
  }

  /** @returns where so many bytes fit; undefined: nowhere, they are a frame of their own */
  #slabFor(bytes: number): Slab | undefined {
    const slab = this.#slab;
    return slab?.fits(bytes) ? slab : this.#nextSlab(bytes);
  }

  #nextSlab(bytes: number): Slab | undefined {
    if (this.#kind === 'kept') return undefined;
    const { slabs, memory } = this.#context;
    if (this.#slab !== undefined) {
      this.#closeSlab();
      // Written at once, it can be used again.
      this.#write();
      if (this.#slab !== undefined) slabs.forget();
    }
    // While memory is short, nobody keeps a slab for what fills a part of it.
    const isFree = bytes <= SLAB_BYTES && memory.share >= SLAB_BYTES;
    this.#slab = isFree ? slabs.take() : undefined;
    return this.#slab;
  }

  /** What is in the slab becomes a frame, the last one. */
  #closeSlab(): void {
    const slab = this.#slab;
    if (slab === undefined || slab.isEmpty) return;
    const { messages } = slab;
    this.#frames.pushRun(slab.take(), messages);
  }

  #added(bytes: number): void {
    this.#count(bytes);
    const pending = this.#waitingBytes + this.#writingBytes;
    if (pending >= this.#context.congestedBytes || pending > this.#room(0)) this.#congested();
  }

  #count(bytes: number): void {
    this.#waitingBytes += bytes;
    const { memory, flushes } = this.#context;
    memory.add(bytes);
    if (this.#writingBytes > 0) return;
    // A full block gains nothing by waiting, and one turn can bring many.
    if (this.#waitingBytes >= BLOCK_BYTES) this.#write();
    else if (!this.#isDue) {
      this.#isDue = true;
      flushes.add(this);
    } else flushes.addMore();
  }

  /** Writes what waits, then ends the stream. Nothing more is taken. */
  end(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#write();
  }

  /** Writes everything at once and ends the stream, waiting for nobody. @returns whether the peer took it all */
  endNow(): boolean {
    if (this.#isClosed) return true;
    const stream = this.#stream;
    for (let block = this.#nextBlock(); block !== undefined; block = this.#nextBlock()) stream.write(block);
    stream.end();
    this.close();
    return (this.#prompt?.unsentBytes ?? stream.writableLength) === 0;
  }

  /** Forgets what waits; the stream is gone or will be destroyed. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#isEnding = true;
    const { memory, slabs } = this.#context;
    if (this.#lookAgain !== undefined) memory.forget(this.#lookAgain);
    memory.remove(this.#waitingBytes + this.#writingBytes);
    this.#watch?.close();
    this.#queue = undefined;
    this.#rest = undefined;
    // It may be being written.
    if (this.#slab !== undefined) slabs.forget();
    this.#slab = undefined;
  }

  #write(): void {
    if (this.#isClosed || this.#writingBytes > 0) return;
    const stream = this.#stream;
    const prompt = this.#prompt;
    for (let block = this.#nextBlock(); block !== undefined; block = this.#nextBlock()) {
      this.#writingBytes = block.length;
      this.#waitingBytes -= block.length;
      if (prompt === undefined) {
        this.#slow.progress();
        stream.write(block, this.#onWritten);
        if (stream.writableLength > 0 && !this.#isClosed) this.#slow.waits();
        return;
      }
      if (!prompt.writeNow(block)) {
        this.#slow.progress();
        // Called when the block before it is through.
        stream.write(NOTHING, this.#onWritten);
        if (!this.#isClosed) this.#slow.waits();
        return;
      }
      this.#taken();
      if (this.#isClosed) return;
    }
    if (!this.#isEnding) {
      if (prompt !== undefined) this.#giveSlabBack();
    } else if (!stream.writableEnded) stream.end();
  }

  /** The system took all of it at once, and no callback was asked for (test/bench E). */
  #taken(): void {
    this.#context.memory.remove(this.#writingBytes);
    this.#writingBytes = 0;
    // Not within the write: whoever goes on then writes, too.
    if (this.#isCongested) process.nextTick(this.#onRoom);
  }

  #nextBlock(): Buffer | undefined {
    const block = this.#rest ?? this.#nextFrames();
    if (block === undefined || block.length <= BLOCK_BYTES) {
      this.#rest = undefined;
      return block;
    }
    this.#rest = block.subarray(BLOCK_BYTES);
    return block.subarray(0, BLOCK_BYTES);
  }

  #nextFrames(): Buffer | undefined {
    const queue = this.#queue;
    if (queue === undefined || queue.isEmpty) {
      // Nothing but the slab: it need not be queued.
      const slab = this.#slab;
      return slab === undefined || slab.isEmpty ? undefined : slab.take();
    }
    this.#closeSlab();
    // A joined block is a copy: while memory is short it must not be larger than what each may have.
    return queue.take(Math.max(MIN_BLOCK_BYTES, Math.min(BLOCK_BYTES, this.#context.memory.share)));
  }

  get #onWritten(): (error?: Error | null) => void {
    this.#written ??= (error) => this.#wrote(error);
    return this.#written;
  }

  #wrote(error: Error | null | undefined): void {
    if (this.#isClosed) return;
    const taken = this.#writingBytes;
    // The stream reports the error itself, and closes.
    if (error) {
      this.close();
      return;
    }
    this.#writingBytes = 0;
    this.#context.memory.remove(taken);
    this.#slow.progress();
    this.#write();
    if (this.#writingBytes === 0 && this.#waitingBytes === 0) this.#giveSlabBack();
    this.#checkDrained();
  }

  /** Nothing waits, nothing is being written. */
  #giveSlabBack(): void {
    if (this.#slab === undefined) return;
    this.#context.slabs.giveBack(this.#slab);
    this.#slab = undefined;
  }

  /** What may wait, once `more` is added: as long as the stream has taken all so far, a write of it is no burden on anybody. */
  #room(more: number): number {
    const share = this.#context.memory.shareAfter(more);
    return this.#writingBytes > 0 ? share : Math.max(share, BLOCK_BYTES);
  }

  get #slow(): SlowWatch {
    this.#watch ??= new SlowWatch(this.#context, this);
    return this.#watch;
  }

  #congested(): void {
    if (this.#isCongested) return;
    this.#isCongested = true;
    this.#slow.congested();
  }

  get #onRoom(): () => void {
    this.#lookAgain ??= () => this.#checkDrained();
    return this.#lookAgain;
  }

  #checkDrained(): void {
    if (!this.#isCongested || this.#isClosed) return;
    const { congestedBytes, memory } = this.#context;
    const pending = this.#waitingBytes + this.#writingBytes;
    if (pending > 0 && pending > Math.min(congestedBytes, memory.share) / 2) return;
    this.#isCongested = false;
    this.#slow.drained();
    this.#owner.drained();
  }
}
