/**
 * One question of a device and the frame that answers it.
 *
 *   idle ──ask──▶ waiting ──frame that fits──▶ idle
 *                    └──deadline──▶ late window ──any frame, or its end──▶ idle
 */
import type { GatewayError } from '../../src/adapter.js';
import { serialError } from './errors.js';
import type { Line } from './line.js';
import { Pattern } from './patterns/pattern.js';
import { type Sending, withAddress } from './schema/send.js';

/** A late window is never shorter, whatever deadline the caller had, ms. */
const MIN_LATE_MS = 250;

interface Waiting {
  readonly expect: Pattern | undefined;
  readonly refused: Pattern | undefined;
  readonly settle: (answer: Buffer | GatewayError) => void;
}

export type Question = Pick<Sending, 'expect' | 'refused'>;
export const ANY_FRAME: Question = { expect: undefined, refused: undefined };

export class Exchanges {
  readonly #line: Line;
  readonly #name: string;
  readonly #address: string;
  readonly #patterns = new Map<string, Pattern>();
  #waiting: Waiting | undefined;
  #lateUntil = 0;
  /** Something came with a wrong checksum while an answer was awaited. */
  #isDamaged = false;
  /** Frames that came meanwhile and were no answer. */
  #others = 0;

  constructor(line: Line, address: string | undefined) {
    this.#line = line;
    this.#address = address ?? '';
    this.#name = address === undefined ? 'the device' : `the device ${address}`;
  }

  /** Monotonic ms before which nothing is to be asked. */
  get readyAt(): number {
    return Math.max(this.#lateUntil, this.#line.deafUntil);
  }

  /**
   * @throws SERIAL_TIMEOUT, SERIAL_REFUSED, SERIAL_DISCONNECTED
   */
  async ask(bytes: Buffer, question: Question, signal: AbortSignal): Promise<Buffer> {
    if (this.#waiting !== undefined) throw serialError('SERIAL_CONFIG', `${this.#name} is being asked already`);
    const { clock } = this.#line;
    const startedAt = clock.monotonic();
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    promise.catch(() => {});
    const onAbort = () => waiting.settle(this.#expired(startedAt, question, signal.reason));
    const waiting: Waiting = {
      expect: this.#pattern(question.expect),
      refused: this.#pattern(question.refused),
      settle: (answer) => {
        if (this.#waiting !== waiting) return;
        this.#waiting = undefined;
        signal.removeEventListener('abort', onAbort);
        if (Buffer.isBuffer(answer)) resolve(answer);
        else reject(answer);
      },
    };
    this.#isDamaged = false;
    this.#others = 0;
    this.#waiting = waiting;
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await this.#line.send(bytes, signal);
    } catch (error) {
      waiting.settle(error as GatewayError);
    }
    return promise;
  }

  /** @returns whether the frame was the answer that is awaited, or one that is late */
  take(content: Buffer, text: string): boolean {
    const waiting = this.#waiting;
    if (waiting === undefined) {
      if (this.#lateUntil <= this.#line.clock.monotonic()) return false;
      if (this.#line.deafUntil === this.#lateUntil) this.#line.deafUntil = 0;
      this.#lateUntil = 0;
      return true;
    }
    if (waiting.refused?.test(text)) {
      waiting.settle(serialError('SERIAL_REFUSED', `${this.#name} refused the command`));
      return true;
    }
    // With a refusal alone, any other frame is the answer.
    if (waiting.expect !== undefined && !waiting.expect.test(text)) {
      this.#others++;
      return false;
    }
    waiting.settle(content);
    return true;
  }

  damaged(): void {
    this.#isDamaged = true;
  }

  close(): void {
    this.#waiting?.settle(serialError('SERIAL_DISCONNECTED', `the wire was lost before ${this.#name} answered`));
  }

  #expired(startedAt: number, { expect }: Question, cause: unknown): GatewayError {
    const now = this.#line.clock.monotonic();
    const waited = now - startedAt;
    this.#lateUntil = now + Math.max(MIN_LATE_MS, waited);
    // An answer that does not say whose it is would be taken for that of the next device.
    if (expect === undefined || !expect.includes('{address}')) this.#line.deafUntil = this.#lateUntil;
    const details = { sent: true, timeoutMs: Math.round(waited), ...(this.#isDamaged ? { crc: true } : {}) };
    const others = this.#others === 0 ? '' : `; ${this.#others} frames came that were no answer`;
    const damage = this.#isDamaged ? '; something came with a wrong checksum' : '';
    const message = `${this.#name} did not answer within ${Math.round(waited)} ms${others}${damage}`;
    return serialError('SERIAL_TIMEOUT', message, { cause, details });
  }

  #pattern(text: string | undefined): Pattern | undefined {
    if (text === undefined) return undefined;
    let pattern = this.#patterns.get(text);
    if (pattern === undefined) {
      pattern = new Pattern(withAddress(text, this.#address));
      this.#patterns.set(text, pattern);
    }
    return pattern;
  }
}
