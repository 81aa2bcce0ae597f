/** What is to be done with the next message of the outbox. */
import { GatewayError } from '../../core/errors.js';
import { encode } from '../encode.js';
import type { FarSide } from '../far-side.js';
import type { Encoded, Target } from '../route-types.js';
import { resume } from '../rules.js';
import { packetIdOf } from './flights.js';
import type { Item } from './item.js';
import type { Openings } from './openings.js';
import { markBackfill, outgoing } from './outgoing.js';
import { isReplyTag, replyTarget } from './reply-tag.js';
import type { SenderOptions } from './sender-options.js';
import { isTooOld } from './trimmer.js';

export type Prepared =
  | { readonly kind: 'send'; readonly encoded: Encoded }
  | { readonly kind: 'collect'; readonly target: Target }
  /** Its route sends nothing now. */
  | { readonly kind: 'set-aside' }
  /** It has no form, or the far side would not take it. */
  | { readonly kind: 'refuse'; readonly error: GatewayError }
  | { readonly kind: 'abandon'; readonly reason: 'expired' | 'too-old' };

export class Preparing {
  readonly #options: Pick<SenderOptions, 'clock' | 'config' | 'rules' | 'loops' | 'protocolVersion'>;
  readonly #openings: Openings;

  constructor(
    options: Pick<SenderOptions, 'clock' | 'config' | 'rules' | 'loops' | 'protocolVersion'>,
    openings: Openings,
  ) {
    this.#options = options;
    this.#openings = openings;
  }

  prepare(far: FarSide, item: Item): Prepared {
    const { clock, config, rules, loops } = this.#options;
    const { message, share: tag = '' } = item.stored;
    const now = clock.now();
    // What came while the time was not known has its times by that clock.
    const moved =
      (clock.corrections?.().length ?? 0) > 0
        ? (clock.rebased?.(message.receivedAt) ?? message.receivedAt) - message.receivedAt
        : 0;
    if (isTooOld(message.receivedAt + moved, config.maxAge, now)) return { kind: 'abandon', reason: 'too-old' };
    const target = isReplyTag(tag) ? replyTarget(tag) : resume(rules.out, message.topic, tag);
    if (!this.#openings.isOpen(target.route)) return { kind: 'set-aside' };
    if (target.route.batch !== undefined) {
      return message.expiresAt + moved <= now ? { kind: 'abandon', reason: 'expired' } : { kind: 'collect', target };
    }
    const plain = encode(target, message);
    if (plain instanceof GatewayError) return { kind: 'refuse', error: plain };
    const encoded = { ...plain, ...loops.outgoing(message, plain), expiresAt: plain.expiresAt + moved };
    if (encoded.expiresAt <= now) return { kind: 'abandon', reason: 'expired' };
    return this.seal(far, encoded, [item]);
  }

  /** Marks what has waited, and asks whether the far side takes so much. */
  seal(far: FarSide, plain: Encoded, items: readonly Item[]): Extract<Prepared, { kind: 'send' | 'refuse' }> {
    const first = items[0]!;
    const isMarked = first.isBacklog && this.#options.protocolVersion === 5;
    const encoded = isMarked ? { ...plain, properties: markBackfill(plain.properties, first.stored.message) } : plain;
    const packetId = packetIdOf(first.stored.sequence);
    const error = far.refusal(outgoing(encoded, far, packetId, false, this.#options.clock.now()));
    return error === undefined ? { kind: 'send', encoded } : { kind: 'refuse', error };
  }
}
