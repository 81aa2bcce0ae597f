import { isIPv4, isIPv6 } from "node:net";
const SIGNATURE = Buffer.from("0d0a0d0a000d0a515549540a", "hex");
const V1 = Buffer.from("PROXY ");
const MAX_V1_BYTES = 107;
const V2_FIXED_BYTES = 16;
const MAX_V2_BYTES = 4096;
const TLV_CRC32C = 3;
const TLV_SSL = 32;
const SUBTYPE_SSL_CN = 34;
const CLIENT_CERT_CONN = 2;
const CLIENT_CERT_SESS = 4;
function parseProxyHeader(bytes) {
  if (startsLike(bytes, SIGNATURE)) return bytes.length < V2_FIXED_BYTES ? "more" : parseV2(bytes);
  if (startsLike(bytes, V1)) return parseV1(bytes);
  return { fault: "no PROXY protocol header" };
}
function startsLike(bytes, prefix) {
  const length = Math.min(bytes.length, prefix.length);
  return bytes.compare(prefix, 0, length, 0, length) === 0;
}
function parseV1(bytes) {
  const end = bytes.subarray(0, MAX_V1_BYTES).indexOf("\r\n");
  if (end < 0) return bytes.length < MAX_V1_BYTES ? "more" : { fault: "a line of more than 107 bytes" };
  const words = bytes.toString("latin1", 0, end).split(" ");
  const length = end + 2;
  if (words[1] === "UNKNOWN") return { length, source: void 0, certificate: void 0 };
  const [, family, host = "", , port = ""] = words;
  const isHost = family === "TCP4" && isIPv4(host) || family === "TCP6" && isIPv6(host);
  const isPort = /^(0|[1-9]\d{0,4})$/;
  if (words.length !== 6 || !isHost || !isPort.test(port) || Number(port) > 65535) {
    return { fault: "a malformed line of version 1" };
  }
  return { length, source: { host, port: Number(port) }, certificate: void 0 };
}
function parseV2(bytes) {
  const versionAndCommand = bytes[12];
  const familyAndTransport = bytes[13];
  const rest = bytes.readUInt16BE(14);
  const command = versionAndCommand & 15;
  if (versionAndCommand >> 4 !== 2 || command > 1) return { fault: "an unknown version or command" };
  if (rest > MAX_V2_BYTES) return { fault: `a header of ${rest} bytes` };
  const length = V2_FIXED_BYTES + rest;
  if (bytes.length < length) return "more";
  const header = bytes.subarray(0, length);
  const addressBytes = ADDRESS_BYTES[familyAndTransport];
  if (command === 0) return { length, source: void 0, certificate: void 0 };
  if (addressBytes === void 0) return { fault: "an unknown family or transport" };
  if (rest < addressBytes) return { fault: "a header without room for its addresses" };
  const tlvs = parseTlvs(header, V2_FIXED_BYTES + addressBytes, length);
  if (tlvs === void 0) return { fault: "malformed type-length-values" };
  const checksum = tlvs.get(TLV_CRC32C);
  if (checksum !== void 0 && !isIntact(header, checksum)) return { fault: "a wrong checksum" };
  const ssl = tlvs.get(TLV_SSL);
  const certificate = ssl === void 0 ? void 0 : parseSsl(ssl.value);
  if (certificate === "malformed") return { fault: "a malformed description of TLS" };
  return { length, source: sourceOf(header, familyAndTransport), certificate };
}
const ADDRESS_BYTES = { 0: 0, 17: 12, 33: 36, 49: 216 };
function sourceOf(header, family) {
  const at = V2_FIXED_BYTES;
  if (family === 17) return { host: header.subarray(at, at + 4).join("."), port: header.readUInt16BE(at + 8) };
  if (family === 33) return { host: ipv6(header.subarray(at, at + 16)), port: header.readUInt16BE(at + 32) };
  return void 0;
}
function ipv6(bytes) {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(2 * index).toString(16));
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
}
function parseTlvs(bytes, from, to) {
  const found = /* @__PURE__ */ new Map();
  let at = from;
  while (at < to) {
    if (at + 3 > to) return void 0;
    const type = bytes[at];
    const end = at + 3 + bytes.readUInt16BE(at + 1);
    if (end > to) return void 0;
    if (!found.has(type)) found.set(type, { value: bytes.subarray(at + 3, end), at: at + 3 });
    at = end;
  }
  return found;
}
function parseSsl(ssl) {
  if (ssl.length < 5) return "malformed";
  const tlvs = parseTlvs(ssl, 5, ssl.length);
  if (tlvs === void 0) return "malformed";
  if ((ssl[0] & (CLIENT_CERT_CONN | CLIENT_CERT_SESS)) === 0) return void 0;
  return {
    verified: ssl.readUInt32BE(1) === 0,
    commonName: tlvs.get(SUBTYPE_SSL_CN)?.value.toString("utf8"),
    subject: void 0,
    subjectAltNames: [],
    serial: void 0,
    fingerprint256: void 0
  };
}
function isIntact(header, checksum) {
  const { value, at } = checksum;
  if (value.length !== 4) return false;
  const copy = Buffer.from(header);
  copy.fill(0, at, at + 4);
  return crc32c(copy) === header.readUInt32BE(at);
}
const CRC32C_POLYNOMIAL = 2197175160;
function crc32c(bytes) {
  let crc = 4294967295;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc >>> 1 ^ (crc & 1 ? CRC32C_POLYNOMIAL : 0);
  }
  return (crc ^ 4294967295) >>> 0;
}
export {
  crc32c,
  parseProxyHeader
};
//# sourceMappingURL=proxy-protocol.js.map
