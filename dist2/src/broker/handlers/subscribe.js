import { isFailure, ReasonCode, Refusal } from "../reason-codes.js";
import { explained } from "../reason-string.js";
import { isShared, plainFilter } from "../shared-filter.js";
import { filterLimitFault, filterRefusal } from "../topic-rules.js";
import { encodeSuback } from "../wire/encode.js";
const NOT_AUTHORIZED = new Refusal(ReasonCode.notAuthorized, "the client may not subscribe to a Topic Filter");
const TOO_MANY = new Refusal(ReasonCode.quotaExceeded, "the session has as many subscriptions as are allowed");
function handleSubscribe(client, session, packet) {
  const { protocolVersion, broker } = client;
  let reason;
  const codes = packet.subscriptions.map((subscription) => {
    const refused = subscriptionRefusal(session, subscription.filter, client.ticket.limits);
    if (refused === void 0) {
      session.subscribe(client.isBridge ? asBridge(subscription) : subscription);
      return subscription.qos;
    }
    broker.statistics.subscriptionsRefused++;
    reason ??= refused.reason;
    return refused.reasonCode;
  });
  const said = protocolVersion === 5 ? codes : codes.map((code) => isFailure(code) ? 128 : code);
  client.send(explained(client, reason, (text) => encodeSuback(protocolVersion, packet.packetIdentifier, said, text)));
  session.resume();
  if (packet.subscriptions.some(({ filter }) => isShared(filter))) session.arrived();
  return void 0;
}
function asBridge(subscription) {
  return { ...subscription, noLocal: !isShared(subscription.filter), retainAsPublished: true };
}
function subscriptionRefusal(session, filter, limits) {
  const malformed = filterRefusal(filter) ?? filterLimitFault(filter, limits);
  if (malformed !== void 0) return malformed;
  if (!session.verdicts.maySubscribe(plainFilter(filter))) return NOT_AUTHORIZED;
  return session.mayTake(filter, limits.subscriptions) ? void 0 : TOO_MANY;
}
export {
  handleSubscribe
};
//# sourceMappingURL=subscribe.js.map
