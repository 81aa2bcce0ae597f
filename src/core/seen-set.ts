/**
 * Which messages were here before, by the number that each has at its origin: one bit per message in pages, so that it does
 * not matter in which order they come, nor how late. What is forgotten, because there are too many origins or it is millions
 * of messages ago, counts as new: better twice than never.
 */
import type { StoredTable } from './store.js';

/** Messages of one page. */
const PAGE = 2_048;
const PAGE_BYTES = PAGE / 8;
/** Of one origin, and in all: 16,384 of them are 4 MB, and 33 million messages. */
const MAX_PAGES_EACH = 4_096;
const MAX_PAGES = 16_384;
/** Between origin and page in the keys of the table; in no origin. */
const SEPARATOR = ' ';

interface Page {
  readonly origin: string;
  readonly number: number;
  readonly bits: Uint8Array;
  /** It differs from what is in the table. */
  isDirty: boolean;
}

export interface SeenLimits {
  readonly pagesEach: number;
  readonly pages: number;
}

export class SeenSet {
  readonly #limits: SeenLimits;
  readonly #table: StoredTable | undefined;
  /** Pages by number; the origin used longest ago first. */
  readonly #origins = new Map<string, Map<number, Page>>();
  #pages = 0;
  #dirty: Page[] = [];
  /** Of the last call. */
  #last: Page | undefined;

  /** @param table - where it survives; {@link save} writes it */
  constructor(table?: StoredTable, limits: SeenLimits = { pagesEach: MAX_PAGES_EACH, pages: MAX_PAGES }) {
    this.#limits = limits;
    this.#table = table;
    for (const [key, value] of table?.entries() ?? []) {
      const at = key.lastIndexOf(SEPARATOR);
      const number = Number(key.slice(at + 1));
      if (at < 0 || !Number.isSafeInteger(number) || value.length !== PAGE_BYTES) table!.delete(key);
      else this.#add(key.slice(0, at), number, Uint8Array.from(value), false);
    }
  }

  /** Origins known. */
  get origins(): number {
    return this.#origins.size;
  }

  get pages(): number {
    return this.#pages;
  }

  /** @returns whether it is new */
  add(origin: string, sequence: number): boolean {
    const number = Math.floor(sequence / PAGE);
    let page = this.#last;
    if (page === undefined || page.number !== number || page.origin !== origin) {
      page = this.#find(origin, number) ?? this.#add(origin, number, new Uint8Array(PAGE_BYTES), true);
      this.#last = page;
    }
    const bit = sequence % PAGE;
    const mask = 1 << (bit & 7);
    if ((page.bits[bit >> 3]! & mask) !== 0) return false;
    page.bits[bit >> 3]! |= mask;
    this.#touch(page);
    return true;
  }

  has(origin: string, sequence: number): boolean {
    const bits = this.#origins.get(origin)?.get(Math.floor(sequence / PAGE))?.bits;
    const bit = sequence % PAGE;
    return bits !== undefined && (bits[bit >> 3]! & (1 << (bit & 7))) !== 0;
  }

  /** It could not be kept, and will come again. */
  remove(origin: string, sequence: number): void {
    const page = this.#origins.get(origin)?.get(Math.floor(sequence / PAGE));
    if (page === undefined) return;
    const bit = sequence % PAGE;
    page.bits[bit >> 3]! &= ~(1 << (bit & 7));
    this.#touch(page);
  }

  /** Writes what has changed to the table. */
  save(): void {
    if (this.#dirty.length === 0) return;
    for (const page of this.#dirty) {
      if (!page.isDirty) continue;
      page.isDirty = false;
      this.#table?.set(keyOf(page), Buffer.from(page.bits), true);
    }
    this.#dirty = [];
  }

  #touch(page: Page): void {
    if (page.isDirty || this.#table === undefined) return;
    page.isDirty = true;
    this.#dirty.push(page);
  }

  #find(origin: string, number: number): Page | undefined {
    const pages = this.#origins.get(origin);
    if (pages === undefined) return undefined;
    this.#origins.delete(origin);
    this.#origins.set(origin, pages);
    return pages.get(number);
  }

  #add(origin: string, number: number, bits: Uint8Array, isNew: boolean): Page {
    let pages = this.#origins.get(origin);
    if (pages === undefined) {
      pages = new Map();
      this.#origins.set(origin, pages);
    }
    const page: Page = { origin, number, bits, isDirty: false };
    pages.set(number, page);
    this.#pages++;
    if (isNew) this.#touch(page);
    if (pages.size > this.#limits.pagesEach) this.#remove(pages, lowest(pages, number));
    for (const [other, theirs] of this.#origins) {
      if (this.#pages <= this.#limits.pages) break;
      for (const one of [...theirs.keys()]) if (theirs.get(one) !== page) this.#remove(theirs, one);
      if (theirs.size === 0) this.#origins.delete(other);
    }
    return page;
  }

  #remove(pages: Map<number, Page>, number: number): void {
    const page = pages.get(number)!;
    pages.delete(number);
    this.#pages--;
    page.isDirty = false;
    if (this.#last === page) this.#last = undefined;
    this.#table?.delete(keyOf(page));
  }
}

function keyOf({ origin, number }: Page): string {
  return `${origin}${SEPARATOR}${number}`;
}

/** Of all but the one that is in use. */
function lowest(pages: ReadonlyMap<number, Page>, used: number): number {
  let least = Number.POSITIVE_INFINITY;
  for (const number of pages.keys()) if (number !== used) least = Math.min(least, number);
  return least;
}
