/**
 * Bytes of the far side → packets.
 *
 *   chunk ─▶ fixed header (type, flags, Remaining Length ≤ limit) ─▶ whole frame ─▶ decode ─▶ packet
 *
 * Rules: a length is checked before anything is buffered for it; a partial frame holds at most twice the bytes that have
 * arrived; nothing throws on bad input: the answer is a Refusal, after which the connection is over. Acknowledgements
 * without a Reason Code, which come in runs, are told without a packet being made.
 */
import { bodyOf, firstByteFault, frameLength, MAX_FIRST_PACKET_BYTES } from '../../core/mqtt/fixed-header.js';
import { PacketType, type ProtocolVersion, type ServerPacket } from '../../core/mqtt/packets.js';
import { ReasonCode, Refusal } from '../../core/mqtt/reason-codes.js';
import { ServerPacketDecoder } from '../../core/mqtt/server-packet-decoder.js';

const PUBACK = PacketType.puback << 4;

export interface FrameEvents {
  /** A PUBACK with success. @returns why the connection must end */
  onPuback(packetIdentifier: number): Refusal | undefined;
  onPacket(packet: ServerPacket): Refusal | undefined;
}

export class Frames {
  readonly #version: ProtocolVersion;
  readonly #maximumPacketSize: number;
  readonly #events: FrameEvents;
  readonly #decoder: ServerPacketDecoder;
  /** The beginning of a frame that is not complete; capacity grows with what arrives. */
  #held: Buffer | undefined;
  #heldBytes = 0;
  #isFirst = true;
  #isOver = false;

  constructor(version: ProtocolVersion, maximumPacketSize: number, events: FrameEvents) {
    this.#version = version;
    this.#maximumPacketSize = maximumPacketSize;
    this.#events = events;
    this.#decoder = new ServerPacketDecoder(version);
  }

  /** Of a packet that is not complete, bytes of memory. */
  get heldBytes(): number {
    return this.#held?.length ?? 0;
  }

  /** @returns why the connection must end; nothing more is taken then */
  feed(chunk: Buffer): Refusal | undefined {
    if (this.#isOver) return undefined;
    const refusal = this.#feed(chunk);
    if (refusal !== undefined) this.close();
    return refusal;
  }

  close(): void {
    this.#isOver = true;
    this.#held = undefined;
    this.#heldBytes = 0;
  }

  #feed(chunk: Buffer): Refusal | undefined {
    let at = 0;
    while (this.#held !== undefined && at < chunk.length) {
      let length = this.#frameLength(this.#held, 0, this.#heldBytes);
      if (typeof length !== 'number') return length;
      // Byte by byte until the length is known, so that nothing of the next frame comes along.
      const end = length === 0 ? at + 1 : Math.min(chunk.length, at + length - this.#heldBytes);
      this.#hold(chunk, at, end, length);
      at = end;
      if (length === 0) length = this.#frameLength(this.#held, 0, this.#heldBytes);
      if (typeof length !== 'number') return length;
      if (length === 0 || this.#heldBytes < length) continue;
      const frame = this.#held.subarray(0, length);
      this.#held = undefined;
      this.#heldBytes = 0;
      const refusal = this.#frame(frame);
      if (refusal !== undefined || this.#isOver) return refusal;
    }
    while (at < chunk.length && !this.#isOver) {
      if (chunk[at] === PUBACK && chunk[at + 1] === 2 && at + 4 <= chunk.length && !this.#isFirst) {
        const packetIdentifier = (chunk[at + 2]! << 8) | chunk[at + 3]!;
        const refusal = this.#events.onPuback(packetIdentifier);
        if (refusal !== undefined) return refusal;
        at += 4;
        continue;
      }
      const length = this.#frameLength(chunk, at, chunk.length);
      if (typeof length !== 'number') return length;
      if (length === 0 || at + length > chunk.length) {
        this.#hold(chunk, at, chunk.length, length);
        return undefined;
      }
      const refusal = this.#frame(chunk.subarray(at, at + length));
      if (refusal !== undefined) return refusal;
      at += length;
    }
    return undefined;
  }

  /** @param frameLength - 0: not known yet */
  #hold(chunk: Buffer, start: number, end: number, frameLength: number): void {
    const needed = this.#heldBytes + end - start;
    const held = this.#held;
    if (held === undefined || held.length < needed) {
      const most = frameLength === 0 ? needed * 2 : Math.min(frameLength, needed * 2);
      this.#held = Buffer.allocUnsafeSlow(Math.max(needed, most));
      held?.copy(this.#held, 0, 0, this.#heldBytes);
    }
    chunk.copy(this.#held!, this.#heldBytes, start, end);
    this.#heldBytes = needed;
  }

  #frame(frame: Buffer): Refusal | undefined {
    const packet = this.#decoder.decode(frame, bodyOf(frame));
    if (packet instanceof Refusal) return packet;
    if ((packet.type === 'connack') !== this.#isFirst) {
      return new Refusal(ReasonCode.protocolError, this.#isFirst ? 'no CONNACK first' : 'a second CONNACK');
    }
    this.#isFirst = false;
    return this.#events.onPacket(packet);
  }

  /** @returns length of the whole frame that starts at `start`; 0 when its header is not complete; or what is wrong with it */
  #frameLength(bytes: Buffer, start: number, end: number): number | Refusal {
    const fault = firstByteFault(bytes[start]!, 'server', this.#version);
    if (fault !== undefined) return fault;
    const limit = this.#maximumPacketSize;
    return frameLength(
      bytes,
      start,
      end,
      this.#version,
      this.#isFirst ? Math.min(limit, MAX_FIRST_PACKET_BYTES) : limit,
    );
  }
}
