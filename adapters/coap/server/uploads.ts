/** Bodies that come in blocks (RFC 7959 §2.5), put together per client. */
import type { Clock } from '../../../src/adapter.js';
import { type Block, blockBytes } from '../message/options.js';

/** Bodies of one client that are being put together. */
const MAX_UPLOADS = 4;
/** RFC 7959 §2.4 leaves it to the server how long it keeps them, ms. */
const LIFETIME_MS = 247_000;

interface Upload {
  parts: Buffer[];
  bytes: number;
  /** Monotonic ms */
  at: number;
}

export class Uploads {
  readonly #clock: Clock;
  readonly #maxBytes: number;
  readonly #uploads = new Map<string, Upload>();

  constructor(clock: Clock, maxBytes: number) {
    this.#clock = clock;
    this.#maxBytes = maxBytes;
  }

  /** @returns the whole body with its last block; otherwise what to answer */
  take(key: string, block: Block, payload: Buffer): Buffer | 'continue' | 'incomplete' | 'too large' {
    const now = this.#clock.monotonic();
    for (const [other, { at }] of this.#uploads) if (now - at > LIFETIME_MS) this.#uploads.delete(other);
    let upload = this.#uploads.get(key);
    if (block.number === 0) {
      this.#uploads.delete(key);
      upload = { parts: [], bytes: 0, at: now };
    }
    if (upload === undefined || upload.bytes !== block.number * blockBytes(block.szx)) return 'incomplete';
    if (block.more && payload.length !== blockBytes(block.szx)) return 'incomplete';
    if (upload.bytes + payload.length > this.#maxBytes) {
      this.#uploads.delete(key);
      return 'too large';
    }
    upload.parts.push(payload);
    upload.bytes += payload.length;
    upload.at = now;
    this.#uploads.delete(key);
    if (!block.more) return Buffer.concat(upload.parts);
    const [oldest] = this.#uploads.keys();
    if (this.#uploads.size >= MAX_UPLOADS && oldest !== undefined) this.#uploads.delete(oldest);
    this.#uploads.set(key, upload);
    return 'continue';
  }
}
