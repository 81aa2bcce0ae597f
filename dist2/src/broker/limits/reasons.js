const dropReasons = [
  /** QoS 1 or 2, and the queue of the session is full: the oldest goes. */
  "queueFull",
  /** QoS 0, and the client has no connection. */
  "offline",
  /** QoS 0, and the client does not read fast enough. */
  "slowReader",
  /** The packet exceeds the Maximum Packet Size of the client [MQTT-3.1.2-25]. */
  "tooLarge",
  /** QoS 1 or 2, and what waits for all clients together is too much: the oldest of the fullest queue goes. */
  "memory"
];
const refusalReasons = [
  "connections",
  "connectionsPerAddress",
  "connectionsPerUser",
  "pendingConnections",
  "connectRate",
  "connectRatePerAddress"
];
const endReasons = [
  /** Malformed, or against the protocol. */
  "protocol",
  "connectTimeout",
  "keepAlive",
  /** It takes nothing any more. */
  "stalled",
  /** It takes less than is sent to it, and the policy is to disconnect. */
  "slowConsumer",
  "messageRate",
  "incompletePacket",
  /** Its session held most when the memory for waiting messages was used up. */
  "memory"
];
const throttleReasons = ["messageRate", "byteRate"];
function zeroCounts(reasons) {
  return Object.fromEntries(reasons.map((reason) => [reason, 0]));
}
export {
  dropReasons,
  endReasons,
  refusalReasons,
  throttleReasons,
  zeroCounts
};
//# sourceMappingURL=reasons.js.map
