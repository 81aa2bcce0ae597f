/** DTLS 1.2 records (RFC 6347 §4.1), plain and with AEAD (RFC 5288, RFC 6655). */
import { createCipheriv, createDecipheriv } from 'node:crypto';

export const ContentType = { CHANGE_CIPHER_SPEC: 20, ALERT: 21, HANDSHAKE: 22, APPLICATION_DATA: 23 } as const;

export const DTLS_1_2 = 0xfefd;
const HEADER_BYTES = 13;
const EXPLICIT_NONCE_BYTES = 8;
/** §6.2.3 of RFC 5246 */
const MAX_RECORD_BYTES = 2 ** 14 + 2_048;

/** A suite with a pre-shared key and without key exchange (RFC 4279, RFC 5487, RFC 6655). All of them are with SHA-256. */
export interface CipherSuite {
  readonly id: number;
  readonly name: string;
  readonly algorithm: 'aes-128-gcm' | 'aes-128-ccm';
  readonly tagBytes: number;
}

/** The one that RFC 7252 §9.1.3.1 demands is among them. */
export const CIPHER_SUITES: readonly CipherSuite[] = [
  { id: 0x00a8, name: 'TLS_PSK_WITH_AES_128_GCM_SHA256', algorithm: 'aes-128-gcm', tagBytes: 16 },
  { id: 0xc0a4, name: 'TLS_PSK_WITH_AES_128_CCM', algorithm: 'aes-128-ccm', tagBytes: 16 },
  { id: 0xc0a8, name: 'TLS_PSK_WITH_AES_128_CCM_8', algorithm: 'aes-128-ccm', tagBytes: 8 },
];

export interface Record {
  readonly type: number;
  readonly epoch: number;
  /** 48 bits */
  readonly sequence: number;
  readonly fragment: Buffer;
}

/** The records of a datagram, as far as they are whole. Other versions and what is cut are passed over. */
export function* readRecords(datagram: Buffer): Iterable<Record> {
  let at = 0;
  while (at + HEADER_BYTES <= datagram.length) {
    const length = datagram.readUInt16BE(at + 11);
    const end = at + HEADER_BYTES + length;
    if (length > MAX_RECORD_BYTES || end > datagram.length) return;
    // The version of the first messages may be that of DTLS 1.0.
    if (datagram[at + 1] === 0xfe) {
      yield {
        type: datagram[at]!,
        epoch: datagram.readUInt16BE(at + 3),
        sequence: datagram.readUIntBE(at + 5, 6),
        fragment: datagram.subarray(at + HEADER_BYTES, end),
      };
    }
    at = end;
  }
}

export function writeRecord({ type, epoch, sequence, fragment }: Record): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header[0] = type;
  header.writeUInt16BE(DTLS_1_2, 1);
  header.writeUInt16BE(epoch, 3);
  header.writeUIntBE(sequence, 5, 6);
  header.writeUInt16BE(fragment.length, 11);
  return Buffer.concat([header, fragment]);
}

export interface Keys {
  readonly key: Buffer;
  /** 4 bytes */
  readonly iv: Buffer;
}

/** RFC 5246 §6.2.3.3: epoch and sequence number, type, version, length of the plaintext. */
function additionalData({ type, epoch, sequence }: Record, length: number): Buffer {
  const data = Buffer.alloc(13);
  data.writeUInt16BE(epoch, 0);
  data.writeUIntBE(sequence, 2, 6);
  data[8] = type;
  data.writeUInt16BE(DTLS_1_2, 9);
  data.writeUInt16BE(length, 11);
  return data;
}

export function seal(record: Record, suite: CipherSuite, { key, iv }: Keys): Record {
  const explicit = Buffer.alloc(EXPLICIT_NONCE_BYTES);
  explicit.writeUInt16BE(record.epoch, 0);
  explicit.writeUIntBE(record.sequence, 2, 6);
  const { fragment } = record;
  // The types of node:crypto know CCM and GCM apart only by literals.
  const cipher = createCipheriv(suite.algorithm as 'aes-128-ccm', key, Buffer.concat([iv, explicit]), {
    authTagLength: suite.tagBytes,
  });
  cipher.setAAD(additionalData(record, fragment.length), { plaintextLength: fragment.length });
  const sealed = Buffer.concat([cipher.update(fragment), cipher.final()]);
  return { ...record, fragment: Buffer.concat([explicit, sealed, cipher.getAuthTag()]) };
}

/** @returns undefined when it is not from the peer, or damaged */
export function open(record: Record, suite: CipherSuite, { key, iv }: Keys): Buffer | undefined {
  const { fragment } = record;
  const length = fragment.length - EXPLICIT_NONCE_BYTES - suite.tagBytes;
  if (length < 0) return undefined;
  const nonce = Buffer.concat([iv, fragment.subarray(0, EXPLICIT_NONCE_BYTES)]);
  const end = fragment.length - suite.tagBytes;
  try {
    const decipher = createDecipheriv(suite.algorithm as 'aes-128-ccm', key, nonce, { authTagLength: suite.tagBytes });
    decipher.setAuthTag(fragment.subarray(end));
    decipher.setAAD(additionalData(record, length), { plaintextLength: length });
    const plain = decipher.update(fragment.subarray(EXPLICIT_NONCE_BYTES, end));
    return Buffer.concat([plain, decipher.final()]);
  } catch {
    return undefined;
  }
}

/** Which records were received already (§4.1.2.6): the last 64 are told apart, older ones are taken for repeated. */
export class ReplayWindow {
  #highest = -1;
  #seen = 0n;

  isNew(sequence: number): boolean {
    if (sequence > this.#highest) return true;
    const back = this.#highest - sequence;
    return back < 64 && (this.#seen & (1n << BigInt(back))) === 0n;
  }

  /** To be called once a record is known to be the peer's. */
  take(sequence: number): void {
    if (sequence > this.#highest) {
      const step = sequence - this.#highest;
      this.#seen = step >= 64 ? 1n : ((this.#seen << BigInt(step)) | 1n) & 0xffff_ffff_ffff_ffffn;
      this.#highest = sequence;
    } else this.#seen |= 1n << BigInt(this.#highest - sequence);
  }
}
