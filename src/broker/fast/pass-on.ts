/**
 * Frames from their publisher to the writers of those who get them. Runs of one read that go to few are kept until its end, and
 * given to each receiver together (piles.ts); what is counted per copy is counted once per run or pile.
 */
import type { Clock } from '../../core/clock.js';
import type { Message } from '../../core/message.js';
import type { MessageRouter } from '../router.js';
import type { Session } from '../session.js';
import type { Statistics } from '../statistics.js';
import { Copies } from './copies.js';
import type { FastClient } from './fast-client.js';
import { Run } from './frames.js';
import type { Pile } from './pile.js';
import { MAX_RECEIVERS, Piles } from './piles.js';
import { isCurrent, isStale, type Route, type Target } from './route.js';

export interface PassOnOptions {
  readonly router: MessageRouter;
  readonly statistics: Statistics;
  readonly clock: Clock;
  /** Receive Maximum of ours. */
  readonly receiveMaximum: number;
}

export class PassOn {
  readonly #router: MessageRouter;
  readonly #statistics: Statistics;
  readonly #clock: Clock;
  readonly #receiveMaximum: number;
  readonly #piles = new Piles();
  readonly #one = new Run();
  readonly #copies = new Copies();
  /** PUBLISH packets so far. */
  messages = 0;

  constructor({ router, statistics, clock, receiveMaximum }: PassOnOptions) {
    this.#router = router;
    this.#statistics = statistics;
    this.#clock = clock;
    this.#receiveMaximum = receiveMaximum;
  }

  /** A run of QoS 0 for its receivers, who get it now or with {@link flush}. */
  run(
    client: FastClient,
    session: Session,
    route: Route,
    bytes: Buffer,
    start: number,
    end: number,
    messages: number,
    payloadBytes: number,
    largest: number,
  ): void {
    const piles = this.#piles;
    const { targets, rest } = route;
    // They share one copy of it instead of making their own.
    const isForMany = targets.length > MAX_RECEIVERS;
    const isAtOnce = isForMany || rest.length > 0;
    if (isAtOnce || piles.isFull) this.flush(session);
    const run = piles.add(route);
    run.bytes = bytes;
    run.start = start;
    run.end = end;
    run.messages = messages;
    run.payloadBytes = payloadBytes;
    run.largest = largest;
    run.isVersion5 = client.isVersion5;
    run.qos = 0;
    if (isForMany) run.shared = Buffer.from(bytes.subarray(start, end));
    this.messages += messages;
    this.#received(session, messages, payloadBytes, 0);
    const copies = isAtOnce ? this.#pass(run, route, session) : this.#lay(run, targets, session);
    this.#router.countPassed(messages, copies);
    if (isAtOnce) this.flush(session);
  }

  /** Gives out what is kept. Before anything else of the same client. */
  flush(session: Session): void {
    const piles = this.#piles;
    if (piles.count === 0) return;
    this.#passPiles(session);
    this.#statistics.ledger.delivered += this.#copies.sent;
    this.#copies.count(this.#statistics, this.#router);
    piles.clear();
  }

  /** The only run there is, straight to each receiver. @returns copies of each message */
  #pass(run: Run, route: Route, session: Session): number {
    const { targets, rest } = route;
    let copies = 0;
    let hasStale = false;
    for (let i = 0; i < targets.length; i++) {
      const target = targets[i]!;
      if (target.noLocal && target.session === session) continue;
      copies++;
      // Whether it may still read the topic is asked for each message, then.
      const isOld = isStale(target);
      if (isOld) hasStale = true;
      if (!isOld && target.isDenied) this.#copies.denied += run.messages;
      else if (isOld || !target.isPlain || !this.#forward(run, target)) this.#give(0, target, session);
    }
    if (rest.length > 0) {
      for (const message of this.#messages(0, session)) copies += this.#router.giveRest(message, rest);
    }
    if (hasStale) this.#router.routes.renew(route);
    return copies;
  }

  /** The last run to the piles of its receivers. @returns copies of each message */
  #lay(run: Run, targets: readonly Target[], session: Session): number {
    const piles = this.#piles;
    let copies = 0;
    for (let i = 0; i < targets.length; i++) {
      const target = targets[i]!;
      if (target.noLocal && target.session === session) continue;
      copies++;
      if (piles.lay(run, target)) continue;
      this.#passPiles(session);
      piles.lay(run, target);
    }
    return copies;
  }

  #passPiles(session: Session): void {
    const piles = this.#piles;
    const counted = this.#copies;
    let hasStale = false;
    for (let i = 0; i < piles.size; i++) {
      const pile = piles.pile(i);
      const target = pile.target as Target;
      const isOld = isStale(target);
      if (isOld) hasStale = true;
      if (!isOld && target.isDenied) counted.denied += pile.messages;
      else if (!isOld && target.isPlain && target.recipient.forwardPile(pile, piles)) {
        counted.taken += pile.messages;
        counted.sendAll(pile.messages, pile.bytes, pile.payloadBytes);
      } else this.#passPile(pile, isOld || !target.isPlain, session);
    }
    piles.nextRound();
    if (hasStale) this.#renew();
  }

  /** @param isToGive - its messages are to be looked at, one by one */
  #passPile(pile: Pile, isToGive: boolean, session: Session): void {
    const piles = this.#piles;
    const target = pile.target as Target;
    for (let link = pile.first; link >= 0; link = piles.next(link)) {
      const index = piles.runOf(link);
      if (isToGive || !this.#forward(piles.runs[index]!, target)) this.#give(index, target, session);
    }
  }

  #renew(): void {
    const { routes, count } = this.#piles;
    const known = this.#router.routes;
    for (let i = 0; i < count; i++) {
      const route = routes[i]!;
      if (route.version === known.version && !isCurrent(route)) known.renew(route);
    }
  }

  /** As it came, whole, late or in part. @returns false when nothing was done */
  #forward(run: Run, { recipient }: Target): boolean {
    const counted = this.#copies;
    const { messages, part } = run;
    const bytes = run.end - run.start;
    if (recipient.forward(run)) {
      counted.taken += messages;
      counted.sendAll(messages, bytes, run.payloadBytes);
    } else if (recipient.forwardLate(run)) {
      counted.late += messages;
      counted.sendAll(messages, bytes, run.payloadBytes);
    } else if (recipient.forwardPart(run)) {
      counted.taken += part.messages;
      counted.late += messages - part.messages;
      counted.sendAll(part.messages, part.bytes, part.payloadBytes);
    } else return false;
    return true;
  }

  /** @param index - of the run */
  #give(index: number, { session, subscription }: Target, publisher: Session): void {
    for (const message of this.#messages(index, publisher)) this.#router.give(message, session, subscription);
  }

  #messages(index: number, session: Session): Message[] {
    const { messages, runs, routes } = this.#piles;
    messages[index] ??= this.#read(runs[index]!, routes[index]!, session);
    return messages[index]!;
  }

  /** One frame of QoS 1 or 2, {@link flush}ed before. @returns false when nothing was done: it is for the general path */
  one(
    client: FastClient,
    session: Session,
    route: Route,
    bytes: Buffer,
    start: number,
    end: number,
    qos: 1 | 2,
    identifierAt: number,
    payload: number,
  ): boolean {
    const high = bytes[identifierAt]!;
    const low = bytes[identifierAt + 1]!;
    const packetIdentifier = (high << 8) | low;
    const { targets } = route;
    // A 5.0 client may be told that nobody was there (§3.4.2.1).
    if (packetIdentifier === 0 || targets.length === 0 || route.rest.length > 0 || !isCurrent(route)) return false;
    // Acknowledgements keep the order of their PUBLISH packets [MQTT-4.6.0-2]: not past one that waits.
    if (client.isBehind) return false;
    if (client.isVersion5 && session.incoming.outstanding >= this.#receiveMaximum) return false;
    if (qos === 2 && (!session.endsWithConnection || session.incoming.has(packetIdentifier))) return false;
    for (let i = 0; i < targets.length; i++) {
      const target = targets[i]!;
      if (target.qos > 0 && !target.session.endsWithConnection) return false;
    }
    const run = this.#one;
    run.bytes = bytes;
    run.start = start;
    run.end = end;
    run.messages = 1;
    run.payloadBytes = end - payload;
    run.largest = end - start;
    run.isVersion5 = client.isVersion5;
    run.isConverted = false;
    run.qos = qos;
    run.identifierAt = identifierAt - start;
    if (qos === 2) session.incoming.hold(packetIdentifier);
    this.messages++;
    this.#received(session, 1, run.payloadBytes, qos);
    const counted = this.#copies;
    let message: Message | undefined;
    let copies = 0;
    for (let i = 0; i < targets.length; i++) {
      const target = targets[i]!;
      if (target.noLocal && target.session === session) continue;
      copies++;
      if (target.isDenied) counted.denied++;
      else if (target.isPlain && target.qos >= qos && target.recipient.forwardOne(run, route.topic)) {
        counted.taken++;
        counted.sendAll(1, end - start, run.payloadBytes);
      } else {
        message ??= this.#read(run, route, session)[0]!;
        this.#router.give(message, target.session, target.subscription);
      }
    }
    counted.count(this.#statistics, this.#router);
    this.#router.countPassed(1, copies);
    client.answer(qos === 1 ? 0x40 : 0x50, high, low);
    return true;
  }

  #read(run: Run, { topic, length }: Route, session: Session): Message[] {
    return run.read(topic, length, session.origin, this.#clock.now());
  }

  #received(session: Session, messages: number, payloadBytes: number, qos: 0 | 1 | 2): void {
    const statistics = this.#statistics;
    statistics.publishReceived += messages;
    statistics.publishBytesReceived += payloadBytes;
    statistics.ledger.publishes += messages;
    statistics.ledger.accepted += messages;
    session.received.countAll(qos, messages, payloadBytes);
  }
}
