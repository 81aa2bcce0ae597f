/**
 * Who a client is, and what it may do.
 *
 *   CONNECT ─▶ authenticate ─▶ Identity ─▶ permissions: publish, subscribe, receive
 *
 * Rules: nobody is let in by default; verdicts on topics are cheap to ask again (the hot path asks per topic, not per
 * message); a password is never kept, logged or compared byte by byte.
 */
import type { Peer } from '../peer.js';
import type { Refusal } from '../reason-codes.js';
import type { ProtocolVersion } from '../wire/packets.js';

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
}

/** Verdicts on topics for one identity and Client Identifier. */
export interface Permissions {
  mayPublish(topic: string): boolean;
  /** @param filter - without `$share/{ShareName}/` */
  maySubscribe(filter: string): boolean;
  /** Asked at delivery: a wildcard subscription may match more than its owner may read. */
  mayReceive(topic: string): boolean;
}

export interface Access {
  /** Never rejects: what cannot be decided is refused. */
  authenticate(credentials: Credentials): Identity | Refusal | Promise<Identity | Refusal>;
}

/** Whoever is in may do everything. */
export const unrestricted: Permissions = {
  mayPublish: () => true,
  maySubscribe: () => true,
  mayReceive: () => true,
};
