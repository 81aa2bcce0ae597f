/**
 * Bytes to one socket: one write per turn of the event loop (or per full block), one at a time, so that progress is seen.
 *
 *   push ───▶ frames ─(end of turn)─▶ block ≤ 64 KiB, of several frames or of one ─▶ write ─▶ callback ─▶ next block
 *   append ─▶ slab ─▶ as one frame
 */
import type { Duplex } from 'node:stream';
import type { Clock, Timer } from '../core/clock.js';
import type { Flushable, Flushes } from './fast/flushes.js';
import { SLAB_BYTES, type Slabs } from './fast/slabs.js';
import type { SocketMemory } from './limits/socket-memory.js';

const BLOCK_BYTES = 64 * 1024;
const MIN_BLOCK_BYTES = 4 * 1024;
/** In place of a Packet Identifier: a QoS 0 PUBLISH, which may be dropped while it waits. */
export const DROPPABLE = -1;
/** The same: several PUBLISH packets of QoS 0 among others; how many is where the offset would be. */
const RUN = -2;
const NOTHING = Buffer.alloc(0);

export interface SocketWriterOptions {
  readonly stream: Duplex;
  readonly clock: Clock;
  /** Bytes waiting from which on the receiver counts as congested, however much is free in {@link memory}. */
  readonly congestedBytes: number;
  /** Where what waits is counted. */
  readonly memory: SocketMemory;
  readonly flushes: Flushes;
  /** A plain socket: what the system takes at once has been written when `write` returns. */
  readonly isDirect: boolean;
  /** undefined: the stream may keep what it is given. */
  readonly slabs: Slabs | undefined;
  /** No progress for so long while bytes wait: the receiver is stalled, ms. */
  readonly drainTimeout: number;
  /** Congested without a break for so long: the receiver is slow, ms; 0: it may be. */
  readonly congestionTimeout: number;
  /** Congested before, half of it free now. */
  readonly onDrained: () => void;
  readonly onStalled: () => void;
  readonly onSlow: () => void;
}

export class SocketWriter implements Flushable {
  readonly #options: SocketWriterOptions;
  #frames: Buffer[] = [];
  /** Packet Identifier to fill in for each frame, and where; 0: none; {@link DROPPABLE}. */
  #identifiers: number[] = [];
  #offsets: number[] = [];
  /** First frame not yet written. */
  #next = 0;
  /** No droppable frame waits before it. */
  #dropNext = 0;
  #droppable = 0;
  /** Where packets are put together, what of it is not yet among the frames, and how many of QoS 0 are in that. */
  #slab: Buffer | undefined;
  #slabStart = 0;
  #slabEnd = 0;
  #slabMessages = 0;
  /** Of a frame larger than a block, what is not yet written. */
  #rest: Buffer | undefined;
  #waitingBytes = 0;
  #writingBytes = 0;
  #isDue = false;
  #stallTimer: Timer | undefined;
  #slowTimer: Timer | undefined;
  #progressAt = 0;
  #isCongested = false;
  #isEnding = false;
  #isClosed = false;
  readonly #lookAgain = () => this.#checkDrained();
  readonly #written = (error?: Error | null) => this.#onWritten(error);

  constructor(options: SocketWriterOptions) {
    this.#options = options;
  }

  get isCongested(): boolean {
    return this.#isCongested;
  }

  /** Not yet taken by the stream: packets not begun, and all bytes. */
  get waiting(): { packets: number; bytes: number } {
    let packets =
      this.#slabEnd === this.#slabStart ? 0 : framesOf(this.#slab!.subarray(this.#slabStart, this.#slabEnd)).length;
    for (let i = this.#next; i < this.#frames.length; i++) {
      packets += this.#identifiers[i] === RUN ? framesOf(this.#frames[i]!).length : 1;
    }
    return { packets, bytes: this.#waitingBytes + this.#writingBytes };
  }

  flush(): void {
    this.#isDue = false;
    this.#write();
  }

  /** QoS 0 messages that wait. */
  get droppable(): number {
    return this.#droppable;
  }

  /**
   * Whether there is room for one more frame of this size in what all connections share; if not, the receiver counts as
   * congested until there is.
   */
  hasRoomFor(bytes: number): boolean {
    if (bytes <= BLOCK_BYTES || this.#options.memory.fits(bytes)) return true;
    this.#congested();
    this.#options.memory.wait(bytes, this.#lookAgain);
    return false;
  }

  /** Drops QoS 0 messages that wait, the oldest first, until so many bytes are free of them. @returns how many */
  dropOldest(bytes: number): number {
    let freed = 0;
    let dropped = 0;
    this.#closeSlab();
    this.#dropNext = Math.max(this.#dropNext, this.#next);
    for (; freed < bytes && this.#dropNext < this.#frames.length; this.#dropNext++) {
      if (this.#identifiers[this.#dropNext] === RUN) this.#takeApart(this.#dropNext);
      if (this.#identifiers[this.#dropNext] !== DROPPABLE) continue;
      freed += this.#frames[this.#dropNext]!.length;
      this.#frames[this.#dropNext] = NOTHING;
      this.#identifiers[this.#dropNext] = 0;
      dropped++;
    }
    this.#droppable -= dropped;
    this.#waitingBytes -= freed;
    this.#options.memory.remove(freed);
    return dropped;
  }

  /** @param identifier - Packet Identifier to be filled in at `offset`; the frame itself may be shared and stays as it is */
  push(frame: Buffer, identifier = 0, offset = 0): void {
    if (this.#isClosed || this.#isEnding) return;
    this.#closeSlab();
    this.#frames.push(frame);
    this.#identifiers.push(identifier);
    this.#offsets.push(offset);
    if (identifier === DROPPABLE) this.#droppable++;
    this.#added(frame.length);
  }

  /** PUBLISH packets of QoS 0, one behind the other; the bytes may be shared and stay as they are. Only if {@link takes}. */
  pushRun(packets: Buffer, messages: number): void {
    if (this.#isClosed || this.#isEnding) return;
    this.#closeSlab();
    this.#pushRun(packets, messages);
    this.#droppable += messages;
    this.#added(packets.length);
  }

  /** Whether it may be given so many bytes at once without becoming congested by them. */
  takes(bytes: number): boolean {
    if (bytes > BLOCK_BYTES || this.#isCongested) return false;
    const pending = this.#waitingBytes + this.#writingBytes + bytes;
    return pending < this.#options.congestedBytes && pending <= this.#room(bytes);
  }

  /**
   * Copies packets from `source`. Only if {@link takes}.
   *
   * @param messages - how many of them are PUBLISH of QoS 0
   */
  append(source: Buffer, start: number, end: number, messages: number): void {
    if (this.#isClosed || this.#isEnding) return;
    const bytes = end - start;
    this.#droppable += messages;
    const at = this.#reserve(bytes);
    if (at < 0) this.#pushRun(Buffer.from(source.subarray(start, end)), messages);
    else {
      source.copy(this.#slab!, at, start, end);
      this.#slabMessages += messages;
    }
    this.#added(bytes);
  }

  /** Copies one PUBLISH, with another Packet Identifier at `offset`. Only if {@link takes}. */
  appendIdentified(source: Buffer, start: number, end: number, offset: number, identifier: number): void {
    if (this.#isClosed || this.#isEnding) return;
    const bytes = end - start;
    let at = this.#reserve(bytes);
    let target = this.#slab!;
    if (at < 0) {
      at = 0;
      target = Buffer.from(source.subarray(start, end));
      this.#pushRun(target, 0);
    } else source.copy(target, at, start, end);
    target[at + offset] = identifier >> 8;
    target[at + offset + 1] = identifier & 0xff;
    this.#added(bytes);
  }

  /** A packet of four bytes. */
  append4(first: number, high: number, low: number): void {
    if (this.#isClosed || this.#isEnding) return;
    const at = this.#reserve(4);
    if (at < 0) this.#pushRun(Buffer.of(first, 2, high, low), 0);
    else {
      const slab = this.#slab!;
      slab[at] = first;
      slab[at + 1] = 2;
      slab[at + 2] = high;
      slab[at + 3] = low;
    }
    this.#added(4);
  }

  /** @returns where in the slab so many bytes may be put; negative: nowhere, they are a frame of their own */
  #reserve(bytes: number): number {
    if (this.#slab === undefined || this.#slabEnd + bytes > this.#slab.length) {
      if (this.#slab !== undefined) {
        this.#closeSlab();
        // Written at once, it can be used again.
        this.#write();
        if (this.#slab !== undefined) this.#options.slabs?.forget();
      }
      this.#slab = bytes > SLAB_BYTES ? undefined : this.#options.slabs?.take();
      this.#slabStart = 0;
      this.#slabEnd = 0;
      if (this.#slab === undefined) return -1;
    }
    const at = this.#slabEnd;
    this.#slabEnd += bytes;
    return at;
  }

  /** What is in the slab becomes a frame, the last one. */
  #closeSlab(): void {
    if (this.#slabEnd === this.#slabStart) return;
    this.#pushRun(this.#slab!.subarray(this.#slabStart, this.#slabEnd), this.#slabMessages);
    this.#slabStart = this.#slabEnd;
    this.#slabMessages = 0;
  }

  #pushRun(packets: Buffer, messages: number): void {
    this.#frames.push(packets);
    this.#identifiers.push(RUN);
    this.#offsets.push(messages);
  }

  /** A run becomes its frames, so that single ones can be dropped. */
  #takeApart(index: number): void {
    const frames = framesOf(this.#frames[index]!);
    const identifiers = frames.map((frame) => ((frame[0]! & 0xf6) === 0x30 ? DROPPABLE : 0));
    this.#frames.splice(index, 1, ...frames);
    this.#identifiers.splice(index, 1, ...identifiers);
    this.#offsets.splice(index, 1, ...frames.map(() => 0));
  }

  #added(bytes: number): void {
    this.#waitingBytes += bytes;
    const { memory, congestedBytes, flushes } = this.#options;
    memory.add(bytes);
    const pending = this.#waitingBytes + this.#writingBytes;
    if (pending >= congestedBytes || pending > this.#room(0)) this.#congested();
    if (this.#writingBytes > 0) return;
    // A full block gains nothing by waiting, and one turn can bring many.
    if (this.#waitingBytes >= BLOCK_BYTES) this.#write();
    else if (!this.#isDue) {
      this.#isDue = true;
      flushes.add(this);
    }
  }

  /** Writes what waits, then ends the stream. Nothing more is taken. */
  end(): void {
    if (this.#isClosed || this.#isEnding) return;
    this.#isEnding = true;
    this.#write();
  }

  /** Writes everything at once and ends the stream, waiting for nobody. @returns whether the peer took it all */
  endNow(): boolean {
    if (this.#isClosed) return true;
    const { stream } = this.#options;
    this.#closeSlab();
    while (this.#hasMore) stream.write(this.#takeBlock());
    stream.end();
    this.close();
    return stream.writableLength === 0;
  }

  /** Forgets what waits; the stream is gone or will be destroyed. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#options.memory.forget(this.#lookAgain);
    this.#options.memory.remove(this.#waitingBytes + this.#writingBytes);
    this.#stallTimer?.cancel();
    this.#slowTimer?.cancel();
    this.#frames = [];
    this.#droppable = 0;
    this.#rest = undefined;
    // It may be being written.
    if (this.#slab !== undefined) this.#options.slabs?.forget();
    this.#slab = undefined;
  }

  get #hasMore(): boolean {
    while (this.#frames[this.#next] === NOTHING) this.#next++;
    return this.#rest !== undefined || this.#next < this.#frames.length;
  }

  #write(): void {
    if (this.#isClosed || this.#writingBytes > 0) return;
    this.#closeSlab();
    const { stream, isDirect } = this.#options;
    while (this.#hasMore) {
      const block = this.#takeBlock();
      this.#writingBytes = block.length;
      this.#waitingBytes -= block.length;
      if (!isDirect) {
        this.#progressAt = this.#options.clock.monotonic();
        stream.write(block, this.#written);
        if (stream.writableLength > 0) this.#watch(this.#options.drainTimeout);
        return;
      }
      stream.write(block);
      if (stream.writableLength > 0) {
        this.#progressAt = this.#options.clock.monotonic();
        // Called when the block before it is through.
        stream.write(NOTHING, this.#written);
        this.#watch(this.#options.drainTimeout);
        return;
      }
      this.#taken();
      if (this.#isClosed) return;
    }
    if (this.#isEnding) stream.end();
    else if (isDirect) this.#giveSlabBack();
  }

  /** The system took all of it at once: a callback, one turn of the microtasks later, would say so for a third of the write's cost. */
  #taken(): void {
    this.#options.memory.remove(this.#writingBytes);
    this.#writingBytes = 0;
    // Not within the write: whoever goes on then writes, too.
    if (this.#isCongested) process.nextTick(this.#lookAgain);
  }

  #takeBlock(): Buffer {
    const block = this.#rest ?? this.#takeFrames();
    this.#rest = block.length > BLOCK_BYTES ? block.subarray(BLOCK_BYTES) : undefined;
    return this.#rest === undefined ? block : block.subarray(0, BLOCK_BYTES);
  }

  /** As many as fit a block, but at least one. */
  #takeFrames(): Buffer {
    const first = this.#next;
    // A joined block is a copy: while memory is short it must not be larger than what each may have.
    const most = Math.max(MIN_BLOCK_BYTES, Math.min(BLOCK_BYTES, this.#options.memory.share));
    let bytes = 0;
    do {
      const identifier = this.#identifiers[this.#next];
      if (identifier === DROPPABLE) this.#droppable--;
      else if (identifier === RUN) this.#droppable -= this.#offsets[this.#next]!;
      bytes += this.#frames[this.#next++]!.length;
    } while (this.#next < this.#frames.length && bytes + this.#frames[this.#next]!.length <= most);
    const block =
      this.#next - first === 1 && this.#identifiers[first]! <= 0
        ? this.#frames[first]!
        : this.#join(first, this.#next, bytes);
    if (this.#next === this.#frames.length) {
      this.#frames = [];
      this.#identifiers = [];
      this.#offsets = [];
      this.#next = 0;
      this.#dropNext = 0;
    } else if (this.#next >= 1_024) {
      this.#frames = this.#frames.slice(this.#next);
      this.#identifiers = this.#identifiers.slice(this.#next);
      this.#offsets = this.#offsets.slice(this.#next);
      this.#dropNext = Math.max(0, this.#dropNext - this.#next);
      this.#next = 0;
    }
    return block;
  }

  #join(from: number, to: number, bytes: number): Buffer {
    const block = Buffer.allocUnsafe(bytes);
    let at = 0;
    for (let i = from; i < to; i++) {
      const frame = this.#frames[i]!;
      frame.copy(block, at);
      if (this.#identifiers[i]! > 0) block.writeUInt16BE(this.#identifiers[i]!, at + this.#offsets[i]!);
      at += frame.length;
    }
    return block;
  }

  #onWritten(error: Error | null | undefined): void {
    if (this.#isClosed) return;
    const taken = this.#writingBytes;
    // The stream reports the error itself, and closes.
    if (error) {
      this.close();
      return;
    }
    this.#writingBytes = 0;
    this.#options.memory.remove(taken);
    this.#progressAt = this.#options.clock.monotonic();
    this.#write();
    if (this.#writingBytes === 0 && this.#waitingBytes === 0) this.#giveSlabBack();
    this.#checkDrained();
  }

  /** Nothing waits, nothing is being written. */
  #giveSlabBack(): void {
    if (this.#slab === undefined) return;
    this.#options.slabs?.giveBack(this.#slab);
    this.#slab = undefined;
    this.#slabStart = 0;
    this.#slabEnd = 0;
  }

  /** What may wait, once `more` is added: as long as the stream has taken all so far, a write of it is no burden on anybody. */
  #room(more: number): number {
    const share = this.#options.memory.shareAfter(more);
    return this.#writingBytes > 0 ? share : Math.max(share, BLOCK_BYTES);
  }

  #congested(): void {
    if (this.#isCongested) return;
    this.#isCongested = true;
    const { clock, congestionTimeout, onSlow } = this.#options;
    if (congestionTimeout > 0) this.#slowTimer = clock.after(congestionTimeout, onSlow);
  }

  #checkDrained(): void {
    if (!this.#isCongested || this.#isClosed) return;
    const { congestedBytes, memory, onDrained } = this.#options;
    const pending = this.#waitingBytes + this.#writingBytes;
    if (pending > 0 && pending > Math.min(congestedBytes, memory.share) / 2) return;
    this.#isCongested = false;
    this.#slowTimer?.cancel();
    onDrained();
  }

  /** One timer at most; it looks again instead of being moved with each write. */
  #watch(ms: number): void {
    if (this.#stallTimer !== undefined || this.#isClosed) return;
    const { clock, drainTimeout, onStalled } = this.#options;
    this.#stallTimer = clock.after(ms, () => {
      this.#stallTimer = undefined;
      if (this.#writingBytes === 0) return;
      const left = this.#progressAt + drainTimeout - clock.monotonic();
      if (left <= 0) onStalled();
      else this.#watch(left);
    });
  }
}

/** Of packets one behind the other. */
function framesOf(packets: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at < packets.length; ) {
    let body = at + 1;
    let remaining = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = packets[body++]!;
      remaining |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    frames.push(packets.subarray(at, body + remaining));
    at = body + remaining;
  }
  return frames;
}
