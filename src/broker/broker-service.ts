/** The broker as the rest of the gateway sees it. */
import type { Duplex } from 'node:stream';
import type { Clock } from '../core/clock.js';
import type { AccessConfig, BrokerConfig, StoreLimits } from '../core/config.js';
import type { ConnectHook, Transform } from '../core/function.js';
import type { Log } from '../core/log.js';
import type { Mesh } from '../core/mesh.js';
import type { Router } from '../core/router.js';
import type { TopicRights, Visitor } from '../core/server-role.js';
import type { Service } from '../core/service.js';
import type { Store } from '../core/store.js';
import type { AlarmView, ClientDetail, ClientEnd, ClientView } from '../core/views.js';
import type { Access } from './access/access.js';
import type { Breather } from './fast/breather.js';
import type { BrokerFigures, MemoryFigures } from './figures.js';
import type { Peer } from './peer.js';
import type { Statistics } from './statistics.js';

export interface BrokerOptions {
  readonly config: BrokerConfig;
  readonly gatewayId: string;
  readonly log: Log;
  readonly clock: Clock;
  /** Who is let in; by default as the configuration says. */
  readonly access?: Access;
  /** For assigned Client Identifiers: [0, 1), not to be guessed. */
  readonly random?: () => number;
  /** Where sessions, Wills and retained messages survive; closed by its owner after the broker. Absent: only in memory. */
  readonly store?: Store;
  readonly storeLimits?: StoreLimits;
  /** For sockets that systemd opened; the process's own when absent. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** false: every packet is decoded and encoded, which is what the fast path is compared with in tests. */
  readonly hasFastPath?: boolean;
  /** Rests between small turns, for a broker that has its thread for itself; absent: none. */
  readonly breather?: Breather;
  /** Version of the gateway, for `$SYS/broker/version`. */
  readonly version?: string;
  /** Of the gateways that are peers of this one; absent: none can be. */
  readonly mesh?: Mesh;
  /** Functions in the path of messages; absent: none. */
  readonly transform?: Transform | undefined;
  /** Functions that decide who may connect; absent: none does. */
  readonly connect?: ConnectHook | undefined;
}

export interface Broker extends Service {
  /** Works before start() and after the end; devices and links attach to it. */
  readonly router: Router;
  /**
   * Where it listens, with the real port where 0 was configured; empty before start(). `127.0.0.1:1883` for tcp, other
   * types with their scheme: `tls://…`, `wss://127.0.0.1:8084/mqtt`, `unix:/run/hpmq/mqtt.sock`.
   */
  addresses(): readonly string[];
  /** What needs a person: certificates. */
  alarms(): readonly AlarmView[];
  /** All sessions, those without a connection included. */
  clients(): readonly ClientView[];
  client(clientId: string): ClientDetail | undefined;
  /**
   * Ends the connection of a client by Administrative action (MQTT 5.0 §3.14.2.1); its Will is sent.
   *
   * @param forget - ends its session, too
   * @returns undefined when there is no such session
   */
  disconnect(clientId: string, forget: boolean): ClientEnd | undefined;
  /** Open network connections, those before CONNECT included. */
  connections(): number;
  figures(): BrokerFigures;
  /** What it counts. */
  readonly statistics: Readonly<Statistics>;
  /** What waits in memory for all clients together, bytes; see limits/. */
  memory(): MemoryFigures;
  /** Nothing more of clients is read, what comes from functions and links is still taken: before links close. */
  hold(): void;
  /** Serves one client on a stream that is already connected. */
  serve(stream: Duplex, peer: Peer): void;
  /** Whose session it is; undefined: of an anonymous client, or there is none. */
  userOf(clientId: string): string | undefined;
  /** What the rules in force say of a client that has a session. */
  mayPublish(clientId: string, topic: string): boolean;
  /** What the rules in force say of somebody who is no MQTT client. */
  rightsOf(visitor: Visitor): TopicRights;
  /** When the oldest message that waits for this client was received, Unix ms; undefined: none does, or not on disk. */
  oldestQueued(clientId: string): Promise<number | undefined>;
  /** Sessions that outlive the gateway. */
  durableSessions(): number;
  /** Why no message is taken now that must be kept; undefined: they are. Decided once for a batch of the store. */
  readonly storeRefusal: Error | undefined;
  /** From now on these users and rules; clients that may not stay are disconnected, the others go on under the new ones. */
  replaceAccess(config: AccessConfig): void;
}
