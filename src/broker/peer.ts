import type { AuthConfig } from '../core/config.js';
import type { Transport } from '../core/views.js';

/** The other end of a network connection, as the listener knows it before CONNECT. */
export interface Peer {
  /** `10.0.0.7:51234`, for people. */
  readonly address: string;
  /** Without the port: what the connections of one machine have in common. */
  readonly host: string;
  /** tcp when absent. */
  readonly transport?: Transport;
  /** Of the TLS connection that ends here; absent: none. */
  readonly tls?: { readonly version: string; readonly cipher: string };
  readonly listener: ListenerPolicy;
}

/** What a listener lays down for the connections that it accepts. */
export interface ListenerPolicy {
  readonly name: string;
  readonly auth: AuthConfig;
}
