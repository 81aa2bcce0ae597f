/**
 * Bytes of a socket → packets of one client.
 *
 *   chunk ──▶ fixed header (type, flags, Remaining Length ≤ limit) ──▶ whole frame ──▶ decode ──▶ packet
 *
 * Rules: a length is checked before anything is buffered for it; a partial frame holds at most twice the bytes that
 * have arrived; nothing throws on bad input: the answer is a Refusal, after which the connection is over. A receiver
 * that says `hold` gets nothing more until {@link Codec.resume}; whoever feeds should then stop reading.
 */
import { ClientPacketDecoder } from '../core/mqtt/client-packet-decoder.js';
import {
  bodyOf,
  firstByteFault,
  frameLength,
  MAX_FIRST_PACKET_BYTES,
  paddingFault,
} from '../core/mqtt/fixed-header.js';
import { type ClientPacket, PacketType, type ProtocolVersion } from '../core/mqtt/packets.js';
import { LARGE_PAYLOAD } from './application-message.js';
import { ReasonCode, Refusal } from './reason-codes.js';
import { CHUNK_BYTES, free, SpareBuffers } from './spare-buffers.js';

/** So much of a chunk is worth one of {@link SpareBuffers}, bytes. */
const WORTH_A_CHUNK = 32 * 1024;

/** next: goes on; hold: the rest waits for {@link Codec.resume}; stop: the connection is over. */
export type AfterPacket = 'next' | 'hold' | 'stop';

/** Takes frames of the most frequent kinds before they are decoded: see fast/. */
export interface FrameReader {
  /** What is to be done after the last {@link read}. */
  readonly after: AfterPacket;
  /** @returns where the first frame begins that it leaves to others; `start`: nothing was for it */
  read(bytes: Buffer, start: number): number;
}

/** Takes one packet. */
export type OnPacket = (packet: ClientPacket) => AfterPacket;

/** A chunk, or what is left of it, until it is our turn. */
interface Unread {
  readonly bytes: Buffer;
  at: number;
  /** To be given back. */
  readonly isSpare: boolean;
}

export class Codec {
  readonly #decoder = new ClientPacketDecoder();
  readonly #maximumPacketSize: number;
  readonly #chunks: 'own' | 'shared' | 'lent';
  readonly #spare: SpareBuffers;
  /** The beginning of a frame that is not complete; capacity grows with what arrives. */
  #held: Buffer | undefined;
  #heldBytes = 0;
  #connectSeen = false;
  #isAdmitted = false;
  #frames: FrameReader | undefined;
  #isOnHold = false;
  #isStopped = false;
  /** What arrived while on hold. */
  readonly #unread: Unread[] = [];
  /** Where the last {@link #feed} ended in its chunk. */
  #position = 0;

  /**
   * @param maximumPacketSize - of a whole packet, bytes
   * @param chunks - own: they are of this codec alone, memory and all, as those of a socket are; shared: others have views
   *   of them; lent: they are overwritten when {@link feed} has returned
   */
  constructor(
    maximumPacketSize: number,
    chunks: 'own' | 'shared' | 'lent' = 'shared',
    spare: SpareBuffers = new SpareBuffers(),
  ) {
    this.#maximumPacketSize = maximumPacketSize;
    this.#chunks = chunks;
    this.#spare = spare;
  }

  /** Known from the moment a CONNECT named it, even if that was refused. */
  get protocolVersion(): ProtocolVersion | undefined {
    return this.#decoder.protocolVersion;
  }

  /**
   * The client is let in: its packets may be as large as was announced.
   *
   * @param frames - is given what comes first
   */
  admit(frames?: FrameReader): void {
    this.#isAdmitted = true;
    this.#frames = frames;
  }

  get isOnHold(): boolean {
    return this.#isOnHold;
  }

  /** Of a packet that is not complete, bytes. */
  get incompleteBytes(): number {
    return this.#heldBytes;
  }

  /** @returns why the connection must end, or undefined to go on */
  feed(chunk: Buffer, onPacket: OnPacket): Refusal | undefined {
    if (this.#isStopped) return undefined;
    if (this.#isOnHold) {
      this.#keep(chunk, 0);
      return undefined;
    }
    const refusal = this.#feed(chunk, 0, onPacket);
    if (this.#isOnHold && this.#position < chunk.length) this.#keep(chunk, this.#position);
    return refusal;
  }

  /** Takes a chunk without looking at it; {@link resume} will. */
  hold(chunk: Buffer): void {
    if (this.#isStopped) return;
    this.#isOnHold = true;
    this.#keep(chunk, 0);
  }

  /** Goes on after `hold`. @returns as {@link feed} */
  resume(onPacket: OnPacket): Refusal | undefined {
    this.#isOnHold = false;
    for (let next = this.#unread[0]; next !== undefined && !this.#isStopped; next = this.#unread[0]) {
      const { bytes, isSpare } = next;
      const { length } = bytes;
      const refusal = this.#feed(bytes, next.at, onPacket);
      next.at = this.#position;
      // Unless the connection is over by now.
      if (next.at === length && this.#unread[0] === next) {
        this.#unread.shift();
        if (isSpare) this.#spare.giveBack(bytes);
      }
      if (refusal !== undefined) return refusal;
      if (this.#isOnHold) return undefined;
    }
    return undefined;
  }

  /** The connection is over: lets go of everything. */
  close(): void {
    this.#isStopped = true;
    for (const { bytes, isSpare } of this.#unread.splice(0)) if (isSpare) this.#spare.giveBack(bytes);
    if (this.#held !== undefined) this.#spare.giveBack(this.#held);
    this.#held = undefined;
    this.#heldBytes = 0;
  }

  #keep(chunk: Buffer, start: number): void {
    const length = chunk.length - start;
    if (this.#chunks !== 'lent') this.#unread.push({ bytes: chunk, at: start, isSpare: false });
    else if (length < WORTH_A_CHUNK || length > CHUNK_BYTES) {
      this.#unread.push({ bytes: Buffer.from(chunk.subarray(start)), at: 0, isSpare: false });
    } else {
      const bytes = this.#spare.takeChunk();
      // At its end, so that what is read begins there.
      chunk.copy(bytes, CHUNK_BYTES - length, start);
      this.#unread.push({ bytes, at: CHUNK_BYTES - length, isSpare: true });
    }
  }

  #feed(chunk: Buffer, start: number, onPacket: OnPacket): Refusal | undefined {
    this.#position = start;
    if (this.#held !== undefined) {
      const refusal = this.#continueHeld(chunk, onPacket);
      if (refusal !== undefined || this.#isOnHold || this.#isStopped) return refusal;
    }
    const frames = this.#frames;
    let isUsed = false;
    while (this.#position < chunk.length) {
      if (frames !== undefined) {
        this.#position = frames.read(chunk, this.#position);
        if (frames.after !== 'next') return this.#stopped(frames.after);
        if (this.#position === chunk.length) break;
      }
      const start = this.#position;
      const length = this.#frameLength(chunk, start, chunk.length);
      if (typeof length !== 'number') return length;
      if (length === 0 || start + length > chunk.length) {
        this.#hold(chunk.subarray(start), length === 0 ? undefined : length);
        this.#position = chunk.length;
        break;
      }
      const frame = chunk.subarray(start, start + length);
      const isKept = hasViews(frame);
      isUsed ||= isKept;
      const done = this.#frame(isKept && this.#chunks === 'lent' ? Buffer.from(frame) : frame, onPacket);
      this.#position = start + length;
      if (done !== 'next') return this.#stopped(done);
    }
    if (!isUsed) this.#release(chunk);
    return undefined;
  }

  #stopped(done: Refusal | 'hold' | 'stop'): Refusal | undefined {
    if (done === 'hold') this.#isOnHold = true;
    else this.#isStopped = true;
    return typeof done === 'string' ? undefined : done;
  }

  /** Puts what belongs to the held frame there. @returns why the connection must end */
  #continueHeld(chunk: Buffer, onPacket: OnPacket): Refusal | undefined {
    const start = this.#position;
    let length = this.#frameLength(this.#held!, 0, this.#heldBytes);
    while (length === 0 && this.#position < chunk.length) {
      this.#hold(chunk.subarray(this.#position, ++this.#position));
      length = this.#frameLength(this.#held!, 0, this.#heldBytes);
    }
    if (typeof length !== 'number') return length;
    if (length === 0) return undefined;
    const end = this.#position + Math.min(length - this.#heldBytes, chunk.length - this.#position);
    this.#hold(chunk.subarray(this.#position, end), length);
    this.#position = end;
    if (this.#heldBytes < length) {
      if (start === 0) this.#release(chunk);
      return undefined;
    }
    const held = this.#held!;
    this.#held = undefined;
    this.#heldBytes = 0;
    const frame = held.subarray(0, length);
    const isRead = this.#frames !== undefined && this.#frames.read(frame, 0) > 0;
    const done = isRead ? this.#frames!.after : this.#frame(frame, onPacket);
    if (isRead || !hasViews(frame)) this.#spare.giveBack(held);
    return done === 'next' ? undefined : this.#stopped(done);
  }

  #hold(bytes: Buffer, frameLength = Number.POSITIVE_INFINITY): void {
    const needed = this.#heldBytes + bytes.length;
    const held = this.#held;
    if (held === undefined || held.length < needed) {
      const isLarge = Number.isFinite(frameLength) && frameLength > CHUNK_BYTES;
      const spare = isLarge ? this.#spare.takeLarge(frameLength) : undefined;
      const grown = spare ?? Buffer.allocUnsafeSlow(Math.max(needed, Math.min(frameLength, needed * 2)));
      held?.copy(grown, 0, 0, this.#heldBytes);
      if (held !== undefined) this.#spare.giveBack(held);
      this.#held = grown;
    }
    bytes.copy(this.#held!, this.#heldBytes);
    this.#heldBytes = needed;
  }

  /** Nothing of it is needed any more. */
  #release(chunk: Buffer): void {
    if (this.#chunks === 'own' && chunk.length === chunk.buffer.byteLength) free(chunk);
  }

  #frame(frame: Buffer, onPacket: OnPacket): Refusal | AfterPacket {
    const body = bodyOf(frame);
    const packet = this.#decoder.decode(frame, body);
    if (packet instanceof Refusal) return packet;
    const fault = this.#connectSeen ? undefined : paddingFault(frame, body, this.#decoder.protocolVersion);
    if (fault !== undefined) return fault;
    this.#connectSeen = true;
    return onPacket(packet);
  }

  /** @returns length of the whole frame that starts at `start`; 0 when its header is not complete; or what is wrong with it */
  #frameLength(bytes: Buffer, start: number, end: number): number | Refusal {
    const first = bytes[start]!;
    const version = this.#decoder.protocolVersion;
    const fault = firstByteFault(first, 'client', version);
    if (fault !== undefined) return fault;
    if ((first >> 4 === PacketType.connect) === this.#connectSeen) {
      return new Refusal(ReasonCode.protocolError, this.#connectSeen ? 'a second CONNECT' : 'not a CONNECT first');
    }
    const limit = this.#maximumPacketSize;
    return frameLength(bytes, start, end, version, this.#isAdmitted ? limit : Math.min(limit, MAX_FIRST_PACKET_BYTES));
  }
}

/** Whether what is decoded has views of the frame, for longer than it is handled: secrets, Wills, large payloads. */
function hasViews(frame: Buffer): boolean {
  const type = frame[0]! >> 4;
  return (
    type === PacketType.connect ||
    type === PacketType.auth ||
    (type === PacketType.publish && frame.length > LARGE_PAYLOAD)
  );
}
