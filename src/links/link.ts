/** One link: keeps a connection to its far side, for ever, with the sender and the receiver on it. */
import type { Clock } from '../core/clock.js';
import type { LinkConfig } from '../core/config.js';
import type { GatewayError } from '../core/errors.js';
import type { LinkTransform } from '../core/function.js';
import type { Log } from '../core/log.js';
import type { Mesh } from '../core/mesh.js';
import type { Message, Origin, QoS } from '../core/message.js';
import { type Attachment, type Router, type Sink, subscriptionTo } from '../core/router.js';
import { Scope } from '../core/scope.js';
import { topicMatches } from '../core/topic.js';
import type { AlarmView, LinkView, ServiceView } from '../core/views.js';
import { Announcer } from './announcer.js';
import { Connections } from './connections.js';
import { Credentials } from './credentials.js';
import { Demand } from './demand.js';
import { endpointViews } from './endpoint-views.js';
import type { FarMemories } from './far-memory.js';
import type { FarSide, FarSideEvents } from './far-side.js';
import type { LinkStore } from './keep.js';
import type { Will } from './kinds/options.js';
import { LinkOutgoing } from './link-outgoing.js';
import { LoopGuard } from './loops.js';
import { Receiver } from './receiver.js';
import { Replies } from './replies.js';
import { RouteFigures } from './route-figures.js';
import { compileRoutes, type Rules } from './rules.js';
import type { Sender } from './sender.js';
import type { SessionMemory } from './session-memory.js';
import type { ResolveSrv } from './srv.js';
import { LinkStatus } from './status.js';
import { Subscriptions } from './subscriptions.js';
import type { ReadInterfaces } from './uplinks.js';

/** At the end, time for what is still queued, ms. */
const DRAIN_TIMEOUT = 2_000;

export interface LinkOptions {
  readonly config: LinkConfig;
  readonly gatewayId: string;
  readonly router: Router;
  readonly mesh: Mesh | undefined;
  readonly memories: FarMemories;
  readonly sessions: SessionMemory;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: () => number;
  readonly keep?: LinkStore | undefined;
  readonly isAnnounced: boolean;
  /** State, cause or endpoint may be another. */
  readonly onChanged?: (() => void) | undefined;
  /** Tests bring their own. */
  readonly resolveSrv?: ResolveSrv | undefined;
  readonly interfaces?: ReadInterfaces | undefined;
  /** Functions at its door. */
  readonly linkTransform?: LinkTransform | undefined;
}

export class Link implements Sink, AsyncDisposable {
  readonly id: string;
  readonly kind = 'link';
  readonly origin: Origin;
  /** What is accepted is on disk before its publisher is told. */
  readonly durable: boolean;
  readonly #options: LinkOptions;
  readonly #log: Log;
  /** Topic of this gateway's own state. */
  readonly #stateTopic: string;
  readonly #rules: Rules;
  readonly #figures: RouteFigures;
  readonly #replies: Replies;
  readonly #status: LinkStatus;
  readonly #outgoing: LinkOutgoing;
  readonly #loops: LoopGuard;
  readonly #sender: Sender;
  readonly #receiver: Receiver;
  readonly #demand: Demand;
  readonly #subscriptions: Subscriptions;
  readonly #scope: Scope;
  /** undefined: without TLS. */
  readonly #credentials: Credentials | undefined;
  readonly #connections: Connections;
  readonly #announcer: Announcer | undefined;
  #attachment: Attachment | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: LinkOptions) {
    const { config, gatewayId, router, clock } = options;
    this.#options = options;
    this.#log = options.log.child({ link: config.name });
    this.id = `link:${config.name}`;
    this.origin = `link:${config.name}`;
    this.#stateTopic = `hpmq/${gatewayId}/$state`;
    this.#rules = compileRoutes(config.routes, gatewayId, config.hub !== undefined);
    this.#figures = new RouteFigures(config.routes);
    this.#replies = new Replies(config.name, clock);
    this.#status = new LinkStatus(clock, this.#log, config.heartbeat !== undefined);
    this.#scope = new Scope((error) => this.#log.error({ err: error }, 'a task of the link failed'));
    this.#loops = new LoopGuard({ config, mesh: options.mesh, origin: this.origin, clock });
    const shared = {
      rules: this.#rules,
      origin: this.origin,
      router,
      clock,
      log: this.#log,
      replies: this.#replies,
      loops: this.#loops,
      figures: this.#figures,
    };
    const functions = (direction: 'in' | 'out') => options.linkTransform?.(config.name, direction);
    const onRefused = (error: GatewayError) => this.#status.refused(error);
    this.#receiver = new Receiver({ ...shared, onRefused, transform: functions('in') });
    const asked = { ...shared, rules: this.#rules.in };
    this.#demand = new Demand({ ...asked, onChange: () => this.#subscriptions.follow() });
    this.#subscriptions = new Subscriptions({
      ...asked,
      demand: this.#demand,
      random: options.random,
      onRefusals: (refusal) => this.#status.subscribed(refusal),
    });
    this.#outgoing = new LinkOutgoing({
      ...options,
      ...shared,
      log: this.#log,
      status: this.#status,
      transform: functions('out'),
      onCaughtUp: () => options.sessions.caughtUp(),
    });
    this.#sender = this.#outgoing.sender;
    if (this.#outgoing.isDurable && this.#sender.queued === 0) options.sessions.nothingWaits();
    this.durable = this.#outgoing.isDurable;
    const isSecure = config.reach.srv?.secure ?? /^(mqtts|wss):/i.test(config.reach.urls[0] ?? '');
    const onReplaced = (reason: GatewayError) => this.#connections.renew(reason);
    if (isSecure) this.#credentials = new Credentials(config, clock, this.#log, onReplaced);
    this.#connections = this.#createConnections();
    this.#announcer = options.isAnnounced
      ? new Announcer({
          gatewayId,
          router,
          clock,
          view: () => this.view(),
          onError: (error) => this.#log.debug({ err: error }, 'the state of the link was not stored'),
        })
      : undefined;
    this.#status.onChanged = () => {
      this.#announcer?.changed();
      options.onChanged?.();
    };
  }

  /** @see Sink.stamped */
  get stamped(): boolean {
    return this.#loops.stamped;
  }

  /** Does not wait for the far side. */
  start(): void {
    const attachment = this.#options.router.attach(this);
    this.#attachment = attachment;
    const filters = new Map<string, QoS>([[this.#replies.filter, 0]]);
    for (const { filter, minQos } of this.#rules.out) {
      filters.set(filter, Math.max(minQos, filters.get(filter) ?? 0) as QoS);
    }
    // The retained messages are sent at each connect, so there is no need for them now.
    for (const [filter, minQos] of filters) {
      attachment.subscribe(subscriptionTo(filter, { retainHandling: 2, minQos }));
    }
    this.#announcer?.start();
    this.#demand.start();
    this.#scope.run(() => this.#outgoing.begin());
    this.#scope.run((signal) => this.#connections.run(signal));
  }

  deliver(message: Message): boolean | Promise<boolean> {
    return this.#outgoing.accept(message);
  }

  view(): LinkView {
    const { config, clock } = this.#options;
    const { name, type, url } = config;
    return {
      name,
      type,
      url,
      ...this.#status.view(),
      endpoints: endpointViews(this.#connections.endpoints, clock.monotonic()),
      certificates: this.#credentials?.certificates.views() ?? [],
      in: this.#receiver.received.total,
      out: this.#sender.sent.total,
      ...this.#outgoing.view(),
      inPerSecond: this.#receiver.received.perSecond(),
      outPerSecond: this.#sender.sent.perSecond(),
      dropped: this.#outgoing.dropped + this.#receiver.dropped,
      routes: this.#figures.view(),
      ...this.#loops.view(),
    };
  }

  service(): ServiceView {
    return this.#status.service(this.id);
  }

  alarms(): readonly AlarmView[] {
    return [...this.#status.alarms(this.id), ...(this.#credentials?.alarms() ?? []), ...this.#outgoing.alarms(this.id)];
  }

  get name(): string {
    return this.#options.config.name;
  }

  /** @see Links.pauseDrain */
  pauseDrain(isPaused: boolean): void {
    this.#outgoing.pauseDrain(isPaused);
  }

  /** Ends its connection, when what waits is out, or has had its time. What the router has still for it is taken, and kept. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#demand[Symbol.dispose]();
    const drained = new AbortController();
    const timeout = this.#options.clock.sleep(DRAIN_TIMEOUT, drained.signal).catch(() => {});
    await Promise.race([this.#outgoing.settled(), timeout]);
    drained.abort();
    await this.#scope[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    this.#attachment?.[Symbol.dispose]();
    this.#outgoing.close();
    this.#credentials?.[Symbol.dispose]();
    this.#loops[Symbol.dispose]();
    this.#status.stopped();
    this.#announcer?.[Symbol.dispose]();
  }

  #createConnections(): Connections {
    const { config, gatewayId, clock, random, resolveSrv, interfaces } = this.#options;
    const events: FarSideEvents = {
      onMessage: (message) => this.#receiver.take(message),
      onAcknowledged: this.#sender.acknowledged.bind(this.#sender),
      onDrain: () => this.#sender.drain(),
    };
    return new Connections({
      config,
      gatewayId,
      clientId: config.clientId ?? `hpmq-${gatewayId}-${config.name}`,
      clock,
      random,
      log: this.#log,
      status: this.#status,
      certificates: this.#credentials?.certificates,
      memories: this.#options.memories,
      sessions: this.#options.sessions,
      events,
      will: () => this.#will(),
      userProperties: this.#loops.userProperties,
      use: (far, signal) => this.#serve(far, signal),
      resolveSrv,
      interfaces,
    });
  }

  /** The state of this gateway at the far side, if a route carries it: who watches there sees `offline` when we are gone. */
  #will(): Will | undefined {
    for (const rule of this.#rules.out) {
      const there = topicMatches(rule.filter, this.#stateTopic) ? rule.map(this.#stateTopic) : undefined;
      if (there === undefined) continue;
      const payload = JSON.stringify({ state: 'offline', reason: 'the link is lost' });
      return { topic: there, payload, qos: Math.min(rule.qos, 1) as QoS };
    }
    return undefined;
  }

  /** The gateway has announced its end and the far side has it: the will would only cover the better reason. */
  #hasSaidGoodbye(): boolean {
    if (this.#sender.queued > 0) return false;
    for (const { payload } of this.#options.router.retained(this.#stateTopic)) {
      return payload.includes('"state":"offline"');
    }
    return false;
  }

  /** Uses the connection until it ends; returns the cause. */
  async #serve(far: FarSide, signal: AbortSignal): Promise<GatewayError> {
    const close = () => far.close(!this.#hasSaidGoodbye());
    signal.addEventListener('abort', close, { once: true });
    if (signal.aborted) close();
    try {
      const refusal = await this.#subscriptions.open(far);
      // Routes that are gone, or that nobody wants now, may have left something in the session.
      await far.unsubscribeOthers();
      this.#status.subscribed(refusal);
      this.#sender.connected(far);
      return await far.closed;
    } finally {
      signal.removeEventListener('abort', close);
      this.#subscriptions.closed();
      this.#sender.disconnected();
      this.#receiver.disconnected();
    }
  }
}
