/** The server's side of a serial line: MODBUS over Serial Line V1.02. */
import type { Duplex } from 'node:stream';
import type { Timer } from '../../../src/adapter.js';
import { FUNCTION, MAX_PDU_BYTES } from '../pdu.js';
import { encodeRtu, hasValidCrc } from '../rtu-frame.js';
import type { ServerOptions, WireServer } from './options.js';
import { respond } from './respond.js';

/** Bytes that stay incomplete this long are thrown away, so that a cut request does not spoil the next. */
const GAP_MS = 50;
/** Answers on their way. A master that asks on without waiting for them gets no more, as on a real line. */
const MAX_ANSWERS = 16;
const BROADCAST = 0;
const NOTHING = Buffer.alloc(0);

/** Bytes of a request with its unit and CRC, where that is always the same. */
const REQUEST_BYTES: Readonly<Record<number, number>> = {
  [FUNCTION.readCoils]: 8,
  [FUNCTION.readDiscreteInputs]: 8,
  [FUNCTION.readHoldingRegisters]: 8,
  [FUNCTION.readInputRegisters]: 8,
  [FUNCTION.writeSingleCoil]: 8,
  [FUNCTION.writeSingleRegister]: 8,
  [FUNCTION.reportServerId]: 4,
  [FUNCTION.maskWriteRegister]: 10,
};
/** Where the byte count is in a request that has one. */
const COUNT_AT: Readonly<Record<number, number>> = {
  [FUNCTION.writeMultipleCoils]: 6,
  [FUNCTION.writeMultipleRegisters]: 6,
  [FUNCTION.readWriteMultipleRegisters]: 10,
};

export class RtuServer implements WireServer {
  dropped = 0;
  readonly #wire: Duplex;
  readonly #options: ServerOptions;
  readonly #answers = new Set<Timer>();
  #received: Buffer = NOTHING;
  #gap: Timer | undefined;
  /** Answers that wait for somebody else. */
  #waiting = 0;
  /** Grows with every chunk: an answer that comes after the line has spoken again is nobody's any more. */
  #chunks = 0;

  constructor(wire: Duplex, options: ServerOptions) {
    this.#wire = wire;
    this.#options = options;
  }

  receive(chunk: Buffer): void {
    this.#gap?.cancel();
    this.#chunks++;
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
    const fixed = REQUEST_BYTES[functionCode];
    if (fixed !== undefined) return fixed;
    const countAt = COUNT_AT[functionCode];
    if (countAt !== undefined) return there <= countAt ? countAt + 3 : countAt + 3 + bytes[start + countAt]!;
    return functionCode < 0x80 && there <= MAX_PDU_BYTES + 3 && hasValidCrc(bytes, start, bytes.length) ? there : 0;
  }

  #answer(unit: number, pdu: Buffer): void {
    const { units } = this.#options;
    if (unit === BROADCAST) {
      // MODBUS over Serial Line V1.02 §2.1: every unit carries a broadcast out, none answers. Reads make no sense.
      if (pdu[0]! > FUNCTION.readInputRegisters)
        for (const image of units.values()) void respond(Buffer.from(pdu), image);
      return;
    }
    if (this.#answers.size + this.#waiting >= MAX_ANSWERS || this.#wire.writableNeedDrain) {
      // Before it is carried out: a write that nobody hears of is worse than one that was not done.
      this.dropped++;
      return;
    }
    const answer = respond(Buffer.from(pdu), units.get(unit)!);
    if (!(answer instanceof Promise)) {
      this.#send(unit, answer);
      return;
    }
    const asked = this.#chunks;
    this.#waiting++;
    void answer.then((response) => {
      this.#waiting--;
      if (asked === this.#chunks && this.#received.length === 0) this.#send(unit, response);
      else this.dropped++;
    });
  }

  #send(unit: number, response: Buffer): void {
    const { clock, silenceMs = 4, onAnswer } = this.#options;
    const frame = encodeRtu(unit, response);
    const timer = clock.after(silenceMs, () => {
      this.#answers.delete(timer);
      if (!this.#wire.writable) return;
      this.#wire.write(frame);
      onAnswer?.(response);
    });
    this.#answers.add(timer);
  }
}
