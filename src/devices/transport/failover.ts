/**
 * Several addresses of one device: the first that works is used, and the first of the list whenever it is back.
 *
 *   open ─▶ the one that worked last ─fails─▶ the next … round the list
 *   in use, but never an answer ─▶ the next one
 *   on a backup that was closed, first used again after failBack ─▶ the first
 *   on a backup ─every failBack─▶ does the first accept? ─▶ close when nothing is in flight, open the first
 */
import type { Socket } from 'node:net';
import type { Clock, Timer } from '../../core/clock.js';
import { type GatewayError, toGatewayError } from '../../core/errors.js';
import type { Log } from '../../core/log.js';
import { type Address, addressName, CONNECT_TIMEOUT_MS } from '../../core/transport.js';
import { devicesError } from '../errors.js';
import { openTcp } from './tcp.js';

const FAIL_BACK_MS = 60_000;
/** A first address that accepts and stays silent is tried ever more rarely. */
const MAX_FAIL_BACK_MS = 3_600_000;
/** How long an answer is waited for before a backup is left. */
const LEAVE_LIMIT_MS = 5_000;

export interface Dialling {
  readonly host: string;
  readonly port: number;
  readonly backups?: readonly Address[] | undefined;
  readonly failBack?: number | undefined;
  readonly connectTimeout?: number | undefined;
}

export type Dial = (address: Address, signal: AbortSignal) => Promise<Socket>;

/** One per endpoint; remembers which address is in use. */
export class Failover {
  readonly #addresses: readonly Address[];
  readonly #connectTimeoutMs: number;
  readonly #failBackMs: number;
  readonly #clock: Clock;
  readonly #log: Log;
  /** Where the next attempt begins. */
  #next = 0;
  #wait: number;
  /** Monotonic ms of the last news of the first address: an attempt, or a connection that was no good. */
  #firstTriedAt = Number.NEGATIVE_INFINITY;
  /** The address that the log told last. */
  #told = 0;
  #last: { readonly socket: Socket; readonly index: number; readonly written: number } | undefined;

  constructor(dialling: Dialling, clock: Clock, log: Log) {
    const { host, port, backups = [], connectTimeout, failBack } = dialling;
    this.#addresses = [{ host, port }, ...backups];
    this.#connectTimeoutMs = connectTimeout ?? CONNECT_TIMEOUT_MS;
    this.#failBackMs = failBack ?? FAIL_BACK_MS;
    this.#wait = this.#failBackMs;
    this.#clock = clock;
    this.#log = log;
  }

  /** @throws the error of the address that was tried first; the signal's reason when aborted */
  async open(dial: Dial, signal: AbortSignal): Promise<Socket> {
    this.#judge();
    if (this.#clock.monotonic() - this.#firstTriedAt >= this.#wait) this.#next = 0;
    let first: GatewayError | undefined;
    for (let tried = 0; tried < this.#addresses.length; tried++) {
      const index = this.#next;
      const address = this.#addresses[index]!;
      try {
        const socket = await within(this.#connectTimeoutMs, address, this.#clock, signal, dial);
        if (index !== 0 && index !== this.#told)
          this.#log.info({ address: addressName(address) }, 'a backup address is used');
        this.#told = index;
        if (index === 0) this.#firstTriedAt = this.#clock.monotonic();
        this.#watch(socket, index);
        return socket;
      } catch (error) {
        signal.throwIfAborted();
        first ??= toGatewayError(error);
        if (index === 0) this.#firstTriedAt = this.#clock.monotonic();
        this.#next = (index + 1) % this.#addresses.length;
      }
    }
    throw first ?? devicesError('PORT_FAILED', 'there is no address');
  }

  #watch(socket: Socket, index: number): void {
    if (this.#addresses.length === 1) return;
    this.#last = { socket, index, written: socket.bytesWritten };
    let timer: Timer | undefined;
    const probing = new AbortController();
    const tryFirst = () => {
      timer = this.#clock.after(this.#wait, () => {
        void this.#probe(probing.signal).then((works) => {
          if (socket.destroyed) return;
          if (works) timer = this.#leave(socket);
          else tryFirst();
        });
      });
    };
    if (index !== 0) tryFirst();
    socket.once('close', () => {
      timer?.cancel();
      probing.abort(new Error('the connection closed'));
    });
  }

  /** What the last connection was good for. One that was never answered: it is accepted there, but nobody is behind it. */
  #judge(): void {
    if (this.#last === undefined) return;
    const { socket, index, written } = this.#last;
    this.#last = undefined;
    const isFirst = index === 0;
    if (socket.readableDidRead) {
      if (isFirst) this.#wait = this.#failBackMs;
    } else if (socket.bytesWritten > written && this.#next === index) {
      this.#next = (index + 1) % this.#addresses.length;
      if (isFirst) this.#firstTriedAt = this.#clock.monotonic();
      if (isFirst) this.#wait = Math.min(Math.max(MAX_FAIL_BACK_MS, this.#failBackMs), this.#wait * 2);
    }
  }

  async #probe(signal: AbortSignal): Promise<boolean> {
    this.#firstTriedAt = this.#clock.monotonic();
    try {
      const socket = await within(this.#connectTimeoutMs, this.#addresses[0]!, this.#clock, signal, openTcp);
      socket.destroy();
      return true;
    } catch {
      return false;
    }
  }

  /** Closes right after the next answer, when the next request is not sent yet; at the latest after a while. */
  #leave(socket: Socket): Timer {
    const address = addressName(this.#addresses[0]!);
    const leave = () => {
      if (socket.destroyed) return;
      this.#next = 0;
      this.#log.info({ address }, 'the first address works again');
      socket.destroy(devicesError('PORT_FAIL_BACK', `the first address, ${address}, works again`));
    };
    // The reader listens already, and is first.
    socket.once('data', () => process.nextTick(leave));
    return this.#clock.after(LEAVE_LIMIT_MS, leave);
  }
}

/** Connects, or gives up after a time. */
export async function within<T>(
  timeoutMs: number,
  address: Address,
  clock: Clock,
  signal: AbortSignal,
  dial: (address: Address, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const onAbort = () => controller.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  const name = addressName(address);
  using _timer = clock.after(timeoutMs, () => {
    const details = { endpoint: name, timeoutMs };
    controller.abort(
      devicesError('PORT_CONNECT_TIMEOUT', `${name} did not accept within ${timeoutMs} ms`, { details }),
    );
  });
  try {
    return await dial(address, controller.signal);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
