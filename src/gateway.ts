/**
 * The composition root: configuration → services, started in order, closed in reverse. The only file that knows everybody.
 *
 *   api ─ views ─▶ broker (router) ◀─ devices ◀─ adapters ◀─ wires
 *                        ▲
 *                        │             └─ servers ─▶ masters of others
 *                        ├─ links ─▶ upstream
 *                        └─ functions, in the path of messages
 */

import { join } from 'node:path';
import { AccessReload } from './access-reload.js';
import type { ConfigView } from './api/contract.js';
import { refuseSecondGateway } from './api/listen.js';
import { createMetricsServer } from './api/metrics-server.js';
import { createApiServer } from './api/server.js';
import { auditedView } from './audited-view.js';
import { type Broker, createBroker } from './broker/broker.js';
import { Breather } from './broker/fast/breather.js';
import { brokerTables } from './broker/persistence/persistence.js';
import type { AnyAdapter } from './core/adapter.js';
import { createAudit } from './core/audit.js';
import type { Clock } from './core/clock.js';
import type { GatewayConfig } from './core/config.js';
import { Mesh, meshTables } from './core/mesh.js';
import { createMessage } from './core/message.js';
import { createDevices, type Devices, devicesTables } from './devices/devices.js';
import { createServers } from './devices/servers/servers.js';
import { Wires } from './devices/transport/open.js';
import type { Functions } from './functions/functions.js';
import { functionsTables } from './functions/tables.js';
import { correctRetained, KnownTime } from './known-time.js';
import { type Links, linksTables } from './links/links-service.js';
import { openLinks } from './links/open-links.js';
import type { Logging } from './logging.js';
import { statusLine } from './status-line.js';
import { openStore } from './store/store.js';
import { UpdateTopics } from './update/command-topics.js';
import type { Updater } from './update/updater.js';
import { Updates } from './update/updates.js';
import { builtAt, version } from './version.js';
import { createView } from './view.js';

export interface GatewayOptions {
  readonly config: GatewayConfig;
  /** The configuration as people see it, without secrets. */
  readonly shown: ConfigView;
  readonly adapters: readonly AnyAdapter[];
  /** Unix socket of the control API. */
  readonly socket: string;
  readonly logging: Logging;
  readonly clock: Clock;
  /** Absent: this process is not updated. */
  readonly update?: UpdateHooks;
}

export interface UpdateHooks {
  /** Loaded when it is needed. */
  readonly updater: () => Promise<Updater | undefined>;
  /** This version was chosen by the installed program, and may be on trial. */
  readonly isChosen: boolean;
  /** It came back after a newer version that did not stay: what that one migrated is taken back. */
  readonly isAfterFallback: boolean;
  /** Ends the gateway, for what is current to start in its place. */
  restart(reason: string): void;
}

export interface Gateway extends AsyncDisposable {
  /** Where MQTT clients connect, `host:port` each. */
  readonly addresses: readonly string[];
  /** Resolves when the store has answered: what is stuck does not. */
  answers(): Promise<void>;
  /** Its state in one line. */
  statusLine(): string;
}

/** Starts everything, or closes what was started and throws the GatewayError of the part that could not. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { config, logging, socket } = options;
  const { id } = config.gateway;
  const log = logging.log;
  const audit = createAudit(logging.audit);
  const stack = new AsyncDisposableStack();
  const starting = new AbortController();
  let phase: 'starting' | 'up' | 'stopping' = 'starting';
  try {
    await refuseSecondGateway(socket);
    const time = stack.use(
      new KnownTime({ folder: config.gateway.data, clock: options.clock, log: log.child({ svc: 'clock' }), builtAt }),
    );
    const { clock } = time;
    const store = stack.use(
      await openStore({
        folder: config.gateway.data,
        durability: config.store.durability,
        tables: [...brokerTables, ...devicesTables, ...linksTables, ...meshTables, ...functionsTables],
        log: log.child({ svc: 'store' }),
        clock,
        program: version,
        isAfterFallback: options.update?.isAfterFallback ?? false,
      }),
    );
    const mesh = new Mesh({ gatewayId: id, store });
    const parts: { broker?: Broker; devices?: Devices } = {};
    // Loaded only where there are some: an engine for nobody would take memory.
    const functions =
      Object.keys(config.functions).length === 0
        ? undefined
        : await (await import('./function-host.js')).createFunctionHost({
            functions: config.functions,
            registry: config.functionRegistry,
            gatewayId: id,
            data: config.gateway.data,
            router: () => parts.broker!.router,
            devices: () => parts.devices!,
            store,
            log: log.child({ svc: 'functions' }),
            clock,
            onState: () => announceAgain(),
          });
    const broker = createBroker({
      store,
      transform: functions?.transform,
      connect: functions?.connect,
      mesh,
      storeLimits: config.store,
      config: config.broker,
      gatewayId: id,
      log: log.child({ svc: 'broker' }),
      clock,
      version,
      breather: new Breather(clock),
    });
    parts.broker = broker;
    time.onKnown = () => correctRetained(broker.router, id, clock);
    // Loaded only where points are recorded: another thread would take memory.
    const history =
      config.history === undefined
        ? undefined
        : (await import('./history/history.js')).createHistory({
            config: config.history,
            file: join(config.gateway.data, 'history.sqlite'),
            minFree: config.store.minFree,
            log: log.child({ svc: 'history' }),
            clock,
          });
    const wires = stack.use(new Wires({ clock, log: log.child({ svc: 'wires' }) }));
    const devices = createDevices({
      ports: config.ports,
      devices: config.devices,
      gatewayId: id,
      adapters: new Map(options.adapters.map((adapter) => [adapter.type, adapter])),
      router: broker.router,
      openTransport: wires.open,
      log: log.child({ svc: 'devices' }),
      audit: (record) => audit({ ...record, who: withUser(record.who, broker) }),
      store,
      sysInterval: config.broker.sysInterval,
      frames: functions?.frames,
      history,
      clock,
    });
    parts.devices = devices;
    const servers = createServers({
      servers: config.servers,
      adapters: new Map(options.adapters.map((adapter) => [adapter.type, adapter])),
      device: (name) => devices.served(name),
      deviceNames: Object.keys(config.devices),
      router: broker.router,
      rights: (visitor) => broker.rightsOf(visitor),
      gatewayId: id,
      version,
      openTransport: wires.open,
      log: log.child({ svc: 'servers' }),
      clock,
    });
    const since = clock.now();
    /** What was said of links and functions last. */
    let announced = '';
    // Where the disk takes nothing, the gateway works all the same: the alarm of the store says so.
    const announce = async (state: 'online' | 'offline', reason?: string, contradicted?: number) => {
      announced = partStates(links, functions);
      const more = state === 'online' ? JSON.parse(announced) : {};
      const message = createMessage({
        topic: `hpmq/${id}/$state`,
        payload: JSON.stringify({ state, since: state === 'online' ? since : clock.now(), version, reason, ...more }),
        qos: 1,
        retain: true,
        origin: `gateway:${id}`,
        receivedAt: clock.now(),
      });
      await broker.router.publish(
        contradicted === undefined ? message : mesh.again(message, clock.now(), contradicted),
      );
    };
    const announceAgain = () => {
      if (phase === 'up' && partStates(links, functions) !== announced) void announce('online').catch(() => {});
    };
    const links = await openLinks({
      links: config.links,
      gatewayId: id,
      router: broker.router,
      mesh,
      store,
      log: log.child({ svc: 'links' }),
      clock,
      storeRefusal: () => broker.storeRefusal,
      isAnnounced: true,
      linkTransform: functions?.linkTransform,
      onChanged: announceAgain,
    });
    const access = config.broker.access;
    const reload =
      access &&
      stack.use(
        new AccessReload({
          access,
          apply: (next) => broker.replaceAccess(next),
          clock,
          log: log.child({ svc: 'broker' }),
          audit,
        }),
      );
    const updates = stack.use(
      new Updates({
        updater: options.update?.updater ?? (async () => undefined),
        isChosen: options.update?.isChosen ?? false,
        data: config.gateway.data,
        version,
        evidence: () => ({ phase, storeFault: store.fault?.message, links: links.links() }),
        restart: (reason) => options.update?.restart(reason),
        log: log.child({ svc: 'update' }),
        clock,
      }),
    );
    const view = stack.use(
      createView({
        gatewayId: id,
        version,
        startedAt: clock.now(),
        readOnly: config.tui.readOnly,
        clock,
        logging,
        broker,
        devices,
        servers,
        links,
        functions,
        history,
        store,
        storeLimits: config.store,
        config: options.shown,
        updates,
        moreAlarms: () => [...time.alarms(), ...(reload?.alarms() ?? [])],
        phase: () => phase,
      }),
    );
    const metrics =
      config.api.metrics === undefined
        ? []
        : [createMetricsServer({ config: config.api.metrics, view, log: log.child({ svc: 'metrics' }), clock })];
    const api = createApiServer({ view: auditedView(view, audit), socket, log: log.child({ svc: 'api' }), clock });
    // The socket first: it says whether another gateway runs here. Functions before the first message, devices last but one:
    // their first values find the links.
    for (const service of [
      api,
      ...(functions === undefined ? [] : [functions]),
      broker,
      links,
      ...(history === undefined ? [] : [history]),
      devices,
      servers,
      ...metrics,
    ]) {
      stack.use(service);
      await service.start(starting.signal);
      // Closed in reverse: what a client is told was taken must reach the links, so none is read once they close.
      if (service === links) stack.defer(() => broker.hold());
    }
    functions?.begin();
    if (config.update.mqtt) {
      stack.use(
        new UpdateTopics({
          gatewayId: id,
          router: broker.router,
          updates,
          links: config.update.links,
          userOf: (clientId) => broker.userOf(clientId),
          mayPublish: (clientId, topic) => broker.mayPublish(clientId, topic),
          log: log.child({ svc: 'update' }),
          audit,
          clock,
        }),
      );
    }
    void announce('online').catch(() => {});
    // A peer that lost its connection says `offline`, while another way to it may be open.
    mesh.onContradicted = (at) => {
      if (phase === 'up') void announce('online', undefined, at).catch(() => {});
    };
    phase = 'up';
    updates.start();
    log.info({ gateway: id, config: options.shown.file, listeners: broker.addresses(), socket }, 'gateway is up');
    return {
      addresses: broker.addresses(),
      answers: () => store.answers(),
      statusLine: () => statusLine(view.status()),
      async [Symbol.asyncDispose]() {
        phase = 'stopping';
        void announce('offline', 'stopped').catch(() => {});
        await stack.disposeAsync();
        log.info('gateway stopped');
      },
    };
  } catch (error) {
    starting.abort();
    await stack.disposeAsync().catch((closeError: unknown) => log.error({ error: closeError }, 'cleanup failed'));
    throw error;
  }
}

/** `{"links":{"cloud":"up"},"functions":{"mask":"up"}}`, of those that there are. */
function partStates(links: Links, functions: Functions | undefined): string {
  const states = (list: readonly { readonly name: string; readonly state: string }[]) =>
    list.length === 0 ? undefined : Object.fromEntries(list.map(({ name, state }) => [name, state]));
  return JSON.stringify({ links: states(links.links()), functions: states(functions?.states() ?? []) });
}

/** `client line-3 (user anna)` for the origin `client:line-3`. */
function withUser(origin: string, broker: Broker): string {
  if (!origin.startsWith('client:')) return origin;
  const clientId = origin.slice('client:'.length);
  const user = broker.userOf(clientId);
  return `client ${clientId} (${user === undefined ? 'anonymous' : `user ${user}`})`;
}
