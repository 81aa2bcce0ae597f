/** The servers of the gateway: `servers` of the configuration, each with the role that its protocol brings. */
import type { AnyAdapter } from '../../core/adapter.js';
import type { Clock } from '../../core/clock.js';
import type { ServerConfig } from '../../core/config.js';
import { errorView } from '../../core/errors.js';
import type { Log } from '../../core/log.js';
import type { Router } from '../../core/router.js';
import type { ServedDevice, ServerContext, TopicRights, Visitor } from '../../core/server-role.js';
import type { Service, ServiceStatus } from '../../core/service.js';
import type { OpenTransport } from '../../core/transport.js';
import type { AlarmView, ServerView, ServiceView } from '../../core/views.js';
import { devicesError } from '../errors.js';
import { servedTopics } from './served-topics.js';
import { Server } from './server.js';

export interface ServersOptions {
  readonly servers: Readonly<Record<string, ServerConfig>>;
  /** By `type`. */
  readonly adapters: ReadonlyMap<string, AnyAdapter>;
  /** undefined: there is none of that name. */
  readonly device: (name: string) => ServedDevice | undefined;
  /** Names of all devices. */
  readonly deviceNames: readonly string[];
  readonly router: Router;
  readonly rights: (visitor: Visitor) => TopicRights;
  readonly gatewayId: string;
  readonly version: string;
  readonly openTransport: OpenTransport;
  readonly log: Log;
  readonly clock: Clock;
  /** Returns a number in [0, 1). */
  readonly random?: () => number;
}

export interface Servers extends Service {
  servers(): readonly ServerView[];
  /** One per server. */
  services(): readonly ServiceView[];
  alarms(): readonly AlarmView[];
}

/** @throws GatewayError ADAPTER_UNKNOWN when no adapter serves that protocol */
export function createServers(o: ServersOptions): Servers {
  const { random = Math.random, clock } = o;
  const log = o.log;
  const servers = Object.values(o.servers).map((config) => {
    const role = o.adapters.get(config.type)?.server;
    if (role === undefined) {
      throw devicesError(
        'ADAPTER_UNKNOWN',
        `server ${config.name} wants the protocol ${config.type}, which no adapter serves`,
      );
    }
    const { gatewayId, version, device, deviceNames } = o;
    const context: ServerContext = {
      name: config.name,
      gatewayId,
      version,
      log: log.child({ server: config.name }),
      clock,
      device,
      devices: () => deviceNames,
      topics: (visitor) => servedTopics(config.name, visitor, o),
    };
    const running = role.create(config.options, context);
    return new Server({ config, role: running, openTransport: o.openTransport, clock, log, random });
  });
  let state: ServiceStatus['state'] = 'starting';
  let since = clock.now();
  const down = () => servers.filter((server) => server.error !== undefined);

  return {
    name: 'servers',
    async start(signal) {
      signal.throwIfAborted();
      for (const server of servers) server.start();
      state = 'up';
      since = clock.now();
    },
    status() {
      const poor = down();
      if (state !== 'up' || poor.length === 0) return { state, since };
      const reason = poor.map((server) => server.error?.message).join('; ');
      return { state: 'degraded', since: Math.max(...poor.map((server) => server.since)), reason };
    },
    servers: () => servers.map((server) => server.view()),
    services: () => servers.map((server) => server.service()),
    alarms: () =>
      down().map((server): AlarmView => {
        const subject = server.service().name;
        return { severity: 'error', subject, since: server.since, error: errorView(server.error!) };
      }),
    async [Symbol.asyncDispose]() {
      state = 'stopping';
      since = clock.now();
      const results = await Promise.allSettled(servers.map((server) => server[Symbol.asyncDispose]()));
      const errors = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
      if (errors.length > 0) throw new AggregateError(errors, 'not all servers closed cleanly');
    },
  };
}
