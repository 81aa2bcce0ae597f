/** Retained messages still to be sent for new subscriptions, in the order of these; looked for in turns. */
import type { Message } from '../core/message.js';
import type { Subscription } from '../core/router.js';
import type { Turns } from './limits/turns.js';

interface Feed {
  readonly subscription: Subscription;
  readonly messages: Iterator<Message | undefined>;
}

export class RetainedFeeds {
  readonly #turns: Turns;
  readonly #onTurn: () => void;
  #feeds: Feed[] = [];
  /** The next message is looked for when it is our turn. */
  #isWaiting = false;

  /** @param goOn - it is our turn again */
  constructor(turns: Turns, goOn: () => void) {
    this.#turns = turns;
    this.#onTurn = () => {
      this.#isWaiting = false;
      goOn();
    };
  }

  /** Replaces what is left from the same filter. */
  add(subscription: Subscription, messages: Iterable<Message | undefined>): void {
    this.stop(subscription.filter);
    this.#feeds.push({ subscription, messages: messages[Symbol.iterator]() });
  }

  stop(filter: string): void {
    this.#feeds = this.#feeds.filter((feed) => feed.subscription.filter !== filter);
  }

  clear(): void {
    this.#feeds = [];
  }

  /** For which {@link next} has a message, perhaps; undefined: for none, or not yet. */
  get subscription(): Subscription | undefined {
    return this.#isWaiting ? undefined : this.#feeds[0]?.subscription;
  }

  /** @returns done: all of this subscription are through; later: others first */
  next(): Message | 'done' | 'later' {
    const { value: message, done } = this.#feeds[0]!.messages.next();
    if (done) {
      this.#feeds.shift();
      return 'done';
    }
    if (message !== undefined) return message;
    this.#isWaiting = true;
    this.#turns.wait(this.#onTurn);
    return 'later';
  }
}
