import { connectReturnCode } from "../reason-codes.js";
import { PacketType } from "./packets.js";
import { PropertyIdentifier } from "./properties.js";
import { variableLength, writeVariable } from "./variable-byte-integer.js";
const bytesOfNumber = { receiveMaximum: 2, topicAliasMaximum: 2, serverKeepAlive: 2 };
function encodeAcknowledgement(type, packetIdentifier, version, reasonCode, reasonString) {
  const first = PacketType[type] << 4 | (type === "pubrel" ? 2 : 0);
  if (version === 5 && reasonString !== void 0) {
    return framed(first, uint16(packetIdentifier), Buffer.of(reasonCode), encodedProperties({ reasonString }));
  }
  const withReason = version === 5 && reasonCode !== 0;
  const bytes = Buffer.allocUnsafe(withReason ? 5 : 4);
  bytes[0] = first;
  bytes[1] = withReason ? 3 : 2;
  bytes.writeUInt16BE(packetIdentifier, 2);
  if (withReason) bytes[4] = reasonCode;
  return bytes;
}
const SERVER_UNAVAILABLE = 3;
const PINGRESP = Buffer.from([PacketType.pingresp << 4, 0]);
function encodeConnack(version, reasonCode, sessionPresent, properties = {}) {
  const first = PacketType.connack << 4;
  const flags = sessionPresent && version > 3 ? 1 : 0;
  if (version === 5) return framed(first, Buffer.of(flags, reasonCode), encodedProperties(properties));
  return framed(first, Buffer.of(flags, connectReturnCode(reasonCode) ?? SERVER_UNAVAILABLE));
}
function encodeSuback(version, packetIdentifier, reasonCodes, reasonString) {
  return framed(
    PacketType.suback << 4,
    uint16(packetIdentifier),
    ...explanation(version, reasonString),
    Buffer.from(reasonCodes)
  );
}
function encodeUnsuback(version, packetIdentifier, reasonCodes, reasonString) {
  const codes = version === 5 ? [Buffer.from(reasonCodes)] : [];
  return framed(PacketType.unsuback << 4, uint16(packetIdentifier), ...explanation(version, reasonString), ...codes);
}
function encodeDisconnect(reasonCode, properties = {}) {
  return framed(PacketType.disconnect << 4, Buffer.of(reasonCode), encodedProperties(properties));
}
function encodeAuth(reasonCode, properties) {
  return framed(PacketType.auth << 4, Buffer.of(reasonCode), encodedProperties(properties));
}
function explanation(version, reasonString) {
  return version === 5 ? [encodedProperties(reasonString === void 0 ? {} : { reasonString })] : [];
}
function framed(first, ...parts) {
  let length = 0;
  for (const part of parts) length += part.length;
  const header = Buffer.allocUnsafe(1 + variableLength(length));
  header[0] = first;
  writeVariable(header, length, 1);
  return Buffer.concat([header, ...parts]);
}
function encodedProperties(properties) {
  const parts = [];
  let length = 0;
  for (const [name, value] of Object.entries(properties)) {
    if (value === void 0) continue;
    const part = encodedValue(name, value);
    parts.push(Buffer.of(PropertyIdentifier[name]), part);
    length += 1 + part.length;
  }
  const header = Buffer.allocUnsafe(variableLength(length));
  writeVariable(header, length, 0);
  return Buffer.concat([header, ...parts]);
}
function encodedValue(name, value) {
  if (typeof value === "boolean") return Buffer.of(value ? 1 : 0);
  if (typeof value === "number") {
    if (bytesOfNumber[name] === 2) return uint16(value);
    const bytes = Buffer.allocUnsafe(4);
    bytes.writeUInt32BE(value);
    return bytes;
  }
  const content = typeof value === "string" ? Buffer.from(value) : value;
  return Buffer.concat([uint16(content.length), content]);
}
function uint16(value) {
  const bytes = Buffer.allocUnsafe(2);
  bytes.writeUInt16BE(value);
  return bytes;
}
export {
  PINGRESP,
  encodeAcknowledgement,
  encodeAuth,
  encodeConnack,
  encodeDisconnect,
  encodeSuback,
  encodeUnsuback
};
//# sourceMappingURL=encode.js.map
