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
  /** By Topic Filter, oldest first. */
  #feeds: Map<string, Feed> | undefined;
  #first: Feed | undefined;
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
    const feed = { subscription, messages: messages[Symbol.iterator]() };
    this.#feeds ??= new Map();
    this.#feeds.set(subscription.filter, feed);
    this.#first ??= feed;
  }

  stop(filter: string): void {
    if (!this.#feeds?.delete(filter) || this.#first?.subscription.filter !== filter) return;
    this.#first = this.#feeds.values().next().value;
    if (this.#first === undefined) this.#feeds = undefined;
  }

  clear(): void {
    this.#feeds = undefined;
    this.#first = undefined;
  }

  /** For which {@link next} has a message, perhaps; undefined: for none, or not yet. */
  get subscription(): Subscription | undefined {
    return this.#isWaiting ? undefined : this.#first?.subscription;
  }

  /** @returns done: all of this subscription are through; later: others first */
  next(): Message | 'done' | 'later' {
    const { messages, subscription } = this.#first!;
    const { value: message, done } = messages.next();
    if (done) {
      this.stop(subscription.filter);
      return 'done';
    }
    if (message !== undefined) return message;
    this.#isWaiting = true;
    this.#turns.wait(this.#onTurn);
    return 'later';
  }
}
