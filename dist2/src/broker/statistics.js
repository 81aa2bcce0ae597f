import {
  dropReasons,
  endReasons,
  refusalReasons,
  throttleReasons,
  zeroCounts
} from "./limits/reasons.js";
class Statistics {
  packetsReceived = 0;
  packetsSent = 0;
  bytesReceived = 0;
  bytesSent = 0;
  /** PUBLISH only. */
  publishReceived = 0;
  publishSent = 0;
  /** Of {@link publishSent}, those dropped while they waited for the network: QoS 0 to a client that is slow or went away. */
  publishTakenBack = 0;
  /** Copies for a client that were not sent: queue full, slow reader, offline at QoS 0, larger than the client takes. */
  publishDropped = 0;
  /** Copies that expired in a queue. */
  publishExpired = 0;
  /** PUBLISH from a client to a topic it may not use. */
  publishRefused = 0;
  /** Subscriptions a client asked for and did not get. */
  subscriptionsRefused = 0;
  /** Copies a client did not get because it may not read the topic. */
  deliveriesRefused = 0;
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
  /** {@link publishDropped} by reason. */
  drops = zeroCounts(dropReasons);
  /** {@link connectionsRefused} by reason. */
  refusedBy = zeroCounts(refusalReasons);
  /** Connections ended by the broker for a fault of the peer or a limit, by reason. */
  endedBy = zeroCounts(endReasons);
  /** How often a client was not read for a while because of its rate. */
  throttledBy = zeroCounts(throttleReasons);
  refuse(reason) {
    this.connectionsRefused++;
    this.refusedBy[reason]++;
  }
  end(reason) {
    this.connectionsFailed++;
    this.endedBy[reason]++;
  }
}
export {
  Statistics
};
//# sourceMappingURL=statistics.js.map
