/** The broker's end of a connection in memory: what it writes is seen at once, what is pushed it reads. */
import { Duplex } from 'node:stream';

export interface WireEvents {
  readonly onBytes: (bytes: Buffer) => void;
  /** The broker has said everything. */
  readonly onEnd: () => void;
  readonly onClosed: () => void;
}

export class Wire extends Duplex {
  /** The peer takes nothing. */
  isStalled = false;
  readonly #events: WireEvents;
  #untaken: ((error?: Error | null) => void) | undefined;

  constructor(events: WireEvents) {
    super();
    this.#events = events;
  }

  /** Takes again. */
  takeAgain(): void {
    this.isStalled = false;
    const callback = this.#untaken;
    this.#untaken = undefined;
    callback?.();
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#events.onBytes(chunk);
    if (this.isStalled) this.#untaken = callback;
    else callback();
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#events.onEnd();
    callback();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#events.onClosed();
    callback(error);
  }
}
