/**
 * Entries that were read, on their way from the worker: many of them in one buffer that is handed over without a copy.
 *
 *   f64 sequence │ f64 released │ u32 flags │ u16 count, u32 identifier each │ u16 length, share │ u32 length, record
 *
 * A message stays a view of its buffer; a buffer is small, because it lives as long as the last message of it.
 */
import type { ReadEntry } from './protocol.js';

const SLAB_BYTES = 16 * 1024;
const HEAD_BYTES = 8 + 8 + 4 + 2 + 2 + 4;
/** A share is a Topic Filter or a tag of a link: MQTT texts have no more (§1.5.4). */
const MAX_SHARE_BYTES = 0xffff;

/** As it is in the file. */
export interface EntryRow {
  readonly sequence: number;
  readonly flags: number;
  readonly released: number;
  /** Decimal, with commas between. */
  readonly identifiers: string | null;
  readonly share: string | null;
  readonly record: Uint8Array | null;
}

export class EntryWriter {
  readonly #slabs: Buffer<ArrayBuffer>[] = [];
  #slab: Buffer<ArrayBuffer> | undefined;
  #at = 0;
  /** Of all records. */
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  add({ sequence, flags, released, identifiers, share, record }: EntryRow): void {
    const numbers = identifiers === null ? [] : identifiers.split(',');
    const shareBytes = share === null ? 0 : Math.min(MAX_SHARE_BYTES, Buffer.byteLength(share));
    const recordBytes = record?.length ?? 0;
    const slab = this.#room(HEAD_BYTES + 4 * numbers.length + shareBytes + recordBytes);
    let at = slab.writeDoubleBE(sequence, this.#at);
    at = slab.writeDoubleBE(released, at);
    at = slab.writeUInt32BE(flags, at);
    at = slab.writeUInt16BE(numbers.length, at);
    for (const number of numbers) at = slab.writeUInt32BE(Number(number), at);
    at = slab.writeUInt16BE(shareBytes, at);
    if (share !== null) at += slab.write(share, at, shareBytes);
    at = slab.writeUInt32BE(recordBytes, at);
    if (record !== null) slab.set(record, at);
    this.#at = at + recordBytes;
    this.#bytes += recordBytes;
  }

  /** To be transferred. */
  take(): readonly Uint8Array<ArrayBuffer>[] {
    this.#cut();
    return this.#slabs;
  }

  #room(bytes: number): Buffer<ArrayBuffer> {
    if (this.#slab === undefined || this.#slab.length - this.#at < bytes) {
      this.#cut();
      this.#slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, bytes)) as Buffer<ArrayBuffer>;
      this.#at = 0;
    }
    return this.#slab;
  }

  #cut(): void {
    if (this.#slab !== undefined) this.#slabs.push(this.#slab.subarray(0, this.#at) as Buffer<ArrayBuffer>);
    this.#slab = undefined;
  }
}

export function readEntries(slabs: readonly Uint8Array<ArrayBuffer>[]): readonly ReadEntry[] {
  const entries: ReadEntry[] = [];
  for (const slab of slabs) {
    const bytes = Buffer.from(slab.buffer, slab.byteOffset, slab.byteLength);
    for (let at = 0; at < bytes.length; ) {
      const sequence = bytes.readDoubleBE(at);
      const released = bytes.readDoubleBE(at + 8);
      const flags = bytes.readUInt32BE(at + 16);
      const count = bytes.readUInt16BE(at + 20);
      at += 22;
      const identifiers: number[] = [];
      for (let i = 0; i < count; i++, at += 4) identifiers.push(bytes.readUInt32BE(at));
      const shareEnd = at + 2 + bytes.readUInt16BE(at);
      const share = shareEnd === at + 2 ? undefined : bytes.toString('utf8', at + 2, shareEnd);
      const start = shareEnd + 4;
      at = start + bytes.readUInt32BE(shareEnd);
      entries.push({ sequence, flags, released, identifiers, share, record: bytes.subarray(start, at) });
    }
  }
  return entries;
}
