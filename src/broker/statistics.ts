import { Ledger } from './ledger.js';
import type { ReasonCode } from './reason-codes.js';

/** What the broker counts instead of logging. Plain fields: incremented per packet. */
export class Statistics {
  packetsReceived = 0;
  packetsSent = 0;
  bytesReceived = 0;
  bytesSent = 0;
  /** PUBLISH only. */
  publishReceived = 0;
  publishSent = 0;
  /** Payloads only. */
  publishBytesReceived = 0;
  publishBytesSent = 0;
  /** CONNECT packets that came, accepted or not. */
  connectReceived = 0;
  /** Network connections that were accepted by a listener. */
  connectionsOpened = 0;
  /** Most clients connected at a time. */
  clientsMaximum = 0;
  /** Sessions that ended because their Session Expiry Interval was over. */
  sessionsExpired = 0;
  /** Copies for a client that were not sent: queue full, slow reader, offline at QoS 0, larger than the client takes. */
  publishDropped = 0;
  readonly ledger = new Ledger();
  /** Copies that expired in a queue. */
  publishExpired = 0;
  /** PUBLISH from a client to a topic it may not use. */
  publishRefused = 0;
  /** Subscriptions a client asked for and did not get. */
  subscriptionsRefused = 0;
  /** Copies a client did not get because it may not read the topic. */
  deliveriesRefused = 0;
  /** Connections that we refused before they were accepted: Reason Code → how many. */
  readonly connectRefused = new Map<ReasonCode, number>();
  /** Connections that we ended after they were accepted: Reason Code → how many. */
  readonly disconnected = new Map<ReasonCode, number>();
  /** Connections that ended by a fault of the peer: malformed, against the protocol, timed out. */
  connectionsFailed = 0;
  /** Not accepted because there were too many. */
  connectionsRefused = 0;
  /** Connections that ended before MQTT: in the PROXY header, in TLS, in the WebSocket upgrade. */
  handshakesFailed = 0;

  /** A connection is ended by us. */
  countEnd(reasonCode: ReasonCode, wasAccepted: boolean): void {
    const counts = wasAccepted ? this.disconnected : this.connectRefused;
    counts.set(reasonCode, (counts.get(reasonCode) ?? 0) + 1);
  }
}
