import { ReasonCode, Refusal } from "../reason-codes.js";
function handlePuback(session, packet) {
  if (session.puback(packet.packetIdentifier) !== "mismatch") return void 0;
  return new Refusal(ReasonCode.protocolError, "PUBACK for a QoS 2 message");
}
export {
  handlePuback
};
//# sourceMappingURL=puback.js.map
