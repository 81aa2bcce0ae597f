import { ReasonCode, Refusal } from "../reason-codes.js";
import { expiryMs } from "../session-expiry.js";
import { TOPIC_ALIAS_MAXIMUM } from "../topic-aliases.js";
import { Will } from "../will.js";
import { encodeConnack } from "../wire/encode.js";
const MAX_RECEIVE_MAXIMUM = 65535;
const MAX_KEEP_ALIVE = 65535;
const TOO_MANY = new Refusal(ReasonCode.quotaExceeded, "as many clients are connected as are allowed");
function admit(client, packet, clientId, identity, authentication = {}) {
  if (identity instanceof Refusal || client.isOver) return identity instanceof Refusal ? identity : void 0;
  const { broker, maximumPacketSize, protocolVersion } = client;
  const { properties } = packet;
  if (packet.will !== void 0 && !identity.permissions.mayPublish(packet.will.topic)) {
    return new Refusal(ReasonCode.notAuthorized, "the client may not publish to its Will Topic");
  }
  const before = broker.sessions.get(clientId);
  if (before !== void 0 && before.user !== identity.user) {
    return new Refusal(ReasonCode.clientIdentifierNotValid, "the session of this Client Identifier is of another user");
  }
  if (before?.channel === void 0 && broker.sessions.connected >= broker.limits.connections) {
    broker.statistics.refuse("connections");
    client.refuse(referred(broker, TOO_MANY));
    return void 0;
  }
  const granted = Math.min(requestedExpiry(packet), broker.limits.sessionExpiry);
  const keepAlive = grantedKeepAlive(broker, packet);
  const announced = { ...announcement(client, packet, clientId, granted, keepAlive), ...authentication };
  if (encodeConnack(protocolVersion, ReasonCode.success, false, announced).length > maximumPacketSize) {
    return new Refusal(ReasonCode.packetTooLarge, "CONNACK exceeds the Maximum Packet Size of the client");
  }
  const full = client.ticket.connect(identity.user, before?.channel !== void 0);
  if (full !== void 0) {
    client.refuse(referred(broker, full));
    return void 0;
  }
  before?.channel?.refuse(
    new Refusal(ReasonCode.sessionTakenOver, "another connection has the same Client Identifier")
  );
  if (packet.cleanStart) before?.end();
  const present = broker.sessions.get(clientId);
  const session = present ?? broker.sessions.create(clientId);
  session.identify(identity);
  client.accept({
    session,
    isBridge: packet.isBridge,
    keepAlive,
    receiveMaximum: properties.receiveMaximum ?? MAX_RECEIVE_MAXIMUM,
    topicAliasMaximum: properties.topicAliasMaximum ?? 0
  });
  session.connect(client, granted, packet.will === void 0 ? void 0 : new Will(packet.will, session.origin));
  broker.sessions.present(session);
  client.send(encodeConnack(protocolVersion, ReasonCode.success, present !== void 0, announced));
  session.resume();
  if (present !== void 0) session.arrived();
  return void 0;
}
function referred({ config }, full) {
  return config.serverReference === void 0 ? full : new Refusal(ReasonCode.useAnotherServer, full.reason);
}
function announcement({ broker: { limits, config }, ticket }, packet, clientId, granted, keepAlive) {
  const { properties } = packet;
  const response = properties.requestResponseInformation ? responseInformation(config.responseInformation, clientId) : void 0;
  return {
    receiveMaximum: limits.receiveMaximum,
    maximumPacketSize: ticket.limits.packetBytes,
    topicAliasMaximum: TOPIC_ALIAS_MAXIMUM,
    ...(properties.maximumPacketSize ?? ROOMY) >= ROOMY && {
      wildcardSubscriptionAvailable: true,
      subscriptionIdentifiersAvailable: true,
      sharedSubscriptionAvailable: true
    },
    ...packet.clientId === "" && { assignedClientIdentifier: clientId },
    ...keepAlive !== packet.keepAlive && { serverKeepAlive: keepAlive },
    ...response !== void 0 && { responseInformation: response },
    ...granted !== requestedExpiry(packet) && { sessionExpiryInterval: Math.floor(granted / 1e3) }
  };
}
const ROOMY = 256;
function grantedKeepAlive({ limits }, { protocolVersion, keepAlive }) {
  const longest = Math.floor(limits.keepAlive / 1e3);
  if (protocolVersion < 5 || longest >= MAX_KEEP_ALIVE) return keepAlive;
  return keepAlive === 0 ? longest : Math.min(keepAlive, longest);
}
function responseInformation(template, clientId) {
  return /[+#]/.test(clientId) ? void 0 : template?.replaceAll("%c", clientId);
}
function requestedExpiry(packet) {
  if (packet.protocolVersion < 5) return packet.cleanStart ? 0 : Number.POSITIVE_INFINITY;
  return expiryMs(packet.properties.sessionExpiryInterval ?? 0);
}
export {
  admit
};
//# sourceMappingURL=admit.js.map
