/** The wire that the devices of a port share: whole writes, and what comes to all of them. */
import type { Duplex } from 'node:stream';
import { type Clock, type Endpoint, GatewayError, isAdjustable } from '../../src/adapter.js';
import { serialError } from './errors.js';

/** Time a wire has to take the bytes of something that was given up, ms. */
const STUCK_MS = 250;

export class Line {
  readonly clock: Clock;
  readonly endpoint: Endpoint;
  /** Monotonic ms before which nobody is asked: an answer may come that names nobody. */
  deafUntil = 0;
  readonly #wire: Duplex;
  readonly #listeners = new Set<(chunk: Buffer) => void>();

  constructor(wire: Duplex, clock: Clock, endpoint: Endpoint) {
    this.#wire = wire;
    this.clock = clock;
    this.endpoint = endpoint;
    wire.on('data', this.#onData);
  }

  hear(listener: (chunk: Buffer) => void): void {
    this.#listeners.add(listener);
  }

  /**
   * Resolves when the wire has taken the bytes. What is given up and still waits in our buffer must not go out later:
   * such a wire is destroyed.
   *
   * @throws SERIAL_DISCONNECTED; the signal's reason
   */
  async send(bytes: Buffer, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const wire = this.#wire;
    if (!wire.writable) throw gone();
    await new Promise<void>((resolve, reject) => {
      const onAbort = () => {
        this.clock.after(STUCK_MS, () => {
          if (wire.writableLength > 0) wire.destroy();
        });
        reject(signal.reason);
      };
      signal.addEventListener('abort', onAbort, { once: true });
      wire.write(bytes, (error) => {
        signal.removeEventListener('abort', onAbort);
        if (error) reject(error instanceof GatewayError ? error : gone(error));
        else resolve();
      });
    });
  }

  get isAdjustable(): boolean {
    return isAdjustable(this.#wire);
  }

  async setBaudRate(baudRate: number): Promise<void> {
    if (isAdjustable(this.#wire)) await this.#wire.setBaudRate(baudRate);
  }

  close(): void {
    this.#wire.off('data', this.#onData);
    this.#listeners.clear();
  }

  readonly #onData = (chunk: Buffer): void => {
    for (const listener of this.#listeners) listener(chunk);
  };
}

function gone(cause?: Error): GatewayError {
  return serialError('SERIAL_DISCONNECTED', 'the wire is gone, nothing was sent', { cause, details: { sent: false } });
}
