/** Answers whole, in blocks, and as messages. */
import { createHash } from 'node:crypto';
import type { Clock } from '../../../src/adapter.js';
import type { Outgoing } from '../exchange/message-layer.js';
import { Code, type Option } from '../message/message.js';
import { type Block, blockBytes, blockOption, OptionNumber, uintOption } from '../message/options.js';
import { type Answer, refusal } from './resource.js';

/** Large answers of one client whose other blocks may be asked for. */
const MAX_WHOLES = 8;

/** An answer as it was when its first block was sent. */
export interface Whole {
  readonly answer: Answer;
  readonly payload: Buffer;
  readonly etag: Buffer | undefined;
  /** Monotonic ms: when a block of it was asked for last. */
  touchedAt: number;
  /** A block behind the first was asked for. */
  readonly asked: PromiseWithResolvers<void>;
  isAsked: boolean;
  /** Resolves with its last block. */
  readonly fetched: PromiseWithResolvers<void>;
  isFetched: boolean;
}

/** Of one client, by what was asked for. */
export class Wholes {
  readonly #clock: Clock;
  readonly #wholes = new Map<string, Whole>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(key: string): Whole | undefined {
    return this.#wholes.get(key);
  }

  /** The rest of what was begun: the same state of it, however it has changed since. undefined: nothing was begun. */
  rest(key: string, block: Block): Answer | undefined {
    const whole = this.#wholes.get(key);
    if (whole === undefined) return undefined;
    whole.touchedAt = this.#clock.monotonic();
    whole.isAsked = true;
    whole.asked.resolve();
    whole.isFetched ||= (block.number + 1) * blockBytes(block.szx) >= whole.payload.length;
    if (whole.isFetched) whole.fetched.resolve();
    return sliced(whole, block);
  }

  /** In place of what was kept under the key; only what has more than one block is. */
  keep(key: string, answer: Answer, szx: number): Whole {
    const payload = Buffer.from(answer.payload ?? '');
    const isContent = answer.code === Code.CONTENT && payload.length > 0;
    const etag = answer.etag ?? (isContent ? createHash('sha256').update(payload).digest().subarray(0, 4) : undefined);
    const touchedAt = this.#clock.monotonic();
    const [asked, fetched] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const whole: Whole = { answer, payload, etag, touchedAt, asked, isAsked: false, fetched, isFetched: false };
    this.#wholes.delete(key);
    if (payload.length > blockBytes(szx)) {
      const [oldest] = this.#wholes.keys();
      if (this.#wholes.size >= MAX_WHOLES && oldest !== undefined) this.#wholes.delete(oldest);
      this.#wholes.set(key, whole);
    }
    return whole;
  }
}

export function sliced({ answer, payload, etag }: Whole, block: Block): Answer {
  const tagged = etag === undefined ? answer : { ...answer, etag };
  const from = block.number * blockBytes(block.szx);
  if (from === 0 && payload.length <= blockBytes(block.szx)) return { ...tagged, payload };
  if (from >= payload.length) return refusal(Code.BAD_OPTION, 'there is no such block');
  const part = payload.subarray(from, from + blockBytes(block.szx));
  const more = from + part.length < payload.length;
  const size = block.number === 0 ? [uintOption(OptionNumber.SIZE2, payload.length)] : [];
  return {
    ...tagged,
    payload: part,
    options: [...(answer.options ?? []), blockOption(OptionNumber.BLOCK2, { ...block, more }), ...size],
  };
}

export function outgoingOf(
  token: Buffer,
  { code: answerCode, payload, contentFormat, maxAge, etag, options = [] }: Answer,
): Outgoing {
  const all: Option[] = [...options];
  if (etag !== undefined) all.push({ number: OptionNumber.ETAG, value: etag });
  if (contentFormat !== undefined) all.push(uintOption(OptionNumber.CONTENT_FORMAT, contentFormat));
  if (maxAge !== undefined) all.push(uintOption(OptionNumber.MAX_AGE, maxAge));
  return { code: answerCode, token, options: all, payload: Buffer.from(payload ?? '') };
}
