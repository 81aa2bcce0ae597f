/** What becomes of a message that the far side refuses (MQTT 5.0 §3.4.2.1). */
import type { Clock } from '../../core/clock.js';
import type { GatewayError } from '../../core/errors.js';

const QUOTA_EXCEEDED = 0x97;
const PACKET_IDENTIFIER_IN_USE = 0x91;
/** Unspecified error, and implementation specific error: it may have been the moment, not the message. */
const PERHAPS_LATER: readonly number[] = [0x80, 0x83];
const MOST_ATTEMPTS = 5;
const FIRST_PAUSE = 1_000;
const MAX_PAUSE = 60_000;

export class Refusals {
  readonly #clock: Clock;
  /** Monotonic ms. */
  #pausedUntil = 0;
  #pause = FIRST_PAUSE;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** ms for which nothing is sent; 0: go on. */
  get wait(): number {
    return this.#pausedUntil === 0 ? 0 : Math.max(0, this.#pausedUntil - this.#clock.monotonic());
  }

  /** @param attempts - how often this message was refused before. @returns whether it is to be sent again, after {@link wait} */
  isForLater({ details }: GatewayError, attempts: number): boolean {
    const { reasonCode } = details;
    const isAnswer = typeof reasonCode === 'number';
    const isLater =
      reasonCode === QUOTA_EXCEEDED ||
      (isAnswer && attempts < MOST_ATTEMPTS && PERHAPS_LATER.includes(reasonCode)) ||
      (reasonCode === PACKET_IDENTIFIER_IN_USE && attempts < MOST_ATTEMPTS);
    if (!isLater) return false;
    const now = this.#clock.monotonic();
    // All that was in flight is refused at once: that is one reason to wait, not a thousand.
    if (this.#pausedUntil <= now) {
      this.#pausedUntil = now + this.#pause;
      this.#pause = Math.min(MAX_PAUSE, this.#pause * 2);
    }
    return true;
  }

  /** The far side takes messages. */
  accepted(): void {
    if (this.#pausedUntil === 0 || this.wait > 0) return;
    this.#pausedUntil = 0;
    this.#pause = FIRST_PAUSE;
  }
}

/** As it is counted: `refused-0x87`; or by what is wrong with the message. */
export function reasonOf({ code, details }: GatewayError): string {
  const { reasonCode } = details;
  if (typeof reasonCode === 'number') return `refused-0x${reasonCode.toString(16).padStart(2, '0')}`;
  return code === 'LINK_PUBLISH_REFUSED' || code === 'LINK_TOO_LARGE' ? 'too-large' : 'no-form';
}
