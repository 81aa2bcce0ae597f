/** A Modbus server (slave) on one wire: answers in order, survives every packet, never answers for a unit it is not. */
import type { Duplex } from 'node:stream';
import type { Clock, Timer } from '../../src/adapter.js';
import type { RegisterImage } from './image.js';
import { encodeMbap, type MbapFrame, MbapSplitter } from './mbap.js';
import { FUNCTION, MAX_PDU_BYTES } from './pdu.js';
import { exceptionResponse, respond } from './respond.js';
import { encodeRtu, hasValidCrc } from './rtu-frame.js';

export interface ServerOptions {
  readonly framing: 'tcp' | 'rtu';
  /** Unit id → what it serves. Read at each request, so units may come and go. */
  readonly units: ReadonlyMap<number, RegisterImage>;
  readonly clock: Clock;
  /** Its abort ends the service and closes the wire. */
  readonly signal: AbortSignal;
  /** RTU: silence kept before each answer, ms; 3.5 characters of the line. 4 when absent. */
  readonly silenceMs?: number;
}

/** RTU: bytes that stay incomplete this long are thrown away, so that a cut request does not spoil the next. */
const GAP_MS = 50;
/** RTU: answers on their way. A master that asks on without waiting for them gets no more, as on a real line. */
const MAX_ANSWERS = 16;
const BROADCAST = 0;
const NOTHING = Buffer.alloc(0);

/**
 * Serves until the wire closes or the signal aborts; the wire is destroyed then. Never rejects.
 *
 * @returns how many requests were dropped, neither carried out nor answered, because the master did not wait for answers
 */
export async function serveModbus(wire: Duplex, options: ServerOptions): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const server: Server = options.framing === 'tcp' ? new TcpServer(wire, options) : new RtuServer(wire, options);
  const end = () => wire.destroy();
  wire.on('error', end);
  wire.on('end', end);
  wire.once('close', resolve);
  wire.on('data', (chunk: Buffer) => server.receive(chunk));
  options.signal.addEventListener('abort', end, { once: true });
  if (options.signal.aborted) end();
  if (!wire.closed) await promise;
  options.signal.removeEventListener('abort', end);
  server.stop?.();
  return server.dropped;
}

interface Server {
  readonly dropped: number;
  receive(chunk: Buffer): void;
  /** The wire is closed. */
  stop?(): void;
}

class TcpServer implements Server {
  readonly dropped = 0;
  readonly #wire: Duplex;
  readonly #units: ReadonlyMap<number, RegisterImage>;
  readonly #splitter = new MbapSplitter();

  constructor(wire: Duplex, options: ServerOptions) {
    this.#wire = wire;
    this.#units = options.units;
    wire.on('drain', () => this.#serve());
  }

  receive(chunk: Buffer): void {
    this.#splitter.push(chunk);
    this.#serve();
  }

  /** A master that does not read its answers gets no more of them: reading stops until it does. */
  #serve(): void {
    while (!this.#wire.destroyed && !this.#wire.writableNeedDrain) {
      const frame = this.#nextFrame();
      if (frame === undefined) {
        this.#wire.resume();
        return;
      }
      this.#wire.write(encodeMbap(frame.transactionId, frame.unit, this.#answer(frame)));
    }
    this.#wire.pause();
  }

  #nextFrame(): MbapFrame | undefined {
    try {
      return this.#splitter.next();
    } catch {
      // There is no way to find the next header.
      this.#wire.destroy();
      return undefined;
    }
  }

  /** §7, exception 11: whoever fronts several units says so when one of them is absent. */
  #answer({ unit, pdu }: MbapFrame): Buffer {
    const image = this.#units.get(unit);
    return image === undefined ? exceptionResponse(pdu[0]!, 11) : respond(pdu, image);
  }
}

class RtuServer implements Server {
  dropped = 0;
  readonly #wire: Duplex;
  readonly #options: ServerOptions;
  readonly #answers = new Set<Timer>();
  #received: Buffer = NOTHING;
  #gap: Timer | undefined;

  constructor(wire: Duplex, options: ServerOptions) {
    this.#wire = wire;
    this.#options = options;
  }

  receive(chunk: Buffer): void {
    this.#gap?.cancel();
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    this.#take(false);
    if (this.#received.length > 0) this.#gap = this.#options.clock.after(GAP_MS, () => this.#take(true));
  }

  stop(): void {
    this.#gap?.cancel();
    for (const timer of this.#answers) timer.cancel();
    this.#answers.clear();
  }

  /** @param over - nothing follows: what is incomplete is garbage */
  #take(over: boolean): void {
    const bytes = this.#received;
    let start = 0;
    while (start < bytes.length) {
      const length = this.#requestLength(bytes, start);
      const end = start + length;
      if (length > 0 && end > bytes.length && !over) break;
      if (length > 0 && end <= bytes.length && hasValidCrc(bytes, start, end)) {
        this.#answer(bytes[start]!, bytes.subarray(start + 1, end - 2));
        start = end;
      } else {
        start++;
      }
    }
    this.#received = start < bytes.length ? bytes.subarray(start) : NOTHING;
  }

  /**
   * How long a request at `start` would be, CRC included; 0: none of ours begins here. A function we do not know has
   * no known length: the frame then is what was received up to here, if its CRC agrees.
   */
  #requestLength(bytes: Buffer, start: number): number {
    const unit = bytes[start]!;
    if (unit !== BROADCAST && !this.#options.units.has(unit)) return 0;
    const there = bytes.length - start;
    if (there < 2) return 4;
    const functionCode = bytes[start + 1]!;
    if (functionCode >= FUNCTION.readCoils && functionCode <= FUNCTION.writeSingleRegister) return 8;
    if (functionCode === FUNCTION.writeMultipleCoils || functionCode === FUNCTION.writeMultipleRegisters) {
      return there < 7 ? 9 : 9 + bytes[start + 6]!;
    }
    return functionCode < 0x80 && there <= MAX_PDU_BYTES + 3 && hasValidCrc(bytes, start, bytes.length) ? there : 0;
  }

  #answer(unit: number, pdu: Buffer): void {
    const { units, clock, silenceMs = 4 } = this.#options;
    if (unit === BROADCAST) {
      // MODBUS over Serial Line V1.02 §2.1: every unit carries a broadcast out, none answers. Reads make no sense.
      if (pdu[0]! > FUNCTION.readInputRegisters) for (const image of units.values()) respond(pdu, image);
      return;
    }
    if (this.#answers.size >= MAX_ANSWERS || this.#wire.writableNeedDrain) {
      // Before it is carried out: a write that nobody hears of is worse than one that was not done.
      this.dropped++;
      return;
    }
    const frame = encodeRtu(unit, respond(pdu, units.get(unit)!));
    const timer = clock.after(silenceMs, () => {
      this.#answers.delete(timer);
      if (this.#wire.writable) this.#wire.write(frame);
    });
    this.#answers.add(timer);
  }
}
