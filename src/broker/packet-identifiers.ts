/**
 * A set of Packet Identifiers (1 to 65,535). As bits: a 3.1.1 client may leave as many QoS 2 messages unreleased as there
 * are identifiers, and a Set of them takes a megabyte and more.
 */
const PAGE_IDENTIFIERS = 1024;

interface Page {
  readonly bits: Uint8Array;
  count: number;
}

export class PacketIdentifiers implements Iterable<number> {
  /** By number of the page; most clients never send QoS 2. */
  #pages: Map<number, Page> | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(identifier: number): boolean {
    const page = this.#pages?.get(identifier >> 10);
    return page !== undefined && (page.bits[(identifier % PAGE_IDENTIFIERS) >> 3]! & (1 << (identifier & 7))) !== 0;
  }

  add(identifier: number): void {
    if (this.has(identifier)) return;
    this.#pages ??= new Map();
    let page = this.#pages.get(identifier >> 10);
    if (page === undefined) {
      page = { bits: new Uint8Array(PAGE_IDENTIFIERS / 8), count: 0 };
      this.#pages.set(identifier >> 10, page);
    }
    page.bits[(identifier % PAGE_IDENTIFIERS) >> 3]! |= 1 << (identifier & 7);
    page.count++;
    this.#size++;
  }

  /** @returns whether it was there */
  delete(identifier: number): boolean {
    if (this.#pages === undefined || !this.has(identifier)) return false;
    const page = this.#pages.get(identifier >> 10)!;
    page.bits[(identifier % PAGE_IDENTIFIERS) >> 3]! &= ~(1 << (identifier & 7));
    this.#size--;
    if (--page.count === 0) this.#pages.delete(identifier >> 10);
    return true;
  }

  clear(): void {
    this.#pages = undefined;
    this.#size = 0;
  }

  *[Symbol.iterator](): Iterator<number> {
    for (const index of this.#pages?.keys() ?? []) {
      const first = index * PAGE_IDENTIFIERS;
      for (let i = first; i < first + PAGE_IDENTIFIERS; i++) if (this.has(i)) yield i;
    }
  }
}
