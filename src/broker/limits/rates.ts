/** How fast one client may send: PUBLISH packets and bytes. */
import type { ListenerLimits } from '../../core/config.js';
import { TokenBucket } from './token-bucket.js';

/** A client beyond its rate is stopped for at least so long, ms, so that it goes on with more than one packet. */
const AHEAD = 20;

export class Rates {
  readonly #messages: TokenBucket | undefined;
  readonly #bytes: TokenBucket | undefined;

  /** @returns undefined: without limit, which then costs nothing */
  static of({ messageRate, byteRate }: ListenerLimits, now: number): Rates | undefined {
    return messageRate === 0 && byteRate === 0 ? undefined : new Rates(messageRate, byteRate, now);
  }

  /** One second's worth may come at once. */
  private constructor(messageRate: number, byteRate: number, now: number) {
    if (messageRate > 0) this.#messages = new TokenBucket(messageRate, messageRate, now);
    if (byteRate > 0) this.#bytes = new TokenBucket(byteRate, byteRate, now);
  }

  /** @returns whether it was one too many: it is to be handled, but the next ones have to wait */
  takeMessage(now: number): boolean {
    return this.#messages?.take(1, now) ?? false;
  }

  /** @returns as {@link takeMessage} */
  takeBytes(bytes: number, now: number): boolean {
    return this.#bytes?.take(bytes, now) ?? false;
  }

  /** Until both allow more, ms. */
  wait(now: number): number {
    return Math.max(this.#messages?.wait(AHEAD, now) ?? 0, this.#bytes?.wait(AHEAD, now) ?? 0);
  }
}
