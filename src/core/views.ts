/**
 * What people and machines see of the gateway: API, CLI, TUI. Services build these, src/api carries them.
 * Times are Unix ms, durations ms, sizes bytes, rates per second. Field names are API: additive changes only.
 */
import type { Quality } from './adapter.js';
import type { ListenerType } from './config.js';
import type { ErrorView } from './errors.js';
import type { LogLevel } from './log.js';
import type { OriginKind, QoS } from './message.js';
import type { StoreOutboxView } from './outbox-views.js';
import type { ServiceState } from './service.js';

export type { FunctionLogLine, FunctionState, FunctionVersionView, FunctionView } from './function-views.js';
export type { LinkMeshView, LinkRouteView, LinkView, RouteCountView } from './link-views.js';
export type {
  LinkBooksView,
  LinkDrainView,
  LinkLossView,
  OrphanedOutboxView,
  StoreOutboxView,
} from './outbox-views.js';

export interface ServiceView {
  /** `broker`, `devices`, `port:line-a`, `link:cloud`, `api`. */
  readonly name: string;
  readonly state: ServiceState;
  readonly since: number;
  readonly reason?: string;
  readonly hint?: string;
}

/** Something that needs a person. Worst first. */
export interface AlarmView {
  readonly severity: 'error' | 'warn';
  /** What it is about: `device:boiler`, `link:cloud`, `port:line-a`, `broker`. */
  readonly subject: string;
  readonly since: number;
  readonly error: ErrorView;
}

export type DeviceState = 'starting' | 'online' | 'degraded' | 'offline' | 'paused';

export interface DeviceView {
  readonly name: string;
  readonly adapter: string;
  readonly port: string;
  /** The wire as people read it: `10.0.0.7:502`, `/dev/ttyUSB0 19200 8E1`. */
  readonly endpoint: string;
  /** The device on it, e.g. `unit 3`. */
  readonly address: string;
  readonly state: DeviceState;
  readonly since: number;
  readonly error?: ErrorView;
  readonly points: number;
  readonly badPoints: number;
  /** Duration of one exchange, ms, over the last minutes; null before the first. */
  readonly exchangeMs: ExchangeTimes;
  /** Time for network, driver and device to answer, ms; null: not measured yet. */
  readonly latencyMs: number | null;
  readonly requests: number;
  readonly timeouts: number;
  readonly errors: number;
  /** Answers with a wrong checksum. */
  readonly crcErrors: number;
  /** Refusals by the exception code of the protocol. */
  readonly exceptions: Readonly<Record<string, number>>;
  readonly errorsPerMinute: number;
  /** Reads skipped because the one before was not done. */
  readonly overruns: number;
  /** Share of the last minute in which the wire carried an exchange with this device. */
  readonly busyShare: number;
  readonly plan: PlanSummary;
  /** Next attempt when offline, Unix ms. */
  readonly nextTryAt?: number;
}

/** Percentiles of the last exchanges, ms; null before the first. */
export interface ExchangeTimes {
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
}

/** How a device is read: predicted. */
export interface PlanSummary {
  readonly requests: number;
  /** One round of all points, ms. */
  readonly cycleMs: number;
  /** Share of the wire's time that is asked for. */
  readonly load: number;
  /** Points that are asked for more often than the wire allows, the most often first. */
  readonly tooFast: readonly { readonly every: number; readonly needsMs: number }[];
  /** Points that the device does not have. */
  readonly absent: number;
}

/** Everything about how a device is read. Times in ms, predicted. */
export interface PlanView {
  readonly device: string;
  readonly port: string;
  readonly endpoint: string;
  /** What network, driver and device take for each exchange, and whether that was measured or is assumed. */
  readonly latencyMs: number;
  readonly isMeasured: boolean;
  readonly cycleMs: number;
  /** Share of the wire's time; above 1: not possible. */
  readonly load: number;
  /** Of all devices on the port. */
  readonly portCycleMs: number;
  readonly portLoad: number;
  readonly groups: readonly {
    readonly every: number;
    readonly points: number;
    readonly requests: number;
    readonly cycleMs: number;
    /** Time between two reads of a point on this wire; above `every`: it is asked for too often. */
    readonly needsMs: number;
  }[];
  readonly reads: readonly {
    readonly every: number;
    /** Table, or the name of the point where there are no tables. */
    readonly space: string;
    readonly start: number | null;
    readonly units: number;
    readonly points: number;
    /** Units that no point has. */
    readonly idle: number;
    readonly ms: number;
  }[];
  /** What the device was found not to have. */
  readonly absent: readonly { readonly space: string; readonly start: number; readonly units: number }[];
}

/** One wire. */
export interface PortView {
  readonly name: string;
  readonly endpoint: string;
  readonly state: ServiceState;
  readonly since: number;
  readonly error?: ErrorView;
  readonly devices: readonly string[];
  readonly exchangeMs: ExchangeTimes;
  /** How often the wire was opened. */
  readonly opens: number;
  readonly requests: number;
  readonly timeouts: number;
  readonly errors: number;
  readonly errorsPerMinute: number;
  readonly crcErrors: number;
  readonly exceptions: Readonly<Record<string, number>>;
  readonly overruns: number;
  /** Share of the last minute in which an exchange was on the wire. */
  readonly busyShare: number;
  /** Predicted: the share that is asked for, and one round of all devices, ms. */
  readonly load: number;
  readonly cycleMs: number;
}

/** What a wire carried: the flight recorder of a port. */
export interface RecordingView {
  readonly port: string;
  /** Type of the adapter; empty: no device uses the port. */
  readonly adapter: string;
  readonly endpoint: string;
  /** How frames are wrapped, in the words of the adapter: `rtu`, `tcp`, `raw`. */
  readonly framing: string;
  /** Ask for what is after this sequence next. */
  readonly next: number;
  /** Sequence of the newest record there is. */
  readonly newest: number;
  readonly frames: readonly {
    readonly sequence: number;
    /** Unix µs. */
    readonly at: number;
    /** By the gateway. */
    readonly sent: boolean;
    readonly hex: string;
  }[];
}

/** What a device says that it is. */
export interface IdentityView {
  readonly device: string;
  /** Where that is from, for people. */
  readonly source: string;
  /** In the words of its protocol. */
  readonly fields: Readonly<Record<string, string>>;
}

export interface PointView {
  readonly device: string;
  readonly point: string;
  readonly topic: string;
  /** Where it is in the device, in one form whatever it was written in: `holding:100 float32 CDAB`. */
  readonly address?: string;
  /** null: unknown. A 64-bit integer beyond 2^53 is a decimal string. */
  readonly value: number | boolean | string | null;
  /** The value for display, all its digits, with steady decimals; `—` when unknown. */
  readonly text: string;
  readonly unit?: string;
  readonly quality: Quality;
  /** Sample time; null before the first attempt. */
  readonly at: number | null;
  readonly every: number;
  readonly writable: boolean;
  /** Why it cannot be written. */
  readonly readOnlyReason?: string;
  readonly write?: {
    readonly min?: number;
    readonly max?: number;
    readonly step?: number;
    readonly verify: boolean;
    readonly critical: boolean;
  };
  readonly error?: ErrorView;
}

export interface ClientView {
  /** Id of the gateway that the client is, in a mesh with this one. */
  readonly peer?: string | undefined;
  readonly clientId: string;
  readonly protocol: '3.1' | '3.1.1' | '5.0';
  readonly connected: boolean;
  readonly address: string;
  readonly since: number;
  readonly keepAlive: number;
  readonly subscriptions: number;
  readonly inflight: number;
  readonly queued: number;
  readonly received: number;
  readonly sent: number;
  readonly dropped: number;
  /** Who it is to the access rules; null: anonymous. */
  readonly user: string | null;
  /** Name of the listener it came in by. */
  readonly listener: string;
  readonly transport: ListenerType;
  /** Of the TLS connection that ends here. */
  readonly tls?: { readonly version: string; readonly cipher: string };
  /** Of the client, Unix ms. */
  readonly lastPacketAt: number;
  /** Session Expiry Interval, ms; null: the session never expires. */
  readonly sessionExpiry: number | null;
  /** When the session of a client that is away will end, Unix ms; null: not, or not known yet. */
  readonly expiresAt: number | null;
  /** QoS 2 messages of the client not yet released. */
  readonly inflightIn: number;
  readonly queuedBytes: number;
  /** From the client. */
  readonly in: TrafficView;
  /** To the client. */
  readonly out: TrafficView;
  /** Reasons that never happened are left out; the sum is `dropped`. */
  readonly droppedBy: Readonly<Partial<Record<DropReason, number>>>;
  /** Messages whose Message Expiry Interval ended in the queue. */
  readonly expired: number;
  /** PUBLISH of the client to a topic it may not use. */
  readonly refused: number;
}

/** What is kept on disk, and at what cost. */
export interface StoreView extends StoreSummary {
  readonly state: ServiceState;
  /** Why it is not `up`, and what to do. */
  readonly reason?: string;
  readonly hint?: string;
  readonly durability: 'strict' | 'relaxed';
  /** Database and write-ahead log, which are `fileBytes` together; the log alone. */
  readonly logBytes: number;
  /** Messages may take so much together; what happens beyond that is `overflow`. */
  readonly maxBytes: number;
  readonly overflow: 'refuse' | 'drop-oldest';
  /** Sessions that outlive the gateway. */
  readonly sessions: number;
  readonly retained: number;
  readonly commits: number;
  readonly failedCommits: number;
  /** On average, of the last commits. */
  readonly changesPerCommit: number;
  /** Of the last commits; null: none yet. */
  readonly commitMs: { readonly p50: number | null; readonly p99: number | null };
  readonly writtenBytes: number;
  /** In the last 24 hours, or since start if that is later. */
  readonly writtenLastDay: number;
  /** Copies for clients that were dropped since start; reasons that never happened are left out. */
  readonly droppedBy: Readonly<Partial<Record<DropReason, number>>>;
  /** A damaged file that was found at start and set aside; null: none. */
  readonly setAside: string | null;
  /** Sessions for which something waits, the most first, a hundred at most. */
  readonly queues: readonly StoreQueueView[];
  /** What waits for links; those with `configured: false` have no link any more. */
  readonly outboxes: readonly StoreOutboxView[];
}

export interface StoreSummary {
  /** Copies that wait on disk for clients. */
  readonly messages: number;
  readonly bytes: number;
  readonly fileBytes: number;
  readonly freeBytes: number;
  readonly diskBytes: number;
  /** Over the last ten seconds. */
  readonly commitsPerSecond: number;
  /** What was acknowledged so long ago at most may be lost by a power cut, ms; 0: nothing. */
  readonly lossWindow: number;
}

export interface StoreQueueView {
  readonly clientId: string;
  readonly connected: boolean;
  readonly messages: number;
  readonly bytes: number;
  /** When the oldest of them was received, Unix ms; null: it was taken meanwhile. */
  readonly oldestAt: number | null;
}

/** Where MQTT clients connect. */
export interface ListenerView {
  readonly name: string;
  readonly type: ListenerType;
  /** With the real port where 0 was configured; empty while it does not listen. */
  readonly addresses: readonly string[];
  /** Open, those before CONNECT included. */
  readonly connections: number;
}

/** Why a copy for a receiver was dropped. */
export const dropReasons = [
  /** QoS 1 or 2, and the queue of the session is full: the oldest goes. */
  'queueFull',
  /** QoS 0, and the client has no connection. */
  'offline',
  /** QoS 0, and the client does not read fast enough. */
  'slowReader',
  /** The packet exceeds the Maximum Packet Size of the client [MQTT-3.1.2-25]. */
  'tooLarge',
  /** QoS 1 or 2, and what waits for all clients together is too much: the oldest of the fullest queue goes. */
  'memory',
  /** The receiver may not read the topic. */
  'denied',
  /** It waited, or was not acknowledged, when the session ended. */
  'sessionEnded',
  /** The client acknowledged it with a Reason Code that is a failure. */
  'refusedByReceiver',
  /** No member of the Shared Subscription may have it or can keep it. */
  'noMember',
  /** It was to be kept on disk, and could not be: its publisher was told. */
  'storeFailed',
  /** A receiver inside the gateway, such as a link, has no room. */
  'receiverFull',
] as const;
export type DropReason = (typeof dropReasons)[number];

/** The books of the broker: what came in, and what became of every copy; see src/broker/ledger.ts for the words. */
export interface LedgerView {
  readonly messages: {
    readonly received: number;
    readonly fromClients: number;
    /** Devices, links, Wills, the gateway itself. */
    readonly fromInside: number;
    /** QoS 2 messages that came again: not counted as received. */
    readonly repeated: number;
    readonly routed: number;
    readonly unmatched: number;
    readonly refused: number;
    readonly refusedBy: Readonly<Record<string, number>>;
    /** From peers, and not delivered: it was here before, or has come round. */
    readonly duplicates: number;
    /** Given to functions in their path. */
    readonly transformed: number;
    /** Of these, those of which nothing came. */
    readonly discarded: number;
    /** What functions made of them. */
    readonly made: number;
    /** 0: the books balance. */
    readonly difference: number;
  };
  readonly copies: {
    readonly made: number;
    readonly routed: number;
    readonly replayed: number;
    /** Found in the store at start. */
    readonly restored: number;
    readonly delivered: number;
    readonly inFlight: number;
    readonly queued: number;
    readonly expired: number;
    readonly dropped: number;
    readonly droppedBy: Readonly<Partial<Record<DropReason, number>>>;
    /** 0: the books balance. */
    readonly difference: number;
  };
}

/** Application messages and the bytes of their payloads, each by QoS: `[0, 1, 2]`. */
export interface TrafficView {
  readonly messages: readonly [number, number, number];
  readonly bytes: readonly [number, number, number];
}

export interface SubscriptionView {
  readonly filter: string;
  readonly qos: QoS;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  readonly retainHandling: 0 | 1 | 2;
  /** Subscription Identifier; null: none. */
  readonly identifier: number | null;
}

/** The Will of a connection; its payload is nobody's business. */
export interface WillView {
  readonly topic: string;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly bytes: number;
  /** Will Delay Interval, ms. */
  readonly delay: number;
}

export interface ClientDetail extends ClientView {
  readonly filters: readonly SubscriptionView[];
  readonly will: WillView | null;
}

/** What became of a client that was to be disconnected. */
export interface ClientEnd {
  readonly clientId: string;
  readonly wasConnected: boolean;
  /** Its session is gone: asked for, or because it ended with its connection. */
  readonly isForgotten: boolean;
}

/** Where masters of others read and write. */
export interface ServerView {
  readonly name: string;
  readonly type: string;
  readonly endpoint: string;
  readonly state: ServiceState;
  readonly since: number;
  /** Connected now; null on a serial line, where nobody connects. */
  readonly masters: number | null;
  /** Accepted since the start. */
  readonly connections: number;
  /** Connections that were not: address not allowed, or too many. */
  readonly refused: number;
  readonly requests: number;
  /** Answers that refused, by the code of the protocol. */
  readonly exceptions: Readonly<Record<string, number>>;
  /** Requests that were not answered. */
  readonly dropped: number;
}

export interface LogLine {
  readonly at: number;
  readonly level: LogLevel;
  /** `svc` of the line, e.g. `broker`, `devices`. */
  readonly service: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export type CommandStatus = 'written' | 'verified' | 'refused' | 'failed' | 'unknown';

/** The outcome of a write; the same object goes to the Response Topic. */
export interface CommandResult {
  readonly status: CommandStatus;
  readonly device: string;
  readonly point: string;
  /** The value as read back (verified) or as sent (written); null else. */
  readonly value: number | boolean | string | null;
  readonly at: number;
  readonly error?: ErrorView;
}

/** One message as it is shown. `text` when the payload is valid UTF-8, else `base64`. */
export interface MessageView {
  readonly topic: string;
  readonly text?: string;
  readonly base64?: string;
  readonly bytes: number;
  /** The payload was cut to the first 64 KiB. */
  readonly truncated?: boolean;
  readonly qos: QoS;
  /** As it was published. */
  readonly retain: boolean;
  /** Kept from before; absent for a message as it comes. */
  readonly stored?: true;
  readonly origin: OriginKind;
  readonly at: number;
}
