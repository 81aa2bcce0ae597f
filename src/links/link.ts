/** One link: keeps a connection to its far side, for ever, with the sender and the receiver on it. */
import { backoffDelays } from '../core/backoff.js';
import type { Clock } from '../core/clock.js';
import type { LinkConfig } from '../core/config.js';
import { errorView, type GatewayError, toGatewayError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import type { Message, Origin, QoS } from '../core/message.js';
import { type Attachment, type Router, type Sink, subscriptionTo } from '../core/router.js';
import { Scope } from '../core/scope.js';
import { topicMatches } from '../core/topic.js';
import type { AlarmView, LinkView, ServiceView } from '../core/views.js';
import { EchoGuard } from './echo.js';
import { linkError } from './errors.js';
import type { FarMemories } from './far-memory.js';
import type { FarSide, FarSideEvents } from './far-side.js';
import type { Will } from './kinds/options.js';
import { Receiver } from './receiver.js';
import { Replies } from './replies.js';
import { compileRoutes, type Rules } from './rules.js';
import { Sender } from './sender.js';
import { LinkStatus } from './status.js';

const RECONNECT = { first: 500, max: 30_000 };
/** Refused subscriptions are asked for again: the permissions at the far side may have been corrected. */
const RESUBSCRIBE = { first: 5_000, max: 60_000 };
/** A connection that lasted this long, ms, was a good one: the next attempt starts with the shortest delay again. */
const GOOD_CONNECTION = 10_000;
/** At the end, time for what is still queued, ms. */
const DRAIN_TIMEOUT = 2_000;

export interface LinkOptions {
  readonly config: LinkConfig;
  readonly gatewayId: string;
  readonly router: Router;
  readonly memories: FarMemories;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: () => number;
}

export class Link implements Sink, AsyncDisposable {
  readonly id: string;
  readonly kind = 'link';
  readonly origin: Origin;
  readonly durable = false;
  readonly #options: LinkOptions;
  readonly #log: Log;
  /** Topic of this gateway's own state. */
  readonly #stateTopic: string;
  readonly #rules: Rules;
  readonly #replies: Replies;
  readonly #status: LinkStatus;
  readonly #sender: Sender;
  readonly #receiver: Receiver;
  readonly #scope: Scope;
  #attachment: Attachment | undefined;

  constructor(options: LinkOptions) {
    const { config, gatewayId, router, clock } = options;
    this.#options = options;
    this.#log = options.log.child({ link: config.name });
    this.id = `link:${config.name}`;
    this.origin = `link:${config.name}`;
    this.#stateTopic = `hpmq/${gatewayId}/$state`;
    this.#rules = compileRoutes(config.routes, gatewayId);
    this.#replies = new Replies(config.name, clock);
    this.#status = new LinkStatus(clock, this.#log);
    this.#scope = new Scope((error) => this.#log.error({ err: error }, 'a task of the link failed'));
    const echo = new EchoGuard(clock, config.protocolVersion === 5 || config.bridge);
    const shared = {
      rules: this.#rules,
      origin: this.origin,
      router,
      clock,
      log: this.#log,
      replies: this.#replies,
      echo,
    };
    this.#receiver = new Receiver(shared);
    this.#sender = new Sender({
      ...shared,
      queuedMessages: config.queuedMessages,
      onRefused: (error) => this.#status.refused(error),
    });
  }

  /** Does not wait for the far side. */
  start(): void {
    const attachment = this.#options.router.attach(this);
    this.#attachment = attachment;
    const filters = new Set([...this.#rules.out.map(({ filter }) => filter), this.#replies.filter]);
    // The retained messages are sent at each connect, so there is no need for them now.
    for (const filter of filters) attachment.subscribe(subscriptionTo(filter, { retainHandling: 2 }));
    this.#scope.run((signal) => this.#supervise(signal));
  }

  deliver(message: Message): boolean {
    return this.#sender.accept(message);
  }

  view(): LinkView {
    const { name, type, url } = this.#options.config;
    const { protocol, host } = new URL(url);
    return {
      name,
      type,
      url: `${protocol}//${host}`,
      ...this.#status.view(),
      in: this.#receiver.received.total,
      out: this.#sender.sent.total,
      inPerSecond: this.#receiver.received.perSecond(),
      outPerSecond: this.#sender.sent.perSecond(),
      queued: this.#sender.queued,
      oldestMs: this.#sender.oldestMs,
      dropped: this.#sender.dropped + this.#receiver.dropped,
    };
  }

  service(): ServiceView {
    return this.#status.service(this.id);
  }

  alarms(): readonly AlarmView[] {
    const alarms = [...this.#status.alarms(this.id)];
    if (this.#sender.isFull) {
      const message = `${this.#sender.queued} messages wait for the far side, ${this.#sender.dropped} were dropped`;
      const error = errorView(linkError('LINK_QUEUE_FULL', message));
      alarms.push({ severity: 'warn', subject: this.id, since: this.#status.since, error });
    }
    return alarms;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#attachment?.[Symbol.dispose]();
    const drained = new AbortController();
    const timeout = this.#options.clock.sleep(DRAIN_TIMEOUT, drained.signal).catch(() => {});
    await Promise.race([this.#sender.settled(), timeout]);
    drained.abort();
    await this.#scope[Symbol.asyncDispose]();
    this.#status.stopped();
  }

  /** Connects again and again until the end. */
  async #supervise(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options;
    let delays = backoffDelays(RECONNECT, random);
    while (!signal.aborted) {
      this.#status.trying();
      let openedAt = Number.POSITIVE_INFINITY;
      let error: GatewayError;
      try {
        const far = await this.#open(signal);
        openedAt = clock.monotonic();
        error = await this.#serve(far, signal);
      } catch (failure) {
        error = toGatewayError(failure);
      }
      if (signal.aborted) return;
      if (clock.monotonic() - openedAt >= GOOD_CONNECTION) delays = backoffDelays(RECONNECT, random);
      const wait = delays.next().value;
      this.#status.lost(error, clock.now() + wait);
      await clock.sleep(wait, signal);
    }
  }

  async #open(signal: AbortSignal): Promise<FarSide> {
    const { config, gatewayId, clock } = this.#options;
    const clientId = config.clientId ?? `hpmq-${gatewayId}-${config.name}`;
    const events: FarSideEvents = {
      onMessage: (message) => this.#receiver.take(message),
      onAcknowledged: this.#sender.acknowledged.bind(this.#sender),
      onDrain: () => this.#sender.drain(),
    };
    const memory = this.#options.memories.of(config.name, new URL(config.url).host);
    const { openMqtt } = await import('./kinds/mqtt.js');
    return openMqtt({ config, clientId, will: this.#will(), clock, events, memory }, signal);
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
    const gone = new AbortController();
    const closed = far.closed.finally(() => gone.abort());
    const close = () => far.close(!this.#hasSaidGoodbye());
    signal.addEventListener('abort', close, { once: true });
    if (signal.aborted) close();
    try {
      const refusals = await this.#subscribe(far, this.#filtersIn());
      this.#status.connected(refusals.values().next().value);
      this.#sender.connected(far);
      if (refusals.size > 0) await this.#subscribeAgain(far, refusals, gone.signal);
      return await closed;
    } finally {
      signal.removeEventListener('abort', close);
      this.#sender.disconnected();
      this.#receiver.disconnected();
    }
  }

  /** Filters at the far side, each with the highest QoS of its routes. */
  #filtersIn(): ReadonlyMap<string, QoS> {
    const filters = new Map<string, QoS>();
    for (const { filter, qos } of this.#rules.in) filters.set(filter, Math.max(qos, filters.get(filter) ?? 0) as QoS);
    return filters;
  }

  /** @returns what the far side refused */
  async #subscribe(far: FarSide, filters: ReadonlyMap<string, QoS>): Promise<ReadonlyMap<string, GatewayError>> {
    const refusals = new Map<string, GatewayError>();
    // One filter per SUBSCRIBE: some brokers limit their number.
    const answers = [...filters].map(async ([filter, qos]) => {
      const refusal = await far.subscribe(filter, qos);
      if (refusal !== undefined) refusals.set(filter, refusal);
    });
    await Promise.all(answers);
    return refusals;
  }

  /** Asks again until everything is granted or the connection ends. */
  async #subscribeAgain(far: FarSide, refusals: ReadonlyMap<string, GatewayError>, gone: AbortSignal): Promise<void> {
    let left = refusals;
    for (const wait of backoffDelays(RESUBSCRIBE, this.#options.random)) {
      await this.#options.clock.sleep(wait, gone).catch(() => {});
      if (gone.aborted) return;
      const filters = [...this.#filtersIn()].filter(([filter]) => left.has(filter));
      const before = left.size;
      left = await this.#subscribe(far, new Map(filters));
      if (left.size !== before) this.#status.connected(left.values().next().value);
      if (left.size === 0) return;
    }
  }
}
