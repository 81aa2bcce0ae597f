/** Frames from their publisher to the writers of those who get them; what is counted per copy is counted once per run. */
import type { Clock } from '../../core/clock.js';
import type { Message } from '../../core/message.js';
import type { MessageRouter } from '../router.js';
import type { Session } from '../session.js';
import type { Statistics } from '../statistics.js';
import type { FastClient } from './fast-client.js';
import { Run } from './frames.js';
import { isCurrent, isStale, type Route } from './route.js';

/** So many receivers share one copy of a run instead of making their own. */
const SHARED_TARGETS = 8;

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
  readonly #run = new Run();
  /** PUBLISH packets so far. */
  messages = 0;

  constructor({ router, statistics, clock, receiveMaximum }: PassOnOptions) {
    this.#router = router;
    this.#statistics = statistics;
    this.#clock = clock;
    this.#receiveMaximum = receiveMaximum;
  }

  /** A run of QoS 0 to its receivers. */
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
    const run = this.#run;
    run.bytes = bytes;
    run.start = start;
    run.end = end;
    run.messages = messages;
    run.payloadBytes = payloadBytes;
    run.largest = largest;
    run.isVersion5 = client.isVersion5;
    run.isConverted = false;
    run.qos = 0;
    const { targets, rest } = route;
    run.shared = targets.length >= SHARED_TARGETS ? Buffer.from(bytes.subarray(start, end)) : undefined;
    this.#received(session, messages, payloadBytes, 0);
    let list: Message[] | undefined;
    let copies = 0;
    let taken = 0;
    let late = 0;
    let partly = 0;
    let behind = 0;
    let denied = 0;
    let hasStale = false;
    for (let i = 0; i < targets.length; i++) {
      const target = targets[i]!;
      if (target.noLocal && target.session === session) continue;
      copies++;
      // Whether it may still read the topic is asked for each message, then.
      const isOld = isStale(target);
      if (isOld) hasStale = true;
      if (!isOld && target.isDenied) denied++;
      else if (!isOld && target.isPlain && target.session.forward(run)) taken++;
      else if (!isOld && target.isPlain && target.session.forwardLate(run)) late++;
      else if (!isOld && target.isPlain && target.session.forwardPart(run)) {
        const { part } = run;
        partly += part.messages;
        behind += messages - part.messages;
        this.#count(1, part.messages, part.bytes, part.payloadBytes);
      } else {
        list ??= this.#messages(run, route, session);
        for (const message of list) this.#router.give(message, target.session, target.subscription);
      }
    }
    if (rest.length > 0) {
      list ??= this.#messages(run, route, session);
      for (const message of list) copies += this.#router.giveRest(message, rest);
    }
    this.#sent(run, taken + late);
    this.#statistics.ledger.delivered += (taken + late) * messages + partly;
    this.#router.countCopies(taken * messages + partly, denied * messages, late * messages + behind);
    this.#router.countPassed(messages, copies);
    run.shared = undefined;
    if (hasStale) this.#router.routes.renew(route);
  }

  /** One frame of QoS 1 or 2. @returns false when nothing was done: it is for the general path */
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
    const run = this.#run;
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
    this.#received(session, 1, end - payload, qos);
    let message: Message | undefined;
    let copies = 0;
    let taken = 0;
    let denied = 0;
    for (let i = 0; i < targets.length; i++) {
      const target = targets[i]!;
      if (target.noLocal && target.session === session) continue;
      copies++;
      if (target.isDenied) denied++;
      else if (target.isPlain && target.qos >= qos && target.session.forward(run, route.topic)) taken++;
      else {
        message ??= this.#messages(run, route, session)[0]!;
        this.#router.give(message, target.session, target.subscription);
      }
    }
    this.#sent(run, taken);
    this.#router.countCopies(taken, denied, 0);
    this.#router.countPassed(1, copies);
    client.answer(qos === 1 ? 0x40 : 0x50, high, low);
    return true;
  }

  #messages(run: Run, route: Route, session: Session): Message[] {
    return run.read(route.topic, route.bytes.length, session.origin, this.#clock.now());
  }

  #received(session: Session, messages: number, payloadBytes: number, qos: 0 | 1 | 2): void {
    const statistics = this.#statistics;
    this.messages += messages;
    statistics.publishReceived += messages;
    statistics.publishBytesReceived += payloadBytes;
    statistics.ledger.publishes += messages;
    statistics.ledger.accepted += messages;
    session.received.countAll(qos, messages, payloadBytes);
  }

  /** @param taken - receivers that got the run as it came */
  #sent({ start, end, messages, payloadBytes }: Run, taken: number): void {
    this.#count(taken, messages, end - start, payloadBytes);
  }

  #count(receivers: number, messages: number, bytes: number, payloadBytes: number): void {
    const statistics = this.#statistics;
    statistics.packetsSent += receivers * messages;
    statistics.publishSent += receivers * messages;
    statistics.bytesSent += receivers * bytes;
    statistics.publishBytesSent += receivers * payloadBytes;
  }
}
