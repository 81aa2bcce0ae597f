/** From the router to the outbox: a copy for each target of a message. */
import { GatewayError } from '../../core/errors.js';
import type { Message } from '../../core/message.js';
import { encode, isLeftOut, isQuiet, qosOf, sizeFault } from '../encode.js';
import type { RouteFigures } from '../route-figures.js';
import type { Target } from '../route-types.js';
import { targetsOf } from '../rules.js';
import type { Books } from './books.js';
import type { Openings } from './openings.js';
import type { Outbox } from './outbox.js';
import { reasonOf } from './refusals.js';
import type { Replay } from './replay.js';
import { replyTag, replyTarget } from './reply-tag.js';
import type { SenderOptions } from './sender-options.js';
import type { Volatile } from './volatile.js';

export interface IntakeOptions extends Pick<SenderOptions, 'rules' | 'replies' | 'loops' | 'drain' | 'onRefused'> {
  readonly outbox: Outbox;
  readonly volatile: Volatile;
  readonly books: Books;
  readonly replay: Replay;
  readonly openings: Openings;
  readonly figures: RouteFigures;
  isConnected(): boolean;
}

export class Intake {
  readonly #options: IntakeOptions;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /**
   * @param of - what functions made it of
   * @returns false when something had to be dropped
   */
  accept(message: Message, of = message): boolean {
    const { replies, rules, loops, replay } = this.#options;
    replay.accepted(of);
    if (!loops.carries(message)) return true;
    if (replies.isReply(message.topic)) return this.#acceptReply(message);
    let isTaken = true;
    const unmapped = () => {
      this.#drop('no-topic');
      isTaken = false;
    };
    for (const target of targetsOf(rules.out, message.topic, unmapped)) {
      if (!this.#enqueue(message, target)) isTaken = false;
    }
    return isTaken;
  }

  #acceptReply(message: Message): boolean {
    const address = this.#options.replies.find(message.topic);
    if (address === undefined) return this.#drop('late-reply');
    const { responseTopic: _local, ...properties } = message.properties ?? {};
    const correlationData = properties.correlationData ?? address.correlationData;
    const reply = correlationData === undefined ? properties : { ...properties, correlationData };
    const target = replyTarget(replyTag(address.responseTopic));
    return this.#enqueue({ ...message, retain: false, properties: reply }, target);
  }

  #enqueue(message: Message, target: Target): boolean {
    const { outbox, drain, openings, onRefused } = this.#options;
    const { route, tag } = target;
    const qos = qosOf(target, message);
    const fault = sizeFault(target, message);
    if (fault !== undefined) {
      const figures = this.#options.figures.out(route.index);
      if (isQuiet(target, fault)) figures.drop();
      else {
        figures.refuse();
        onRefused(fault);
      }
      return outbox.refuse(message, qos, reasonOf(fault));
    }
    if (qos === 0) return this.#count(target, message, this.#enqueueVolatile(message, target));
    drain.accepted();
    const { priority, key } = route;
    const isHeldBack = !openings.isOpen(route);
    return this.#count(target, message, outbox.accept(message, { qos, tag, key, priority, isHeldBack }));
  }

  #count({ route }: Target, { payload }: Message, isTaken: boolean): boolean {
    const figures = this.#options.figures.out(route.index);
    if (isTaken) figures.take(payload.length);
    else figures.drop();
    return isTaken;
  }

  /** It does not wait: neither for a batch nor for the time at which its route sends. */
  #enqueueVolatile(message: Message, target: Target): boolean {
    const { volatile, books, loops, openings, isConnected, onRefused } = this.#options;
    if (!isConnected()) return this.#drop('offline');
    if (!openings.isOpen(target.route)) return this.#drop('closed');
    const encoded = encode(target, message);
    if (encoded instanceof GatewayError) {
      if (isLeftOut(encoded)) return this.#drop('not-good');
      onRefused(encoded);
      return this.#drop(reasonOf(encoded));
    }
    books.received++;
    const dropped = volatile.push({ ...encoded, ...loops.outgoing(message, encoded) });
    books.drop('congested', dropped);
    return dropped === 0;
  }

  #drop(reason: string): false {
    const { books } = this.#options;
    books.received++;
    books.drop(reason);
    return false;
  }
}
