import { modbusError } from "./errors.js";
import { MAX_PDU_BYTES } from "./pdu.js";
const HEADER_BYTES = 7;
const NOTHING = Buffer.alloc(0);
function encodeMbap(transactionId, unit, pdu) {
  const frame = Buffer.allocUnsafe(HEADER_BYTES + pdu.length);
  frame.writeUInt16BE(transactionId, 0);
  frame.writeUInt16BE(0, 2);
  frame.writeUInt16BE(1 + pdu.length, 4);
  frame[6] = unit;
  pdu.copy(frame, HEADER_BYTES);
  return frame;
}
class MbapSplitter {
  #bytes = NOTHING;
  push(chunk) {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
  }
  /**
   * @returns the next complete frame, its PDU a view of the received bytes; undefined: more bytes are needed
   * @throws MODBUS_BAD_FRAME when the header cannot be one: there is no way to find the next frame, drop the connection
   */
  next() {
    const bytes = this.#bytes;
    if (bytes.length < 6) return void 0;
    const protocolId = bytes.readUInt16BE(2);
    const length = bytes.readUInt16BE(4);
    if (protocolId !== 0 || length < 2 || length > 1 + MAX_PDU_BYTES) {
      throw modbusError("MODBUS_BAD_FRAME", `not a Modbus TCP header: protocol ${protocolId}, length ${length}`, {
        details: { protocolId, length }
      });
    }
    if (bytes.length < 6 + length) return void 0;
    this.#bytes = bytes.length === 6 + length ? NOTHING : bytes.subarray(6 + length);
    return {
      transactionId: bytes.readUInt16BE(0),
      unit: bytes[6],
      pdu: bytes.subarray(HEADER_BYTES, 6 + length)
    };
  }
}
export {
  MbapSplitter,
  encodeMbap
};
//# sourceMappingURL=mbap.js.map
