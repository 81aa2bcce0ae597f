/**
 * A set of Packet Identifiers (1 to 65,535). As bits: a 3.1.1 client may leave as many QoS 2 messages unreleased as there
 * are identifiers, and a Set of them takes a megabyte and more.
 */
const PAGE_IDENTIFIERS = 1024;

interface Page {
  readonly number: number;
  readonly bits: Uint8Array;
  count: number;
}

export class PacketIdentifiers implements Iterable<number> {
  /** By number of the page; most clients never send QoS 2. */
  #pages: Map<number, Page> | undefined;
  /** Where the last one was added: it stays when it is empty, so that who comes and goes allocates nothing (test/bench E). */
  #last: Page | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(identifier: number): boolean {
    const page = this.#page(identifier >> 10);
    return page !== undefined && isSet(page, identifier);
  }

  add(identifier: number): void {
    const number = identifier >> 10;
    const page = this.#page(number) ?? this.#newPage(number);
    if (isSet(page, identifier)) return;
    const last = this.#last;
    if (page !== last) {
      if (last?.count === 0) this.#pages!.delete(last.number);
      this.#last = page;
    }
    page.bits[(identifier % PAGE_IDENTIFIERS) >> 3]! |= 1 << (identifier & 7);
    page.count++;
    this.#size++;
  }

  /** @returns whether it was there */
  delete(identifier: number): boolean {
    const page = this.#page(identifier >> 10);
    if (page === undefined || !isSet(page, identifier)) return false;
    page.bits[(identifier % PAGE_IDENTIFIERS) >> 3]! &= ~(1 << (identifier & 7));
    this.#size--;
    if (--page.count === 0 && page !== this.#last) this.#pages!.delete(page.number);
    return true;
  }

  clear(): void {
    this.#pages = undefined;
    this.#last = undefined;
    this.#size = 0;
  }

  #page(number: number): Page | undefined {
    const last = this.#last;
    return last?.number === number ? last : this.#pages?.get(number);
  }

  #newPage(number: number): Page {
    const page = { number, bits: new Uint8Array(PAGE_IDENTIFIERS / 8), count: 0 };
    this.#pages ??= new Map();
    this.#pages.set(number, page);
    return page;
  }

  *[Symbol.iterator](): Iterator<number> {
    for (const index of this.#pages?.keys() ?? []) {
      const first = index * PAGE_IDENTIFIERS;
      for (let i = first; i < first + PAGE_IDENTIFIERS; i++) if (this.has(i)) yield i;
    }
  }
}

function isSet({ bits }: Page, identifier: number): boolean {
  return (bits[(identifier % PAGE_IDENTIFIERS) >> 3]! & (1 << (identifier & 7))) !== 0;
}
