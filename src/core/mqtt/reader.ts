/** Reads the data types of MQTT 5.0 §1.5 from one complete packet. Never throws: the first fault sticks. */
import { isUtf8 } from 'node:buffer';
import { ReasonCode, Refusal } from './reason-codes.js';

const NOTHING = Buffer.alloc(0);
/** Longer strings are looked at faster by Node, bytes. */
const SHORT_STRING = 128;

export class Reader {
  #bytes: Buffer = NOTHING;
  #position = 0;
  #end = 0;
  #fault: Refusal | undefined;

  /** Starts anew; `bytes` is not copied. */
  reset(bytes: Buffer, start: number): void {
    this.#bytes = bytes;
    this.#position = start;
    this.#end = bytes.length;
    this.#fault = undefined;
  }

  /** What was wrong first; all reads after it return zero or empty. */
  get fault(): Refusal | undefined {
    return this.#fault;
  }

  get remaining(): number {
    return this.#end - this.#position;
  }

  /** Records a fault found by the caller. */
  refuse(reasonCode: ReasonCode, reason: string): void {
    this.#fault ??= new Refusal(reasonCode, reason);
    this.#position = this.#end;
  }

  byte(): number {
    if (this.remaining < 1) return this.#short();
    return this.#bytes[this.#position++]!;
  }

  uint16(): number {
    if (this.remaining < 2) return this.#short();
    const value = this.#bytes.readUInt16BE(this.#position);
    this.#position += 2;
    return value;
  }

  uint32(): number {
    if (this.remaining < 4) return this.#short();
    const value = this.#bytes.readUInt32BE(this.#position);
    this.#position += 4;
    return value;
  }

  /** §1.5.5: at most four bytes, and no more than the value needs [MQTT-1.5.5-1]. */
  variableByteInteger(): number {
    let value = 0;
    for (let shift = 0; shift <= 21; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte >= 0x80) continue;
      if (byte === 0 && shift > 0) break;
      return value;
    }
    this.refuse(ReasonCode.malformedPacket, 'a Variable Byte Integer is longer than it may be');
    return 0;
  }

  /** §1.5.6. A view, not a copy. */
  binary(): Buffer {
    const length = this.uint16();
    if (this.remaining < length) {
      this.#short();
      return NOTHING;
    }
    const start = this.#position;
    this.#position += length;
    return this.#bytes.subarray(start, this.#position);
  }

  /** §1.5.4: valid UTF-8 without surrogates and without U+0000. */
  string(): string {
    const ascii = this.#shortAscii();
    if (ascii !== undefined) return ascii;
    const bytes = this.binary();
    if (!isUtf8(bytes) || bytes.includes(0)) {
      this.refuse(ReasonCode.malformedPacket, 'a string is not valid UTF-8 or contains U+0000');
      return '';
    }
    return bytes.toString('utf8');
  }

  /** Everything that is left. A view, not a copy. */
  rest(): Buffer {
    const start = this.#position;
    this.#position = this.#end;
    return this.#bytes.subarray(start, this.#end);
  }

  /** A packet that has bytes left over is malformed. */
  expectEnd(): void {
    if (this.remaining > 0) this.refuse(ReasonCode.malformedPacket, 'the packet is longer than its fields');
  }

  /** What most strings are, without a view of them being made. @returns undefined, with nothing read, when it is something else */
  #shortAscii(): string | undefined {
    const bytes = this.#bytes;
    const start = this.#position + 2;
    if (start > this.#end) return undefined;
    const length = (bytes[start - 2]! << 8) | bytes[start - 1]!;
    const end = start + length;
    if (length > SHORT_STRING || end > this.#end) return undefined;
    for (let at = start; at < end; at++) if (bytes[at]! === 0 || bytes[at]! >= 0x80) return undefined;
    this.#position = end;
    return bytes.toString('latin1', start, end);
  }

  #short(): number {
    this.refuse(ReasonCode.malformedPacket, 'the packet is shorter than its fields');
    return 0;
  }
}
