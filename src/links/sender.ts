/**
 * The outgoing half of a link: from the router to the far side.
 *
 * - A message of QoS 1 or 2 stays until the far side acknowledges it; after a lost connection it is sent again, in order.
 * - QoS 0 does not wait for a connection.
 * - Retained messages follow after each connect, when the backlog is gone, each with its value of that moment.
 */
import type { Clock, Timer } from '../core/clock.js';
import type { GatewayError } from '../core/errors.js';
import type { Message, Origin, QoS } from '../core/message.js';
import type { Router } from '../core/router.js';
import { topicMatches } from '../core/topic.js';
import type { EchoGuard } from './echo.js';
import { linkError } from './errors.js';
import type { FarSide, FarSideEvents, Outgoing } from './far-side.js';
import { Outbox, type Queued } from './queue.js';
import { Rate } from './rate.js';
import type { Replies } from './replies.js';
import { type Rules, type Target, targetsOf } from './rules.js';

/** Without any acknowledgement for this long, ms, the connection is given up. */
const STALL_TIMEOUT = 60_000;

export interface SenderOptions {
  readonly rules: Rules;
  readonly queuedMessages: number;
  readonly origin: Origin;
  readonly router: Router;
  readonly clock: Clock;
  readonly replies: Replies;
  readonly echo: EchoGuard;
  /** The far side refused one message for good; it is counted as dropped. */
  readonly onRefused: (error: GatewayError) => void;
}

export class Sender {
  readonly #options: SenderOptions;
  readonly #outbox: Outbox;
  readonly #sent: Rate;
  /** What is in flight, by Packet Identifier. */
  readonly #flying = new Map<number, Queued>();
  #lastId = 0;
  #far: FarSide | undefined;
  #pumping = false;
  /** Local topics whose retained message is still to be sent on this connection; from the end. */
  #replay: string[] = [];
  /** Sent on this connection while the replay lasts: not to be sent twice. */
  #fresh = new WeakSet<Message>();
  /** Expired, unmappable, refused, too late as a reply, or QoS 0 without a connection. */
  #lost = 0;
  #stall: Timer | undefined;
  /** Monotonic ms of the last acknowledgement, or of the first message sent after a pause. */
  #progressAt = 0;
  readonly #idle = new Set<() => void>();

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#outbox = new Outbox(options.queuedMessages);
    this.#sent = new Rate(options.clock);
  }

  get sent(): Rate {
    return this.#sent;
  }

  get dropped(): number {
    return this.#outbox.dropped + this.#lost;
  }

  /** Messages not yet acknowledged by the far side. */
  get queued(): number {
    return this.#outbox.size;
  }

  get isFull(): boolean {
    return this.#outbox.isFull;
  }

  get oldestMs(): number | null {
    const oldest = this.#outbox.oldest;
    return oldest === undefined ? null : this.#options.clock.monotonic() - oldest.queuedAt;
  }

  /** @returns false when something had to be dropped */
  accept(message: Message): boolean {
    const before = this.dropped;
    const { replies, rules } = this.#options;
    if (replies.isReply(message.topic)) this.#acceptReply(message);
    else {
      for (const target of targetsOf(rules.out, message.topic, () => this.#lost++)) this.#enqueue(message, target);
    }
    this.#pump();
    return this.dropped === before;
  }

  connected(far: FarSide): void {
    const { rules, router, origin } = this.#options;
    this.#far = far;
    this.#fresh = new WeakSet();
    const topics = new Set<string>();
    for (const { filter } of rules.out) {
      for (const message of router.retained(filter)) if (message.origin !== origin) topics.add(message.topic);
    }
    this.#replay = [...topics].reverse();
    this.#pump();
  }

  disconnected(): void {
    this.#far = undefined;
    this.#replay = [];
    this.#stall?.cancel();
    this.#stall = undefined;
    this.#options.echo.disconnected();
    this.#flying.clear();
    this.#outbox.requeue();
    this.#tellIdle();
  }

  /** @see FarSideEvents.onAcknowledged */
  acknowledged(...[packet, packetId, refusal]: Parameters<FarSideEvents['onAcknowledged']>): void {
    const item = this.#flying.get(packetId);
    if (item === undefined || this.#far === undefined) return;
    this.#progressAt = this.#options.clock.monotonic();
    if (packet === 'pubrec' && refusal === undefined) {
      this.#far.release(packetId);
      return;
    }
    this.#flying.delete(packetId);
    this.#outbox.settle(item);
    if (refusal === undefined) this.#sent.add();
    else this.#refused(refusal);
    this.#pump();
  }

  /** There is room on the wire again. */
  drain(): void {
    this.#pump();
  }

  /** Resolves when nothing is left to send, or nobody is there to send it to. */
  async settled(): Promise<void> {
    if (this.#far === undefined || this.queued === 0) return;
    await new Promise<void>((resolve) => this.#idle.add(resolve));
  }

  #acceptReply(message: Message): void {
    const address = this.#options.replies.find(message.topic);
    if (address === undefined) {
      this.#lost++;
      return;
    }
    const { responseTopic: _local, ...properties } = message.properties ?? {};
    const correlationData = properties.correlationData ?? address.correlationData;
    this.#push({
      topic: address.responseTopic,
      qos: message.qos,
      retain: false,
      payload: message.payload,
      properties: correlationData === undefined ? properties : { ...properties, correlationData },
      expiresAt: message.expiresAt,
      queuedAt: this.#options.clock.monotonic(),
      source: message,
    });
  }

  #enqueue(message: Message, target: Target): void {
    this.#push({
      topic: target.topic,
      qos: Math.min(message.qos, target.qos) as QoS,
      retain: message.retain,
      payload: message.payload,
      properties: message.properties,
      expiresAt: message.expiresAt,
      queuedAt: this.#options.clock.monotonic(),
      source: message,
    });
  }

  #push(item: Queued): void {
    if (item.qos === 0 && this.#far === undefined) this.#lost++;
    else this.#outbox.push(item);
  }

  /** Sends as much as the window and the wire allow. */
  #pump(): void {
    const far = this.#far;
    // Settling at once (QoS 0) would otherwise come back in here from the middle of the loop.
    if (far === undefined || this.#pumping) return;
    this.#pumping = true;
    try {
      while (far.isWritable) {
        const next = this.#outbox.peek();
        if (next === undefined) {
          if (!this.#replayNext()) break;
        } else if (next.qos > 0 && this.#outbox.inFlight >= far.window) break;
        else this.#send(far, next);
      }
    } finally {
      this.#pumping = false;
    }
    if (this.queued === 0) this.#tellIdle();
  }

  #send(far: FarSide, item: Queued): void {
    const { clock, echo, rules } = this.#options;
    const left = item.expiresAt - clock.now();
    if (left <= 0) {
      this.#outbox.shift();
      this.#lost++;
      return;
    }
    const message: Outgoing = {
      topic: item.topic,
      qos: Math.min(item.qos, far.maximumQoS) as QoS,
      retain: item.retain && far.retainAvailable,
      payload: item.payload,
      properties: item.properties,
      expirySeconds: Number.isFinite(left) ? Math.ceil(left / 1_000) : undefined,
      packetId: 0,
      dup: false,
    };
    const refusal = far.refusal(message);
    if (refusal !== undefined) {
      this.#outbox.shift();
      this.#refused(refusal);
      return;
    }
    if (this.#replay.length > 0) this.#fresh.add(item.source);
    if (rules.in.some(({ filter }) => topicMatches(filter, item.topic))) {
      echo.remember(item.topic, item.payload, item.retain);
    }
    if (message.qos === 0) {
      this.#outbox.shift();
      far.publish(message);
      this.#sent.add();
      return;
    }
    this.#outbox.send();
    if (this.#outbox.inFlight === 1) this.#progressAt = clock.monotonic();
    this.#watchStall();
    const packetId = this.#freeId();
    this.#flying.set(packetId, item);
    far.publish({ ...message, packetId });
  }

  /** There are far fewer in flight than identifiers. */
  #freeId(): number {
    do this.#lastId = (this.#lastId % 0xffff) + 1;
    while (this.#flying.has(this.#lastId));
    return this.#lastId;
  }

  #refused(error: GatewayError): void {
    this.#lost++;
    this.#options.onRefused(error);
  }

  /** @returns false when all retained messages are sent */
  #replayNext(): boolean {
    const topic = this.#replay.pop();
    if (topic === undefined) return false;
    const { router, origin, rules } = this.#options;
    // The topic may have been written or cleared since the connect: what is retained now is sent, once.
    for (const message of router.retained(topic)) {
      if (message.origin === origin || this.#fresh.has(message)) continue;
      for (const target of targetsOf(rules.out, topic, () => this.#lost++)) this.#enqueue(message, target);
    }
    return true;
  }

  #watchStall(): void {
    if (this.#stall !== undefined || this.#outbox.inFlight === 0) return;
    const { clock } = this.#options;
    const wait = Math.max(0, this.#progressAt + STALL_TIMEOUT - clock.monotonic());
    this.#stall = clock.after(wait, () => {
      this.#stall = undefined;
      const silentMs = clock.monotonic() - this.#progressAt;
      if (this.#outbox.inFlight === 0 || silentMs < STALL_TIMEOUT) return this.#watchStall();
      const message = `${this.#outbox.inFlight} messages are not acknowledged for ${Math.round(silentMs)} ms`;
      this.#far?.fail(linkError('LINK_STALLED', message, { details: { inFlight: this.#outbox.inFlight } }));
    });
  }

  #tellIdle(): void {
    for (const tell of this.#idle) tell();
    this.#idle.clear();
  }
}
