import { messageOf } from "../application-message.js";
import { ReasonCode, Refusal } from "../reason-codes.js";
import { explained } from "../reason-string.js";
import { hasPayloadFault, topicLimitFault, topicRefusal } from "../topic-rules.js";
import { encodeAcknowledgement } from "../wire/encode.js";
const NOT_AUTHORIZED = new Refusal(ReasonCode.notAuthorized, "the client may not publish to this topic");
const NOT_UTF8 = new Refusal(ReasonCode.payloadFormatInvalid, "the payload is not the UTF-8 it is said to be");
const NOT_STORED = new Refusal(ReasonCode.implementationSpecificError, "the message could not be stored");
function handlePublish(client, session, packet) {
  const { broker } = client;
  broker.statistics.publishReceived++;
  session.countReceived();
  const alias = packet.properties?.topicAlias;
  const topic = alias === void 0 ? packet.topic : client.topicAliases.resolve(alias, packet.topic);
  if (topic === void 0)
    return new Refusal(ReasonCode.topicAliasInvalid, "the Topic Alias is out of range or not set");
  const isRepeated = packet.qos === 2 && session.isIncoming(packet.packetIdentifier);
  if (packet.qos > 0 && client.protocolVersion === 5 && !isRepeated) {
    if (session.incoming + client.unacknowledged >= broker.limits.receiveMaximum) {
      return new Refusal(ReasonCode.receiveMaximumExceeded, "more QoS 1 and 2 messages than Receive Maximum");
    }
  }
  if (isRepeated) {
    acknowledge(client, packet, ReasonCode.success);
    return void 0;
  }
  const refused = publishRefusal(client, session, packet, topic);
  if (refused !== void 0) return refusePublish(client, packet, refused);
  if (packet.qos === 2) session.holdIncoming(packet.packetIdentifier);
  const committed = broker.router.publish(messageOf(packet, topic, session.origin, broker.clock.now()));
  if (committed === void 0) acknowledge(client, packet, ReasonCode.success);
  else acknowledgeLater(client, session, packet, committed);
  return void 0;
}
function publishRefusal(client, session, packet, topic) {
  const topicFault = topicRefusal(topic) ?? topicLimitFault(topic, client.ticket.limits);
  if (topicFault !== void 0) return topicFault;
  if (!session.verdicts.mayPublish(topic)) return NOT_AUTHORIZED;
  const isChecked = client.broker.config.payloadFormatCheck;
  return isChecked && hasPayloadFault(packet.properties, packet.payload) ? NOT_UTF8 : void 0;
}
function refusePublish(client, packet, refusal) {
  client.broker.statistics.publishRefused++;
  if (packet.qos === 0) return refusal === NOT_UTF8 ? refusal : void 0;
  acknowledge(client, packet, refusal.reasonCode, refusal.reason);
  return void 0;
}
function acknowledgeLater(client, session, packet, committed) {
  if (packet.qos === 1) client.unacknowledged++;
  committed.then(
    () => {
      if (packet.qos === 1) client.unacknowledged--;
      acknowledge(client, packet, ReasonCode.success);
    },
    () => {
      if (packet.qos === 1) client.unacknowledged--;
      if (packet.qos === 2) session.releaseIncoming(packet.packetIdentifier);
      if (client.protocolVersion === 5) acknowledge(client, packet, NOT_STORED.reasonCode, NOT_STORED.reason);
      else client.refuse(NOT_STORED);
    }
  );
}
function acknowledge(client, packet, reasonCode, reason) {
  if (packet.qos === 0) return;
  const type = packet.qos === 1 ? "puback" : "pubrec";
  const { packetIdentifier } = packet;
  const version = client.protocolVersion;
  if (reason === void 0) client.send(encodeAcknowledgement(type, packetIdentifier, version, reasonCode));
  else {
    const encode = (text) => encodeAcknowledgement(type, packetIdentifier, version, reasonCode, text);
    client.send(explained(client, reason, encode));
  }
}
export {
  handlePublish
};
//# sourceMappingURL=publish.js.map
