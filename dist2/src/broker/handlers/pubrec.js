import { isFailure, ReasonCode, Refusal } from "../reason-codes.js";
import { encodeAcknowledgement } from "../wire/encode.js";
function handlePubrec(client, session, packet) {
  const { packetIdentifier } = packet;
  const isRefused = isFailure(packet.reasonCode);
  const result = session.pubrec(packetIdentifier, isRefused);
  if (result === "mismatch") return new Refusal(ReasonCode.protocolError, "PUBREC for a QoS 1 message");
  if (result === "done" || isRefused) return void 0;
  const reasonCode = result === "unknown" ? ReasonCode.packetIdentifierNotFound : ReasonCode.success;
  client.send(encodeAcknowledgement("pubrel", packetIdentifier, client.protocolVersion, reasonCode));
  return void 0;
}
export {
  handlePubrec
};
//# sourceMappingURL=pubrec.js.map
