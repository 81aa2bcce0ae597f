/**
 * Bytes of a socket → packets of one client.
 *
 *   chunk ──▶ fixed header (type, flags, Remaining Length ≤ limit) ──▶ whole frame ──▶ wire/decode ──▶ packet
 *
 * Rules: a length is checked before anything is buffered for it; a partial frame holds at most twice the bytes that
 * have arrived; nothing throws on bad input: the answer is a Refusal, after which the connection is over. A receiver
 * that says `hold` gets nothing more until {@link Codec.resume}; whoever feeds should then stop reading.
 */
import { ReasonCode, Refusal } from './reason-codes.js';
import { Decoder } from './wire/decode.js';
import { type Packet, PacketType, type ProtocolVersion } from './wire/packets.js';

/** A CONNECT with a Will of the largest payload fits; who is not let in yet may not make us buffer more. */
const MAX_CONNECT_BYTES = 128 * 1024;

/** §2.1.2 and §2.1.3: the flag bits a client's packet must have; -1: no client may send it; 16: any (PUBLISH). */
const requiredFlags: readonly number[] = [-1, 0, -1, 16, 0, 0, 2, 0, 2, -1, 2, -1, 0, -1, 0, 0];

/** next: goes on; hold: the rest waits for {@link Codec.resume}; stop: the connection is over. */
export type AfterPacket = 'next' | 'hold' | 'stop';

/** Takes one packet. */
export type OnPacket = (packet: Packet) => AfterPacket;

/**
 * Gives memory back at once. A megabyte in parts is megabytes of garbage, and each 64 MB of it stop everybody for
 * milliseconds, while a detached buffer costs nothing.
 */
function free(bytes: Buffer): void {
  (bytes.buffer as ArrayBuffer).transfer(0);
}

export class Codec {
  readonly #decoder = new Decoder();
  readonly #maximumPacketSize: number;
  readonly #ownsChunks: boolean;
  /** The beginning of a frame that is not complete; capacity grows with what arrives. */
  #held: Buffer | undefined;
  #heldBytes = 0;
  #connectSeen = false;
  #isAdmitted = false;
  #isOnHold = false;
  /** What arrived while on hold. */
  #unread: Buffer[] = [];

  /**
   * @param maximumPacketSize - of a whole packet, bytes
   * @param ownsChunks - chunks are of this codec alone, memory and all, as those of a socket are
   */
  constructor(maximumPacketSize: number, ownsChunks = false) {
    this.#maximumPacketSize = maximumPacketSize;
    this.#ownsChunks = ownsChunks;
  }

  /** Known from the moment a CONNECT named it, even if that was refused. */
  get protocolVersion(): ProtocolVersion | undefined {
    return this.#decoder.protocolVersion;
  }

  /** The client is let in: its packets may be as large as was announced. */
  admit(): void {
    this.#isAdmitted = true;
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
    if (this.#isOnHold) {
      this.#unread.push(chunk);
      return undefined;
    }
    let position = 0;
    if (this.#held !== undefined) {
      const taken = this.#continueHeld(chunk, onPacket);
      if (typeof taken !== 'number') return taken;
      position = taken;
    }
    while (position < chunk.length) {
      const length = this.#frameLength(chunk, position, chunk.length);
      if (typeof length !== 'number') return length;
      if (length === 0 || position + length > chunk.length) {
        this.#hold(chunk.subarray(position), length === 0 ? undefined : length);
        return undefined;
      }
      const done = this.#frame(chunk.subarray(position, position + length), onPacket);
      position += length;
      if (done !== 'next') return this.#stopped(done, chunk, position);
    }
    return undefined;
  }

  /** Takes a chunk without looking at it; {@link resume} will. */
  hold(chunk: Buffer): void {
    this.#isOnHold = true;
    this.#unread.push(chunk);
  }

  /** Goes on after `hold`. @returns as {@link feed} */
  resume(onPacket: OnPacket): Refusal | undefined {
    if (!this.#isOnHold) return undefined;
    this.#isOnHold = false;
    const unread = this.#unread;
    this.#unread = [];
    for (const [index, chunk] of unread.entries()) {
      const refusal = this.feed(chunk, onPacket);
      if (refusal !== undefined) return refusal;
      if (this.#isOnHold) {
        this.#unread.push(...unread.slice(index + 1));
        return undefined;
      }
    }
    return undefined;
  }

  /** @param position - of what is left in the chunk */
  #stopped(done: Refusal | 'hold' | 'stop', chunk: Buffer, position: number): Refusal | undefined {
    if (done === 'hold') {
      this.#isOnHold = true;
      if (position < chunk.length) this.#unread.push(chunk.subarray(position));
    }
    return typeof done === 'string' ? undefined : done;
  }

  /** @returns how many bytes of the chunk went into the held frame, or the end of the feed */
  #continueHeld(chunk: Buffer, onPacket: OnPacket): number | Refusal | undefined {
    let position = 0;
    let length = this.#frameLength(this.#held!, 0, this.#heldBytes);
    while (length === 0 && position < chunk.length) {
      this.#hold(chunk.subarray(position, position + 1));
      position++;
      length = this.#frameLength(this.#held!, 0, this.#heldBytes);
    }
    if (typeof length !== 'number') return length;
    if (length === 0) return undefined;
    const taken = Math.min(length - this.#heldBytes, chunk.length - position);
    this.#hold(chunk.subarray(position, position + taken), length);
    if (this.#heldBytes < length) {
      if (position === 0) this.#release(chunk);
      return undefined;
    }
    const frame = this.#held!.subarray(0, length);
    this.#held = undefined;
    this.#heldBytes = 0;
    const done = this.#frame(frame, onPacket);
    return done === 'next' ? position + taken : this.#stopped(done, chunk, position + taken);
  }

  #hold(bytes: Buffer, frameLength = Number.POSITIVE_INFINITY): void {
    const needed = this.#heldBytes + bytes.length;
    if (this.#held === undefined || this.#held.length < needed) {
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, Math.min(frameLength, needed * 2)));
      this.#held?.copy(grown, 0, 0, this.#heldBytes);
      if (this.#held !== undefined) free(this.#held);
      this.#held = grown;
    }
    bytes.copy(this.#held, this.#heldBytes);
    this.#heldBytes = needed;
  }

  /** Copied in full. */
  #release(chunk: Buffer): void {
    if (this.#ownsChunks && chunk.length === chunk.buffer.byteLength) free(chunk);
  }

  #frame(frame: Buffer, onPacket: OnPacket): Refusal | AfterPacket {
    let body = 2;
    while (frame[body - 1]! >= 0x80) body++;
    const packet = this.#decoder.decode(frame, body);
    if (packet instanceof Refusal) return packet;
    if (!this.#connectSeen && this.#isTooLong(frame[body - 1]!, body - 2)) return tooLong();
    this.#connectSeen = true;
    return onPacket(packet);
  }

  /** @returns length of the whole frame that starts at `start`; 0 when its header is not complete; or what is wrong with it */
  #frameLength(bytes: Buffer, start: number, end: number): number | Refusal {
    const first = bytes[start]!;
    const type = first >> 4;
    const required = requiredFlags[type]!;
    const flags = first & 0x0f;
    if (type === 0 || (required >= 0 && required < 16 && flags !== required && !this.#isRepeat(required, flags))) {
      return new Refusal(ReasonCode.malformedPacket, 'reserved packet type or flag bits');
    }
    if (required < 0) return new Refusal(ReasonCode.protocolError, 'a packet only a server sends');
    if ((type === PacketType.connect) === this.#connectSeen) {
      return new Refusal(ReasonCode.protocolError, this.#connectSeen ? 'a second CONNECT' : 'not a CONNECT first');
    }
    let remainingLength = 0;
    for (let i = 0; i < 4; i++) {
      const at = start + 1 + i;
      if (at >= end) return 0;
      const byte = bytes[at]!;
      remainingLength |= (byte & 0x7f) << (7 * i);
      if (byte >= 0x80) continue;
      if (this.#isTooLong(byte, i)) return tooLong();
      const length = 2 + i + remainingLength;
      const limit = this.#isAdmitted ? this.#maximumPacketSize : Math.min(this.#maximumPacketSize, MAX_CONNECT_BYTES);
      return length > limit ? new Refusal(ReasonCode.packetTooLarge, 'the packet exceeds Maximum Packet Size') : length;
    }
    return tooLong();
  }

  /** MQTT 3.1 §2.1: PUBREL, SUBSCRIBE and UNSUBSCRIBE that are sent again have DUP; later versions took it from them. */
  #isRepeat(required: number, flags: number): boolean {
    return this.#decoder.protocolVersion === 3 && required === 0x02 && flags === 0x0a;
  }

  /** [MQTT-1.5.5-1]. Before 5.0 nothing forbids more bytes than the value needs, and small clients send a fixed number of them. */
  #isTooLong(lastByte: number, before: number): boolean {
    return lastByte === 0 && before > 0 && this.#decoder.protocolVersion === 5;
  }
}

function tooLong(): Refusal {
  return new Refusal(ReasonCode.malformedPacket, 'Remaining Length is longer than it may be');
}
