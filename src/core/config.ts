/**
 * The configuration as services receive it: parsed, defaults filled in, durations in ms, sizes in bytes, secrets read.
 * src/config makes it from the YAML file; an object of these types is an immutable snapshot.
 */

import type { FunctionConfig, FunctionRegistryConfig } from './function-config.js';
import type { HistoryConfig } from './history.js';
import type { LinkConfig } from './link-config.js';
import type { QoS } from './message.js';
import type { Endpoint, SerialEndpoint, TcpEndpoint, UdpEndpoint } from './transport.js';

export * from './function-config.js';
export * from './link-config.js';
export type { RouteConfig } from './route-config.js';

export interface GatewayConfig {
  readonly gateway: {
    readonly id: string;
    /** Folder for what must survive. */
    readonly data: string;
  };
  readonly store: StoreConfig;
  readonly broker: BrokerConfig;
  readonly ports: Readonly<Record<string, PortConfig>>;
  readonly devices: Readonly<Record<string, DeviceConfig>>;
  /** The gateway as a device of other masters. */
  readonly servers: Readonly<Record<string, ServerConfig>>;
  readonly links: Readonly<Record<string, LinkConfig>>;
  /** In the order in which messages pass them. */
  readonly functions: Readonly<Record<string, FunctionConfig>>;
  readonly functionRegistry: FunctionRegistryConfig;
  /** undefined: nothing is recorded. */
  readonly history: HistoryConfig | undefined;
  readonly api: ApiConfig;
  readonly log: { readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' };
  readonly tui: { readonly readOnly: boolean };
  readonly update: UpdateConfig;
}

export interface UpdateConfig {
  /** Users of the broker may update this gateway, as far as the rules let them publish the requests. */
  readonly mqtt: boolean;
  /** Links from beyond which it may be updated, too. */
  readonly links: readonly string[];
}

/** How the store keeps what was accepted. */
export interface StoreConfig extends StoreLimits {
  /** strict: an acknowledgement means that it is on disk; relaxed: a cut may lose the last second. */
  readonly durability: 'strict' | 'relaxed';
}

export interface StoreLimits {
  /** All queues together, bytes. */
  readonly maxBytes: number;
  /** Beyond maxBytes: publishers are refused (0x97), or the oldest messages go, counted. */
  readonly overflow: 'refuse' | 'drop-oldest';
  /** When less is free on the disk nothing more is taken: bytes, plus a share (0 to 1) of the disk. */
  readonly minFree: { readonly bytes: number; readonly share: number };
}

export type ListenerType = 'tcp' | 'tls' | 'ws' | 'wss' | 'unix';

export interface ListenerConfig {
  /** For people, logs and figures; unique. */
  readonly name: string;
  readonly type: ListenerType;
  /** Empty for unix. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Who is let in here. */
  readonly auth: AuthConfig;
  /** In place of `broker.limits`. */
  readonly limits?: LimitOverrides | undefined;
  /** Present for unix. */
  readonly unix?: UnixSocketConfig;
  /** The sockets with this name come from systemd; host and port, or the path, are then not used. */
  readonly systemd?: string;
  /** Each connection begins with a PROXY protocol header. */
  readonly proxyProtocol?: boolean;
  /** Addresses and networks (`10.1.0.0/16`) of the proxies; absent: this machine. Others are closed. */
  readonly proxies?: readonly string[] | undefined;
  /** Present for tls and wss. */
  readonly tls?: TlsConfig;
  /** Present for ws and wss. */
  readonly webSocket?: WebSocketConfig;
  /** For what comes before MQTT: PROXY header, TLS, WebSocket. */
  readonly handshakes?: HandshakeLimits;
}

export interface UnixSocketConfig {
  /** Absolute. */
  readonly path: string;
  /** Permission bits, such as 0o660. */
  readonly mode: number;
}

export interface HandshakeLimits {
  /** All of them must be done within this time after accept, ms. */
  readonly timeout: number;
  /** At a time; more of them wait in line. */
  readonly atOnce: number;
}

export interface WebSocketConfig {
  /** Of the request: `/mqtt`. */
  readonly path: string;
  /** Web pages that may connect: `https://panel.example.com`; `*` all; undefined: those of the host that is connected to. */
  readonly origins: readonly string[] | undefined;
}

/** The files are read again when they change. Paths are absolute. */
export interface KeyPairConfig {
  /** PEM: the certificate, then the intermediate ones. */
  readonly cert: string;
  /** PEM: the path, or the key itself where it does not come from a file. */
  readonly key: string | Buffer;
}

export interface TlsConfig extends KeyPairConfig {
  /** For clients that ask for these host names (lower case, `*.` for any first label); the others get the pair above. */
  readonly sni: Readonly<Record<string, KeyPairConfig>>;
  readonly clientCertificate: 'none' | 'optional' | 'required';
  /** PEM file: who may sign client certificates. */
  readonly clientCa: string | undefined;
  /** PEM files: revocation lists, one of each authority in `clientCa`. */
  readonly crl: readonly string[];
  /** Application protocols (RFC 7301); empty: the client's wish is ignored. */
  readonly alpn: readonly string[];
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  /** OpenSSL's notation; undefined: the runtime's choice. */
  readonly ciphers: string | undefined;
}

export interface AuthConfig {
  /** Clients need no credentials. */
  readonly anonymous: boolean;
  /** How clients may prove who they are; absent: in every way that {@link AccessConfig} provides for. */
  readonly methods?: readonly AuthMethod[];
}

export type AuthMethod = 'password' | 'scram' | 'jwt' | 'certificate';

export interface BrokerConfig {
  readonly listeners: readonly ListenerConfig[];
  readonly limits: BrokerLimits;
  /** Time between two looks of `$SYS/broker/…`, ms; 0: it is not published. */
  readonly sysInterval: number;
  /** Named to clients that are sent away (MQTT 5.0 §4.11): space-separated `host` or `host:port`. */
  readonly serverReference: string | undefined;
  /** Every client is sent to `serverReference`, for good. */
  readonly moved: boolean;
  /** Response Information for clients that ask: `%c` is their Client Identifier; undefined: none. */
  readonly responseInformation: string | undefined;
  /** A payload that is said to be UTF-8 and is not is refused. */
  readonly payloadFormatCheck: boolean;
  /** Absent: there are no users and no rules. */
  readonly access?: AccessConfig;
}

/** Who is let in, and what they may do: config/access.ts. */
export interface AccessConfig {
  readonly users: readonly UserConfig[];
  /** All of them: those of the configuration, then those of the users file. */
  readonly rules: readonly RuleConfig[];
  /** Of the configuration itself: they stay when the users file changes. */
  readonly configuredRules: readonly RuleConfig[];
  /** A filter may be subscribed to when it lies inside a rule, or when it has any topic in common with one. */
  readonly subscriptions: 'inside' | 'overlapping';
  readonly jwt: JwtConfig | undefined;
  /** Which name of a client certificate is the user; undefined: certificates prove nothing. */
  readonly certificate: CertificateName | undefined;
  /** Absolute path; undefined: the users are in the configuration itself. */
  readonly usersFile: string | undefined;
}

export interface UserConfig {
  readonly name: string;
  /** A hash, see core/password.ts; undefined: no password opens. */
  readonly password: string | undefined;
  /** See core/scram.ts; undefined: no SCRAM. */
  readonly scram: string | undefined;
  readonly roles: readonly string[];
  readonly disabled: boolean;
  /** Client Identifiers it may use, `*` at the end for any continuation; undefined: any. */
  readonly clientIds: readonly string[] | undefined;
}

export type RuleAction = 'publish' | 'subscribe' | 'receive';

/** Concerns those who fit every list that is there. */
export interface RuleConfig {
  readonly effect: 'allow' | 'deny';
  readonly actions: readonly RuleAction[];
  /** Topic Filters with `%u` user, `%c` Client Identifier, `%cn` Common Name. */
  readonly topics: readonly string[];
  readonly users: readonly string[] | undefined;
  /** `anonymous` and `authenticated` are roles that everybody has by himself. */
  readonly roles: readonly string[] | undefined;
  readonly clientIds: readonly string[] | undefined;
  readonly commonNames: readonly string[] | undefined;
}

export interface JwtConfig {
  /** HMAC secret, or the content of a JWK Set or PEM file. */
  readonly keys: { readonly secret: Buffer } | { readonly file: string; readonly content: Buffer };
  /** undefined: those that fit the keys. */
  readonly algorithms: readonly string[] | undefined;
  readonly issuer: readonly string[] | undefined;
  readonly audience: readonly string[] | undefined;
  /** ms */
  readonly clockTolerance: number;
  /** Names of claims. */
  readonly userClaim: string;
  readonly rolesClaim: string | undefined;
  readonly topicsClaim: string | undefined;
  /** A token without `exp` is refused. */
  readonly requireExpiry: boolean;
}

export type CertificateName = 'cn' | 'dn' | 'san-email' | 'san-dns' | 'san-uri';

/** Those that a listener may have of its own. */
export interface ListenerLimits {
  /** Clients connected at a time. */
  readonly connections: number;
  /** Of them from one address (IPv6: from one /64 network); 0: no limit of its own. */
  readonly connectionsPerAddress: number;
  /** New connections per second; twice as many at once after a rest; 0: no limit. */
  readonly connectRate: number;
  /** The same from one address. */
  readonly connectRatePerAddress: number;
  /** Time from accept to CONNECT, ms. */
  readonly connectTimeout: number;
  /** PUBLISH packets per second and client; 0: no limit. */
  readonly messageRate: number;
  /** Bytes received per second and client; 0: no limit. */
  readonly byteRate: number;
  /** What happens to a client beyond its message rate or byte rate: it is read more slowly, or disconnected. */
  readonly overRate: 'throttle' | 'disconnect';
  /** Largest control packet accepted, bytes; announced as Maximum Packet Size. */
  readonly packetBytes: number;
  /** Subscriptions per session. */
  readonly subscriptions: number;
  /** Of a Topic Name or Topic Filter. */
  readonly topicLevels: number;
  readonly topicBytes: number;
}

/** Of a listener, in place of those of the broker. */
export type LimitOverrides = { readonly [Limit in keyof ListenerLimits]?: ListenerLimits[Limit] | undefined };

export interface BrokerLimits extends ListenerLimits {
  /** Clients connected at a time with one user name; 0: no limit. */
  readonly connectionsPerUser: number;
  /** Messages queued for one session; the oldest goes first, counted. */
  readonly queuedMessages: number;
  /** Bytes queued for one session, and in flight to it; the oldest queued goes first, counted. */
  readonly queuedBytes: number;
  /** Bytes that wait for all clients together; what happens beyond is in docs of `broker.limits`. */
  readonly pendingBytes: number;
  /** Bytes that the subscriptions of all sessions may take; beyond, more are refused. */
  readonly subscriptionBytes: number;
  /** QoS 1 and 2 messages in flight per direction; announced as Receive Maximum. */
  readonly receiveMaximum: number;
  /** Retained messages in all. */
  readonly retainedMessages: number;
  /** Longest Session Expiry Interval granted, ms. */
  readonly sessionExpiry: number;
  /** Longest Keep Alive granted to 5.0 clients, ms; from 65,535 s on: as they ask, none included. */
  readonly keepAlive: number;
  /** A receiver that takes nothing for this long while bytes wait is disconnected, ms. */
  readonly drainTimeout: number;
  readonly slowConsumer: SlowConsumerPolicy;
}

/** For a receiver that takes less than is sent to it. QoS 1 and 2 wait in its queue in any case. */
export interface SlowConsumerPolicy {
  /** What happens to QoS 0 once `maxBytes` wait. */
  readonly qos0: 'drop-new' | 'drop-oldest' | 'disconnect';
  /** Bytes that may wait to be written to one connection; less when many are slow. */
  readonly maxBytes: number;
  /** A receiver that is behind without a break for this long is disconnected, ms; 0: never. */
  readonly timeout: number;
}

export interface PortConfig {
  readonly name: string;
  readonly endpoint: Endpoint;
  /** One exchange must be done within this time, ms. */
  readonly timeout: number;
  /** Rest between two exchanges, ms. */
  readonly pause: number;
  /** Exchanges on the wire at a time; 1 when absent. More only where answers cannot be confused. */
  readonly parallel?: number;
  /**
   * ms without an exchange after which the wire is closed until the next one is due; 0: as soon as nothing waits for it;
   * absent: it stays open.
   */
  readonly closeAfter?: number;
  /** Parsed by the `port` schema of the adapter that uses it. */
  readonly options: unknown;
}

export interface DeviceConfig {
  readonly name: string;
  readonly adapter: string;
  /** Name in `ports`. */
  readonly port: string;
  /** json: `{"v":…,"q":…,"t":…,"u":…}`; value: the bare value. */
  readonly encoding: 'json' | 'value';
  /** Parsed by the `device` schema of the adapter. */
  readonly options: unknown;
  readonly points: Readonly<Record<string, PointConfig>>;
}

export interface PointConfig {
  readonly id: string;
  /** Parsed by the `address` schema of the adapter. */
  readonly address: unknown;
  /** Engineering value = raw × scale + offset. Both 1 and 0: integers, text and booleans stay as they are. */
  readonly scale: number;
  readonly offset: number;
  /** Digits after the decimal point of the engineering value; undefined: as many as the scale implies. */
  readonly decimals: number | undefined;
  /** An engineering value beyond is reported as the limit. */
  readonly clamp?: { readonly min: number | undefined; readonly max: number | undefined } | undefined;
  /** Names of raw values: the engineering value is the name. Raw values without one stay numbers. */
  readonly names?: ReadonlyMap<number, string> | undefined;
  /** true is 0 and false is 1 in the device; the engineering value is boolean. */
  readonly invert?: boolean | undefined;
  /** Raw values that mean that the device failed to measure. */
  readonly errorValues?: readonly number[] | undefined;
  /** Raw values that mean that the device has no such point. */
  readonly unsupportedValues?: readonly number[] | undefined;
  readonly unit: string | undefined;
  /** Time between two reads, ms. */
  readonly every: number;
  readonly report: ReportConfig;
  readonly retain: boolean;
  readonly qos: QoS;
  /** Message Expiry Interval of its messages (MQTT 5.0 §3.3.2.3.3), ms; undefined: they do not expire. */
  readonly expiry?: number | undefined;
  /** undefined: the point cannot be written. */
  readonly write: WriteConfig | undefined;
}

export interface ReportConfig {
  readonly mode: 'always' | 'change';
  /** A change smaller than this (engineering units, absolute) is not reported. */
  readonly deadband: number;
  /** The same as a share of the value that was reported last: 5 is 5 %. */
  readonly deadbandPercent?: number | undefined;
  /** Two reports are not closer than this, ms; a change of quality is reported at once. */
  readonly minInterval?: number | undefined;
  /** A point is reported at least this often, ms, even unchanged. */
  readonly maxSilence: number;
}

export interface WriteConfig {
  readonly min: number | undefined;
  readonly max: number | undefined;
  /** The value must be min (or 0) plus a multiple of this. */
  readonly step: number | undefined;
  /** Read back after the write; the result then says `verified`, with the value read. */
  readonly verify: boolean;
  /** The TUI and CLI ask for the point's name before they write. */
  readonly critical: boolean;
  /** At most so many writes in so many ms. */
  readonly rate?: { readonly writes: number; readonly per: number } | undefined;
  /** Largest change of one write, engineering units. */
  readonly maxChange?: number | undefined;
  /** Largest change per second since the write before, engineering units. */
  readonly maxChangePerSecond?: number | undefined;
  /** While a command waits for the wire, a newer one takes its place. */
  readonly coalesce?: boolean | undefined;
  /** A command that was interrupted by the end of the gateway is done again at its start, as long as it is valid. */
  readonly idempotent?: boolean | undefined;
  /** Nothing is written unless all of these hold. */
  readonly only?: readonly InterlockConfig[] | undefined;
  /** When no command comes for `after` ms, this value is written (engineering units). */
  readonly revert?: { readonly after: number; readonly value: number | boolean | string } | undefined;
}

/** A condition on a point that decides whether another may be written. */
export interface InterlockConfig {
  readonly device: string;
  readonly point: string;
  readonly is?: number | boolean | string | undefined;
  readonly isNot?: number | boolean | string | undefined;
  readonly above?: number | undefined;
  readonly below?: number | undefined;
}

export interface ServerConfig {
  readonly name: string;
  /** Of the adapter that serves. */
  readonly type: string;
  /** Where masters connect; tcp and udp port 0: any free one. */
  readonly listen: TcpEndpoint | UdpEndpoint | SerialEndpoint;
  /** Addresses and networks of masters; undefined: all. */
  readonly allow: readonly string[] | undefined;
  /** Masters at a time. */
  readonly maxConnections: number;
  /** A master that is silent for so long is disconnected, ms; 0: never. */
  readonly idleTimeout: number;
  /** Parsed by the schema of the adapter's server role. */
  readonly options: unknown;
}

export interface ApiConfig {
  /** Unix socket of the control API; undefined: the default place (see src/api/socket.ts). */
  readonly socket: string | undefined;
  /** Serves `/metrics` over TCP, without authentication; undefined: only on the control socket. */
  readonly metrics: MetricsConfig | undefined;
}

export interface MetricsConfig {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}
