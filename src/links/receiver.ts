/**
 * The incoming half of a link: from the far side to the router.
 *
 * A message is published under all its local names in one turn, so that they are kept together or not at all. Where nothing
 * can be kept now it is published again until it can, and not acknowledged before: what came later waits for it. At QoS 0
 * it is dropped, counted.
 */
import { backoffDelays } from '../core/backoff.js';
import type { Clock } from '../core/clock.js';
import { GatewayError } from '../core/errors.js';
import type { Transform } from '../core/function.js';
import type { Log } from '../core/log.js';
import type { Message, Origin, PublishProperties } from '../core/message.js';
import type { Router } from '../core/router.js';
import { topicNameFault } from '../core/topic.js';
import { arrivalsOf } from './arrivals.js';
import { InDoor } from './door.js';
import { linkError } from './errors.js';
import type { Incoming } from './far-side.js';
import type { LoopGuard } from './loops.js';
import { Rate } from './rate.js';
import type { Replies } from './replies.js';
import type { RouteFigures } from './route-figures.js';
import type { Rules } from './rules.js';

/** Between two attempts to publish what could not be kept, ms. */
const KEEP_AGAIN = { first: 500, max: 5_000 };

export interface ReceiverOptions {
  readonly rules: Rules;
  readonly origin: Origin;
  readonly router: Router;
  readonly clock: Clock;
  readonly log: Log;
  readonly replies: Replies;
  readonly loops: LoopGuard;
  readonly figures: RouteFigures;
  /** A message was not published, for good; it is counted as dropped. */
  readonly onRefused: (error: GatewayError) => void;
  /** Functions in the way in. */
  readonly transform?: Transform | undefined;
}

/** A message that comes after one that is being published again. */
interface Waiting {
  /** In the order of arrival. */
  readonly number: number;
  readonly attempt: () => Promise<void>;
  readonly resolve: (published: Promise<void>) => void;
  readonly reject: (cause: GatewayError) => void;
}

export class Receiver {
  readonly #options: ReceiverOptions;
  readonly #received: Rate;
  readonly #door: InDoor | undefined;
  #dropped = 0;
  /** Aborted when the connection ends. */
  #connection = new AbortController();
  #lastNumber = 0;
  /** Only while a message is being published again: what came later does not overtake it. */
  #waiting: Waiting[] | undefined;

  constructor(options: ReceiverOptions) {
    this.#options = options;
    this.#received = new Rate(options.clock);
    if (options.transform !== undefined) this.#door = new InDoor(options.transform);
  }

  get received(): Rate {
    return this.#received;
  }

  /** No legal local topic, a payload that its route does not take, or QoS 0 that could not be published. */
  get dropped(): number {
    return this.#dropped;
  }

  /** The connection is gone: what it brought and is not published yet will come again. */
  disconnected(): void {
    const cause = linkError('LINK_LOST', 'the connection ended before the message could be kept');
    this.#connection.abort(cause);
    this.#connection = new AbortController();
    for (const { reject } of this.#waiting ?? []) reject(cause);
    this.#waiting = undefined;
  }

  /** Resolves when the router has taken responsibility; rejects when the connection ends before. */
  async take(incoming: Incoming): Promise<void> {
    const { rules, origin, clock, loops, router, figures, onRefused } = this.#options;
    const received = loops.incoming(incoming, incoming.payload);
    if (received === undefined) return;
    this.#received.add();
    const local = (properties: PublishProperties | undefined) => this.#localProperties(properties);
    const { messages, dropped, fault } = arrivalsOf(
      rules.in,
      { ...incoming, ...received },
      origin,
      clock.now(),
      local,
      figures,
    );
    loops.stamp(messages, received);
    this.#dropped += dropped;
    if (fault !== undefined) onRefused(fault);
    const news = loops.withoutReplays(messages, router);
    if (this.#door?.isFull === true && incoming.qos === 0) {
      this.#dropped += news.length;
      return;
    }
    const passed = this.#door === undefined ? news : this.#door.pass(news);
    const made = passed instanceof Promise ? await passed : passed;
    if (made.length > 0) await this.#publish(made, incoming);
  }

  async #publish(messages: readonly Message[], incoming: Incoming): Promise<void> {
    const { clock, log } = this.#options;
    const { signal } = this.#connection;
    const { qos } = incoming;
    const number = ++this.#lastNumber;
    const attempt = () => this.#attempt(messages, incoming);
    /** Those that wait for this one. */
    let followers: Waiting[] | undefined;
    try {
      for (const wait of backoffDelays(KEEP_AGAIN, () => 0)) {
        const waiting = followers === undefined ? this.#waiting : undefined;
        try {
          // QoS 0 has an order of its own (MQTT 5.0 §4.6), and no acknowledgement that would limit how much waits.
          if (waiting === undefined || qos === 0) await attempt();
          else await new Promise<void>((resolve, reject) => waiting.push({ number, attempt, resolve, reject }));
          return;
        } catch (error) {
          const isLater = error instanceof GatewayError && error.fault !== 'bug';
          if (!isLater) log.error({ err: error }, 'a message from the far side could not be published');
          if (!isLater || qos === 0) {
            this.#dropped++;
            return;
          }
        }
        signal.throwIfAborted();
        if (followers === undefined) {
          if (this.#waiting !== undefined) continue;
          followers = [];
          this.#waiting = followers;
        }
        await clock.sleep(wait, signal);
      }
    } finally {
      if (followers !== undefined && this.#waiting === followers) this.#follow(followers);
    }
  }

  async #attempt(messages: readonly Message[], { keep }: Incoming): Promise<void> {
    const { router, loops } = this.#options;
    let missing = messages.length;
    const onGiven = () => {
      if (--missing === 0) keep?.();
    };
    const published = messages.map((message) => loops.counted(message, router.publish(message, onGiven)));
    await Promise.all(published);
  }

  /** All in one turn, in the order in which they came. */
  #follow(followers: readonly Waiting[]): void {
    this.#waiting = undefined;
    for (const { attempt, resolve } of followers.toSorted((a, b) => a.number - b.number)) resolve(attempt());
  }

  /** The far side's Response Topic becomes a local one that leads back to it. */
  #localProperties(properties: PublishProperties | undefined): PublishProperties | undefined {
    if (properties?.responseTopic === undefined) return properties;
    const { responseTopic, ...rest } = properties;
    if (topicNameFault(responseTopic) !== undefined) return rest;
    const { correlationData } = properties;
    return { ...rest, responseTopic: this.#options.replies.add({ responseTopic, correlationData }) };
  }
}
