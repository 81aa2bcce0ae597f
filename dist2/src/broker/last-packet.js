import { connectReturnCode, ReasonCode } from "./reason-codes.js";
import { encodeConnack, encodeDisconnect } from "./wire/encode.js";
function lastPacket(client, { reasonCode, reason }, wasAccepted, version) {
  if (version === void 0) return void 0;
  if (version < 5) {
    const isSaid = !wasAccepted && connectReturnCode(reasonCode) !== void 0;
    return isSaid ? encodeConnack(version, reasonCode, false) : void 0;
  }
  const refused = reasonCode === ReasonCode.serverShuttingDown ? ReasonCode.serverUnavailable : reasonCode;
  const encode = (properties) => wasAccepted ? encodeDisconnect(reasonCode, properties) : encodeConnack(version, refused, false, properties);
  const reference = referenceFor(client, reasonCode);
  for (const properties of [{ ...reference, reasonString: reason }, reference, {}]) {
    const bytes = encode(properties);
    if (bytes.length <= client.maximumPacketSize) return bytes;
  }
  return void 0;
}
function referenceFor(client, reasonCode) {
  const { serverReference } = client.broker.config;
  const isReferred = reasonCode === ReasonCode.useAnotherServer || reasonCode === ReasonCode.serverMoved;
  return isReferred && serverReference !== void 0 ? { serverReference } : {};
}
export {
  lastPacket
};
//# sourceMappingURL=last-packet.js.map
