import { ReasonCode, Refusal } from "../reason-codes.js";
import { expiryMs } from "../session-expiry.js";
function handleDisconnect(client, session, packet) {
  const { sessionExpiryInterval } = packet;
  if (sessionExpiryInterval !== void 0) {
    if (session.expiry === 0 && sessionExpiryInterval > 0) {
      return new Refusal(ReasonCode.protocolError, "Session Expiry Interval in DISCONNECT, but none in CONNECT");
    }
    session.expiry = Math.min(expiryMs(sessionExpiryInterval), client.broker.limits.sessionExpiry);
  }
  client.leave(packet.reasonCode);
  return void 0;
}
export {
  handleDisconnect
};
//# sourceMappingURL=disconnect.js.map
