/**
 * Keeps a link connected, for ever: which endpoint is next, its connection, its heartbeat, and whether a better endpoint is
 * worth the move.
 *
 *   endpoint-source ─▶ endpoints ─▶ dial ─▶ MQTT ─▶ WatchedSide ─▶ use()
 *                          ▲                            │
 *                          └── heartbeat, probes, loss ─┘
 */
import type { X509Certificate } from 'node:crypto';
import type { Clock } from '../core/clock.js';
import type { LinkConfig } from '../core/config.js';
import { type GatewayError, toGatewayError } from '../core/errors.js';
import { linkPresets } from '../core/link-presets.js';
import type { Log } from '../core/log.js';
import { Scope } from '../core/scope.js';
import type { LinkCertificates } from './certificates.js';
import { dial } from './dial.js';
import { type Endpoint, placeOf, urlOf } from './endpoint.js';
import { EndpointSource } from './endpoint-source.js';
import { Endpoints, SHORTEST_WAIT } from './endpoints.js';
import { linkError } from './errors.js';
import type { FarMemories } from './far-memory.js';
import type { FarSide, FarSideEvents } from './far-side.js';
import { Heartbeat } from './heartbeat.js';
import { HeartbeatRefusals } from './heartbeat-refusals.js';
import type { Will } from './kinds/options.js';
import { probe } from './probe.js';
import type { SessionMemory } from './session-memory.js';
import type { ResolveSrv } from './srv.js';
import type { LinkStatus } from './status.js';
import type { ReadInterfaces } from './uplinks.js';
import { WatchedSide } from './watched-side.js';

/** Time for what is in flight to be acknowledged before a move, ms. */
const MOVE_TIMEOUT = 10_000;
/** Uplinks come and go, records change: looked at again this often while connected, ms. */
const LOOK_INTERVAL = 2_000;
/** RTT of those that answer nothing is not measured again before this time, ms. */
const MEASURE_INTERVAL = 600_000;

export interface ConnectionsOptions {
  readonly config: LinkConfig;
  readonly gatewayId: string;
  readonly clientId: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly status: LinkStatus;
  /** undefined: without TLS. */
  readonly certificates: LinkCertificates | undefined;
  readonly memories: FarMemories;
  readonly sessions: SessionMemory;
  readonly events: FarSideEvents;
  readonly will: () => Will | undefined;
  /** Of CONNECT. */
  readonly userProperties: readonly (readonly [name: string, value: string])[];
  /** Uses the connection until it ends; resolves with the cause. */
  readonly use: (far: FarSide, signal: AbortSignal) => Promise<GatewayError>;
  readonly resolveSrv?: ResolveSrv | undefined;
  readonly interfaces?: ReadInterfaces | undefined;
}

export class Connections {
  readonly #o: ConnectionsOptions;
  readonly #source: EndpointSource;
  readonly endpoints: Endpoints;
  readonly #heartbeatTopic: string | undefined;
  readonly #refusals: HeartbeatRefusals;
  /** The last connection got its heartbeats back. */
  #didReturn = false;
  #measuredAt = Number.NEGATIVE_INFINITY;
  #side: WatchedSide | undefined;
  #heartbeat: Heartbeat | undefined;
  #current: Endpoint | undefined;
  /** The sender is held back, and the connection will be left. */
  #isMoving = false;
  /** It was left on our own will, for this reason. */
  #left: GatewayError | undefined;

  constructor(options: ConnectionsOptions) {
    this.#o = options;
    const { config, random, gatewayId } = options;
    const { reach, tls, heartbeat } = config;
    this.endpoints = new Endpoints({ choose: reach.choose, failBack: reach.failBack, maxWait: reach.maxWait, random });
    this.#source = new EndpointSource({
      reach,
      serverName: tls.serverName,
      random,
      ...(options.resolveSrv !== undefined && { resolveSrv: options.resolveSrv }),
      ...(options.interfaces !== undefined && { interfaces: options.interfaces }),
    });
    const topic = heartbeat?.topic ?? `hpmq/${gatewayId}/$heartbeat/${config.name}`;
    this.#heartbeatTopic = heartbeat === undefined ? undefined : topic;
    this.#refusals = new HeartbeatRefusals(options.clock, topic);
  }

  /** Why there are no endpoints, or fewer than configured. */
  get sourceError(): GatewayError | undefined {
    return this.#source.error;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, status } = this.#o;
    while (!signal.aborted) {
      await this.#look(signal);
      await this.#measure(signal);
      const { endpoint, wait } = this.endpoints.next(clock.monotonic());
      if (endpoint === undefined) {
        const none = this.#source.error ?? linkError('LINK_SRV', 'there is no endpoint to connect to');
        const pause = Math.max(SHORTEST_WAIT, wait);
        status.trying(null);
        status.lost(none);
        status.waiting(clock.now() + pause);
        await clock.sleep(pause, signal);
        continue;
      }
      if (wait > 0) {
        status.waiting(clock.now() + wait);
        await clock.sleep(wait, signal);
      }
      status.trying(endpoint.key);
      const error = await this.#attempt(endpoint, signal);
      if (signal.aborted) return;
      if (this.#left !== undefined) status.moved(this.#left);
      else status.lost(error);
      this.#isMoving = false;
      this.#left = undefined;
    }
  }

  /** Connects again within the session, such as with new certificates. */
  renew(reason: GatewayError): void {
    const side = this.#side;
    if (side === undefined || this.#current === undefined) return;
    void this.#move(this.#current, side, reason);
  }

  /** From the first byte to the end of the connection; the cause. Never rejects but by the end of the link. */
  async #attempt(endpoint: Endpoint, signal: AbortSignal): Promise<GatewayError> {
    const { clock, certificates, sessions, status } = this.#o;
    let side: WatchedSide | undefined;
    let error: GatewayError;
    try {
      side = await this.#open(endpoint, signal);
      const place = placeOf({ ...endpoint, via: undefined });
      // A disk that takes nothing must not keep the link from working.
      await sessions.connected(place, side.hasSession).catch(() => {});
      this.endpoints.connected(endpoint.key, clock.monotonic());
      status.opened(this.#wantsProof);
      try {
        error = await this.#stay(endpoint, side, signal);
      } finally {
        sessions.ended(side.openQoS2);
      }
    } catch (failure) {
      error = toGatewayError(failure);
      if (!signal.aborted) certificates?.failed(error);
      if (side !== undefined) {
        side.fail(error);
        await side.closed;
      }
    } finally {
      this.#side = undefined;
      this.#current = undefined;
    }
    if (this.#left === undefined) {
      const isWedged = error.code === 'LINK_NOT_DELIVERING' || error.code === 'LINK_STALLED';
      this.endpoints.lost(endpoint.key, isWedged ? 'wedged' : 'failed', clock.monotonic());
    }
    return error;
  }

  async #open(endpoint: Endpoint, signal: AbortSignal): Promise<WatchedSide> {
    const { clientId, clock, certificates, memories, will, sessions } = this.#o;
    const { preset } = this.#o.config;
    const tls = endpoint.secure ? certificates?.use() : undefined;
    let certificate: X509Certificate | undefined;
    const place = placeOf({ ...endpoint, via: undefined });
    const side = new WatchedSide({
      clock,
      wasSentTo: sessions.wasSentTo(place),
      onSent: () => sessions.sent(place),
      preset: preset === undefined ? undefined : linkPresets[preset],
      events: this.#o.events,
      onProgress: () => this.#heartbeat?.progressed(),
      heartbeatTopic: this.#heartbeatTopic,
      onReturned: (payload) => this.#heartbeat?.returned(payload),
    });
    const { openMqtt } = await import('./kinds/mqtt.js');
    const config = { ...this.#o.config, url: urlOf(endpoint) };
    const memory = memories.of(config.name, place);
    const open = async () => {
      const dialled = await dial(endpoint, tls, clock, signal);
      certificate = dialled.certificate;
      const hasCertificate = tls !== undefined && this.#o.config.tls.cert !== undefined;
      return { socket: dialled.socket, far: placeOf(endpoint), hasCertificate };
    };
    const cleanStart = sessions.isStale(place);
    const { userProperties } = this.#o;
    const mine = { clientId, will: will(), userProperties, cleanStart };
    const options = { config, clock, events: side.events, memory, dial: open, ...mine };
    side.watch(await openMqtt(options, signal));
    certificates?.accepted(certificate);
    return side;
  }

  /** Uses the connection, with what goes on beside: heartbeats and the look for better endpoints. */
  async #stay(endpoint: Endpoint, side: WatchedSide, signal: AbortSignal): Promise<GatewayError> {
    const { log, use } = this.#o;
    this.#side = side;
    this.#current = endpoint;
    const beside = new Scope((failure) => log.error({ err: failure }, 'a task beside the connection failed'));
    const heartbeat = this.#createHeartbeat(endpoint, side);
    this.#heartbeat = heartbeat;
    try {
      if (heartbeat !== undefined) {
        beside.run(() => heartbeat.start().catch(() => {}));
      }
      beside.run((over) => this.#lookAround(side, over));
      const cause = await use(side, signal);
      const refusal = heartbeat && !signal.aborted ? this.#refusals.ended(heartbeat, cause) : undefined;
      if (refusal !== undefined) this.#o.status.heartbeatRefused(refusal);
      return cause;
    } finally {
      if (heartbeat !== undefined) this.#didReturn = heartbeat.hasReturned;
      heartbeat?.[Symbol.dispose]();
      this.#heartbeat = undefined;
      await beside[Symbol.asyncDispose]();
    }
  }

  get #wantsProof(): boolean {
    return this.#heartbeatTopic !== undefined && !this.#refusals.isRefused;
  }

  #createHeartbeat(endpoint: Endpoint, side: WatchedSide): Heartbeat | undefined {
    const { config, clock, status, random } = this.#o;
    if (config.heartbeat === undefined || this.#heartbeatTopic === undefined || !this.#wantsProof) return undefined;
    return new Heartbeat({
      every: config.heartbeat.every,
      topic: this.#heartbeatTopic,
      clock,
      side,
      nonce: Math.floor(random() * 2 ** 48).toString(36) + clock.now().toString(36),
      shouldReturn: this.#didReturn,
      hasOthers: () => this.endpoints.count > 1,
      onProof: (proof, rttMs) => {
        this.endpoints.delivered(endpoint.key, rttMs, clock.monotonic());
        status.proven(proof, rttMs);
      },
      onMissed: (error) => status.missed(error),
    });
  }

  /** Probes those that would be better, and goes there when one was good for long enough. */
  async #lookAround(side: WatchedSide, over: AbortSignal): Promise<void> {
    const { clock } = this.#o;
    if (this.endpoints.count < 2 && this.#o.config.reach.srv === undefined && this.#o.config.reach.via.length === 0)
      return;
    for (;;) {
      const wait = Math.min(LOOK_INTERVAL, this.endpoints.untilProbe(clock.monotonic()) ?? LOOK_INTERVAL);
      await clock.sleep(Math.max(100, wait), over);
      await this.#look(over);
      const lost = this.#lostUplink();
      if (lost !== undefined) return side.fail(lost);
      await Promise.all(this.endpoints.probes(clock.monotonic()).map((one) => this.#probe(one, over)));
      const better = this.endpoints.better(clock.monotonic());
      if (better === undefined) continue;
      const reason = linkError('LINK_MOVED', `${placeOf(better)} is preferred and works again`);
      return this.#move(better, side, reason);
    }
  }

  /** The address that the connection comes from is gone: it would be silent until somebody noticed. */
  #lostUplink(): GatewayError | undefined {
    const current = this.#current;
    if (current?.via === undefined || this.endpoints.count === 0) return undefined;
    if (this.endpoints.addressOf(current.via) === current.localAddress) return undefined;
    const text = `the uplink ${current.via} has no longer the address ${current.localAddress}`;
    return linkError('LINK_UPLINK_ABSENT', text, { details: { via: current.via } });
  }

  async #probe(endpoint: Endpoint, signal: AbortSignal): Promise<void> {
    const { config, clientId, clock, certificates } = this.#o;
    const tls = () => (endpoint.secure ? certificates?.use() : undefined);
    const options = {
      config,
      endpoint,
      tls,
      clientId,
      heartbeatTopic: this.#wantsProof ? this.#heartbeatTopic : undefined,
      clock,
    };
    const rttMs = await probe(options, signal);
    this.endpoints.probed(endpoint.key, rttMs, clock.monotonic());
  }

  /** Ends the connection when nothing is in flight any more, so that nothing is sent twice. */
  async #move(to: Endpoint, side: WatchedSide, reason: GatewayError): Promise<void> {
    if (this.#isMoving) return;
    this.#isMoving = true;
    const { clock } = this.#o;
    const waiting = new AbortController();
    const timeout = clock.sleep(MOVE_TIMEOUT, waiting.signal).catch(() => {});
    await Promise.race([side.hold(), side.closed, timeout]);
    waiting.abort();
    if (this.#side !== side) return;
    this.#left = reason;
    this.endpoints.moving(to.key, clock.monotonic());
    side.close(false);
  }

  async #look(signal: AbortSignal): Promise<void> {
    this.endpoints.offer(await this.#source.list(this.#o.clock.monotonic(), signal));
  }

  /** `nearest`: how far everyone is, before the first choice. */
  async #measure(signal: AbortSignal): Promise<void> {
    const now = this.#o.clock.monotonic();
    const unmeasured = this.endpoints.unmeasured();
    if (unmeasured.length === 0 || now - this.#measuredAt < MEASURE_INTERVAL) return;
    this.#measuredAt = now;
    await Promise.all(unmeasured.map((one) => this.#probe(one, signal)));
  }
}
