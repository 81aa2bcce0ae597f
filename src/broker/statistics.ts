import { Ledger } from './ledger.js';
import {
  type EndReason,
  endReasons,
  type RefusalReason,
  refusalReasons,
  throttleReasons,
  zeroCounts,
} from './limits/reasons.js';
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
  /** Of {@link publishSent}, those dropped while they waited for the network: QoS 0 to a client that is slow or went away. */
  publishTakenBack = 0;
  /** Copies for a client that were not sent: queue full, slow reader, offline at QoS 0, larger than the client takes. */
  publishDropped = 0;
  readonly ledger = new Ledger();
  /** {@link publishDropped}, and what receivers inside the gateway did not take, by reason. */
  readonly drops = this.ledger.drops;
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
  /** Clients that were not let in: wrong or missing credentials, disabled users, foreign Client Identifiers. */
  loginsFailed = 0;
  /** Not even looked at: too many failures before, or too many waiting. */
  loginsTurnedAway = 0;
  /** Connections that ended before MQTT: in the PROXY header, in TLS, in the WebSocket upgrade. */
  handshakesFailed = 0;
  /** {@link connectionsRefused} by reason. */
  readonly refusedBy = zeroCounts(refusalReasons);
  /** Connections ended by the broker for a fault of the peer or a limit, by reason. */
  readonly endedBy = zeroCounts(endReasons);
  /** How often a client was not read for a while because of its rate. */
  readonly throttledBy = zeroCounts(throttleReasons);

  /** A connection is ended by us. */
  countEnd(reasonCode: ReasonCode, wasAccepted: boolean): void {
    const counts = wasAccepted ? this.disconnected : this.connectRefused;
    counts.set(reasonCode, (counts.get(reasonCode) ?? 0) + 1);
  }

  refuse(reason: RefusalReason): void {
    this.connectionsRefused++;
    this.refusedBy[reason]++;
  }

  end(reason: EndReason): void {
    this.connectionsFailed++;
    this.endedBy[reason]++;
  }
}
