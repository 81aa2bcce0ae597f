import { ReasonCode } from "../reason-codes.js";
import { encodeAcknowledgement } from "../wire/encode.js";
function handlePubrel(client, session, packet) {
  const { packetIdentifier } = packet;
  const reasonCode = session.releaseIncoming(packetIdentifier) ? ReasonCode.success : ReasonCode.packetIdentifierNotFound;
  client.send(encodeAcknowledgement("pubcomp", packetIdentifier, client.protocolVersion, reasonCode));
  return void 0;
}
export {
  handlePubrel
};
//# sourceMappingURL=pubrel.js.map
