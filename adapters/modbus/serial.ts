/**
 * Modbus RTU and ASCII, client side: on a serial line, or in a TCP connection to a converter.
 *
 *   idle ──send──▶ waiting ──answer──▶ silence ──▶ idle
 *                     └──deadline──▶ late window of that unit ──late answer or its end──▶ silence ──▶ idle
 *
 * An answer names neither its request nor its addresses, only unit, function and length. Therefore one request is
 * in flight, what was received before is thrown away when the next is sent, and a unit that did not answer is not
 * asked again until its answer came after all (and was thrown away) or the late window has passed. Other units are
 * asked meanwhile: the late answer cannot be theirs, it carries the wrong unit. What comes even later: see debts.ts.
 */
import type { Duplex } from 'node:stream';
import type { Clock, GatewayError, Timer } from '../../src/adapter.js';
import { Debts } from './debts.js';
import { exceptionError, modbusError } from './errors.js';
import { rtuFraming, type SerialFraming } from './framing.js';
import { Exchange, type Master, PENDING_LIMIT, queueFull, StuckGuard } from './master.js';
import { judge, type Request, readRequest } from './pdu.js';

/** A late window is never shorter, whatever deadline the caller had. */
const MIN_LATE_WINDOW_MS = 250;
const NOTHING = Buffer.alloc(0);

export interface SerialOptions {
  readonly clock: Clock;
  /** Silence between two frames, ms: 3.5 characters, and not less than the latency of the driver. */
  readonly silenceMs: number;
  /** undefined: as long as the unanswered request had waited. */
  readonly lateWindowMs: number | undefined;
  /** RTU when absent. */
  readonly framing?: SerialFraming | undefined;
}

interface Late {
  readonly exchange: Exchange;
  readonly frame: Buffer;
  /** Monotonic ms. */
  readonly until: number;
}

export class SerialMaster implements Master {
  readonly #wire: Duplex;
  readonly #clock: Clock;
  readonly #framing: SerialFraming;
  readonly #silenceMs: number;
  readonly #lateWindowMs: number | undefined;
  readonly #stuck: StuckGuard;
  readonly #queue: Exchange[] = [];
  /** Units that still owe an answer. */
  readonly #late = new Map<number, Late>();
  readonly #debts = new Debts();
  #current: Exchange | undefined;
  #frame: Buffer = NOTHING;
  /** An answer to the current request was begun. */
  #begun = false;
  #received: Buffer = NOTHING;
  #receivedAt: number;
  /** Whether the line echoes what we send (an RS-485 adapter that listens to itself); undefined: not known yet. */
  #echoes: boolean | undefined;
  #timer: Timer | undefined;
  #closed = false;
  #cause: unknown;
  #discarded = 0;

  constructor(wire: Duplex, options: SerialOptions) {
    this.#wire = wire;
    this.#clock = options.clock;
    this.#framing = options.framing ?? rtuFraming;
    this.#silenceMs = options.silenceMs;
    this.#lateWindowMs = options.lateWindowMs;
    this.#stuck = new StuckGuard(wire, this.#clock);
    this.#receivedAt = this.#clock.monotonic();
    wire.on('error', this.#onError);
    wire.on('end', this.#onEnd);
    wire.on('close', this.#onClose);
    wire.on('data', this.#onData);
    if (wire.destroyed) this.#shut();
  }

  get discarded(): number {
    return this.#discarded;
  }

  readyAt(unit: number): number {
    return this.#late.get(unit)?.until ?? 0;
  }

  async execute(unit: number, request: Request, signal: AbortSignal): Promise<Buffer> {
    if (request.mirrored && this.#echoes === undefined) await this.#learnEcho(unit, request, signal);
    const probe = this.#debts.probe(unit, request, this.#clock.monotonic());
    if (probe !== undefined) await this.#settle(unit, probe, signal);
    return this.#enqueue(unit, request, signal);
  }

  close(): void {
    this.#wire.off('data', this.#onData);
    this.#wire.off('end', this.#onEnd);
    this.#wire.off('close', this.#onClose);
    this.#shut();
  }

  /**
   * The answer to FC 5 and 6 equals the request. Before the first of them we must know whether the line echoes, or our
   * own bytes would confirm the write. Any answer to a read tells it, also a refusal.
   */
  async #learnEcho(unit: number, request: Request, signal: AbortSignal): Promise<void> {
    const probe = readRequest(request.functionCode === 5 ? 'coil' : 'holding', request.pdu.readUInt16BE(1), 1);
    try {
      await this.#enqueue(unit, probe, signal);
    } catch (error) {
      const { code, message, hint } = error as GatewayError;
      if (code === 'MODBUS_EXCEPTION') return;
      const details = { unit, sent: false };
      throw modbusError('MODBUS_NOT_SENT', `nothing was written: ${message}`, { cause: error, hint, details });
    }
  }

  /** Waits until nothing of what the unit owes can come any more. A refusal is an answer, too. */
  async #settle(unit: number, probe: Request, signal: AbortSignal): Promise<void> {
    try {
      await this.#enqueue(unit, probe, signal);
    } catch (error) {
      if ((error as GatewayError).code !== 'MODBUS_EXCEPTION') throw error;
    }
  }

  #enqueue(unit: number, request: Request, signal: AbortSignal): Promise<Buffer> {
    const exchange = new Exchange(unit, request, this.#clock.monotonic(), signal, this.#expire);
    if (this.#closed || !this.#wire.writable) exchange.disconnect(this.#cause);
    else if (signal.aborted) exchange.expire(this.#clock.monotonic());
    else if (this.#queue.length >= PENDING_LIMIT) exchange.fail(queueFull(unit));
    else {
      this.#queue.push(exchange);
      this.#next();
    }
    return exchange.promise;
  }

  /** Sends the first in the queue as soon as the line is silent and its unit owes nothing. */
  #next(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const exchange = this.#queue[0];
    if (exchange === undefined || this.#current !== undefined || this.#closed || !this.#wire.writable) return;
    const now = this.#clock.monotonic();
    // Bytes of a request that was given up are still on their way: not two frames in one.
    const busyUntil = this.#wire.writableLength > 0 ? now + this.#silenceMs : 0;
    const free = Math.max(this.#receivedAt + this.#silenceMs, busyUntil, this.readyAt(exchange.unit));
    if (free > now) {
      this.#timer = this.#clock.after(Math.ceil(free - now), () => this.#next());
      return;
    }
    this.#queue.shift();
    this.#late.delete(exchange.unit);
    this.#received = NOTHING;
    this.#begun = false;
    this.#current = exchange;
    this.#frame = this.#framing.encode(exchange.unit, exchange.request.pdu);
    exchange.sent = true;
    this.#wire.write(this.#frame);
  }

  readonly #expire = (exchange: Exchange): void => {
    const now = this.#clock.monotonic();
    if (exchange === this.#current) {
      this.#current = undefined;
      // An answer that was begun is over with the next silence; one that was not may still come, whole.
      if (!this.#begun) {
        const windowMs = this.#lateWindowMs ?? Math.max(MIN_LATE_WINDOW_MS, now - exchange.startedAt);
        this.#debts.add(exchange.unit, exchange.request, now);
        this.#late.set(exchange.unit, { exchange, frame: this.#frame, until: now + windowMs });
      }
      const scan = this.#scan(exchange, this.#frame);
      exchange.damaged = scan.damaged;
      const echo = scan.echoed ? this.#frame.length : 0;
      if (this.#received.length > echo) {
        this.#discarded++;
        exchange.discarded++;
      }
    } else {
      const index = this.#queue.indexOf(exchange);
      if (index >= 0) this.#queue.splice(index, 1);
    }
    exchange.expire(now);
    if (exchange.sent) this.#stuck.watch();
    this.#next();
  };

  readonly #onData = (chunk: Buffer): void => {
    const now = this.#clock.monotonic();
    const { receiveLimit, characterTimeoutMs } = this.#framing;
    if (characterTimeoutMs !== undefined && now - this.#receivedAt > characterTimeoutMs) this.#cut();
    this.#receivedAt = now;
    const bytes = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    this.#received = bytes.length > receiveLimit ? bytes.subarray(-receiveLimit / 2) : bytes;
    // First what is late: it may have come together with the answer, which ends the search.
    this.#dropLate();
    if (this.#current !== undefined) this.#takeAnswer(this.#current);
  };

  /** Too long a gap: what has no end yet is no frame. */
  #cut(): void {
    const whole = this.#framing.cut?.(this.#received) ?? this.#received;
    if (whole.length < this.#received.length) this.#discarded++;
    this.#received = whole;
  }

  #scan(exchange: Exchange, frame: Buffer) {
    const skipEcho = exchange.request.mirrored ? this.#echoes === true : true;
    return this.#framing.scan(this.#received, frame, exchange.unit, exchange.request, skipEcho);
  }

  #takeAnswer(exchange: Exchange): void {
    const { pdu, echoed, begun } = this.#scan(exchange, this.#frame);
    this.#begun ||= begun;
    if (pdu === undefined) return;
    const { request, unit } = exchange;
    // Once heard it stays so: an echo that noise spoils must not make the next one look like an answer.
    if (!request.mirrored) this.#echoes = echoed || this.#echoes === true;
    const expected = this.#framing.frameBytes(pdu.length) + (echoed ? this.#frame.length : 0);
    if (this.#received.length > expected) this.#discarded++;
    this.#received = NOTHING;
    this.#current = undefined;
    this.#debts.answered(unit, request);
    const verdict = judge(request, pdu);
    if (typeof verdict === 'number') exchange.fail(exceptionError(unit, request.functionCode, verdict));
    else exchange.succeed(pdu);
    this.#next();
  }

  /** A late answer came: it is thrown away, and its unit may be asked again. */
  #dropLate(): void {
    for (const [unit, { exchange, frame }] of this.#late) {
      if (this.#scan(exchange, frame).pdu === undefined) continue;
      this.#late.delete(unit);
      this.#debts.answered(unit, exchange.request);
      this.#discarded++;
      this.#next();
    }
  }

  readonly #onError = (error: Error): void => {
    this.#cause ??= error;
  };

  readonly #onEnd = (): void => {
    this.#wire.destroy();
  };

  readonly #onClose = (): void => this.#shut();

  #shut(): void {
    this.#closed = true;
    this.#stuck.close();
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#late.clear();
    const waiting = this.#queue.splice(0);
    if (this.#current !== undefined) waiting.unshift(this.#current);
    this.#current = undefined;
    for (const exchange of waiting) exchange.disconnect(this.#cause);
  }
}
