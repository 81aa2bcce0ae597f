/**
 * Bytes to one socket: one write per turn of the event loop (or per full block), one at a time, so that progress is seen.
 *
 *   push ─▶ frames ─(setImmediate)─▶ block ≤ 64 KiB, of several frames or of one ─▶ write ─▶ callback ─▶ next block
 */
import type { Duplex } from 'node:stream';
import type { Clock, Timer } from '../core/clock.js';
import type { SocketMemory } from './limits/socket-memory.js';

const BLOCK_BYTES = 64 * 1024;
const MIN_BLOCK_BYTES = 4 * 1024;
/** In place of a Packet Identifier: a QoS 0 PUBLISH, which may be dropped while it waits. */
export const DROPPABLE = -1;
const NOTHING = Buffer.alloc(0);

export interface SocketWriterOptions {
  readonly stream: Duplex;
  readonly clock: Clock;
  /** Bytes waiting from which on the receiver counts as congested, however much is free in {@link memory}. */
  readonly congestedBytes: number;
  /** Where what waits is counted. */
  readonly memory: SocketMemory;
  /** No progress for so long while bytes wait: the receiver is stalled, ms. */
  readonly drainTimeout: number;
  /** Congested without a break for so long: the receiver is slow, ms; 0: it may be. */
  readonly congestionTimeout: number;
  /** Congested before, half of it free now. */
  readonly onDrained: () => void;
  readonly onStalled: () => void;
  readonly onSlow: () => void;
}

export class SocketWriter {
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
  /** Of a frame larger than a block, what is not yet written. */
  #rest: Buffer | undefined;
  #waitingBytes = 0;
  #writingBytes = 0;
  #immediate: NodeJS.Immediate | undefined;
  #stallTimer: Timer | undefined;
  #slowTimer: Timer | undefined;
  #progressAt = 0;
  #isCongested = false;
  #isEnding = false;
  #isClosed = false;
  readonly #flush = () => {
    this.#immediate = undefined;
    this.#write();
  };
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
    return { packets: this.#frames.length - this.#next, bytes: this.#waitingBytes + this.#writingBytes };
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
    this.#dropNext = Math.max(this.#dropNext, this.#next);
    for (; freed < bytes && this.#dropNext < this.#frames.length; this.#dropNext++) {
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
    this.#frames.push(frame);
    this.#identifiers.push(identifier);
    this.#offsets.push(offset);
    if (identifier === DROPPABLE) this.#droppable++;
    this.#waitingBytes += frame.length;
    const { memory } = this.#options;
    memory.add(frame.length);
    const pending = this.#waitingBytes + this.#writingBytes;
    if (pending >= this.#options.congestedBytes || pending > this.#room) this.#congested();
    if (this.#writingBytes > 0) return;
    // A full block gains nothing by waiting, and one turn can bring many.
    if (this.#waitingBytes >= BLOCK_BYTES) this.#write();
    else this.#immediate ??= setImmediate(this.#flush);
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
    clearImmediate(this.#immediate);
    this.#stallTimer?.cancel();
    this.#slowTimer?.cancel();
    this.#frames = [];
    this.#droppable = 0;
    this.#rest = undefined;
  }

  get #hasMore(): boolean {
    while (this.#frames[this.#next] === NOTHING) this.#next++;
    return this.#rest !== undefined || this.#next < this.#frames.length;
  }

  #write(): void {
    if (this.#isClosed || this.#writingBytes > 0) return;
    const { stream, clock } = this.#options;
    if (!this.#hasMore) {
      if (this.#isEnding) stream.end();
      return;
    }
    const block = this.#takeBlock();
    this.#writingBytes = block.length;
    this.#waitingBytes -= block.length;
    this.#progressAt = clock.monotonic();
    stream.write(block, this.#written);
    if (stream.writableLength > 0) this.#watch(this.#options.drainTimeout);
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
      if (this.#identifiers[this.#next] === DROPPABLE) this.#droppable--;
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
    this.#checkDrained();
  }

  /** What may wait: as long as the stream has taken all so far, a write of it is no burden on anybody. */
  get #room(): number {
    const { share } = this.#options.memory;
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
