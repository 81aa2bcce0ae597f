/**
 * The PROXY protocol: what a proxy says, ahead of the client's bytes, about the connection that it passes on.
 * Specification: HAProxy, "The PROXY protocol, versions 1 & 2". Parses only; the socket is in proxy-header.ts.
 */
import { isIPv4, isIPv6 } from 'node:net';
import type { PeerCertificate } from '../peer.js';

export interface ProxyHeader {
  /** Bytes of the header; what follows is the client's. */
  readonly length: number;
  /** Undefined: the proxy speaks for itself (LOCAL, a health check) or does not know (UNKNOWN, UNSPEC). */
  readonly source: { readonly host: string; readonly port: number } | undefined;
  /** Of the TLS connection between client and proxy. */
  readonly certificate: PeerCertificate | undefined;
}

/** A header is malformed for this reason, or more bytes are needed. */
export type ProxyHeaderResult = ProxyHeader | { readonly fault: string } | 'more';

const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
const V1 = Buffer.from('PROXY ');
/** §2.1: the longest line of version 1, its CRLF included. */
const MAX_V1_BYTES = 107;
/** §2.2: signature, version and command, family and transport, length. */
const V2_FIXED_BYTES = 16;
/** Addresses and TLVs of version 2. */
const MAX_V2_BYTES = 4_096;

const TLV_CRC32C = 0x03;
const TLV_SSL = 0x20;
const SUBTYPE_SSL_CN = 0x22;
const CLIENT_CERT_CONN = 0x02;
const CLIENT_CERT_SESS = 0x04;

/** @param bytes - everything received so far */
export function parseProxyHeader(bytes: Buffer): ProxyHeaderResult {
  if (startsLike(bytes, SIGNATURE)) return bytes.length < V2_FIXED_BYTES ? 'more' : parseV2(bytes);
  if (startsLike(bytes, V1)) return parseV1(bytes);
  return { fault: 'no PROXY protocol header' };
}

/** Equal as far as both go. */
function startsLike(bytes: Buffer, prefix: Buffer): boolean {
  const length = Math.min(bytes.length, prefix.length);
  return bytes.compare(prefix, 0, length, 0, length) === 0;
}

/** `PROXY TCP4 192.0.2.7 192.0.2.1 51234 1883\r\n` */
function parseV1(bytes: Buffer): ProxyHeaderResult {
  const end = bytes.subarray(0, MAX_V1_BYTES).indexOf('\r\n');
  if (end < 0) return bytes.length < MAX_V1_BYTES ? 'more' : { fault: 'a line of more than 107 bytes' };
  const words = bytes.toString('latin1', 0, end).split(' ');
  const length = end + 2;
  if (words[1] === 'UNKNOWN') return { length, source: undefined, certificate: undefined };
  const [, family, host = '', , port = ''] = words;
  const isHost = (family === 'TCP4' && isIPv4(host)) || (family === 'TCP6' && isIPv6(host));
  const isPort = /^(0|[1-9]\d{0,4})$/;
  if (words.length !== 6 || !isHost || !isPort.test(port) || Number(port) > 65_535) {
    return { fault: 'a malformed line of version 1' };
  }
  return { length, source: { host, port: Number(port) }, certificate: undefined };
}

function parseV2(bytes: Buffer): ProxyHeaderResult {
  const versionAndCommand = bytes[12]!;
  const familyAndTransport = bytes[13]!;
  const rest = bytes.readUInt16BE(14);
  const command = versionAndCommand & 0x0f;
  if (versionAndCommand >> 4 !== 2 || command > 1) return { fault: 'an unknown version or command' };
  if (rest > MAX_V2_BYTES) return { fault: `a header of ${rest} bytes` };
  const length = V2_FIXED_BYTES + rest;
  if (bytes.length < length) return 'more';
  const header = bytes.subarray(0, length);
  const addressBytes = ADDRESS_BYTES[familyAndTransport];
  // §2.2: what belongs to LOCAL is skipped.
  if (command === 0) return { length, source: undefined, certificate: undefined };
  if (addressBytes === undefined) return { fault: 'an unknown family or transport' };
  if (rest < addressBytes) return { fault: 'a header without room for its addresses' };
  const tlvs = parseTlvs(header, V2_FIXED_BYTES + addressBytes, length);
  if (tlvs === undefined) return { fault: 'malformed type-length-values' };
  const checksum = tlvs.get(TLV_CRC32C);
  if (checksum !== undefined && !isIntact(header, checksum)) return { fault: 'a wrong checksum' };
  const ssl = tlvs.get(TLV_SSL);
  const certificate = ssl === undefined ? undefined : parseSsl(ssl.value);
  if (certificate === 'malformed') return { fault: 'a malformed description of TLS' };
  return { length, source: sourceOf(header, familyAndTransport), certificate };
}

/** §2.2: bytes of both addresses by family and transport: unspecified, TCP over IPv4 and IPv6, Unix stream. */
const ADDRESS_BYTES: Readonly<Record<number, number>> = { 0: 0, 17: 12, 33: 36, 49: 216 };

function sourceOf(header: Buffer, family: number): ProxyHeader['source'] {
  const at = V2_FIXED_BYTES;
  if (family === 0x11) return { host: header.subarray(at, at + 4).join('.'), port: header.readUInt16BE(at + 8) };
  if (family === 0x21) return { host: ipv6(header.subarray(at, at + 16)), port: header.readUInt16BE(at + 32) };
  return undefined;
}

/** RFC 5952, by the URL parser, which knows it. */
function ipv6(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(2 * index).toString(16));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

interface Tlv {
  readonly value: Buffer;
  /** Position of the value in the bytes that were parsed. */
  readonly at: number;
}

/** The first of each type; undefined when one leaves its room. */
function parseTlvs(bytes: Buffer, from: number, to: number): Map<number, Tlv> | undefined {
  const found = new Map<number, Tlv>();
  let at = from;
  while (at < to) {
    if (at + 3 > to) return undefined;
    const type = bytes[at]!;
    const end = at + 3 + bytes.readUInt16BE(at + 1);
    if (end > to) return undefined;
    if (!found.has(type)) found.set(type, { value: bytes.subarray(at + 3, end), at: at + 3 });
    at = end;
  }
  return found;
}

/** PP2_TYPE_SSL: what the client did (1 byte), the verdict on its certificate (4 bytes, 0: verified), type-length-values. */
function parseSsl(ssl: Buffer): PeerCertificate | 'malformed' | undefined {
  if (ssl.length < 5) return 'malformed';
  const tlvs = parseTlvs(ssl, 5, ssl.length);
  if (tlvs === undefined) return 'malformed';
  if ((ssl[0]! & (CLIENT_CERT_CONN | CLIENT_CERT_SESS)) === 0) return undefined;
  return {
    verified: ssl.readUInt32BE(1) === 0,
    commonName: tlvs.get(SUBTYPE_SSL_CN)?.value.toString('utf8'),
    subject: undefined,
    subjectAltNames: [],
    serial: undefined,
    fingerprint256: undefined,
  };
}

/** §2.2.3: CRC32c over the header with the checksum itself taken as zero. */
function isIntact(header: Buffer, checksum: Tlv): boolean {
  const { value, at } = checksum;
  if (value.length !== 4) return false;
  const copy = Buffer.from(header);
  copy.fill(0, at, at + 4);
  return crc32c(copy) === header.readUInt32BE(at);
}

/** Castagnoli, reflected. */
const CRC32C_POLYNOMIAL = 0x82f63b78;

export function crc32c(bytes: Buffer): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? CRC32C_POLYNOMIAL : 0);
  }
  return (crc ^ 0xffff_ffff) >>> 0;
}
