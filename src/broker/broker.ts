/**
 * The MQTT broker: 3.1, 3.1.1 and 5.0; sessions, Wills and retained messages survive in the store, if there is one.
 *
 *   listeners ─▶ connection ─▶ codec ─▶ handlers ─▶ session ─▶ router ─▶ sinks (sessions, devices, links, …)
 *
 * Rules: the router works before start(); nothing a client sends throws; everything that waits has a limit and is
 * counted when dropped; nothing is logged per message.
 */
import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { Timer } from '../core/clock.js';
import type { AccessConfig } from '../core/config.js';
import type { TopicRights, Visitor } from '../core/server-role.js';
import type { ServiceState, ServiceStatus } from '../core/service.js';
import type { AlarmView, ClientDetail, ClientEnd, ClientView } from '../core/views.js';
import type { ConfiguredAccess } from './access/access.js';
import { createAccess } from './access/create.js';
import type { Broker, BrokerOptions } from './broker-service.js';
import type { BrokerContext } from './client.js';
import { Connection } from './connection.js';
import { PublishEncoder } from './encode-publish.js';
import { FastPath } from './fast/fast-path.js';
import { Flushes } from './fast/flushes.js';
import { Slabs } from './fast/slabs.js';
import { type BrokerFigures, byReason, type MemoryFigures } from './figures.js';
import { Admission, type Ticket } from './limits/admission.js';
import { BurstLog } from './limits/burst-log.js';
import { IncompletePackets } from './limits/incomplete-packets.js';
import { MessageMemory } from './limits/message-memory.js';
import type { RefusalReason } from './limits/reasons.js';
import { SocketMemory } from './limits/socket-memory.js';
import { SubscriptionMemory } from './limits/subscription-memory.js';
import { Throttle } from './limits/throttle.js';
import { Turns } from './limits/turns.js';
import { type Listener, listen } from './listeners/listener.js';
import { activatedSockets } from './listeners/systemd.js';
import type { Peer } from './peer.js';
import { peerStanding } from './peers.js';
import { type Found, Persistence, UNLIMITED } from './persistence/persistence.js';
import { ReasonCode, Refusal } from './reason-codes.js';
import { MessageRouter } from './router.js';
import { Sessions } from './sessions.js';
import { SpareBuffers } from './spare-buffers.js';
import { Statistics } from './statistics.js';
import { SysTopics } from './sys-topics.js';
import { Will } from './will.js';

/**
 * Sockets beyond the limit of connections that are let in as far as CONNECT: to be told why they are refused, or to take
 * their sessions over. At least as many as connections: after a loss of the network all come back at once.
 */
const MIN_SPARE_SOCKETS = 16;
/** How often expired retained messages are removed, ms; they are not given out in any case. */
const SWEEP_INTERVAL = 10_000;

export type { Broker, BrokerOptions } from './broker-service.js';

export function createBroker(options: BrokerOptions): Broker {
  return new MqttBroker(options);
}

class MqttBroker implements Broker {
  readonly name = 'broker';
  readonly router: MessageRouter;
  readonly #options: BrokerOptions;
  readonly #sessions: Sessions;
  readonly #context: BrokerContext;
  readonly #messageMemory: MessageMemory;
  readonly #subscriptionMemory: SubscriptionMemory;
  readonly #admission: Admission;
  readonly #refused: BurstLog<RefusalReason>;
  readonly #access: ConfiguredAccess;
  readonly #connections = new Set<Connection>();
  readonly #listeners: Listener[] = [];
  #isAcceptFailing = false;
  #sysTopics: SysTopics | undefined;
  #sweepTimer: Timer | undefined;
  readonly #persistence: Persistence | undefined;
  /** Of connections that a crash cut, to be sent at start. */
  #wills: Found['wills'][number][] = [];
  /** Called when the last connection is gone, once somebody waits for it. */
  #onIdle: (() => void) | undefined;
  #state: ServiceState = 'starting';
  #since: number;
  #closing: Promise<void> | undefined;
  #isHeld = false;

  constructor(options: BrokerOptions) {
    const { config, clock, log, random = unguessable, hasFastPath = true } = options;
    const { limits } = config;
    const statistics = new Statistics();
    this.#options = options;
    this.#since = clock.now();
    const { store, storeLimits = UNLIMITED, mesh } = options;
    const persistence = store && new Persistence(store, storeLimits, clock);
    this.#persistence = persistence;
    this.router = new MessageRouter({
      clock,
      retainedMessages: limits.retainedMessages,
      statistics,
      persistence,
      mesh,
      transform: options.transform,
    });
    const { router } = this;
    const messageMemory = new MessageMemory(limits.pendingBytes / 2, clock);
    this.#messageMemory = messageMemory;
    const turns = new Turns(clock);
    this.#subscriptionMemory = new SubscriptionMemory(limits.subscriptionBytes);
    this.#sessions = new Sessions({
      router,
      clock,
      limits,
      encoder: new PublishEncoder(),
      statistics,
      messageMemory,
      persistence,
      mesh,
      shareOf: (name) => router.share(name),
      subscriptionMemory: this.#subscriptionMemory,
      turns,
    });
    const sessions = this.#sessions;
    this.#refused = new BurstLog(clock, log, 'connections refused');
    this.#admission = new Admission({
      clock,
      limits,
      statistics,
      onRefused: (reason, address) => this.#refused.report(reason, { address }),
    });
    this.#access = createAccess({ config: config.access, clock, log, statistics, connect: options.connect });
    const { access = this.#access } = options;
    this.#context = {
      router,
      clock,
      log,
      config,
      limits,
      access,
      sessions,
      mesh,
      statistics,
      turns,
      throttle: new Throttle(clock),
      writing: {
        clock,
        congestedBytes: limits.slowConsumer.maxBytes,
        memory: new SocketMemory(limits.pendingBytes / 2, limits.connections),
        flushes: new Flushes(clock, turns, options.breather),
        slabs: new Slabs(),
        drainTimeout: limits.drainTimeout,
        congestionTimeout: limits.slowConsumer.timeout,
      },
      fastPath: hasFastPath
        ? new FastPath({ router, statistics, clock, receiveMaximum: limits.receiveMaximum })
        : undefined,
      spareBuffers: new SpareBuffers(),
      incomplete: new IncompletePackets(limits.pendingBytes / 4),
      persistence,
      random,
    };
    if (persistence === undefined) return;
    const { sessions: found, wills } = persistence.find();
    sessions.restore(found);
    persistence.removeOrphans();
    this.#wills = [...wills];
  }

  async start(signal: AbortSignal): Promise<void> {
    const { config, clock, gatewayId, version, log } = this.#options;
    try {
      const activated = activatedSockets(this.#options.env ?? process.env, process.pid);
      for (const listener of config.listeners) {
        signal.throwIfAborted();
        this.#listeners.push(
          await listen({
            config: listener,
            packetBytes: listener.limits?.packetBytes ?? config.limits.packetBytes,
            clock,
            log,
            activated,
            admit: (peer) => this.#admit(peer),
            onStream: (stream, peer, ticket) => this.#serve(stream, peer, ticket),
            onHandshakeFailed: () => this.#context.statistics.handshakesFailed++,
            onError: (error) => this.#acceptFailed(error),
          }),
        );
      }
      const used = new Set(config.listeners.map((one) => one.systemd));
      const unused = [...activated.keys()].filter((name) => !used.has(name));
      if (unused.length > 0) log.warn({ sockets: unused }, 'systemd passed sockets that no listener uses');
      signal.throwIfAborted();
    } catch (error) {
      await this[Symbol.asyncDispose]();
      throw error;
    }
    if (config.sysInterval > 0) {
      this.#sysTopics = new SysTopics({
        router: this.router,
        clock,
        figures: () => this.figures(),
        origin: `gateway:${gatewayId}`,
        interval: config.sysInterval,
        version: version === undefined ? 'hpmq' : `hpmq version ${version}`,
      });
    }
    this.#begin();
    this.#sweep();
    this.#setState('up');
    log.info({ listeners: this.addresses() }, 'broker listens');
  }

  status(): ServiceStatus {
    return { state: this.#state, since: this.#since };
  }

  addresses(): readonly string[] {
    return this.#listeners.flatMap((listener) => listener.addresses);
  }

  alarms(): readonly AlarmView[] {
    return this.#listeners.flatMap((listener) => listener.alarms());
  }

  connections(): number {
    return this.#connections.size;
  }

  figures(): BrokerFigures {
    const { statistics } = this.#context;
    const { retained, ...counters } = this.router.counters();
    const { inflight, queued, bytes, subscriptions } = this.#sessions.figures();
    let packets = 0;
    let waitingBytes = 0;
    const byListener = new Map<string, number>();
    for (const { waiting, peer } of this.#connections) {
      const { name } = peer.listener;
      byListener.set(name, (byListener.get(name) ?? 0) + 1);
      packets += waiting.packets;
      waitingBytes += waiting.bytes;
    }
    return {
      statistics,
      router: { retained, ...counters },
      clients: { total: this.#sessions.size, connected: this.#sessions.connected, subscriptions },
      sharedSubscriptions: this.router.sharedSubscriptions,
      ledger: statistics.ledger.view({ inflight, queued }),
      stored: { messages: inflight + queued + retained, bytes: bytes + this.router.retainedBytes },
      memory: this.memory(),
      waiting: { packets, bytes: waitingBytes },
      connectRefused: byReason(statistics.connectRefused),
      disconnected: byReason(statistics.disconnected),
      listeners: this.#options.config.listeners.map(({ name, type }, i) => ({
        name,
        type,
        addresses: this.#listeners[i]?.addresses ?? [],
        connections: byListener.get(name) ?? 0,
      })),
    };
  }

  client(clientId: string): ClientDetail | undefined {
    return this.#sessions.get(clientId)?.detail();
  }

  disconnect(clientId: string, forget: boolean): ClientEnd | undefined {
    const session = this.#sessions.get(clientId);
    if (session === undefined) return undefined;
    const wasConnected = session.channel !== undefined;
    session.channel?.refuse(new Refusal(ReasonCode.administrativeAction, 'disconnected by an administrator'));
    if (forget) session.end();
    return { clientId, wasConnected, isForgotten: this.#sessions.get(clientId) === undefined };
  }

  clients(): readonly ClientView[] {
    return Array.from(this.#sessions, (session) => session.view());
  }

  get statistics(): Statistics {
    return this.#context.statistics;
  }

  memory(): MemoryFigures {
    const { writing, incomplete } = this.#context;
    return {
      sockets: writing.memory.used,
      messages: this.#messageMemory.used,
      incomplete: incomplete.used,
      subscriptions: this.#subscriptionMemory.used,
    };
  }

  serve(stream: Duplex, peer: Peer): void {
    const ticket = this.#admit(peer);
    if (ticket === undefined) stream.destroy();
    else this.#serve(stream, peer, ticket);
  }

  #admit(peer: Peer): Ticket | undefined {
    this.#isAcceptFailing = false;
    if (this.#closing !== undefined) return undefined;
    const { limits, statistics } = this.#context;
    statistics.connectionsOpened++;
    if (this.#connections.size >= limits.connections + Math.max(MIN_SPARE_SOCKETS, limits.connections)) {
      this.#admission.refused('connections', peer.host);
      return undefined;
    }
    return this.#admission.open(peer.listener, peer.host);
  }

  #serve(stream: Duplex, peer: Peer, ticket: Ticket): void {
    if (this.#closing !== undefined) {
      ticket.close();
      stream.destroy();
      return;
    }
    const connection: Connection = new Connection(this.#context, stream, peer, ticket, () => {
      this.#connections.delete(connection);
      if (this.#connections.size === 0) this.#onIdle?.();
    });
    this.#connections.add(connection);
    if (this.#isHeld) connection.hold();
  }

  hold(): void {
    this.#isHeld = true;
    for (const connection of this.#connections) connection.hold();
  }

  userOf(clientId: string): string | undefined {
    return this.#sessions.get(clientId)?.user;
  }

  mayPublish(clientId: string, topic: string): boolean {
    return this.#sessions.get(clientId)?.verdicts.mayPublish(topic) ?? false;
  }

  async oldestQueued(clientId: string): Promise<number | undefined> {
    return this.#sessions.get(clientId)?.durable ? this.#persistence?.oldestAt(clientId) : undefined;
  }

  get storeRefusal(): Error | undefined {
    return this.#persistence?.refusal;
  }

  durableSessions(): number {
    let count = 0;
    for (const { durable } of this.#sessions) if (durable) count++;
    return count;
  }

  rightsOf(visitor: Visitor): TopicRights {
    return this.#access.rightsOf(visitor);
  }

  replaceAccess(config: AccessConfig): void {
    this.#access.replace(config);
    for (const session of [...this.#sessions]) {
      const { identity } = session;
      const refusal = identity?.standing?.();
      if (refusal === undefined) {
        const notAPeer = peerStanding(session.stamped, identity);
        if (notAPeer !== undefined) session.channel?.refuse(notAPeer);
        continue;
      }
      session.channel?.refuse(refusal);
      // What waits for somebody who is gone would wait for nobody.
      session.end();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#setState('stopping');
    this.#sysTopics?.[Symbol.dispose]();
    this.#access[Symbol.dispose]();
    this.#sweepTimer?.cancel();
    this.#context.throttle[Symbol.dispose]();
    this.#refused[Symbol.dispose]();
    const stopped = this.#stopListening();
    const isReferred = this.#options.config.serverReference !== undefined;
    const reasonCode = isReferred ? ReasonCode.useAnotherServer : ReasonCode.serverShuttingDown;
    const refusal = new Refusal(reasonCode, 'the gateway stops');
    for (const connection of [...this.#connections]) connection.shutDown(refusal);
    this.#sessions.discard();
    this.#persistence?.retained[Symbol.dispose]();
    await stopped;
    if (this.#connections.size > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
    this.#setState('down');
  }

  async #stopListening(): Promise<void> {
    await Promise.all(this.#listeners.splice(0).map((listener) => listener[Symbol.asyncDispose]()));
  }

  /** Said once, not for each connection that is turned away while it lasts. */
  #acceptFailed(error: Error): void {
    if (this.#isAcceptFailing) return;
    this.#isAcceptFailing = true;
    this.#options.log.warn({ error: error.message }, 'connections cannot be accepted');
  }

  /** What was found in the store goes on from here: expiry, Wills of connections that were cut. */
  #begin(): void {
    const { clock } = this.#options;
    for (const { clientId, fields } of this.#wills.splice(0)) {
      this.#persistence?.saveWill(clientId, undefined);
      const will = new Will(fields, `client:${clientId}`);
      // Nobody is left who could be told that it was not kept.
      this.router.publish(will.message(clock.now()))?.catch(() => {});
    }
    this.#sessions.begin();
  }

  #sweep(): void {
    this.router.sweep();
    this.#sweepTimer = this.#options.clock.after(SWEEP_INTERVAL, () => this.#sweep());
  }

  #setState(state: ServiceState): void {
    this.#state = state;
    this.#since = this.#options.clock.now();
  }
}

function unguessable(): number {
  return randomBytes(6).readUIntBE(0, 6) / 2 ** 48;
}
