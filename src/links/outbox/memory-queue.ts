/** A {@link StoredQueue} without a disk: for a gateway whose store takes nothing, and for tests. Gone with the process. */
import type { Delivery, LabelFilter, StoredDelivery, StoredQueue, Surveyed } from '../../core/store.js';

/** What a message costs beside its payload and topic, bytes. */
const OVERHEAD = 64;

type Kept = { -readonly [K in keyof StoredDelivery]: StoredDelivery[K] };

export class MemoryQueue implements StoredQueue {
  readonly receiver: string;
  onKept: StoredQueue['onKept'];
  onLost: StoredQueue['onLost'];
  /** In order. */
  readonly #entries = new Map<number, Kept>();
  #bytes = 0;
  #lastSequence = 0;
  #lastRelease = 0;

  constructor(receiver: string) {
    this.receiver = receiver;
  }

  get messages(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get lastSequence(): number {
    return this.#lastSequence;
  }

  append({ message, qos, retain, identifiers, share, label = 0 }: Delivery): StoredDelivery {
    const sequence = ++this.#lastSequence;
    const bytes = OVERHEAD + message.topic.length + message.payload.length;
    const kept = { message, qos, retain, identifiers, share, label, sequence, bytes, released: 0, batch: 0 };
    this.#entries.set(sequence, kept);
    this.#bytes += bytes;
    return kept;
  }

  settle({ sequence }: StoredDelivery): void {
    const kept = this.#entries.get(sequence);
    if (kept === undefined) return;
    this.#entries.delete(sequence);
    this.#bytes -= kept.bytes;
  }

  release({ sequence }: StoredDelivery): number {
    const kept = this.#entries.get(sequence);
    if (kept !== undefined && kept.released === 0) kept.released = ++this.#lastRelease;
    return 0;
  }

  unrelease({ sequence }: StoredDelivery): number {
    const kept = this.#entries.get(sequence);
    if (kept !== undefined) kept.released = 0;
    return 0;
  }

  async read(after: number, messages: number, only?: LabelFilter): Promise<readonly StoredDelivery[]> {
    return this.#some(messages, ({ sequence, label }) => {
      return sequence > after && (only === undefined || (label & only.mask) === only.value);
    });
  }

  async readReleased(upTo: number, after: number, messages: number): Promise<readonly StoredDelivery[]> {
    const found = [...this.#entries.values()].filter((kept) => kept.sequence <= upTo && kept.released > after);
    return found.sort((a, b) => a.released - b.released).slice(0, messages);
  }

  async survey(after: number, messages: number): Promise<{ lastSequence: number; labels: readonly Surveyed[] }> {
    const found = this.#some(messages, ({ sequence }) => sequence > after);
    const labels = found.map(({ label, bytes, sequence }) => ({ label, messages: 1, bytes, lastSequence: sequence }));
    return { lastSequence: found.at(-1)?.sequence ?? 0, labels };
  }

  async dropOldest(spared: number, sentTo: number, messages: number): Promise<number> {
    const found = this.#some(spared + messages, ({ released, sequence, qos }) => {
      return released === 0 && (sequence > sentTo || qos === 1);
    });
    for (const kept of found.slice(spared)) this.settle(kept);
    return Math.max(0, found.length - spared);
  }

  remove(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }

  #some(messages: number, isWanted: (kept: Kept) => boolean): Kept[] {
    const found: Kept[] = [];
    for (const kept of this.#entries.values()) {
      if (found.length >= messages) break;
      if (isWanted(kept)) found.push(kept);
    }
    return found;
  }
}
