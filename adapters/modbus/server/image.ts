/** What a Modbus server serves: four tables of numbers. */
import { ADDRESS_SPACE, type Table } from '../pdu.js';

/** Exception codes a table may answer with (Modbus Application Protocol V1.1b3 §7). */
export type ExceptionCode = 1 | 2 | 3 | 4 | 5 | 6 | 8 | 10 | 11;

/** Now, or when somebody else has answered. */
export type Later<T> = T | Promise<T>;

/** Bits are 0 and 1, registers 0 to 65535. Quantities and byte counts were checked by the server before it asks. */
export interface RegisterImage {
  /** @returns exactly `quantity` numbers, or the exception to answer with */
  read(table: Table, start: number, quantity: number): Later<ArrayLike<number> | ExceptionCode>;
  /** Writes all or nothing. @returns the exception to answer with, or undefined */
  write(table: 'coil' | 'holding', start: number, values: readonly number[]): Later<ExceptionCode | undefined>;
  /**
   * Changes the bits of a holding register that are in `mask`. Where it is absent the register is read, changed and
   * written.
   */
  writeBits?(address: number, mask: number, bits: number): Later<ExceptionCode | undefined>;
  /** Objects 0 to 6 of the device identification (§6.21), in their order; absent: function 43/14 is not offered. */
  readonly identity?: readonly string[];
}

/** An image in memory. A table that is not named does not exist: exception 2, as for addresses beyond its end. */
export class MemoryImage implements RegisterImage {
  /** The owner reads and writes here; masters see it at once. */
  readonly tables: Readonly<Record<Table, Uint16Array>>;

  /** @param sizes - addresses per table, 0 to 65536 */
  constructor(sizes: Partial<Readonly<Record<Table, number>>>) {
    const table = (name: Table) => new Uint16Array(Math.min(ADDRESS_SPACE, sizes[name] ?? 0));
    this.tables = {
      coil: table('coil'),
      discrete: table('discrete'),
      holding: table('holding'),
      input: table('input'),
    };
  }

  read(table: Table, start: number, quantity: number): Uint16Array | ExceptionCode {
    const cells = this.tables[table];
    return start + quantity > cells.length ? 2 : cells.subarray(start, start + quantity);
  }

  write(table: 'coil' | 'holding', start: number, values: readonly number[]): ExceptionCode | undefined {
    const cells = this.tables[table];
    if (start + values.length > cells.length) return 2;
    cells.set(values, start);
    return undefined;
  }
}
