import { ReasonCode } from "../reason-codes.js";
import { explained } from "../reason-string.js";
import { filterRefusal } from "../topic-rules.js";
import { encodeUnsuback } from "../wire/encode.js";
function handleUnsubscribe(client, session, packet) {
  let reason;
  const codes = packet.filters.map((filter) => {
    if (session.unsubscribe(filter)) return ReasonCode.success;
    const malformed = filterRefusal(filter);
    reason ??= malformed?.reason;
    return malformed?.reasonCode ?? ReasonCode.noSubscriptionExisted;
  });
  const { protocolVersion } = client;
  const encode = (text) => encodeUnsuback(protocolVersion, packet.packetIdentifier, codes, text);
  client.send(explained(client, reason, encode));
  return void 0;
}
export {
  handleUnsubscribe
};
//# sourceMappingURL=unsubscribe.js.map
