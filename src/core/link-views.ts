/** What people see of a link: times are Unix ms, durations ms. */
import type { ErrorView } from './errors.js';
import type { LinkBooksView, LinkDrainView, LinkLossView } from './outbox-views.js';

export interface LinkView {
  readonly name: string;
  readonly type: string;
  /** The preferred place. */
  readonly url: string;
  /**
   * up: what is sent is delivered, see `heartbeat`; degraded: it is connected, but nothing was delivered for two
   * heartbeats, or a subscription is refused.
   */
  readonly state: 'connecting' | 'up' | 'degraded' | 'down';
  readonly since: number;
  readonly error?: ErrorView;
  readonly in: number;
  readonly out: number;
  readonly inPerSecond: number;
  readonly outPerSecond: number;
  /** Messages not yet acknowledged by the far side. */
  readonly queued: number;
  /** Of those of QoS 1 and 2, as they are kept. */
  readonly queuedBytes: number;
  /** Age of the oldest of them, ms; null when none. */
  readonly oldestMs: number | null;
  readonly dropped: number;
  readonly nextTryAt?: number;
  /** Where it is connected, or was last tried; null: nowhere yet. */
  readonly endpoint: string | null;
  readonly endpoints: readonly LinkEndpointView[];
  /**
   * What proves delivery: the link's own message came back from the far side, was acknowledged (where it may not come
   * back), is on its way for the first time; off: nothing, an open connection counts as up; refused: the same, because the
   * far side ends the connection whenever it gets one.
   */
  readonly heartbeat: 'returned' | 'acknowledged' | 'waiting' | 'off' | 'refused';
  /** Of the last proof, Unix ms; null: none yet. */
  readonly provenAt: number | null;
  /** Of the last heartbeats, ms; null: none yet. */
  readonly rttMs: { readonly p50: number | null; readonly p99: number | null };
  /** Connections since start. */
  readonly connects: number;
  /** The last twenty times that the connection was lost or left, the newest last. */
  readonly history: readonly LinkOutageView[];
  readonly certificates: readonly LinkCertificateView[];
  /** Messages have stamps (core/mesh.ts); absent: they have none. */
  readonly mesh?: LinkMeshView;
  /** Messages waiting on disk survive the gateway; false: the store takes nothing, they wait in memory. */
  readonly durable: boolean;
  readonly drain: LinkDrainView;
  readonly books: LinkBooksView;
  readonly losses: LinkLossView;
  /** As configured, in that order. */
  readonly routes: readonly LinkRouteView[];
}

export interface LinkRouteView {
  readonly direction: 'out' | 'in' | 'both';
  readonly filters: readonly string[];
  /** null: nothing goes that way. */
  readonly out: RouteCountView | null;
  readonly in: RouteCountView | null;
}

/** Since start; a message that a route carries under two names counts twice. */
export interface RouteCountView {
  /** Out: taken to be sent. In: given on here, copies that were here before included. */
  readonly messages: number;
  /** Of their payloads as they are here. */
  readonly bytes: number;
  /** Not taken: nobody connected at QoS 0, no room, or too large for a route that drops such. What is given up later is in the books. */
  readonly dropped: number;
  /** Too large, of no such form, or not what the far side takes. */
  readonly refused: number;
}

export interface LinkMeshView {
  /** Messages from there that were here before, or came round. */
  readonly duplicates: number;
  /** Most gateways that a message from there had passed. */
  readonly hops: number;
  /** Starts of gateways whose messages are known, by whatever way. */
  readonly origins: number;
}

export interface LinkEndpointView {
  /** `mqtts://a.example.com:8883 via eth0` */
  readonly endpoint: string;
  readonly state: 'unknown' | 'good' | 'failed';
  readonly isCurrent: boolean;
  /** It failed lately and is tried last. */
  readonly isHeld: boolean;
  /** Measured, ms; null: not yet. */
  readonly rttMs: number | null;
  readonly connects: number;
}

/** Why and for how long a link was without connection. */
export interface LinkOutageView {
  readonly at: number;
  /** What was lost or left; null: the first attempts after start. */
  readonly endpoint: string | null;
  readonly code: string;
  readonly message: string;
  /** Attempts that failed meanwhile. */
  readonly failures: number;
  /** When it was connected again; null: not yet. */
  readonly endedAt: number | null;
}

export interface LinkCertificateView {
  readonly side: 'own' | 'far';
  readonly subject: string;
  readonly serial: string;
  readonly notBefore: number;
  readonly notAfter: number;
}
