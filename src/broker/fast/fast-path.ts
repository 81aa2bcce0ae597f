/**
 * PUBLISH and its acknowledgements on the bytes: from the read buffer of one socket to the write buffers of others.
 *
 *   read buffer ─▶ frame? ─▶ route (topic bytes → receivers) ─▶ run of frames ─▶ each receiver's writer
 *                    │ no: the codec decodes it and a handler handles it; then on with the next
 *
 * Rules: what is unusual in any way is not for here: RETAIN, DUP, properties, a topic not known to be good, a limit that is
 * reached, a receiver that is behind; the general path answers it, so that meaning is in one place. What is counted,
 * limited and checked there is so here, too, but once per run or read. Nothing is allocated per frame. Each rule has its
 * scenario in test/bench; the figures are in ARCHITECTURE.md.
 */
import type { Clock } from '../../core/clock.js';
import type { ListenerLimits } from '../../core/config.js';
import type { Message } from '../../core/message.js';
import type { MessageRouter } from '../router.js';
import type { Session } from '../session.js';
import type { Statistics } from '../statistics.js';
import { topicLimitFault } from '../topic-rules.js';
import { Run } from './frames.js';
import { isCurrent, type Permit, type Route, type Target } from './route.js';
import { isSame } from './routes.js';

/** The clock is looked at each time so many frames and copies were handled: some 50 µs. */
const WORK = 256;
/** So many receivers share one copy of a run instead of making their own. */
const SHARED_TARGETS = 8;
/** Of an acknowledgement; a client that takes no packets of this size is left to the general path. */
const SMALL_PACKET = 4;

/** The connection as it is seen from here; and what is remembered of it. */
export interface FastClient {
  readonly session: Session;
  readonly isVersion5: boolean;
  readonly maximumPacketSize: number;
  readonly limits: ListenerLimits;
  readonly unacknowledged: number;
  readonly isOver: boolean;
  /** Whom verdicts on publishing are about; another once its identity or the rules have changed. */
  permit: Permit | undefined;
  /** {@link permit} is as of these. */
  identity: number;
  revision: number;
  /** Of the last PUBLISH. */
  route: Route | undefined;
  /** Writes a packet of four bytes. */
  answer(first: number, high: number, low: number): void;
  /** Writes PINGRESP. */
  pong(): void;
}

export interface FastPathOptions {
  readonly router: MessageRouter;
  readonly statistics: Statistics;
  readonly clock: Clock;
  /** Receive Maximum of ours. */
  readonly receiveMaximum: number;
}

export class FastPath {
  readonly #router: MessageRouter;
  readonly #statistics: Statistics;
  readonly #clock: Clock;
  readonly #receiveMaximum: number;
  readonly #run = new Run();
  /** Of the last {@link read}: it ended because enough was done, not because the next frame is unusual. */
  isInterrupted = false;
  /** Of the last {@link read}: PUBLISH packets. */
  messages = 0;

  constructor(options: FastPathOptions) {
    this.#router = options.router;
    this.#statistics = options.statistics;
    this.#clock = options.clock;
    this.#receiveMaximum = options.receiveMaximum;
  }

  /**
   * Handles frames from `start` on until one is not whole, or unusual, or enough is done.
   *
   * @param mostMessages - PUBLISH packets that may be handled, at least 1
   * @returns where the first frame begins that is not handled
   */
  read(client: FastClient, bytes: Buffer, start: number, mostMessages: number): number {
    const { session, isVersion5, limits } = client;
    this.isInterrupted = false;
    this.messages = 0;
    if (client.maximumPacketSize < SMALL_PACKET) return start;
    const { routes } = this.#router;
    const largest = limits.packetBytes;
    const end = bytes.length;
    let route: Route | undefined;
    let runStart = start;
    let runMessages = 0;
    let runPayload = 0;
    let runLargest = 0;
    let at = start;
    let frames = 0;
    let work = 0;
    while (at + 1 < end) {
      if (work >= WORK || this.messages + runMessages >= mostMessages) {
        this.isInterrupted = true;
        break;
      }
      const first = bytes[at]!;
      let remaining = bytes[at + 1]!;
      let body = at + 2;
      if (remaining > 127) {
        const long = remainingLength(bytes, at + 1, end);
        if (long < 0) break;
        remaining = long;
        body += remaining < 16_384 ? 1 : remaining < 2_097_152 ? 2 : 3;
      }
      const next = body + remaining;
      if (next > end || next - at > largest) break;
      if ((first & 0xf9) === 0x30) {
        const qos = (first >> 1) & 3;
        if (qos === 3 || remaining < 2) break;
        const topicEnd = body + 2 + ((bytes[body]! << 8) | bytes[body + 1]!);
        const identifierEnd = qos === 0 ? topicEnd : topicEnd + 2;
        const payload = isVersion5 ? identifierEnd + 1 : identifierEnd;
        if (payload > next || (isVersion5 && bytes[identifierEnd] !== 0)) break;
        const found = this.#route(client, session, bytes, body + 2, topicEnd);
        if (found === undefined) break;
        if (qos === 0) {
          // Who gets a topic twice, through a Shared Subscription, too, gets each message twice, not all of them again.
          if (found !== route || found.rest.length > 0) {
            if (route !== undefined) {
              this.#passOn(client, session, route, bytes, runStart, at, runMessages, runPayload, runLargest);
              work += route.targets.length;
              route = undefined;
              runMessages = 0;
              if (client.isOver) break;
              // Whoever was told may have changed who gets what.
              if (found.version !== routes.version) continue;
            }
            route = found;
            runStart = at;
            runMessages = 0;
            runPayload = 0;
            runLargest = 0;
          }
          runMessages++;
          runPayload += next - payload;
          if (next - at > runLargest) runLargest = next - at;
        } else {
          if (route !== undefined) {
            this.#passOn(client, session, route, bytes, runStart, at, runMessages, runPayload, runLargest);
            work += route.targets.length;
            route = undefined;
            runMessages = 0;
            if (client.isOver) break;
            if (found.version !== routes.version) continue;
          }
          if (!this.#passOnOne(client, session, found, bytes, at, next, qos as 1 | 2, topicEnd, payload)) break;
          work += found.targets.length;
        }
      } else {
        if (route !== undefined) {
          this.#passOn(client, session, route, bytes, runStart, at, runMessages, runPayload, runLargest);
          work += route.targets.length;
          route = undefined;
          runMessages = 0;
        }
        if (client.isOver || !acknowledged(client, session, bytes, first, remaining, body)) break;
      }
      frames++;
      work++;
      at = next;
      if (client.isOver) break;
    }
    if (route !== undefined) {
      this.#passOn(client, session, route, bytes, runStart, at, runMessages, runPayload, runLargest);
    }
    this.#statistics.packetsReceived += frames;
    return at;
  }

  /** @returns undefined: the general path has to say what is wrong */
  #route(client: FastClient, session: Session, bytes: Buffer, start: number, end: number): Route | undefined {
    const { routes } = this.#router;
    const { verdicts } = session;
    if (client.identity !== verdicts.identity || client.revision !== verdicts.revision) {
      client.identity = verdicts.identity;
      client.revision = verdicts.revision;
      client.permit = {};
      client.route = undefined;
    }
    const last = client.route;
    if (last !== undefined && last.version === routes.version && isSame(last.bytes, bytes, start, end)) return last;
    const route = routes.lookUp(bytes, start, end);
    if (route === undefined) return undefined;
    if (route.permit !== client.permit) {
      if (topicLimitFault(route.topic, client.limits) !== undefined || !verdicts.mayPublish(route.topic)) {
        return undefined;
      }
      route.permit = client.permit;
    }
    client.route = route;
    return route;
  }

  /** A run of QoS 0 to its receivers. */
  #passOn(
    client: FastClient,
    session: Session,
    found: Route,
    bytes: Buffer,
    start: number,
    end: number,
    messages: number,
    payloadBytes: number,
    largest: number,
  ): void {
    const route = this.#current(found);
    const run = this.#run;
    run.bytes = bytes;
    run.start = start;
    run.end = end;
    run.messages = messages;
    run.payloadBytes = payloadBytes;
    run.largest = largest;
    run.isVersion5 = client.isVersion5;
    run.qos = 0;
    const { targets } = route;
    run.shared = targets.length >= SHARED_TARGETS ? Buffer.from(bytes.subarray(start, end)) : undefined;
    this.#count(session, messages, payloadBytes, 0);
    let list: Message[] | undefined;
    let copies = 0;
    let taken = 0;
    let denied = 0;
    for (let i = 0; i < targets.length; i++) {
      const target = targets[i]!;
      if (target.noLocal && target.session === session) continue;
      copies++;
      if (target.isDenied) denied++;
      else if (target.isPlain && target.session.forward(run)) taken++;
      else {
        list ??= this.#messages(run, route, session);
        for (const message of list) this.#router.give(message, target.session, target.subscription);
      }
    }
    if (route.rest.length > 0) {
      list ??= this.#messages(run, route, session);
      for (const message of list) copies += this.#router.giveRest(message, route.rest);
    }
    this.#router.countCopies(taken * messages, denied * messages);
    this.#router.countPassed(messages, copies);
    run.shared = undefined;
  }

  /** The same with what its receivers may read now. */
  #current(route: Route): Route {
    return isCurrent(route) ? route : this.#router.routes.renew(route);
  }

  /** One frame of QoS 1 or 2. @returns false when nothing was done: it is for the general path */
  #passOnOne(
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
    // Acknowledgements keep the order of their PUBLISH packets [MQTT-4.6.0-2]: not past one that waits for the disk.
    if (client.unacknowledged > 0) return false;
    if (client.isVersion5 && session.incoming >= this.#receiveMaximum) return false;
    if (qos === 2 && (!session.endsWithConnection || session.isIncoming(packetIdentifier))) return false;
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
    run.qos = qos;
    run.identifierAt = identifierAt - start;
    if (qos === 2) session.holdIncoming(packetIdentifier);
    this.#count(session, 1, end - payload, qos);
    let message: Message | undefined;
    let copies = 0;
    let taken = 0;
    let denied = 0;
    for (let i = 0; i < targets.length; i++) {
      const target: Target = targets[i]!;
      if (target.noLocal && target.session === session) continue;
      copies++;
      if (target.isDenied) denied++;
      else if (target.isPlain && target.qos >= qos && target.session.forward(run, route.topic)) taken++;
      else {
        message ??= this.#messages(run, route, session)[0]!;
        this.#router.give(message, target.session, target.subscription);
      }
    }
    this.#router.countCopies(taken, denied);
    this.#router.countPassed(1, copies);
    client.answer(qos === 1 ? 0x40 : 0x50, high, low);
    return true;
  }

  #messages(run: Run, route: Route, session: Session): Message[] {
    return run.read(route.topic, route.bytes.length, session.origin, this.#clock.now());
  }

  #count(session: Session, messages: number, payloadBytes: number, qos: 0 | 1 | 2): void {
    const statistics = this.#statistics;
    this.messages += messages;
    statistics.publishReceived += messages;
    statistics.publishBytesReceived += payloadBytes;
    statistics.ledger.publishes += messages;
    statistics.ledger.accepted += messages;
    session.received.countAll(qos, messages, payloadBytes);
  }
}

/** PUBACK, PUBREC, PUBREL, PUBCOMP without a Reason Code, and PINGREQ. @returns false when nothing was done */
function acknowledged(
  client: FastClient,
  session: Session,
  bytes: Buffer,
  first: number,
  remaining: number,
  body: number,
): boolean {
  if (remaining === 0 && first === 0xc0) {
    client.pong();
    return true;
  }
  if (remaining !== 2) return false;
  const high = bytes[body]!;
  const low = bytes[body + 1]!;
  const packetIdentifier = (high << 8) | low;
  if (packetIdentifier === 0) return false;
  if (first === 0x40) return session.puback(packetIdentifier, false) !== 'mismatch';
  // What becomes of QoS 2 in a session that outlives its connection is to be kept.
  if (!session.endsWithConnection) return false;
  switch (first) {
    case 0x50:
      // Unknown ones are answered with a Reason Code where there are any.
      if (session.pubrec(packetIdentifier, false) !== 'release') return false;
      client.answer(0x62, high, low);
      return true;
    case 0x62:
      if (!session.releaseIncoming(packetIdentifier)) return false;
      client.answer(0x70, high, low);
      return true;
    case 0x70:
      return session.pubcomp(packetIdentifier) !== 'mismatch';
    default:
      return false;
  }
}

/** @returns -1: not complete, too long, or longer than it need be [MQTT-1.5.5-1] */
function remainingLength(bytes: Buffer, start: number, end: number): number {
  let length = 0;
  for (let i = 0; i < 4 && start + i < end; i++) {
    const byte = bytes[start + i]!;
    length |= (byte & 0x7f) << (7 * i);
    if (byte >= 0x80) continue;
    return i > 0 && byte === 0 ? -1 : length;
  }
  return -1;
}
