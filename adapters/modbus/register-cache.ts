/** Registers and bits of one unit as they were last read, for whoever serves the unit to other masters. */
import { ADDRESS_SPACE, isBitTable, type Table } from './pdu.js';
import type { DeviceOptions } from './schema.js';

interface Cells {
  readonly values: Uint16Array;
  /** Monotonic ms when each was read; -Infinity: never, or not to be believed. */
  readonly readAt: Float64Array;
}

export class RegisterCache {
  /** A table costs 640 KiB, so only those that are read get one. */
  readonly #tables = new Map<Table, Cells>();

  /** @param data - of an answer: registers big-endian, or bits packed from the lowest */
  store(table: Table, start: number, quantity: number, data: Buffer, now: number): void {
    const { values, readAt } = this.#cells(table);
    const bits = isBitTable(table);
    for (let i = 0; i < quantity; i++) {
      values[start + i] = bits ? (data[i >> 3]! >> (i & 7)) & 1 : data.readUInt16BE(2 * i);
      readAt[start + i] = now;
    }
  }

  /** They are about to change: nobody gets the old ones any more. */
  forget(table: Table, start: number, quantity: number): void {
    this.#tables.get(table)?.readAt.fill(Number.NEGATIVE_INFINITY, start, start + quantity);
  }

  /** @returns the values, if every one of them was read at `since` (monotonic ms) or later */
  get(table: Table, start: number, quantity: number, since: number): Uint16Array | undefined {
    const cells = this.#tables.get(table);
    if (cells === undefined) return undefined;
    for (let i = start; i < start + quantity; i++) if (cells.readAt[i]! < since) return undefined;
    return cells.values.subarray(start, start + quantity);
  }

  #cells(table: Table): Cells {
    let cells = this.#tables.get(table);
    if (cells === undefined) {
      const readAt = new Float64Array(ADDRESS_SPACE).fill(Number.NEGATIVE_INFINITY);
      cells = { values: new Uint16Array(ADDRESS_SPACE), readAt };
      this.#tables.set(table, cells);
    }
    return cells;
  }
}

/** The options of a device outlive its wires, and are the same object for all of them. */
const caches = new WeakMap<DeviceOptions, RegisterCache>();

/** From now on what is read of the device is kept. */
export function keepCache(device: DeviceOptions): RegisterCache {
  let cache = caches.get(device);
  if (cache === undefined) {
    cache = new RegisterCache();
    caches.set(device, cache);
  }
  return cache;
}

/** undefined: nobody wants it. */
export function cacheOf(device: DeviceOptions): RegisterCache | undefined {
  return caches.get(device);
}
