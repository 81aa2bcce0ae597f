import { ReasonCode, Refusal } from "../reason-codes.js";
function handlePubcomp(session, packet) {
  if (session.pubcomp(packet.packetIdentifier) !== "mismatch") return void 0;
  return new Refusal(ReasonCode.protocolError, "PUBCOMP before PUBREC");
}
export {
  handlePubcomp
};
//# sourceMappingURL=pubcomp.js.map
