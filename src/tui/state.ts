/** What the terminal interface knows, and what can happen to it. No logic. */
import type {
  ClientView,
  DeviceView,
  FunctionLogLine,
  FunctionView,
  GatewayEvent,
  HistoryView,
  LinkView,
  LogLine,
  MessageView,
  PointView,
  StatusView,
  TopicView,
} from '../api/contract.js';
import type { ErrorView } from '../core/errors.js';
import type { LogLevel } from '../core/log.js';
import type { Outcome, WriteDialog } from './write.js';

export const screens = ['overview', 'devices', 'points', 'clients', 'topics', 'links', 'functions', 'logs'] as const;
export type ScreenId = (typeof screens)[number];

/** Where one is. `argument`: the device whose points are shown, or the Topic Filter that is watched. */
export interface Route {
  readonly screen: ScreenId;
  readonly argument?: string;
}

/** A point with the samples the interface has seen of it, oldest first; null: not known at that moment. */
export interface PointRow {
  readonly key: string;
  readonly view: PointView;
  readonly history: readonly (number | null)[];
}

export interface LogRow {
  readonly id: number;
  readonly line: LogLine;
}

export interface TailRow {
  readonly id: number;
  readonly message: MessageView;
}

/** What the gateway said last. */
export interface Data {
  /** The first snapshot is here. */
  readonly loaded: boolean;
  readonly status: StatusView | undefined;
  /** The gateway's clock minus ours, ms. */
  readonly skewMs: number;
  readonly devices: ReadonlyMap<string, DeviceView>;
  readonly points: ReadonlyMap<string, PointRow>;
  readonly links: ReadonlyMap<string, LinkView>;
  readonly functions: ReadonlyMap<string, FunctionView>;
  /** What the function that is looked at said last. */
  readonly functionLines: { readonly name: string; readonly lines: readonly FunctionLogLine[] } | undefined;
  /** What the point that is looked at was in the last day. */
  readonly pointDay: { readonly key: string; readonly view: HistoryView } | undefined;
  readonly logs: readonly LogRow[];
  readonly clients: readonly ClientView[] | undefined;
  readonly topics: ReadonlyMap<string, TopicView>;
  /** Why the topics or the tail are not watched. */
  readonly topicsError: ErrorView | undefined;
  readonly tail: readonly TailRow[];
  readonly tailDropped: number;
  readonly tailError: ErrorView | undefined;
  /** The id of the next row of a log or tail. */
  readonly nextId: number;
}

/** connecting: never had data · live · lost: retrying. */
export interface Connection {
  readonly state: 'connecting' | 'live' | 'lost';
  /** Our clock. */
  readonly since: number;
  readonly heardAt: number;
  readonly error?: ErrorView;
}

/** Where the cursor of a list is. It follows the key; the index is where it was last. */
export interface ListState {
  readonly selected: string | undefined;
  readonly index: number;
  readonly top: number;
  readonly filter: string;
  /** Column id; undefined: the gateway's order. */
  readonly sort: string | undefined;
  readonly descending: boolean;
}

export interface Prompt {
  readonly kind: 'command' | 'filter' | 'subscribe';
  readonly text: string;
  /** What esc returns to. */
  readonly before: string;
}

/** A client that is to be disconnected, once ⏎ says so. */
export interface KickDialog {
  readonly clientId: string;
  /** Its session is to end, too. */
  readonly forget: boolean;
  readonly isSending: boolean;
}

/** A function that is to go back to its version before, once ⏎ says so. */
export interface RollbackDialog {
  readonly name: string;
  readonly isSending: boolean;
}

/** One line about what the last key did. */
export interface Notice {
  readonly tone: 'ok' | 'warn' | 'bad';
  readonly text: string;
  readonly hint: string;
  readonly at: number;
}

export type PayloadMode = 'text' | 'json' | 'hex';

export interface Model {
  readonly settings: { readonly readOnly: boolean; readonly target: string };
  readonly size: { readonly columns: number; readonly rows: number };
  /** Our clock. */
  readonly now: number;
  readonly connection: Connection;
  readonly data: Data;
  /** `space`: what is shown instead of `data`. */
  readonly frozen: { readonly data: Data; readonly at: number } | undefined;
  readonly route: Route;
  readonly past: readonly Route[];
  readonly future: readonly Route[];
  readonly lists: Readonly<Record<ScreenId, ListState>>;
  /** The detail pane was asked for (narrow terminals; wide ones always have it). */
  readonly detail: boolean;
  /** Lines of the detail above the visible ones. */
  readonly detailTop: number;
  /** 0: the list; 1: the pane beside it. */
  readonly pane: 0 | 1;
  /** Lines of the tail below the visible ones; 0: the newest are shown. */
  readonly tailBack: number;
  readonly help: { readonly top: number } | undefined;
  readonly prompt: Prompt | undefined;
  readonly dialog: WriteDialog | undefined;
  readonly kick: KickDialog | undefined;
  readonly rollback: RollbackDialog | undefined;
  readonly notice: Notice | undefined;
  readonly logLevel: LogLevel;
  readonly topicFilter: string;
  /** Topics whose children are shown, or not, against the default. */
  readonly toggled: ReadonlySet<string>;
  readonly payloadMode: PayloadMode;
}

/** main: everything that is always watched; topics and tail: only while they are on the screen. */
export type StreamName = 'main' | 'topics' | 'tail';

export type Move = number | 'first' | 'last' | 'page-up' | 'page-down';

export type Action =
  | { readonly type: 'event'; readonly stream: StreamName; readonly event: GatewayEvent; readonly at: number }
  | { readonly type: 'lost'; readonly stream: StreamName; readonly error: ErrorView; readonly at: number }
  | { readonly type: 'reset'; readonly stream: 'topics' | 'tail' }
  | { readonly type: 'clients'; readonly items: readonly ClientView[] }
  | { readonly type: 'device'; readonly device: DeviceView }
  | { readonly type: 'function'; readonly view: FunctionView }
  | { readonly type: 'function-lines'; readonly name: string; readonly lines: readonly FunctionLogLine[] }
  | { readonly type: 'point-day'; readonly key: string; readonly view: HistoryView }
  | { readonly type: 'rollback'; readonly name: string }
  | { readonly type: 'rollback-sent' | 'rollback-done' }
  | { readonly type: 'point'; readonly point: PointView }
  | { readonly type: 'tick'; readonly at: number }
  | { readonly type: 'resize'; readonly columns: number; readonly rows: number }
  | { readonly type: 'notice'; readonly tone: Notice['tone']; readonly text: string; readonly hint?: string }
  | { readonly type: 'go'; readonly route: Route; readonly select?: string; readonly filter?: string }
  | { readonly type: 'back' | 'forward' | 'previous' | 'leave' }
  | { readonly type: 'move'; readonly by: Move }
  | { readonly type: 'sort' | 'reverse' | 'freeze' | 'detail' | 'pane' | 'help' | 'level' | 'payload' }
  | { readonly type: 'toggle'; readonly open?: boolean }
  | { readonly type: 'prompt'; readonly kind: Prompt['kind'] }
  | { readonly type: 'edit'; readonly edit: (text: string) => string }
  | { readonly type: 'close-prompt'; readonly keep: boolean }
  | { readonly type: 'subscribe'; readonly filter: string }
  | { readonly type: 'write'; readonly device: string; readonly point: string }
  | { readonly type: 'write-next' }
  | { readonly type: 'kick'; readonly clientId: string }
  | { readonly type: 'kick-forget' | 'kick-sent' | 'kick-done' }
  | { readonly type: 'write-done'; readonly device: string; readonly point: string; readonly outcome: Outcome };
