import type { AuthConfig, LimitOverrides, ListenerType } from '../core/config.js';

/** The other end of a network connection, as the listener knows it before CONNECT. */
export interface Peer {
  /** `10.0.0.7:51234`, for people. */
  readonly address: string;
  /** Without the port: what the connections of one machine have in common. */
  readonly host: string;
  /** What the client showed of itself in the TLS handshake, here or at the proxy in front; absent: nothing. */
  readonly certificate?: PeerCertificate;
  /** Of the TLS connection that ends here; absent: none. */
  readonly tls?: { readonly version: string; readonly cipher: string };
  readonly listener: ListenerPolicy;
}

/** What a listener lays down for the connections that it accepts. */
export interface ListenerPolicy {
  readonly name: string;
  readonly type: ListenerType;
  readonly auth: AuthConfig;
  /** In place of the limits of the broker. */
  readonly limits?: LimitOverrides | undefined;
}

/** A client certificate. A proxy (PROXY protocol v2, PP2_TYPE_SSL) tells only Common Name and verdict. */
export interface PeerCertificate {
  /** The chain ends at an authority that the listener names, is in its time and not revoked. False: prove nothing by it. */
  readonly verified: boolean;
  /** Common Name of the subject; the last one where it has several. */
  readonly commonName: string | undefined;
  /** All of the subject, RFC 4514, most specific first: `CN=line-3,OU=plant-7,O=Example`. */
  readonly subject: string | undefined;
  /** As OpenSSL writes them: `DNS:line-3.example.com`, `IP Address:10.0.0.7`, `URI:urn:dev:mac:0024befffe804ff1`. */
  readonly subjectAltNames: readonly string[];
  /** Upper-case hexadecimal, as OpenSSL writes it. */
  readonly serial: string | undefined;
  /** SHA-256 of the DER form: `AB:CD:…`. */
  readonly fingerprint256: string | undefined;
}
