/** Frames of Modbus TCP: MODBUS Messaging on TCP/IP Implementation Guide V1.0b §3.1.3, the MBAP header. */
import { modbusError } from './errors.js';
import { MAX_PDU_BYTES } from './pdu.js';

const HEADER_BYTES = 7;
const NOTHING = Buffer.alloc(0);

export interface MbapFrame {
  readonly transactionId: number;
  readonly unit: number;
  readonly pdu: Buffer;
}

export function encodeMbap(transactionId: number, unit: number, pdu: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(HEADER_BYTES + pdu.length);
  frame.writeUInt16BE(transactionId, 0);
  frame.writeUInt16BE(0, 2);
  frame.writeUInt16BE(1 + pdu.length, 4);
  frame[6] = unit;
  pdu.copy(frame, HEADER_BYTES);
  return frame;
}

/** Cuts a byte stream into frames, however it was chopped up on the way. Holds at most one frame and one chunk. */
export class MbapSplitter {
  #bytes: Buffer = NOTHING;

  push(chunk: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
  }

  /** A frame has begun and is not complete. */
  get isBusy(): boolean {
    return this.#bytes.length > 0;
  }

  /**
   * @returns the next complete frame, its PDU a view of the received bytes; undefined: more bytes are needed
   * @throws MODBUS_BAD_FRAME when the header cannot be one: there is no way to find the next frame, drop the connection
   */
  next(): MbapFrame | undefined {
    const bytes = this.#bytes;
    if (bytes.length < 6) return undefined;
    const protocolId = bytes.readUInt16BE(2);
    const length = bytes.readUInt16BE(4);
    if (protocolId !== 0 || length < 2 || length > 1 + MAX_PDU_BYTES) {
      throw modbusError('MODBUS_BAD_FRAME', `not a Modbus TCP header: protocol ${protocolId}, length ${length}`, {
        details: { protocolId, length },
      });
    }
    if (bytes.length < 6 + length) return undefined;
    this.#bytes = bytes.length === 6 + length ? NOTHING : bytes.subarray(6 + length);
    return {
      transactionId: bytes.readUInt16BE(0),
      unit: bytes[6]!,
      pdu: bytes.subarray(HEADER_BYTES, 6 + length),
    };
  }
}
