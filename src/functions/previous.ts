/** The last payload of each topic that a function saw. The topic seen longest ago goes first, by number and by bytes. */

interface Entry {
  /** May be longer than the payload. */
  bytes: Buffer;
  length: number;
}

/** Of an entry beside its payload. */
const ENTRY_BYTES = 128;

export class Previous {
  readonly #maxTopics: number;
  readonly #maxBytes: number;
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  constructor(maxTopics: number, maxBytes: number) {
    this.#maxTopics = maxTopics;
    this.#maxBytes = maxBytes;
  }

  get topics(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** @returns a view that is good until {@link set} is called */
  get(topic: string): Buffer | undefined {
    const entry = this.#entries.get(topic);
    return entry?.bytes.subarray(0, entry.length);
  }

  set(topic: string, payload: Buffer): void {
    const entry = this.#entries.get(topic);
    if (entry !== undefined) {
      this.#entries.delete(topic);
      this.#bytes -= entry.bytes.length + topic.length * 2 + ENTRY_BYTES;
    }
    const cost = payload.length + topic.length * 2 + ENTRY_BYTES;
    if (cost > this.#maxBytes) return;
    // A buffer of its own: a small payload may lie in a large one of others.
    const fits =
      entry !== undefined && entry.bytes.length >= payload.length && entry.bytes.length <= 64 + payload.length * 2;
    const bytes = fits ? entry.bytes : Buffer.allocUnsafeSlow(payload.length);
    payload.copy(bytes);
    this.#entries.set(topic, { bytes, length: payload.length });
    this.#bytes += bytes.length + topic.length * 2 + ENTRY_BYTES;
    while (this.#entries.size > this.#maxTopics || this.#bytes > this.#maxBytes) {
      const [oldest, { bytes: gone }] = this.#entries.entries().next().value!;
      this.#entries.delete(oldest);
      this.#bytes -= gone.length + oldest.length * 2 + ENTRY_BYTES;
    }
  }

  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }
}
