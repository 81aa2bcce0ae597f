/** A link as its service gets it. */
import type { RouteConfig } from './route-config.js';

/** A broker of others in a mesh: each message passes to it, and from it, through one of its gateways. */
export interface HubConfig {
  /** The same at each of its gateways. */
  readonly name: string;
  /** Ids of the gateways that are connected to it, this one included, in the same order at each. */
  readonly gateways: readonly string[];
}

export interface LinkConfig {
  readonly name: string;
  /** peer: another gateway, in one mesh with this one. */
  readonly type: 'mqtt' | 'peer';
  /** The preferred place, for people: a url without credentials, or the name of SRV records. */
  readonly url: string;
  readonly reach: LinkReachConfig;
  /** undefined: "up" means that the connection is open. */
  readonly heartbeat: LinkHeartbeatConfig | undefined;
  readonly preset: LinkPresetName | undefined;
  readonly protocolVersion: 4 | 5;
  /** undefined: `hpmq-<gateway>-<link>`; empty: the far side gives one (5.0). */
  readonly clientId: string | undefined;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** ms */
  readonly keepAlive: number;
  /** Messages have stamps in user properties, and those that come are believed; undefined: when there are peers. */
  readonly stamp: boolean | undefined;
  /** The broker there is one for several gateways of the mesh; undefined: for this one alone. */
  readonly hub: HubConfig | undefined;
  /** The stamp is in the topic: what is there is for gateways with `wrap` only. */
  readonly wrap: boolean;
  /** How long the far side keeps our session, ms; 0: none is kept. 3.1.1 knows only 0 and for ever. */
  readonly sessionExpiry: number;
  /** The bridge bit of Mosquitto, with 3.1.1. */
  readonly bridge: boolean;
  readonly outbox: OutboxConfig;
  readonly tls: LinkTlsConfig;
  readonly routes: readonly RouteConfig[];
}

export const linkPresetNames = ['aws-iot', 'emqx', 'hivemq', 'mosquitto'] as const;
export type LinkPresetName = (typeof linkPresetNames)[number];

/** Where the far side is, and from where it is reached. */
export interface LinkReachConfig {
  /** `mqtt://host:port` or `mqtts://host:port`, the preferred first; empty with `srv`. */
  readonly urls: readonly string[];
  readonly srv: { readonly name: string; readonly secure: boolean } | undefined;
  /** Interfaces or addresses of this machine to connect from, the preferred first; empty: the routing table decides. */
  readonly via: readonly string[];
  readonly choose: 'first' | 'nearest';
  /** A better endpoint must have been good for so long before the link goes there, ms. */
  readonly failBack: number;
  /** Longest wait between two attempts, ms. */
  readonly maxWait: number;
}

export interface LinkHeartbeatConfig {
  /** ms */
  readonly every: number;
  /** undefined: `hpmq/<gateway>/$heartbeat/<link>`. */
  readonly topic: string | undefined;
}

/** PEM files, which may be replaced at any time. */
export interface LinkTlsConfig {
  /** Who may sign the certificate of the far side; empty: the authorities of the runtime. */
  readonly ca: readonly string[];
  readonly cert: string | undefined;
  /** File, or the bytes themselves. */
  readonly key: string | Buffer | undefined;
  /** Name that the certificate of the far side must have; undefined: that of the host. */
  readonly serverName: string | undefined;
  readonly alpn: readonly string[];
  readonly renew: LinkRenewConfig | undefined;
}

/** A program that gets a new certificate. */
export interface LinkRenewConfig {
  /** Program and arguments; no shell. */
  readonly command: readonly string[];
  /** So long before the end of the certificate, ms. */
  readonly before: number;
  /** ms */
  readonly timeout: number;
}

/** Of each topic every n-th message stays, or the last of each interval, ms. */
export type ThinRule = { readonly every: number } | { readonly interval: number };

/** What a link keeps while its far side does not take it, and how it catches up. */
export interface OutboxConfig {
  readonly maxMessages: number;
  /** As they are kept. */
  readonly maxBytes: number;
  /** ms; undefined: messages may be of any age. */
  readonly maxAge: number | undefined;
  /** With less free on the disk it counts as full: bytes, plus a share (0 to 1) of the disk. */
  readonly minFree: { readonly bytes: number; readonly share: number };
  /** What goes when it is full, counted. */
  readonly full: 'drop-oldest' | 'drop-new' | 'thin';
  readonly thin: ThinRule;
  /** Local topic under which messages are published that the far side refused for good; undefined: they are only counted. */
  readonly deadLetter: string | undefined;
  readonly drain: {
    readonly order: 'live-first' | 'history-first' | 'interleaved';
    /** Messages of the backlog a second; undefined: as fast as it goes. */
    readonly rate: number | undefined;
    /** Bytes of it a second. */
    readonly bandwidth: number | undefined;
  };
}
