/**
 * Proves that the far side delivers: a message of QoS 1 to a topic of the link's own that it subscribes itself. Where the
 * far side lets it not come back, the acknowledgement counts; where it acknowledges nothing, the link is degraded after
 * two intervals and the connection is given up soon after.
 */
import type { Clock, Timer } from '../core/clock.js';
import type { GatewayError } from '../core/errors.js';
import { linkError } from './errors.js';
import type { WatchedSide } from './watched-side.js';

/** Without a proof for so many intervals: degraded. */
export const DEGRADED_AFTER = 2;
/** Without one for so many: the connection is given up; the first where there is another endpoint. */
export const GIVEN_UP_AFTER = { withOthers: 3, alone: 4 } as const;

/** A connection that ends so soon after the first heartbeat was sent ended because of it, perhaps; ms. */
const SOON = 5_000;

export type Proof = 'returned' | 'acknowledged';

export interface HeartbeatOptions {
  /** ms */
  readonly every: number;
  readonly topic: string;
  readonly clock: Clock;
  readonly side: WatchedSide;
  /** Different for each connection: a late one of an earlier connection proves nothing. */
  readonly nonce: string;
  /** It came back on an earlier connection of this link, so it should again. */
  readonly shouldReturn: boolean;
  /** There is another endpoint to go to. */
  readonly hasOthers: () => boolean;
  readonly onProof: (proof: Proof, rttMs: number) => void;
  readonly onMissed: (error: GatewayError) => void;
}

export class Heartbeat implements Disposable {
  readonly #o: HeartbeatOptions;
  #number = 0;
  /** Sending times of those not back, monotonic ms. */
  readonly #sent = new Map<number, number>();
  #canReturn = false;
  /** The first is on its way, or its subscription: since when, monotonic ms. */
  #unansweredSince: number | undefined;
  #hasReturned = false;
  #wasAnswered = false;
  /** Monotonic ms. */
  #provenAt: number;
  #isMissed = false;
  #beatTimer: Timer | undefined;
  #checkTimer: Timer | undefined;
  #isOver = false;

  constructor(options: HeartbeatOptions) {
    this.#o = options;
    this.#provenAt = options.clock.monotonic();
  }

  /** Subscribes and begins. Rejects when the connection ends meanwhile. */
  async start(): Promise<void> {
    const { side, topic } = this.#o;
    this.#check();
    this.#unansweredSince = this.#o.clock.monotonic();
    const refusal = await side.subscribe(topic, 1, { noLocal: false });
    this.#unansweredSince = undefined;
    if (this.#isOver) return;
    this.#canReturn = refusal === undefined;
    this.#beat();
  }

  /** Just sent, for the first time over this connection, and not answered. */
  get isUnanswered(): boolean {
    return this.#unansweredSince !== undefined && this.#o.clock.monotonic() - this.#unansweredSince < SOON;
  }

  /** At least once over this connection. */
  get wasAnswered(): boolean {
    return this.#wasAnswered;
  }

  get hasReturned(): boolean {
    return this.#hasReturned;
  }

  /** The far side sent something on our topic. */
  returned(payload: Buffer): void {
    const [nonce, text] = payload.toString('latin1', 0, 100).split(' ');
    const at = nonce === this.#o.nonce ? this.#sent.get(Number(text)) : undefined;
    if (at === undefined) return;
    this.#sent.delete(Number(text));
    this.#hasReturned = true;
    this.#prove('returned', this.#o.clock.monotonic() - at);
  }

  /** The far side acknowledged a message. */
  progressed(): void {
    if (!this.#waitsForReturn) this.#provenAt = this.#o.clock.monotonic();
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#beatTimer?.cancel();
    this.#checkTimer?.cancel();
  }

  /** Whether an acknowledgement is not enough. */
  get #waitsForReturn(): boolean {
    return this.#canReturn && (this.#hasReturned || this.#o.shouldReturn);
  }

  #beat(): void {
    const { side, topic, every, clock, nonce } = this.#o;
    this.#beatTimer = clock.after(every, () => this.#beat());
    const number = ++this.#number;
    let at = 0;
    const sent = () => {
      at = clock.monotonic();
      if (number === 1) this.#unansweredSince = at;
      this.#sent.set(number, at);
      if (this.#sent.size > DEGRADED_AFTER) this.#sent.delete(this.#sent.keys().next().value!);
    };
    side.beat(topic, `${nonce} ${number}`, Math.ceil((2 * every) / 1_000), sent, (refusal) => {
      // Some refuse it, and then close the connection.
      if (refusal === undefined) {
        this.#unansweredSince = undefined;
        this.#wasAnswered = true;
      }
      if (this.#isOver) return;
      // Refused is answered, too.
      if (refusal !== undefined) this.#canReturn = false;
      if (!this.#waitsForReturn) this.#prove('acknowledged', clock.monotonic() - at);
    });
  }

  #prove(proof: Proof, rttMs: number): void {
    this.#provenAt = this.#o.clock.monotonic();
    this.#isMissed = false;
    this.#o.onProof(proof, rttMs);
  }

  /** Looks at the moments at which something would be overdue. */
  #check(): void {
    const { clock, every, side, onMissed, hasOthers } = this.#o;
    const silent = clock.monotonic() - this.#provenAt;
    const overdue = DEGRADED_AFTER * every;
    const limit = every * (hasOthers() ? GIVEN_UP_AFTER.withOthers : GIVEN_UP_AFTER.alone);
    if (silent >= overdue && !this.#isMissed) {
      this.#isMissed = true;
      onMissed(undelivered(silent));
    }
    // A far side that acknowledges messages takes them: leaving it would help nobody.
    if (silent >= limit && (side.inFlight === 0 || side.silentMs >= overdue)) {
      side.fail(undelivered(silent));
      return;
    }
    const next = silent < overdue ? overdue - silent : silent < limit ? limit - silent : every;
    this.#checkTimer = clock.after(next, () => this.#check());
  }
}

function undelivered(ms: number): GatewayError {
  const text = `nothing that was sent came back or was acknowledged for ${Math.round(ms)} ms`;
  return linkError('LINK_NOT_DELIVERING', text, { details: { silentMs: Math.round(ms) } });
}
