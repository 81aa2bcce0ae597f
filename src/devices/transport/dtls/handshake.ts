/** Handshake messages of DTLS 1.2 (RFC 6347 §4.2), as a client with a pre-shared key needs them. */
import { createHash, createHmac } from 'node:crypto';
import { CIPHER_SUITES, DTLS_1_2 } from './records.js';

export const HandshakeType = {
  CLIENT_HELLO: 1,
  SERVER_HELLO: 2,
  HELLO_VERIFY_REQUEST: 3,
  SERVER_KEY_EXCHANGE: 12,
  SERVER_HELLO_DONE: 14,
  CLIENT_KEY_EXCHANGE: 16,
  FINISHED: 20,
} as const;

const HEADER_BYTES = 12;
/** Nothing that a server with a pre-shared key says is larger. */
const MAX_MESSAGE_BYTES = 4_096;
/** Messages ahead of the one that is awaited. */
const MAX_AHEAD = 8;
/** RFC 5746 §3.3: no renegotiation here, but the server is to know that we know. */
const EMPTY_RENEGOTIATION_INFO_SCSV = 0x00ff;
const EXTENDED_MASTER_SECRET = 0x0017;

export interface HandshakeMessage {
  readonly type: number;
  readonly sequence: number;
  readonly body: Buffer;
}

/** As it goes into the hash of the handshake: in one piece, whatever pieces it came in (§4.2.6). */
export function writeHandshake({ type, sequence, body }: HandshakeMessage): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header[0] = type;
  header.writeUIntBE(body.length, 1, 3);
  header.writeUInt16BE(sequence, 4);
  header.writeUIntBE(body.length, 9, 3);
  return Buffer.concat([header, body]);
}

interface Pieces {
  readonly type: number;
  readonly body: Buffer;
  readonly have: Uint8Array;
  missing: number;
}

/** Puts messages together from their fragments, and in order. */
export class Reassembly {
  #next = 0;
  readonly #pieces = new Map<number, Pieces>();

  /** Of the next message. */
  get next(): number {
    return this.#next;
  }

  /** Fragments of one record; those of messages that were delivered are passed over. */
  take(bytes: Buffer): void {
    let at = 0;
    while (at + HEADER_BYTES <= bytes.length) {
      const length = bytes.readUIntBE(at + 1, 3);
      const sequence = bytes.readUInt16BE(at + 4);
      const offset = bytes.readUIntBE(at + 6, 3);
      const count = bytes.readUIntBE(at + 9, 3);
      const from = at + HEADER_BYTES;
      at = from + count;
      if (length > MAX_MESSAGE_BYTES || offset + count > length || at > bytes.length) return;
      if (sequence < this.#next || sequence >= this.#next + MAX_AHEAD) continue;
      this.#add(bytes[from - HEADER_BYTES]!, sequence, length, offset, bytes.subarray(from, at));
    }
  }

  /** @returns undefined as long as the next one is not whole */
  shift(): HandshakeMessage | undefined {
    const pieces = this.#pieces.get(this.#next);
    if (pieces === undefined || pieces.missing > 0) return undefined;
    this.#pieces.delete(this.#next);
    return { type: pieces.type, sequence: this.#next++, body: pieces.body };
  }

  #add(type: number, sequence: number, length: number, offset: number, fragment: Buffer): void {
    let pieces = this.#pieces.get(sequence);
    if (pieces === undefined) {
      pieces = { type, body: Buffer.alloc(length), have: new Uint8Array(length), missing: length };
      this.#pieces.set(sequence, pieces);
    }
    if (pieces.type !== type || pieces.body.length !== length) return;
    fragment.copy(pieces.body, offset);
    for (let i = offset; i < offset + fragment.length; i++) {
      if (pieces.have[i] === 1) continue;
      pieces.have[i] = 1;
      pieces.missing--;
    }
  }
}

export function clientHello(random: Buffer, sessionId: Buffer, cookie: Buffer): Buffer {
  const suites = [...CIPHER_SUITES.map(({ id }) => id), EMPTY_RENEGOTIATION_INFO_SCSV];
  const extensions = Buffer.concat([u16(EXTENDED_MASTER_SECRET), u16(0)]);
  return Buffer.concat([
    u16(DTLS_1_2),
    random,
    Buffer.from([sessionId.length]),
    sessionId,
    Buffer.from([cookie.length]),
    cookie,
    u16(2 * suites.length),
    ...suites.map(u16),
    Buffer.from([1, 0]),
    u16(extensions.length),
    extensions,
  ]);
}

export interface ServerHello {
  readonly random: Buffer;
  readonly sessionId: Buffer;
  readonly cipherSuite: number;
  readonly hasExtendedMasterSecret: boolean;
}

/** @returns undefined when it is none of DTLS 1.2 */
export function readServerHello(body: Buffer): ServerHello | undefined {
  if (body.length < 38 || body.readUInt16BE(0) !== DTLS_1_2) return undefined;
  const end = 35 + body[34]!;
  if (body.length < end + 3) return undefined;
  let hasExtendedMasterSecret = false;
  for (let at = end + 5; at + 4 <= body.length; at += 4 + body.readUInt16BE(at + 2)) {
    if (body.readUInt16BE(at) === EXTENDED_MASTER_SECRET) hasExtendedMasterSecret = true;
  }
  return {
    random: body.subarray(2, 34),
    sessionId: body.subarray(35, end),
    cipherSuite: body.readUInt16BE(end),
    hasExtendedMasterSecret,
  };
}

/** @returns undefined when it is cut */
export function readCookie(body: Buffer): Buffer | undefined {
  if (body.length < 3) return undefined;
  const cookie = body.subarray(3, 3 + body[2]!);
  return cookie.length === body[2] ? cookie : undefined;
}

export function clientKeyExchange(identity: Buffer): Buffer {
  return Buffer.concat([u16(identity.length), identity]);
}

/** RFC 4279 §2: as many zeros as the key has bytes, and the key. */
export function premasterSecret(key: Buffer): Buffer {
  return Buffer.concat([u16(key.length), Buffer.alloc(key.length), u16(key.length), key]);
}

/** RFC 5246 §5, with SHA-256. */
export function prf(secret: Buffer, label: string, seed: Buffer, bytes: number): Buffer {
  const labelled = Buffer.concat([Buffer.from(label), seed]);
  const mac = (data: Buffer) => createHmac('sha256', secret).update(data).digest();
  const parts: Buffer[] = [];
  let a = labelled;
  for (let length = 0; length < bytes; length += 32) {
    a = mac(a);
    parts.push(mac(Buffer.concat([a, labelled])));
  }
  return Buffer.concat(parts).subarray(0, bytes);
}

export function sha256(parts: readonly Buffer[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}
