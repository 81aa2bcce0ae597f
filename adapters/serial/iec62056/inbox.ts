/** Bytes of a meter that somebody waits for. */

/** The longest data readout that is taken. */
export const INBOX_LIMIT = 65_536;

interface Waiting {
  readonly find: (bytes: Buffer) => number;
  readonly resolve: (bytes: Buffer) => void;
}

export class Inbox {
  #bytes: Buffer = Buffer.allocUnsafe(256);
  #length = 0;
  #waiting: Waiting | undefined;

  get pending(): number {
    return this.#length;
  }

  push(chunk: Buffer): void {
    for (const byte of chunk) {
      if (this.#length === INBOX_LIMIT) this.#length = 0;
      if (this.#length === this.#bytes.length) {
        this.#bytes = Buffer.concat([
          this.#bytes,
          Buffer.allocUnsafe(Math.min(this.#length, INBOX_LIMIT - this.#length)),
        ]);
      }
      // Characters have 7 bits; the eighth is the parity of converters that pass it on.
      this.#bytes[this.#length++] = byte & 0x7f;
    }
    this.#look();
  }

  clear(): void {
    this.#length = 0;
  }

  /**
   * @param find - where what is waited for ends; −1: not yet
   * @returns everything up to there
   */
  until(find: (bytes: Buffer) => number, signal: AbortSignal): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const onAbort = () => {
        this.#waiting = undefined;
        reject(signal.reason);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting = {
        find,
        resolve: (bytes) => {
          signal.removeEventListener('abort', onAbort);
          resolve(bytes);
        },
      };
      this.#look();
    });
  }

  #look(): void {
    const waiting = this.#waiting;
    if (waiting === undefined || this.#length === 0) return;
    const end = waiting.find(this.#bytes.subarray(0, this.#length));
    if (end < 0) return;
    const taken = Buffer.from(this.#bytes.subarray(0, end));
    this.#bytes.copyWithin(0, end, this.#length);
    this.#length -= end;
    this.#waiting = undefined;
    waiting.resolve(taken);
  }
}
