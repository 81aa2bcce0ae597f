/** A function beside the path: gets copies, in a queue of its own; what it makes of them is published. */
import type { Clock } from '../core/clock.js';
import type { Message, Origin } from '../core/message.js';
import { type Attachment, type Router, type Sink, subscriptionTo } from '../core/router.js';
import { type Chain, chainOf, extend, hasPassed, MAX_DEPTH } from './chain.js';
import type { DeadLetters } from './dead-letters.js';
import { Failure, type Outcome } from './failure.js';
import { outputsOf } from './outputs.js';
import { ask, within } from './pipeline.js';
import type { Publisher } from './publisher.js';
import type { Slot } from './slot.js';

/** Calls in one turn of the event loop, and how long they may take, ms. */
const CALLS_PER_TURN = 256;
const TURN_TIME = 2;
/** Calls under way of a function that waits. */
const AT_ONCE = 64;

export interface SubscriberOptions {
  readonly slot: Slot;
  readonly filters: readonly string[];
  readonly router: Router;
  readonly publisher: Publisher;
  readonly deadLetters: DeadLetters;
  readonly clock: Clock;
}

export class Subscriber implements Sink, Disposable {
  readonly id: string;
  readonly kind = 'function';
  readonly origin: Origin;
  readonly durable = false;
  readonly #o: SubscriberOptions;
  readonly #attachment: Attachment;
  #inbox: Message[] = [];
  #next = 0;
  #underWay = 0;
  #turn: NodeJS.Immediate | undefined;

  constructor(options: SubscriberOptions) {
    this.#o = options;
    this.id = this.origin = `function:${options.slot.name}`;
    this.#attachment = options.router.attach(this);
    for (const filter of options.filters) {
      // What is retained was seen when it was published: a restart is no news.
      for (const _ of this.#attachment.subscribe(subscriptionTo(filter, { retainHandling: 2 })));
    }
    this.#attachment.arrived();
  }

  get waiting(): number {
    return this.#inbox.length - this.#next + this.#underWay;
  }

  deliver(message: Message): boolean {
    const { slot } = this.#o;
    if (slot.isPaused || hasPassed(chainOf(message), slot.name)) return true;
    if (this.#inbox.length - this.#next >= slot.config.limits.queue) {
      slot.failed(new Failure('queue', `${slot.config.limits.queue} messages wait already`));
      return false;
    }
    this.#inbox.push(message);
    this.#turn ??= setImmediate(this.#work);
    return true;
  }

  [Symbol.dispose](): void {
    if (this.#turn !== undefined) clearImmediate(this.#turn);
    this.#inbox = [];
    this.#next = 0;
    this.#attachment[Symbol.dispose]();
  }

  readonly #work = (): void => {
    this.#turn = undefined;
    const { clock } = this.#o;
    const until = clock.monotonic() + TURN_TIME;
    for (let calls = 0; calls < CALLS_PER_TURN && this.#next < this.#inbox.length; calls++) {
      if (this.#underWay >= AT_ONCE) break;
      if (calls > 0 && clock.monotonic() > until) break;
      this.#give(this.#inbox[this.#next++]!);
    }
    if (this.#next === this.#inbox.length) {
      this.#inbox = [];
      this.#next = 0;
      return;
    }
    if (this.#next > 1_024) {
      this.#inbox = this.#inbox.slice(this.#next);
      this.#next = 0;
    }
    if (this.#underWay < AT_ONCE) this.#turn ??= setImmediate(this.#work);
  };

  #give(message: Message): void {
    const { slot, clock } = this.#o;
    const own = extend(chainOf(message), slot.name);
    if (own.depth > MAX_DEPTH) {
      const failure = slot.failed(new Failure('depth', `the message has been through ${MAX_DEPTH} functions`));
      this.#without(message, failure, own);
      return;
    }
    const outcome = ask(slot, message, own, 2, clock.now());
    if (!(outcome instanceof Promise)) {
      this.#publish(message, outcome, own);
      return;
    }
    this.#underWay++;
    void outcome.then((answer) => {
      this.#underWay--;
      this.#publish(message, answer, own);
      if (this.#next < this.#inbox.length) this.#turn ??= setImmediate(this.#work);
    });
  }

  #publish(message: Message, outcome: Outcome, own: Chain): void {
    const { slot, publisher } = this.#o;
    if (outcome instanceof Failure) {
      this.#without(message, outcome, own);
      return;
    }
    const records = outputsOf(slot.config, outcome);
    if (records instanceof Failure) this.#without(message, slot.failed(records), own);
    else publisher.publish(slot, within(slot, records, 0), own);
  }

  /** Everybody else has the message: only a dead letter is left to be made. */
  #without(message: Message, failure: Failure, own: Chain): void {
    const { slot, deadLetters } = this.#o;
    if (slot.config.onError !== 'dead-letter' || failure.cause === 'paused') return;
    const stored = deadLetters.add(slot, message, failure, own);
    if (stored instanceof Promise) stored.catch(() => {});
  }
}
