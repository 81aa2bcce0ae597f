/** A wire on a wire: bytes are changed on their way in and out, everything else passes through. */
import { Duplex } from 'node:stream';
import { isAdjustable } from '../../core/transport.js';

export interface Filter {
  /** @returns what the reader gets; empty: nothing */
  incoming(bytes: Buffer): Buffer;
  /** @returns what goes out for it */
  outgoing(bytes: Buffer): Buffer;
  /** While present, nothing goes out: the far side asked for a rest. */
  readonly gate?: Promise<void> | undefined;
}

export class FilteredWire extends Duplex {
  readonly inner: Duplex;
  /** Where the wire below can. */
  setBaudRate?: (baudRate: number) => Promise<void>;
  readonly #filter: Filter;

  constructor(inner: Duplex, filter: Filter) {
    super();
    this.inner = inner;
    this.#filter = filter;
    this.on('error', () => {});
    if (isAdjustable(inner)) this.setBaudRate = (baudRate) => inner.setBaudRate(baudRate);
    inner.on('data', (bytes: Buffer) => this.#take(bytes));
    inner.on('end', () => this.push(null));
    inner.on('error', (error) => void this.destroy(error));
    inner.on('close', () => void this.destroy());
  }

  override _read(): void {
    this.inner.resume();
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    const go = () => void this.inner.write(this.#filter.outgoing(bytes), callback);
    if (this.#filter.gate === undefined) go();
    else void this.#filter.gate.then(go);
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.inner.end(callback);
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (this.inner.closed) {
      callback(error);
      return;
    }
    this.inner.once('close', () => callback(error));
    this.inner.destroy();
  }

  #take(bytes: Buffer): void {
    if (this.destroyed) return;
    const out = this.#filter.incoming(bytes);
    if (out.length > 0 && !this.push(out)) this.inner.pause();
  }
}
