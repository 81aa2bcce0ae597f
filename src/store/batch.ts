/**
 * Changes on their way to the worker, packed into one buffer that is handed over without a copy.
 *
 * An entry that is settled before its batch leaves is struck out: a message that its receiver takes at once costs the disk
 * nothing.
 */
import { messageRecordRoom, writeMessageRecord } from '../core/message-record.js';
import type { Delivery } from '../core/store.js';

export const Operation = {
  /** Struck out: only its length counts. */
  none: 0,
  /** f64 id, u32 receivers, u32 length, record */
  message: 1,
  /**
   * u32 receiver, f64 sequence, f64 message id, f64 expires at, u32 flags, u32 length, name of the share (0: none),
   * u16 count, u32 identifier each
   */
  entry: 2,
  /** u32 receiver, f64 sequence */
  settle: 3,
  release: 4,
  /** u32 receiver */
  removeQueue: 5,
  /** u32 receiver, u32 length, name */
  addQueue: 6,
  /** u8 isPromise, u8 table, u32 length, key, u32 length, value */
  set: 7,
  /** u8 table, u32 length, key */
  delete: 8,
  /** As settle. */
  unrelease: 9,
} as const;

/** Every operation begins with its code and its length in all. */
export const HEADER_BYTES = 5;
const ENTRY_BYTES = HEADER_BYTES + 4 + 8 + 8 + 8 + 4 + 4 + 2;
const FIRST_BYTES = 64 * 1024;

/** Of a label, within the flags. */
export const LABEL_SHIFT = 3;

function flagsOf({ qos, retain, label = 0 }: Delivery): number {
  return ((label << LABEL_SHIFT) | qos | (retain ? 0x04 : 0)) >>> 0;
}

/** Big-endian, as nothing else is said. */
export function viewOf({ buffer, byteOffset, length }: Buffer): DataView {
  return new DataView(buffer, byteOffset, length);
}

/** Where an entry stands in its batch, and its message. */
export interface Place {
  readonly batch: Batch;
  readonly entryAt: number;
  readonly messageAt: number;
  /** Of the message's record. */
  readonly bytes: number;
}

export class Batch {
  #bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  /** Of the same bytes, for numbers. */
  #view = viewOf(this.#bytes);
  #at = 0;
  /** Operations that are not struck out. */
  #operations = 0;
  /** The message written last, as long as it may get another receiver. */
  #message: Delivery['message'] | undefined;
  #messageAt = 0;
  #messageId = 0;
  #messageBytes = 0;

  get bytes(): number {
    return this.#at;
  }

  get operations(): number {
    return this.#operations;
  }

  get isEmpty(): boolean {
    return this.#operations === 0;
  }

  /** The buffer to transfer; the batch must not be used after. */
  take(): { readonly bytes: ArrayBuffer; readonly length: number } {
    this.#message = undefined;
    return { bytes: this.#bytes.buffer as ArrayBuffer, length: this.#at };
  }

  /** @param nextId - of a message that is not in this batch yet */
  append(receiver: number, sequence: number, delivery: Delivery, nextId: () => number): Place {
    const { message, identifiers, share = '' } = delivery;
    if (this.#message === message) {
      const countAt = this.#messageAt + HEADER_BYTES + 8;
      this.#view.setUint32(countAt, this.#view.getUint32(countAt) + 1);
    } else {
      this.#addMessage(message, nextId());
    }
    const shareBytes = share === '' ? 0 : Buffer.byteLength(share);
    const entryAt = this.#begin(Operation.entry, ENTRY_BYTES + shareBytes + identifiers.length * 4);
    const view = this.#view;
    const start = entryAt + HEADER_BYTES;
    view.setUint32(start, receiver);
    view.setFloat64(start + 4, sequence);
    view.setFloat64(start + 12, this.#messageId);
    view.setFloat64(start + 20, message.expiresAt);
    view.setUint32(start + 28, flagsOf(delivery));
    let at = this.#text(start + 32, share, shareBytes);
    view.setUint16(at, identifiers.length);
    at += 2;
    for (const identifier of identifiers) {
      view.setUint32(at, identifier);
      at += 4;
    }
    return { batch: this, entryAt, messageAt: this.#messageAt, bytes: this.#messageBytes };
  }

  /** Strikes an entry of this batch out, and its message with the last of its entries. */
  strike({ entryAt, messageAt }: Place): void {
    this.#bytes[entryAt] = Operation.none;
    this.#operations--;
    const countAt = messageAt + HEADER_BYTES + 8;
    const count = this.#view.getUint32(countAt) - 1;
    this.#view.setUint32(countAt, count);
    if (count > 0) return;
    this.#bytes[messageAt] = Operation.none;
    this.#operations--;
    // It must not get another receiver now.
    if (this.#messageAt === messageAt) this.#message = undefined;
  }

  settle(receiver: number, sequence: number): void {
    this.#receiverAndSequence(Operation.settle, receiver, sequence);
  }

  release(receiver: number, sequence: number): void {
    this.#receiverAndSequence(Operation.release, receiver, sequence);
  }

  unrelease(receiver: number, sequence: number): void {
    this.#receiverAndSequence(Operation.unrelease, receiver, sequence);
  }

  addQueue(receiver: number, name: string): void {
    const nameBytes = Buffer.byteLength(name);
    const at = this.#begin(Operation.addQueue, HEADER_BYTES + 8 + nameBytes) + HEADER_BYTES;
    this.#view.setUint32(at, receiver);
    this.#text(at + 4, name, nameBytes);
  }

  removeQueue(receiver: number): void {
    const at = this.#begin(Operation.removeQueue, HEADER_BYTES + 4) + HEADER_BYTES;
    this.#view.setUint32(at, receiver);
  }

  set(table: number, key: string, value: Buffer, isPromise: boolean): void {
    const keyBytes = Buffer.byteLength(key);
    let at = this.#begin(Operation.set, HEADER_BYTES + 10 + keyBytes + value.length) + HEADER_BYTES;
    this.#bytes[at++] = isPromise ? 1 : 0;
    this.#bytes[at++] = table;
    at = this.#text(at, key, keyBytes);
    this.#view.setUint32(at, value.length);
    value.copy(this.#bytes, at + 4);
  }

  delete(table: number, key: string): void {
    const keyBytes = Buffer.byteLength(key);
    const at = this.#begin(Operation.delete, HEADER_BYTES + 5 + keyBytes) + HEADER_BYTES;
    this.#bytes[at] = table;
    this.#text(at + 1, key, keyBytes);
  }

  #addMessage(message: Delivery['message'], id: number): void {
    const start = this.#begin(Operation.message, HEADER_BYTES + 16 + messageRecordRoom(message));
    const recordAt = start + HEADER_BYTES + 16;
    const end = writeMessageRecord(this.#bytes, recordAt, message);
    const view = this.#view;
    view.setFloat64(start + HEADER_BYTES, id);
    view.setUint32(start + HEADER_BYTES + 8, 1);
    view.setUint32(start + HEADER_BYTES + 12, end - recordAt);
    // The room was an upper bound.
    view.setUint32(start + 1, end - start);
    this.#at = end;
    this.#message = message;
    this.#messageAt = start;
    this.#messageId = id;
    this.#messageBytes = end - recordAt;
  }

  #receiverAndSequence(operation: number, receiver: number, sequence: number): void {
    const at = this.#begin(operation, HEADER_BYTES + 12) + HEADER_BYTES;
    this.#view.setUint32(at, receiver);
    this.#view.setFloat64(at + 4, sequence);
  }

  /** @returns where the operation begins */
  #begin(operation: number, length: number): number {
    const start = this.#at;
    const end = start + length;
    if (end > this.#bytes.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(end, this.#bytes.length * 2));
      this.#bytes.copy(grown, 0, 0, start);
      this.#bytes = grown;
      this.#view = viewOf(grown);
    }
    this.#bytes[start] = operation;
    this.#view.setUint32(start + 1, length);
    this.#at = end;
    this.#operations++;
    return start;
  }

  #text(start: number, text: string, length: number): number {
    this.#view.setUint32(start, length);
    if (length > 0) this.#bytes.write(text, start + 4, length);
    return start + 4 + length;
  }
}
