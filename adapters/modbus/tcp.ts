/**
 * Modbus TCP, client side; also in TLS, and in UDP, one frame or more per datagram. Many requests may be in flight; each answer must carry the transaction id, unit, function
 * and length of its request. An id is forgotten with its request and comes back after 65,536 others, so a late answer
 * finds nothing to answer.
 */
import type { Duplex } from 'node:stream';
import type { Clock, GatewayError } from '../../src/adapter.js';
import { exceptionError, modbusError } from './errors.js';
import { Exchange, type Master, PENDING_LIMIT, queueFull, StuckGuard } from './master.js';
import { encodeMbap, type MbapFrame, MbapSplitter } from './mbap.js';
import { judge, type Request } from './pdu.js';

export class TcpMaster implements Master {
  readonly #wire: Duplex;
  readonly #clock: Clock;
  readonly #pending = new Map<number, Exchange>();
  readonly #datagrams: boolean;
  #splitter = new MbapSplitter();
  readonly #stuck: StuckGuard;
  #transactionId = 0;
  #closed = false;
  #cause: unknown;
  #discarded = 0;

  /** @param datagrams - each chunk of the wire stands for itself: a broken one spoils no other */
  constructor(wire: Duplex, clock: Clock, datagrams = false) {
    this.#wire = wire;
    this.#clock = clock;
    this.#datagrams = datagrams;
    this.#stuck = new StuckGuard(wire, clock);
    wire.on('error', this.#onError);
    wire.on('end', this.#onEnd);
    wire.on('close', this.#onClose);
    wire.on('data', this.#onData);
    if (wire.destroyed) this.#shut();
  }

  get discarded(): number {
    return this.#discarded;
  }

  /** Every answer names its request: no unit has to be waited for. */
  readyAt(): number {
    return 0;
  }

  execute(unit: number, request: Request, signal: AbortSignal): Promise<Buffer> {
    const exchange = new Exchange(unit, request, this.#clock.monotonic(), signal, this.#expire);
    if (this.#closed || !this.#wire.writable) exchange.disconnect(this.#cause);
    else if (signal.aborted) exchange.expire(this.#clock.monotonic());
    else if (this.#pending.size >= PENDING_LIMIT) exchange.fail(queueFull(unit));
    else this.#send(exchange);
    return exchange.promise;
  }

  close(): void {
    this.#wire.off('data', this.#onData);
    this.#wire.off('end', this.#onEnd);
    this.#wire.off('close', this.#onClose);
    this.#shut();
  }

  #send(exchange: Exchange): void {
    do this.#transactionId = (this.#transactionId + 1) & 0xffff;
    while (this.#pending.has(this.#transactionId));
    this.#pending.set(this.#transactionId, exchange);
    exchange.sent = true;
    this.#wire.write(encodeMbap(this.#transactionId, exchange.unit, exchange.request.pdu));
  }

  readonly #expire = (exchange: Exchange): void => {
    for (const [id, pending] of this.#pending) {
      if (pending !== exchange) continue;
      this.#pending.delete(id);
      break;
    }
    exchange.expire(this.#clock.monotonic());
    this.#stuck.watch();
  };

  readonly #onData = (chunk: Buffer): void => {
    this.#splitter.push(chunk);
    try {
      for (let frame = this.#splitter.next(); frame !== undefined; frame = this.#splitter.next()) this.#take(frame);
      if (this.#datagrams && this.#splitter.isBusy) {
        this.#discarded++;
        this.#splitter = new MbapSplitter();
      }
    } catch (error) {
      this.#discarded++;
      if (this.#datagrams) {
        this.#splitter = new MbapSplitter();
        return;
      }
      this.#cause = error;
      this.#shut();
      this.#wire.destroy();
    }
  };

  #take({ transactionId, unit, pdu }: MbapFrame): void {
    const exchange = this.#pending.get(transactionId);
    if (exchange === undefined) {
      this.#discarded++;
      for (const pending of this.#pending.values()) pending.discarded++;
      return;
    }
    this.#pending.delete(transactionId);
    const { request } = exchange;
    const verdict = unit === exchange.unit ? judge(request, pdu) : 'foreign';
    if (verdict === 'answer') {
      exchange.succeed(pdu);
    } else if (verdict !== 'foreign') {
      exchange.fail(exceptionError(unit, request.functionCode, verdict));
    } else {
      this.#discarded++;
      exchange.fail(mismatch(exchange, unit, pdu));
    }
  }

  readonly #onError = (error: Error): void => {
    this.#cause ??= error;
  };

  /** The peer closed its half: no answer can come any more. */
  readonly #onEnd = (): void => {
    this.#wire.destroy();
  };

  readonly #onClose = (): void => this.#shut();

  #shut(): void {
    this.#closed = true;
    this.#stuck.close();
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const exchange of pending) exchange.disconnect(this.#cause);
  }
}

/**
 * The id is right, the rest is not: a broken device or converter. Said at once instead of after the deadline. What was
 * asked did get out, so a write may have been done.
 */
function mismatch({ unit, request }: Exchange, answeredUnit: number, pdu: Buffer): GatewayError {
  const { functionCode, answerBytes } = request;
  const details = { unit, answeredUnit, functionCode, answeredFunctionCode: pdu[0], bytes: pdu.length, sent: true };
  if (unit !== answeredUnit) {
    return modbusError('MODBUS_BAD_FRAME', `unit ${unit} was asked, unit ${answeredUnit} answered`, {
      details,
      hint: `set the unit of the device to ${answeredUnit} if it is the only one at this address`,
    });
  }
  const what =
    pdu[0] !== functionCode
      ? `function ${pdu[0]}`
      : pdu.length !== answerBytes
        ? `${pdu.length} bytes instead of ${answerBytes}`
        : 'an echo of something else';
  return modbusError('MODBUS_BAD_FRAME', `unit ${unit} answered function ${functionCode} with ${what}`, { details });
}
