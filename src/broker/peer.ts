import type { AuthConfig, LimitOverrides } from '../core/config.js';

/** The other end of a network connection, as the listener knows it before CONNECT. */
export interface Peer {
  /** `10.0.0.7:51234`, for people. */
  readonly address: string;
  /** Without the port: what the connections of one machine have in common. */
  readonly host: string;
  readonly listener: ListenerPolicy;
}

/** What a listener lays down for the connections that it accepts. */
export interface ListenerPolicy {
  readonly name: string;
  readonly auth: AuthConfig;
  /** In place of the limits of the broker. */
  readonly limits?: LimitOverrides | undefined;
}
