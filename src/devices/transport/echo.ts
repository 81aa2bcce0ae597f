import type { Filter } from './filtered.js';

/** More than any frame: what has not come back when so much waits never will. */
const EXPECTED_LIMIT = 4_096;
const NOTHING = Buffer.alloc(0);

/**
 * Takes out what a half-duplex line says back to us: the bytes sent, in order, before anything else. A byte that differs
 * (noise, two who speak at once) ends the search, and what comes is the reader's to judge.
 */
export class EchoFilter implements Filter {
  #expected: Buffer = NOTHING;

  outgoing(bytes: Buffer): Buffer {
    const all = Buffer.concat([this.#expected, bytes]);
    this.#expected = all.length > EXPECTED_LIMIT ? Buffer.from(bytes) : all;
    return bytes;
  }

  incoming(bytes: Buffer): Buffer {
    let same = 0;
    while (same < bytes.length && same < this.#expected.length && bytes[same] === this.#expected[same]) same++;
    const differs = same < bytes.length && same < this.#expected.length;
    this.#expected = differs ? NOTHING : this.#expected.subarray(same);
    return bytes.subarray(same);
  }
}
