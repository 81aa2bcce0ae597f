/** A wire without a device: what was recorded is answered; what the device said by itself comes again and again. */
import { Duplex } from 'node:stream';
import type { Recording, Replay } from '../../src/adapter.js';
import { serialError } from './errors.js';

/** Between two frames of a device that speaks by itself, ms. */
const PACE_MS = 5;

export function replay({ framing, exchanges }: Recording): Replay {
  if (framing !== 'raw') throw serialError('SERIAL_CONFIG', `recordings of serial devices are raw, not ${framing}`);
  const wire = new ReplayWire(exchanges);
  const endpoint = { type: 'tcp', host: 'recording', port: 1 } as const;
  return { wire, port: {}, device: {}, endpoint, repeated: () => wire.repeated.size };
}

class ReplayWire extends Duplex {
  readonly repeated = new Set<number>();
  readonly #exchanges: Recording['exchanges'];
  readonly #spoken: readonly Buffer[];
  #timer: NodeJS.Timeout | undefined;
  #next = 0;

  constructor(exchanges: Recording['exchanges']) {
    super();
    this.#exchanges = exchanges;
    this.#spoken = exchanges.filter(({ request }) => request.length === 0).map(({ response }) => response);
    for (const [index, { request }] of exchanges.entries()) if (request.length === 0) this.repeated.add(index);
    this.on('error', () => {});
    if (this.#spoken.length > 0) this.#timer = setInterval(() => this.#speak(), PACE_MS);
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    const index = this.#exchanges.findIndex(({ request }) => request.equals(chunk));
    if (index >= 0) {
      this.repeated.add(index);
      this.push(this.#exchanges[index]!.response);
    }
    callback();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    clearInterval(this.#timer);
    callback(error);
  }

  #speak(): void {
    this.push(this.#spoken[this.#next++ % this.#spoken.length]);
  }
}
