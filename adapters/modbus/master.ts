/** One request and its answer on a wire, and what both framings (tcp.ts, rtu.ts) offer to the bus. */
import type { Duplex } from 'node:stream';
import type { Clock, GatewayError, Timer } from '../../src/adapter.js';
import { modbusError } from './errors.js';
import type { Request } from './pdu.js';

export interface Master {
  /**
   * Sends a request and waits for its answer. The signal is the deadline.
   *
   * @returns the answer's PDU: function, length and echoed fields were checked against the request
   * @throws MODBUS_TIMEOUT (sent, not answered), MODBUS_NOT_SENT, MODBUS_EXCEPTION, MODBUS_BAD_FRAME,
   *   MODBUS_DISCONNECTED, MODBUS_QUEUE_FULL
   */
  execute(unit: number, request: Request, signal: AbortSignal): Promise<Buffer>;
  /** Monotonic ms until which the unit is not asked, because its answer to an earlier request may still come. */
  readyAt(unit: number): number;
  /** Frames, or pieces of them, that were no answer to anything asked. */
  readonly discarded: number;
  /** Rejects all that waits and lets go of the wire; the wire itself belongs to the port. */
  close(): void;
}

/** Requests that wait at one wire. The port asks one at a time, so that many are a defect of somebody. */
export const PENDING_LIMIT = 1_024;

/** A request on its way. It is settled once; later answers do nothing. */
export class Exchange {
  readonly unit: number;
  readonly request: Request;
  readonly promise: Promise<Buffer>;
  /** Monotonic ms. */
  readonly startedAt: number;
  sent = false;
  /** Frames seen while it waited that were not its answer. */
  discarded = 0;
  /** Its answer came with a wrong checksum. */
  damaged = false;
  readonly #settle: { resolve: (pdu: Buffer) => void; reject: (error: GatewayError) => void };
  readonly #signal: AbortSignal;
  readonly #onAbort: () => void;

  /** @param onAbort - called when the deadline passes; must settle the exchange */
  constructor(
    unit: number,
    request: Request,
    startedAt: number,
    signal: AbortSignal,
    onAbort: (exchange: Exchange) => void,
  ) {
    this.unit = unit;
    this.request = request;
    this.startedAt = startedAt;
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    this.promise = promise;
    this.#settle = { resolve, reject };
    this.#signal = signal;
    this.#onAbort = () => onAbort(this);
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  succeed(pdu: Buffer): void {
    this.#signal.removeEventListener('abort', this.#onAbort);
    this.#settle.resolve(pdu);
  }

  fail(error: GatewayError): void {
    this.#signal.removeEventListener('abort', this.#onAbort);
    this.#settle.reject(error);
  }

  /** The deadline passed. Whether the request went out decides what the caller may believe of a write. */
  expire(now: number): void {
    const { unit, discarded, damaged } = this;
    const timeoutMs = Math.round(now - this.startedAt);
    const cause = this.#signal.reason;
    const details = { unit, timeoutMs, sent: this.sent, discarded, ...(damaged ? { crc: true } : {}) };
    if (!this.sent) {
      this.fail(
        modbusError('MODBUS_NOT_SENT', `unit ${unit} was not asked: the line was not free within ${timeoutMs} ms`, {
          cause,
          details,
        }),
      );
      return;
    }
    const others = discarded === 0 ? '' : `; something else came ${discarded === 1 ? 'once' : `${discarded} times`}`;
    this.fail(
      modbusError('MODBUS_TIMEOUT', `unit ${unit} did not answer within ${timeoutMs} ms${others}`, { cause, details }),
    );
  }

  disconnect(cause: unknown): void {
    const { unit, sent } = this;
    this.fail(
      modbusError(
        'MODBUS_DISCONNECTED',
        sent
          ? `the connection was lost before unit ${unit} answered`
          : `there is no connection to unit ${unit}, nothing was sent`,
        { cause, details: { unit, sent } },
      ),
    );
  }
}

export function queueFull(unit: number): GatewayError {
  return modbusError('MODBUS_QUEUE_FULL', `${PENDING_LIMIT} requests wait already`, {
    details: { unit, limit: PENDING_LIMIT },
  });
}

/** Time a wire has to take the bytes of a request that was given up. */
const STUCK_MS = 250;

/**
 * A request that was given up while its bytes still wait in our buffer must not go out when the wire moves again, maybe
 * hours later: a write would be carried out that its sender believes failed. Such a wire is destroyed.
 */
export class StuckGuard {
  readonly #wire: Duplex;
  readonly #clock: Clock;
  #timer: Timer | undefined;

  constructor(wire: Duplex, clock: Clock) {
    this.#wire = wire;
    this.#clock = clock;
  }

  /** To be called when a request that was sent is given up. */
  watch(): void {
    if (this.#timer !== undefined || this.#wire.writableLength === 0) return;
    this.#timer = this.#clock.after(STUCK_MS, () => {
      this.#timer = undefined;
      if (this.#wire.writableLength > 0) this.#wire.destroy();
    });
  }

  close(): void {
    this.#timer?.cancel();
  }
}
