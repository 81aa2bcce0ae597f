/** What becomes of a message that leaves the outbox: it arrived, or why it never will; who is told, and who counts it. */
import type { GatewayError } from '../../core/errors.js';
import { isLeftOut } from '../encode.js';
import type { Rate } from '../rate.js';
import { resume } from '../rules.js';
import type { Flight } from './flights.js';
import type { Item } from './item.js';
import type { Outbox } from './outbox.js';
import { reasonOf } from './refusals.js';
import type { SenderOptions } from './sender-options.js';

/** Its route says nothing of it: that is no loss. */
const LEFT_OUT = 'left-out';

type Options = Pick<SenderOptions, 'drain' | 'figures' | 'rules' | 'onRefused' | 'onDeadLetter'>;

export class Endings {
  readonly #options: Options;
  readonly #outbox: Outbox;
  readonly #sent: Rate;

  constructor(options: Options, outbox: Outbox, sent: Rate) {
    this.#options = options;
    this.#outbox = outbox;
    this.#sent = sent;
  }

  /** The exchange is over: the far side has it, or has forgotten it. */
  landed({ items, stage, reason }: Flight): void {
    for (const item of items) {
      if (stage === 'given-up') {
        this.drop(item, reason);
        continue;
      }
      this.#options.drain.gone();
      this.#outbox.settle(item);
      this.#sent.add();
    }
  }

  /** @param reason - @see Endings.reasonOf */
  drop(item: Item, reason: string): void {
    this.#options.drain.gone();
    if (reason === LEFT_OUT) this.#outbox.leaveOut(item);
    else this.#outbox.drop(item, reason);
  }

  /** It has no form, or the far side does not want it. */
  giveUp(item: Item, error: GatewayError): void {
    this.drop(item, this.reasonOf(error));
    this.tell(item, error);
  }

  reasonOf(error: GatewayError): string {
    return isLeftOut(error) ? LEFT_OUT : reasonOf(error);
  }

  tell(item: Item, error: GatewayError): void {
    if (isLeftOut(error)) return;
    const { figures, rules, onRefused, onDeadLetter } = this.#options;
    const { message, share: tag = '' } = item.stored;
    figures.out(resume(rules.out, message.topic, tag).route.index).refuse();
    onRefused(error);
    onDeadLetter(message, error);
  }
}
