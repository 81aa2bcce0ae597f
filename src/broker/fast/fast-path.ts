/**
 * PUBLISH and its acknowledgements on the bytes: from the read buffer of one socket to the write buffers of others.
 *
 *   read buffer ─▶ frame? ─▶ route (topic bytes → receivers) ─▶ run of frames ─▶ each receiver's pile ─▶ its writer
 *                    │ no: the codec decodes it and a handler handles it; then on with the next
 *
 * Rules: what is unusual in any way is not for here: RETAIN, DUP, properties, a topic not known to be good, a limit that is
 * reached; the general path answers it, so that meaning is in one place. What is counted, limited and checked there is so
 * here, too, but once per run, pile or read. Nothing is allocated per frame. Each rule has its
 * scenario in test/bench; the figures are in ARCHITECTURE.md.
 */
import type { MessageRouter } from '../router.js';
import type { Session } from '../session.js';
import type { Statistics } from '../statistics.js';
import { topicLimitFault } from '../topic-rules.js';
import { acknowledged } from './acknowledged.js';
import type { FastClient } from './fast-client.js';
import { PassOn, type PassOnOptions } from './pass-on.js';
import type { Route } from './route.js';

/** The clock is looked at each time so many frames and copies were handled: some 100 µs. */
const WORK = 1024;
/** Of an acknowledgement; a client that takes no packets of this size is left to the general path. */
const SMALL_PACKET = 4;

export class FastPath {
  readonly #router: MessageRouter;
  readonly #statistics: Statistics;
  readonly #passOn: PassOn;
  /** Of the last {@link read}: it ended because enough was done, not because the next frame is unusual. */
  isInterrupted = false;

  /** Of the last {@link read}: PUBLISH packets. */
  get messages(): number {
    return this.#passOn.messages;
  }

  constructor(options: PassOnOptions) {
    this.#router = options.router;
    this.#statistics = options.statistics;
    this.#passOn = new PassOn(options);
  }

  /**
   * Handles frames from `start` on until one is not whole, or unusual, or enough is done.
   *
   * @param mostMessages - PUBLISH packets that may be handled, at least 1
   * @returns where the first frame begins that is not handled
   */
  read(client: FastClient, bytes: Buffer, start: number, mostMessages: number): number {
    const { session, isVersion5, limits } = client;
    const passOn = this.#passOn;
    this.isInterrupted = false;
    passOn.messages = 0;
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
      if (work >= WORK || passOn.messages + runMessages >= mostMessages) {
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
              passOn.run(client, session, route, bytes, runStart, at, runMessages, runPayload, runLargest);
              work += route.work;
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
            passOn.run(client, session, route, bytes, runStart, at, runMessages, runPayload, runLargest);
            work += route.work;
            route = undefined;
            runMessages = 0;
          }
          passOn.flush(session);
          if (client.isOver) break;
          if (found.version !== routes.version) continue;
          if (!passOn.one(client, session, found, bytes, at, next, qos as 1 | 2, topicEnd, payload)) break;
          work += found.work;
        }
      } else {
        if (route !== undefined) {
          passOn.run(client, session, route, bytes, runStart, at, runMessages, runPayload, runLargest);
          work += route.work;
          route = undefined;
          runMessages = 0;
        }
        passOn.flush(session);
        if (client.isOver || !acknowledged(client, session, bytes, first, remaining, body)) break;
      }
      frames++;
      work++;
      at = next;
      if (client.isOver) break;
    }
    if (route !== undefined) {
      passOn.run(client, session, route, bytes, runStart, at, runMessages, runPayload, runLargest);
    }
    passOn.flush(session);
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
    if (last !== undefined) {
      const next = last.successor;
      if (next !== undefined && next !== last && isFor(next, client, routes.version, bytes, start, end)) {
        client.route = next;
        return next;
      }
      if (last.version === routes.version && last.isFor(bytes, start, end)) {
        return last;
      }
    }
    const route = routes.lookUp(bytes, start, end);
    if (route === undefined || route.isTransformed) return undefined;
    if (route.permit !== client.permit) {
      if (topicLimitFault(route.topic, client.limits) !== undefined || !verdicts.mayPublish(route.topic)) {
        return undefined;
      }
      route.permit = client.permit;
    }
    // Of one that is stale nobody would forget it.
    if (last !== undefined && last.version === routes.version) last.successor = route;
    client.route = route;
    return route;
  }
}

function isFor(route: Route, client: FastClient, version: number, bytes: Buffer, start: number, end: number): boolean {
  return route.version === version && route.permit === client.permit && route.isFor(bytes, start, end);
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
