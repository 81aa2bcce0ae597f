import { ReasonCode, Refusal } from "./reason-codes.js";
import { Decoder } from "./wire/decode.js";
import { PacketType } from "./wire/packets.js";
const MAX_CONNECT_BYTES = 128 * 1024;
const requiredFlags = [-1, 0, -1, 16, 0, 0, 2, 0, 2, -1, 2, -1, 0, -1, 0, 0];
function free(bytes) {
  bytes.buffer.transfer(0);
}
class Codec {
  #decoder = new Decoder();
  #maximumPacketSize;
  #ownsChunks;
  /** The beginning of a frame that is not complete; capacity grows with what arrives. */
  #held;
  #heldBytes = 0;
  #connectSeen = false;
  #isAdmitted = false;
  #isOnHold = false;
  /** What arrived while on hold. */
  #unread = [];
  /**
   * @param maximumPacketSize - of a whole packet, bytes
   * @param ownsChunks - chunks are of this codec alone, memory and all, as those of a socket are
   */
  constructor(maximumPacketSize, ownsChunks = false) {
    this.#maximumPacketSize = maximumPacketSize;
    this.#ownsChunks = ownsChunks;
  }
  /** Known from the moment a CONNECT named it, even if that was refused. */
  get protocolVersion() {
    return this.#decoder.protocolVersion;
  }
  /** The client is let in: its packets may be as large as was announced. */
  admit() {
    this.#isAdmitted = true;
  }
  get isOnHold() {
    return this.#isOnHold;
  }
  /** Of a packet that is not complete, bytes. */
  get incompleteBytes() {
    return this.#heldBytes;
  }
  /** @returns why the connection must end, or undefined to go on */
  feed(chunk, onPacket) {
    if (this.#isOnHold) {
      this.#unread.push(chunk);
      return void 0;
    }
    let position = 0;
    if (this.#held !== void 0) {
      const taken = this.#continueHeld(chunk, onPacket);
      if (typeof taken !== "number") return taken;
      position = taken;
    }
    while (position < chunk.length) {
      const length = this.#frameLength(chunk, position, chunk.length);
      if (typeof length !== "number") return length;
      if (length === 0 || position + length > chunk.length) {
        this.#hold(chunk.subarray(position), length === 0 ? void 0 : length);
        return void 0;
      }
      const done = this.#frame(chunk.subarray(position, position + length), onPacket);
      position += length;
      if (done !== "next") return this.#stopped(done, chunk, position);
    }
    return void 0;
  }
  /** Takes a chunk without looking at it; {@link resume} will. */
  hold(chunk) {
    this.#isOnHold = true;
    this.#unread.push(chunk);
  }
  /** Goes on after `hold`. @returns as {@link feed} */
  resume(onPacket) {
    if (!this.#isOnHold) return void 0;
    this.#isOnHold = false;
    const unread = this.#unread;
    this.#unread = [];
    for (const [index, chunk] of unread.entries()) {
      const refusal = this.feed(chunk, onPacket);
      if (refusal !== void 0) return refusal;
      if (this.#isOnHold) {
        this.#unread.push(...unread.slice(index + 1));
        return void 0;
      }
    }
    return void 0;
  }
  /** @param position - of what is left in the chunk */
  #stopped(done, chunk, position) {
    if (done === "hold") {
      this.#isOnHold = true;
      if (position < chunk.length) this.#unread.push(chunk.subarray(position));
    }
    return typeof done === "string" ? void 0 : done;
  }
  /** @returns how many bytes of the chunk went into the held frame, or the end of the feed */
  #continueHeld(chunk, onPacket) {
    let position = 0;
    let length = this.#frameLength(this.#held, 0, this.#heldBytes);
    while (length === 0 && position < chunk.length) {
      this.#hold(chunk.subarray(position, position + 1));
      position++;
      length = this.#frameLength(this.#held, 0, this.#heldBytes);
    }
    if (typeof length !== "number") return length;
    if (length === 0) return void 0;
    const taken = Math.min(length - this.#heldBytes, chunk.length - position);
    this.#hold(chunk.subarray(position, position + taken), length);
    if (this.#heldBytes < length) {
      if (position === 0) this.#release(chunk);
      return void 0;
    }
    const frame = this.#held.subarray(0, length);
    this.#held = void 0;
    this.#heldBytes = 0;
    const done = this.#frame(frame, onPacket);
    return done === "next" ? position + taken : this.#stopped(done, chunk, position + taken);
  }
  #hold(bytes, frameLength = Number.POSITIVE_INFINITY) {
    const needed = this.#heldBytes + bytes.length;
    if (this.#held === void 0 || this.#held.length < needed) {
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, Math.min(frameLength, needed * 2)));
      this.#held?.copy(grown, 0, 0, this.#heldBytes);
      if (this.#held !== void 0) free(this.#held);
      this.#held = grown;
    }
    bytes.copy(this.#held, this.#heldBytes);
    this.#heldBytes = needed;
  }
  /** Copied in full. */
  #release(chunk) {
    if (this.#ownsChunks && chunk.length === chunk.buffer.byteLength) free(chunk);
  }
  #frame(frame, onPacket) {
    let body = 2;
    while (frame[body - 1] >= 128) body++;
    const packet = this.#decoder.decode(frame, body);
    if (packet instanceof Refusal) return packet;
    this.#connectSeen = true;
    return onPacket(packet);
  }
  /** @returns length of the whole frame that starts at `start`; 0 when its header is not complete; or what is wrong with it */
  #frameLength(bytes, start, end) {
    const first = bytes[start];
    const type = first >> 4;
    const required = requiredFlags[type];
    if (type === 0 || required >= 0 && required < 16 && (first & 15) !== required) {
      return new Refusal(ReasonCode.malformedPacket, "reserved packet type or flag bits");
    }
    if (required < 0) return new Refusal(ReasonCode.protocolError, "a packet only a server sends");
    if (type === PacketType.connect === this.#connectSeen) {
      return new Refusal(ReasonCode.protocolError, this.#connectSeen ? "a second CONNECT" : "not a CONNECT first");
    }
    let remainingLength = 0;
    for (let i = 0; i < 4; i++) {
      const at = start + 1 + i;
      if (at >= end) return 0;
      const byte = bytes[at];
      remainingLength |= (byte & 127) << 7 * i;
      if (byte >= 128) continue;
      const length = 2 + i + remainingLength;
      const limit = this.#isAdmitted ? this.#maximumPacketSize : Math.min(this.#maximumPacketSize, MAX_CONNECT_BYTES);
      return length > limit ? new Refusal(ReasonCode.packetTooLarge, "the packet exceeds Maximum Packet Size") : length;
    }
    return new Refusal(ReasonCode.malformedPacket, "Remaining Length is longer than four bytes");
  }
}
export {
  Codec
};
//# sourceMappingURL=codec.js.map
