import { ReasonCode } from "../reason-codes.js";
import { readProperties } from "./properties.js";
const NO_IDENTIFIERS = [];
function readSubscribe(reader, packetIdentifier, version) {
  const properties = version === 5 ? readProperties(reader, "subscribe") : void 0;
  const identifier = properties?.subscriptionIdentifier;
  const identifiers = identifier === void 0 ? NO_IDENTIFIERS : [identifier];
  if (reader.remaining === 0) reader.refuse(ReasonCode.protocolError, "SUBSCRIBE without a Topic Filter");
  const subscriptions = [];
  while (reader.remaining > 0) {
    const filter = reader.string();
    const options = reader.byte();
    checkOptions(reader, filter, options, version);
    subscriptions.push({
      filter,
      qos: options & 3,
      noLocal: (options & 4) !== 0,
      retainAsPublished: (options & 8) !== 0,
      retainHandling: options >> 4 & 3,
      identifiers
    });
  }
  return reader.fault ?? { type: "subscribe", packetIdentifier, subscriptions };
}
function checkOptions(reader, filter, options, version) {
  if ((options & (version === 5 ? 192 : 252)) !== 0) {
    reader.refuse(ReasonCode.malformedPacket, "reserved bits of the Subscription Options are set");
  } else if ((options & 3) === 3) {
    reader.refuse(ReasonCode.protocolError, "a subscription with QoS 3");
  } else if ((options & 48) === 48) {
    reader.refuse(ReasonCode.protocolError, "Retain Handling 3");
  } else if ((options & 4) !== 0 && filter.startsWith("$share/")) {
    reader.refuse(ReasonCode.protocolError, "No Local on a Shared Subscription");
  }
}
function readUnsubscribe(reader, packetIdentifier, version) {
  if (version === 5) readProperties(reader, "unsubscribe");
  if (reader.remaining === 0) reader.refuse(ReasonCode.protocolError, "UNSUBSCRIBE without a Topic Filter");
  const filters = [];
  while (reader.remaining > 0) filters.push(reader.string());
  return reader.fault ?? { type: "unsubscribe", packetIdentifier, filters };
}
export {
  readSubscribe,
  readUnsubscribe
};
//# sourceMappingURL=decode-subscribe.js.map
