/**
 * Loops: what makes a message that a link carries known wherever it comes by again.
 *
 *   type peer, and mqtt with `stamp`: a stamp in user properties (core/stamp.ts), which brokers of others pass on
 *   `wrap`:                           the stamp as first levels of the topic, where the far side speaks MQTT 3.1.1
 *   else:                             No Local, and what was sent is remembered (echo.ts)
 */
import type { Clock } from '../core/clock.js';
import type { LinkConfig } from '../core/config.js';
import type { Mesh } from '../core/mesh.js';
import type { Message, Origin, PublishProperties, QoS, Stamp } from '../core/message.js';
import type { Router } from '../core/router.js';
import { joinStamp, PEER_PROPERTY, passedBy, renamed, renamingOf, splitStamp } from '../core/stamp.js';
import type { LinkMeshView } from '../core/views.js';
import { EchoGuard } from './echo.js';
import type { SubscribeWishes } from './far-side.js';
import { unwrap, WRAPPED, wrap } from './wrapped-topics.js';

/** What of a message differs at the far side. */
export interface Shape {
  readonly topic: string;
  readonly retain: boolean;
  readonly properties: PublishProperties | undefined;
}

/** As it came, without what was added on the way. */
export interface Received extends Shape {
  readonly stamp: Stamp | undefined;
  /** That it entered the mesh with, whatever QoS the ways to here had; undefined: not known. */
  readonly stampedQoS: QoS | undefined;
}

/** After a connect, how long retained messages are those that were there, ms. */
const REPLAY_TIME = 3_000;

export interface LoopGuardOptions {
  readonly config: Pick<LinkConfig, 'type' | 'protocolVersion' | 'stamp' | 'hub' | 'wrap' | 'bridge'>;
  readonly origin: Origin;
  /** undefined: no stamps. */
  readonly mesh: Mesh | undefined;
  readonly clock: Clock;
}

export class LoopGuard implements Disposable {
  readonly #options: LoopGuardOptions;
  readonly #echo: EchoGuard;
  #duplicates = 0;
  /** Monotonic ms. */
  #connectedAt = Number.NEGATIVE_INFINITY;
  #isKnown = false;
  #hops = 0;

  constructor(options: LoopGuardOptions) {
    this.#options = options;
    const { mesh, config, origin } = options;
    if (config.hub !== undefined) mesh?.hubs.add(origin, config.hub);
    this.#echo = new EchoGuard(options.clock, options.config.protocolVersion === 5 || options.config.bridge);
  }

  /** Messages go and come with stamps. By default as soon as there is any peer. */
  get stamped(): boolean {
    const { config, mesh } = this.#options;
    if (mesh === undefined) return false;
    if (config.type === 'peer' || config.wrap || config.hub !== undefined) return true;
    return config.protocolVersion === 5 && (config.stamp ?? mesh.isUsed);
  }

  view(): { readonly mesh?: LinkMeshView } {
    const { mesh } = this.#options;
    if (mesh === undefined || !this.stamped) return {};
    return { mesh: { duplicates: this.#duplicates, hops: this.#hops, origins: mesh.figures().origins } };
  }

  /** The filter to subscribe to at the far side. */
  filter(filter: string): string {
    return this.#options.config.wrap ? WRAPPED + filter : filter;
  }

  /** Of CONNECT. */
  get userProperties(): readonly (readonly [string, string])[] {
    const { config, mesh } = this.#options;
    return config.type === 'peer' && mesh !== undefined ? [[PEER_PROPERTY, mesh.gatewayId]] : [];
  }

  /** Whether the message is for this link: to a hub, one of its gateways passes it. */
  carries(message: Message): boolean {
    const { mesh, config } = this.#options;
    return mesh === undefined || config.hub === undefined || mesh.hubs.passes(mesh.stamp(message), config.hub);
  }

  /** What a hub has retained comes with its changes; sent on each connect, it would come before older ones. */
  get wishes(): SubscribeWishes {
    return this.#options.config.hub === undefined ? {} : { onlyNew: true };
  }

  /** @param shape - as its route sends it */
  outgoing(message: Message, { topic, retain, properties }: Shape): Shape {
    const { mesh, config } = this.#options;
    if (mesh === undefined || !this.stamped) return { topic, retain, properties };
    const known = mesh.stamp(message);
    const stamp = topic === message.topic ? known : renamed(known, renamingOf(message.topic, topic));
    const { gatewayId } = mesh;
    const { qos } = message;
    if (!config.wrap) return { topic, retain, properties: joinStamp(properties, stamp, gatewayId, { retain, qos }) };
    // Under this name it is never replaced: retained there, it would stay for ever.
    return { topic: wrap(stamp, gatewayId, { retain, qos, topic }), retain: false, properties };
  }

  /** It goes out under a topic that the link is subscribed to. */
  remember(topic: string, payload: Buffer, retain: boolean): void {
    if (this.#options.config.type !== 'peer' && !this.#options.config.wrap) this.#echo.remember(topic, payload, retain);
  }

  /** @returns undefined: it is ours, come back */
  incoming(message: Shape, payload: Buffer): Received | undefined {
    const { mesh, config, clock } = this.#options;
    if (config.wrap) {
      const inner = unwrap(message.topic, clock.now());
      if (inner !== undefined && mesh !== undefined) {
        const { qos, ...rest } = inner;
        return this.#received({ properties: message.properties, ...rest, stampedQoS: qos });
      }
    }
    const { properties, stamp, qos } = splitStamp(message.properties, clock.now());
    const { topic, retain } = message;
    if (stamp !== undefined && this.stamped) {
      return this.#received({ topic, retain, properties, stamp, stampedQoS: qos });
    }
    if (this.#echo.isEcho(topic, payload, retain)) return undefined;
    return { topic, retain, properties, stamp: undefined, stampedQoS: undefined };
  }

  /** What a broker sends of its retained messages on each SUBSCRIBE is no news to who has them from there. */
  withoutReplays(messages: readonly Message[], router: Pick<Router, 'retained'>): readonly Message[] {
    const { config, clock, origin } = this.#options;
    if (config.hub === undefined || clock.monotonic() - this.#connectedAt > REPLAY_TIME) return messages;
    return messages.filter((message) => {
      if (!message.retain || message.stamp !== undefined) return true;
      for (const known of router.retained(message.topic)) {
        if (known.origin === origin && known.payload.equals(message.payload)) return false;
      }
      return true;
    });
  }

  #received(received: Received & { readonly stamp: Stamp }): Received {
    this.#hops = Math.max(this.#hops, passedBy(received.stamp));
    const { config, clock } = this.#options;
    const isReplay = config.hub !== undefined && clock.monotonic() - this.#connectedAt <= REPLAY_TIME;
    return received.retain && isReplay ? { ...received, stamp: { ...received.stamp, isSync: true } } : received;
  }

  /** What became of it here has its stamp: each under its local name, and by its number where there are several. */
  stamp(messages: readonly Message[], { stamp, topic }: Received): void {
    if (stamp === undefined) return;
    for (const [index, message] of messages.entries()) {
      const own = message.topic === topic ? stamp : renamed(stamp, renamingOf(topic, message.topic));
      message.stamp = index === 0 ? own : renamed(own, `${index}`);
    }
  }

  /** Right after it was given to the router. */
  counted(message: Message, published: void | Promise<void>): void | Promise<void> {
    if (message.stamp !== undefined && this.#options.mesh?.hasDropped(message)) this.#duplicates++;
    return published;
  }

  /** A hub that knows us has what we sent before; what it has not is in the outbox. */
  get replays(): boolean {
    return this.#options.config.hub === undefined || !this.#isKnown;
  }

  /** What the far side is sent of the retained messages on each connect. */
  replayed(message: Message): Message {
    const { mesh, clock } = this.#options;
    if (mesh === undefined || !this.stamped) return message;
    // Its Will may have been sent meanwhile: what it says now is newer.
    const isOwnState = message.topic === `hpmq/${mesh.gatewayId}/$state`;
    return isOwnState ? mesh.again(message, clock.now()) : mesh.synced(message);
  }

  /** Topics that were cleared, for a far side that may not know. */
  cleared(filter: string): Iterable<Message> {
    const { mesh } = this.#options;
    return mesh !== undefined && this.stamped ? mesh.clearedOf(filter) : [];
  }

  /** @param sessionPresent - what the far side has for us from before the connect will come */
  connected(sessionPresent: boolean): void {
    this.#connectedAt = this.#options.clock.monotonic();
    this.#isKnown = sessionPresent;
    if (!sessionPresent) this.#echo.disconnected();
  }

  /** @param isGranted - the far side has granted subscriptions, and refused none */
  subscribed(isGranted: boolean): void {
    const { config, mesh, origin } = this.#options;
    if (config.hub === undefined) return;
    if (isGranted) mesh?.hubs.hears(origin);
    else mesh?.hubs.hearsNot(origin);
  }

  [Symbol.dispose](): void {
    const { config, mesh, origin } = this.#options;
    if (config.hub !== undefined) mesh?.hubs.remove(origin, config.hub);
  }
}
