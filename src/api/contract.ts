/**
 * The control API: routes and events, shared by server, client, CLI and TUI. JSON over HTTP on a Unix socket;
 * events as SSE. Field names are API: additive changes only.
 */
import type { ErrorView } from '../core/errors.js';
import type { HistoryRequest, HistorySummary, HistoryView, SeriesView } from '../core/history.js';
import type { QoS } from '../core/message.js';
import type { ShadowRun, ShadowView } from '../core/shadow-views.js';
import type { UpdateView } from '../core/update-views.js';
import type {
  AlarmView,
  ClientDetail,
  ClientEnd,
  ClientView,
  CommandResult,
  DeviceView,
  FunctionLogLine,
  FunctionView,
  IdentityView,
  LedgerView,
  LinkView,
  ListenerView,
  LogLine,
  MessageView,
  OrphanedOutboxView,
  PlanView,
  PointView,
  PortView,
  RecordingView,
  ServerView,
  ServiceView,
  StoreSummary,
  StoreView,
} from '../core/views.js';

export type { HistorySummary, HistoryView, PeriodView, SampleView, SeriesView } from '../core/history.js';
export type { ShadowDifference, ShadowRun, ShadowView } from '../core/shadow-views.js';
export type { UpdateFacts, UpdateOutcome, UpdateProgress, UpdateStatus, UpdateView } from '../core/update-views.js';
export type {
  AlarmView,
  ClientDetail,
  ClientEnd,
  ClientView,
  CommandResult,
  CommandStatus,
  DeviceState,
  DeviceView,
  DropReason,
  FunctionLogLine,
  FunctionState,
  FunctionVersionView,
  FunctionView,
  IdentityView,
  LedgerView,
  LinkMeshView,
  LinkView,
  ListenerView,
  LogLine,
  MessageView,
  OrphanedOutboxView,
  PlanSummary,
  PlanView,
  PointView,
  PortView,
  RecordingView,
  ServerView,
  ServiceView,
  StoreQueueView,
  StoreSummary,
  StoreView,
  SubscriptionView,
  TrafficView,
  WillView,
} from '../core/views.js';

export interface StatusView {
  readonly gateway: string;
  readonly version: string;
  readonly pid: number;
  readonly state: 'starting' | 'up' | 'degraded' | 'stopping';
  readonly startedAt: number;
  readonly now: number;
  readonly listeners: readonly string[];
  /** The broker's front doors, and who was turned away there. */
  readonly mqtt: {
    readonly listeners: readonly ListenerView[];
    /** Connections refused before they were accepted, by reason, such as `bad_user_name_or_password`. */
    readonly refused: Readonly<Record<string, number>>;
    /** Connections refused because of a limit, by its name; those of them that reached CONNECT are in `refused`, too. */
    readonly limits: Readonly<Record<string, number>>;
    /** Connections of accepted clients that the broker ended, by reason. */
    readonly ended: Readonly<Record<string, number>>;
    /** Connections that ended before MQTT: in TLS, in the WebSocket upgrade, in a PROXY header. */
    readonly handshakesFailed: number;
  };
  readonly services: readonly ServiceView[];
  readonly alarms: readonly AlarmView[];
  readonly messages: {
    readonly received: number;
    readonly delivered: number;
    readonly dropped: number;
    readonly receivedPerSecond: number;
    readonly deliveredPerSecond: number;
  };
  /** Whether the books balance, see `GET /v1/ledger`. */
  readonly ledger: {
    readonly difference: number;
    readonly waiting: number;
    readonly dropped: number;
    readonly expired: number;
  };
  readonly clients: number;
  /** Of MQTT clients; internal receivers are not among them. */
  readonly subscriptions: number;
  readonly retained: number;
  readonly devices: {
    readonly starting: number;
    readonly online: number;
    readonly degraded: number;
    readonly offline: number;
    readonly paused: number;
  };
  readonly points: { readonly good: number; readonly stale: number; readonly bad: number };
  /** What is kept on disk; absent: nothing is. */
  readonly store?: StoreSummary;
  /** What is recorded of points; absent: nothing is. */
  readonly history?: HistorySummary;
  readonly rssBytes: number;
  readonly readOnly: boolean;
}

export interface TopicView {
  readonly topic: string;
  readonly retained: boolean;
  /** Messages seen since somebody watches. */
  readonly messages: number;
  readonly at: number | null;
}

export interface ConfigView {
  /** The file it came from; null: defaults only. */
  readonly file: string | null;
  /** The effective configuration as YAML, secrets replaced. */
  readonly yaml: string;
}

export interface WriteRequest {
  readonly value: number | boolean | string;
  readonly timeoutMs?: number;
}

export interface PublishRequest {
  readonly topic: string;
  /** Exactly one of both. */
  readonly text?: string;
  readonly base64?: string;
  readonly qos: QoS;
  readonly retain: boolean;
}

export interface DeployRequest {
  /** The WebAssembly module, base64. */
  readonly module: string;
  /** Where it came from, for people. */
  readonly source?: string;
}

/** summary null: `history` is not in the configuration. */
export interface HistoryListView {
  readonly summary: HistorySummary | null;
  readonly items: readonly SeriesView[];
}

export interface List<T> {
  readonly items: readonly T[];
}

/**
 * `METHOD path` → what goes in and out. `{name}` is one percent-encoded path segment. Beside these: `GET /v1/events`,
 * `GET /metrics` in Prometheus' text format, `GET /healthz` and `/readyz`.
 */
export interface Routes {
  'GET /v1/status': { out: StatusView };
  'GET /v1/devices': { out: List<DeviceView> };
  'GET /v1/devices/{device}': { out: DeviceView };
  /** How it is read: requests, predicted times, what it does not have. */
  'GET /v1/devices/{device}/plan': { out: PlanView };
  'POST /v1/devices/{device}/pause': { out: DeviceView };
  'POST /v1/devices/{device}/resume': { out: DeviceView };
  /** Tries an offline device now instead of at its next attempt. */
  'POST /v1/devices/{device}/retry': { out: DeviceView };
  /** Asks the device what it is. */
  'POST /v1/devices/{device}/identify': { out: IdentityView };
  'GET /v1/ports': { out: List<PortView> };
  'GET /v1/ports/{port}': { out: PortView };
  /** What its wire carried last, oldest first; `after` is a sequence. */
  'GET /v1/ports/{port}/recording': { query: { after?: string; limit?: string }; out: RecordingView };
  'GET /v1/points': { query: { device?: string }; out: List<PointView> };
  'GET /v1/points/{device}/{point}': { out: PointView };
  /** Reads from the device now, through the port's queue. */
  'POST /v1/points/{device}/{point}/read': { out: PointView };
  'POST /v1/points/{device}/{point}/write': { in: WriteRequest; out: CommandResult };
  'GET /v1/clients': { out: List<ClientView> };
  'GET /v1/clients/{client}': { out: ClientDetail };
  /** Ends the connection (MQTT 5.0 Reason Code 0x98); `forget=true` ends the session, too. */
  'DELETE /v1/clients/{client}': { query: { forget?: 'true' | 'false' }; out: ClientEnd };
  'GET /v1/ledger': { out: LedgerView };
  'GET /v1/store': { out: StoreView };
  /** What is recorded, by device and point. */
  'GET /v1/history': { out: HistoryListView };
  /**
   * Samples of a point, or with `every` (ms) periods of that length, in order of time. `from` and `to` are Unix ms; `to` is
   * now when absent, and `from` is `last` ms before it, an hour when that is absent, too. Where `next` is in the answer, there
   * is more from there on.
   */
  'GET /v1/history/{device}/{point}': {
    query: { from?: string; to?: string; last?: string; every?: string; limit?: string };
    out: HistoryView;
  };
  'GET /v1/topics': { query: { filter?: string; limit?: string }; out: List<TopicView> };
  'GET /v1/retained': { query: { filter?: string; limit?: string }; out: List<MessageView> };
  'POST /v1/publish': { in: PublishRequest; out: { delivered: boolean } };
  'GET /v1/links': { out: List<LinkView> };
  /** Holds back what has waited for the far side; new messages pass. */
  'POST /v1/links/{link}/drain/pause': { out: LinkView };
  'POST /v1/links/{link}/drain/resume': { out: LinkView };
  /** What waits for links that are not configured any more. */
  'GET /v1/outboxes': { out: List<OrphanedOutboxView> };
  /** Gives it up. */
  'DELETE /v1/outboxes/{link}': { out: OrphanedOutboxView };
  'GET /v1/servers': { out: List<ServerView> };
  'GET /v1/functions': { out: List<FunctionView> };
  'GET /v1/functions/{function}': { out: FunctionView };
  /** What it says, oldest first; `after` is a sequence. */
  'GET /v1/functions/{function}/logs': { query: { after?: string; limit?: string }; out: List<FunctionLogLine> };
  /** Checked and compiled first: what is not fit is refused, and what runs goes on. */
  'POST /v1/functions/{function}/deploy': { in: DeployRequest; out: FunctionView };
  /** To the newest older version that did not fail. */
  'POST /v1/functions/{function}/rollback': { out: FunctionView };
  /** Reads again what the configuration names. */
  /** Begins a shadow run: the candidate sees what the current version sees. Errors: 409 one runs, 422 it is not fit to run. */
  'POST /v1/functions/{function}/shadow': { in: ShadowRequest; out: ShadowView };
  'GET /v1/functions/{function}/shadow': { out: ShadowView };
  'POST /v1/functions/{function}/shadow/end': { out: ShadowView };
  'POST /v1/functions/{function}/reload': { out: FunctionView };
  /** It is not asked: messages go as if it were not there. */
  'POST /v1/functions/{function}/pause': { out: FunctionView };
  'POST /v1/functions/{function}/resume': { out: FunctionView };
  'GET /v1/logs': { query: { limit?: string }; out: List<LogLine> };
  'GET /v1/config': { out: ConfigView };
  /** Which version runs, on what terms, and what it has yet to show. */
  'GET /v1/update': { out: UpdateView };
  /** The gateway stops, and the version that is current starts in its place. */
  'POST /v1/update/restart': { out: { readonly restarting: true } };
}

export type RouteName = keyof Routes;

/** Kinds of `GET /v1/events?kinds=a,b&filter=TOPIC_FILTER&rate=4`; `messages` and `topics` are limited to `filter`. */
export type EventKind = 'status' | 'devices' | 'points' | 'links' | 'functions' | 'logs' | 'topics' | 'messages';

/**
 * SSE: first `snapshot` with every kind asked for (not `messages`), then one event per kind with only what changed, at
 * most `rate` per second. `dropped` counts what a slow reader did not get.
 */
export interface Events {
  snapshot: {
    readonly status?: StatusView;
    readonly devices?: readonly DeviceView[];
    readonly points?: readonly PointView[];
    readonly links?: readonly LinkView[];
    readonly functions?: readonly FunctionView[];
    readonly logs?: readonly LogLine[];
    readonly topics?: readonly TopicView[];
  };
  status: StatusView;
  devices: readonly DeviceView[];
  points: readonly PointView[];
  links: readonly LinkView[];
  functions: readonly FunctionView[];
  logs: readonly LogLine[];
  topics: readonly TopicView[];
  messages: { readonly items: readonly MessageView[]; readonly dropped: number };
}

export type GatewayEvent = {
  readonly [K in keyof Events]: { readonly kind: K; readonly data: Events[K] };
}[keyof Events];

export interface ShadowRequest {
  /** base64 */
  readonly module: string;
  readonly source?: string;
  /** ms, 1 s to 24 h. */
  readonly liveMs?: number;
  /** It takes the place of the current version when nothing differs. */
  readonly promote?: boolean;
  readonly jsonEqual?: boolean;
  readonly allow?: number;
  readonly show?: number;
}

/** Body of every answer with a status ≥ 400. */
export interface ErrorBody {
  readonly error: ErrorView;
}

export type FunctionChange = 'rollback' | 'reload' | 'pause' | 'resume';

/** What the server needs from the gateway; gateway.ts injects it. Mutating calls throw a GatewayError when refused. */
export interface GatewayView {
  status(): StatusView;
  devices(): readonly DeviceView[];
  ports(): readonly PortView[];
  plan(device: string): PlanView;
  points(): readonly PointView[];
  /** Increases with every change of any point; lets the server send only what changed. */
  pointsChangedSince(revision: number): { readonly revision: number; readonly points: readonly PointView[] };
  clients(): readonly ClientView[];
  client(clientId: string): ClientDetail | undefined;
  /** @returns undefined when there is no such session */
  disconnect(clientId: string, forget: boolean): ClientEnd | undefined;
  links(): readonly LinkView[];
  /** @returns undefined when there is no such link */
  pauseDrain(link: string, isPaused: boolean): LinkView | undefined;
  orphanedOutboxes(): readonly OrphanedOutboxView[];
  /** @returns undefined when nothing waits for a link of this name that is not configured */
  forgetOutbox(link: string): OrphanedOutboxView | undefined;
  servers(): readonly ServerView[];
  functions(): readonly FunctionView[];
  functionLogs(name: string, after: number, limit: number): readonly FunctionLogLine[];
  deployFunction(name: string, module: Buffer, source: string): Promise<FunctionView>;
  changeFunction(name: string, change: FunctionChange): Promise<FunctionView>;
  shadowFunction(name: string, module: Buffer, source: string, run: ShadowRun): Promise<ShadowView>;
  functionShadow(name: string): ShadowView;
  endFunctionShadow(name: string): Promise<ShadowView>;
  logs(): Iterable<LogLine>;
  onLog(listener: (line: LogLine) => void): Disposable;
  retained(filter: string): Iterable<MessageView>;
  /** Calls the listener for each message that matches, until disposed. */
  tail(filter: string, listener: (message: MessageView) => void): Disposable;
  publish(request: PublishRequest): Promise<void>;
  read(device: string, point: string, signal: AbortSignal): Promise<PointView>;
  write(device: string, point: string, request: WriteRequest, signal: AbortSignal): Promise<CommandResult>;
  recording(port: string, after: number, limit: number): RecordingView;
  identify(device: string, signal: AbortSignal): Promise<IdentityView>;
  pause(device: string): void;
  resume(device: string): void;
  retry(device: string): void;
  config(): ConfigView;
  update(): Promise<UpdateView>;
  /** @param reason - for the log */
  restart(reason: string): void;
  /** The books of the broker at this moment. */
  ledger(): LedgerView;
  /** undefined: nothing is kept on disk. */
  store(): Promise<StoreView | undefined>;
  history(): Promise<HistoryListView>;
  /** @throws GatewayError HISTORY_OFF, HISTORY_UNKNOWN, HISTORY_QUERY, HISTORY_FAILED */
  historyOf(request: HistoryRequest): Promise<HistoryView>;
  /** What Prometheus scrapes. */
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>;
}

/** What a client may send with a request; which parts a route takes is in {@link Routes}. */
export interface RequestOptions<R extends RouteName> {
  /** Values of the `{name}` segments. */
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Routes[R] extends { query: infer Q } ? Q : never;
  readonly body?: Routes[R] extends { in: infer I } ? I : never;
  readonly signal?: AbortSignal;
}

export interface EventOptions {
  readonly kinds: readonly EventKind[];
  /** Topic Filter for `messages` and `topics`; `#` when absent. */
  readonly filter?: string;
  /** Events per second and kind at most, 1 to 10; 4 when absent. */
  readonly rate?: number;
  readonly signal: AbortSignal;
}

/** The client side, implemented in src/api/client.ts. Everything it throws is a GatewayError. */
export interface ApiClient {
  request<R extends RouteName>(route: R, options?: RequestOptions<R>): Promise<Routes[R]['out']>;
  /** One stream. It ends when `signal` aborts and throws when the connection is lost; whoever wants to reconnect calls again. */
  events(options: EventOptions): AsyncIterable<GatewayEvent>;
}
