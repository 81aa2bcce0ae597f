/**
 * Who a client is, and what it may do.
 *
 *   CONNECT ─▶ authenticate ─────────────▶ Identity ─▶ permissions: publish, subscribe, receive
 *   CONNECT ─▶ exchange ─▶ step ◀─▶ AUTH ─▶   (enhanced authentication, MQTT 5.0 §4.12)
 *
 * Rules: nobody is let in by default; verdicts on topics are cheap to ask again (the hot path asks per topic, not per
 * message); a password is never kept, logged or compared byte by byte.
 */
import type { AccessConfig } from '../../core/config.js';
import type { ProtocolVersion } from '../../core/mqtt/packets.js';
import type { TopicRights, Visitor } from '../../core/server-role.js';
import type { Peer } from '../peer.js';
import type { Refusal } from '../reason-codes.js';

/** What a client offers in CONNECT. */
export interface Credentials {
  readonly peer: Peer;
  /** As it will be used: an empty one is assigned already. */
  readonly clientId: string;
  readonly protocolVersion: ProtocolVersion;
  readonly username: string | undefined;
  /** A view of the packet. */
  readonly password: Buffer | undefined;
}

export interface Identity {
  /** User name, common name or subject; undefined: anonymous. Two connections with the same one are the same person. */
  readonly user: string | undefined;
  readonly permissions: Permissions;
  /** What it proved itself by ends then, Unix ms, and the connection with it; absent: never. */
  readonly expiresAt?: number;
  /** Asked when the users have changed: why it may stay no longer, or undefined. */
  readonly standing?: () => Refusal | undefined;
}

/** Verdicts on topics for one identity and Client Identifier. */
export interface Permissions {
  /** Another number whenever a verdict may have changed: what was remembered is asked again then. */
  readonly revision: number;
  /** A verdict costs less than to remember it. */
  readonly isFree?: boolean;
  /** Its messages may say that they come from other gateways (core/mesh.ts). */
  readonly mayPeer?: boolean;
  mayPublish(topic: string): boolean;
  /** @param filter - without `$share/{ShareName}/` */
  maySubscribe(filter: string): boolean;
  /** Asked at delivery: a wildcard subscription may match more than its owner may read. */
  mayReceive(topic: string): boolean;
}

export interface Access {
  /** Never rejects: what cannot be decided is refused. */
  authenticate(credentials: Credentials): Identity | Refusal | Promise<Identity | Refusal>;
  /**
   * Begins enhanced authentication (MQTT 5.0 §4.12): at CONNECT, and again when a connected client wants to prove itself
   * anew; then there is neither user name nor password in `credentials`.
   *
   * @param method - Authentication Method of CONNECT
   * @returns a Refusal (0x8C Bad authentication method) when the method is not offered to this peer
   */
  exchange(method: string, credentials: Credentials): Exchange | Refusal;
}

/** Access whose users and rules may change while clients are connected. */
export interface ConfiguredAccess extends Access, Disposable {
  /** Verdicts change at once; the connections that may not stay are the caller's. */
  replace(config: AccessConfig): void;
  /** What the rules in force say of somebody who is no MQTT client; a user who is disabled or gone may nothing. */
  rightsOf(visitor: Visitor): TopicRights;
}

/** One enhanced authentication under way. Forgotten without a word when the connection ends. */
export interface Exchange {
  /**
   * Never rejects.
   *
   * @param data - Authentication Data of CONNECT or AUTH, a view of the packet; undefined: the packet had none
   */
  step(data: Buffer | undefined): Step | Promise<Step>;
}

/** continue: the client has to answer with AUTH; success: it is who it says. `data` is the Authentication Data it is sent. */
export type Step =
  | { readonly result: 'continue'; readonly data: Buffer | undefined }
  | { readonly result: 'success'; readonly identity: Identity; readonly data: Buffer | undefined }
  | Refusal;

/** Whoever is in may do everything. */
export const unrestricted: Permissions = {
  revision: 0,
  isFree: true,
  mayPeer: true,
  mayPublish: () => true,
  maySubscribe: () => true,
  mayReceive: () => true,
};
