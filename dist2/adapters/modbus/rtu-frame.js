import { crc16 } from "./crc16.js";
const EXCEPTION_BYTES = 5;
function encodeRtu(unit, pdu) {
  const frame = Buffer.allocUnsafe(pdu.length + 3);
  frame[0] = unit;
  pdu.copy(frame, 1);
  frame.writeUInt16LE(crc16(frame, 0, pdu.length + 1), pdu.length + 1);
  return frame;
}
function hasValidCrc(bytes, start, end) {
  return end - start >= 4 && crc16(bytes, start, end - 2) === bytes.readUInt16LE(end - 2);
}
function headOf(bytes, start, unit, request) {
  const no = { length: 0, open: false };
  const there = bytes.length - start;
  if (bytes[start] !== unit) return no;
  if (there === 1) return { length: EXCEPTION_BYTES, open: true };
  if (bytes[start + 1] === (request.functionCode | 128)) return { length: EXCEPTION_BYTES, open: false };
  const prefix = request.answerPrefix;
  const common = Math.min(prefix.length, there - 1);
  if (bytes.compare(prefix, 0, common, start + 1, start + 1 + common) !== 0) return no;
  return { length: request.answerBytes + 3, open: common < prefix.length };
}
function echoAt(bytes, start, frame) {
  const there = Math.min(frame.length, bytes.length - start);
  if (bytes.compare(frame, 0, there, start, start + there) !== 0) return 0;
  return there === frame.length ? there : -1;
}
function scanForAnswer(bytes, frame, unit, request, skipEcho) {
  let echoed = false;
  let begun = false;
  for (let start = 0; start < bytes.length; start++) {
    if (skipEcho && !echoed) {
      const echo = echoAt(bytes, start, frame);
      if (echo < 0) break;
      if (echo > 0) {
        echoed = true;
        start += echo - 1;
        continue;
      }
    }
    const { length, open } = headOf(bytes, start, unit, request);
    if (length === 0) continue;
    if (!open) begun = true;
    const end = start + length;
    if (end > bytes.length) break;
    if (hasValidCrc(bytes, start, end)) return { pdu: bytes.subarray(start + 1, end - 2), echoed, begun };
  }
  return { pdu: void 0, echoed, begun };
}
export {
  encodeRtu,
  hasValidCrc,
  scanForAnswer
};
//# sourceMappingURL=rtu-frame.js.map
