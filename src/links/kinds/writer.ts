/**
 * Bytes to the far side. What is written in one turn of the event loop leaves together, small packets in one buffer:
 *
 *   publish, write ─▶ block ≤ 64 KiB ─(end of turn, or full)─▶ stream
 */
import type { Duplex } from 'node:stream';
import type { ProtocolVersion } from '../../core/mqtt/packets.js';
import { packetBytes, remainingLength, writePublishHead } from '../../core/mqtt/publish.js';
import type { Outgoing } from '../far-side.js';

const BLOCK_BYTES = 64 * 1024;
/** Longer payloads are not copied. */
const SMALL_PAYLOAD = 8 * 1024;

export class Writer {
  readonly #stream: Duplex;
  readonly #version: ProtocolVersion;
  readonly #onWrite: () => void;
  #block = Buffer.alloc(0);
  /** What is written of the block but not yet given to the stream. */
  #start = 0;
  #end = 0;
  /** Before it in order: payloads, and blocks that are full. */
  readonly #parts: Buffer[] = [];
  #partBytes = 0;
  #bytesOut = 0;
  #immediate: NodeJS.Immediate | undefined;
  #isClosed = false;

  /** @param onWrite - told whenever the stream is given something */
  constructor(stream: Duplex, version: ProtocolVersion, onWrite: () => void) {
    this.#stream = stream;
    this.#version = version;
    this.#onWrite = onWrite;
  }

  get bytesOut(): number {
    return this.#bytesOut;
  }

  /** false: bytes wait for the network; the stream's `drain` tells when there is room. */
  get isWritable(): boolean {
    return !this.#isClosed && this.#stream.writable && !this.#stream.writableNeedDrain;
  }

  /** @param alias - @see remainingLength */
  publish(message: Outgoing, alias: number): void {
    if (this.#isClosed) return;
    const { payload } = message;
    const remaining = remainingLength(message, this.#version, alias);
    const bytes = packetBytes(remaining);
    const isSmall = payload.length <= SMALL_PAYLOAD;
    const head = bytes - payload.length;
    this.#makeRoom(isSmall ? bytes : head);
    this.#end = writePublishHead(this.#block, this.#end, message, this.#version, alias, remaining);
    if (isSmall) this.#end += payload.copy(this.#block, this.#end);
    else {
      this.#cut();
      this.#parts.push(payload);
      this.#partBytes += payload.length;
    }
    this.#added(bytes);
  }

  write(packet: Buffer): void {
    if (this.#isClosed) return;
    this.#makeRoom(packet.length);
    this.#end += packet.copy(this.#block, this.#end);
    this.#added(packet.length);
  }

  /** A packet of four bytes. */
  write4(first: number, packetIdentifier: number): void {
    if (this.#isClosed) return;
    this.#makeRoom(4);
    const block = this.#block;
    block[this.#end] = first;
    block[this.#end + 1] = 2;
    block[this.#end + 2] = packetIdentifier >> 8;
    block[this.#end + 3] = packetIdentifier & 0xff;
    this.#end += 4;
    this.#added(4);
  }

  flush(): void {
    clearImmediate(this.#immediate);
    this.#immediate = undefined;
    this.#cut();
    if (this.#parts.length === 0) return;
    const stream = this.#stream;
    const isRun = this.#parts.length > 1;
    if (isRun) stream.cork();
    for (const part of this.#parts.splice(0)) stream.write(part);
    if (isRun) stream.uncork();
    this.#partBytes = 0;
    this.#onWrite();
  }

  /** Nothing more is written. */
  close(): void {
    this.#isClosed = true;
    clearImmediate(this.#immediate);
    this.#parts.length = 0;
    this.#block = Buffer.alloc(0);
    this.#start = 0;
    this.#end = 0;
  }

  #makeRoom(bytes: number): void {
    if (this.#block.length - this.#end >= bytes) return;
    this.#cut();
    // The stream still has views of the old one.
    this.#block = Buffer.allocUnsafeSlow(Math.max(BLOCK_BYTES, bytes));
    this.#start = 0;
    this.#end = 0;
  }

  #cut(): void {
    if (this.#end === this.#start) return;
    this.#parts.push(this.#block.subarray(this.#start, this.#end));
    this.#partBytes += this.#end - this.#start;
    this.#start = this.#end;
  }

  #added(bytes: number): void {
    this.#bytesOut += bytes;
    if (this.#partBytes + this.#end - this.#start >= BLOCK_BYTES) this.flush();
    else this.#immediate ??= setImmediate(() => this.flush());
  }
}
