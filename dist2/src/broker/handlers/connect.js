import { ReasonCode, Refusal } from "../reason-codes.js";
import { hasPayloadFault, topicRefusal } from "../topic-rules.js";
import { admit } from "./admit.js";
import { EnhancedAuthentication } from "./auth.js";
function handleConnect(client, packet) {
  const { broker } = client;
  if (client.ticket.refusal !== void 0) {
    client.refuse(client.ticket.refusal);
    return void 0;
  }
  if (broker.config.moved) {
    client.refuse(new Refusal(ReasonCode.serverMoved, "the clients of this broker belong to another server"));
    return void 0;
  }
  const refusal = connectRefusal(broker, packet);
  if (refusal !== void 0) return refusal;
  const clientId = packet.clientId === "" ? assignedClientIdentifier(broker.random) : packet.clientId;
  const { protocolVersion, username, password } = packet;
  const credentials = { peer: client.peer, clientId, protocolVersion, username, password };
  const method = packet.properties.authenticationMethod;
  if (method !== void 0) return exchange(client, packet, credentials, method);
  const identity = broker.access.authenticate(credentials);
  if (!(identity instanceof Promise)) return admit(client, packet, clientId, identity);
  const rest = withoutSecrets(packet);
  return identity.then((known) => admit(client, rest, clientId, known));
}
function exchange(client, packet, credentials, method) {
  const exchange2 = client.broker.access.exchange(method, credentials);
  if (exchange2 instanceof Refusal) return exchange2;
  const rest = withoutSecrets(packet);
  const authentication = new EnhancedAuthentication(
    client,
    method,
    credentials,
    ({ identity, data }) => admit(client, rest, credentials.clientId, identity, {
      authenticationMethod: method,
      ...data !== void 0 && { authenticationData: data }
    })
  );
  client.authentication = authentication;
  return authentication.start(exchange2, packet.properties.authenticationData);
}
function withoutSecrets(packet) {
  const { authenticationData: _, ...properties } = packet.properties;
  return { ...packet, password: void 0, properties };
}
function connectRefusal(broker, packet) {
  const { will, properties, protocolVersion } = packet;
  if (properties.authenticationData !== void 0 && properties.authenticationMethod === void 0) {
    return new Refusal(ReasonCode.protocolError, "Authentication Data without an Authentication Method");
  }
  if (packet.clientId === "" && (protocolVersion === 3 || protocolVersion === 4 && !packet.cleanStart)) {
    return new Refusal(ReasonCode.clientIdentifierNotValid, "an empty Client Identifier needs a clean session");
  }
  if (will === void 0) return void 0;
  if (topicRefusal(will.topic) !== void 0) {
    return new Refusal(ReasonCode.topicNameInvalid, "the Will Topic is not open to clients");
  }
  if (broker.config.payloadFormatCheck && hasPayloadFault(will.properties, will.payload)) {
    return new Refusal(ReasonCode.payloadFormatInvalid, "the Will Payload is not the UTF-8 it is said to be");
  }
  return void 0;
}
function assignedClientIdentifier(random) {
  let text = "hpmq-";
  for (let i = 0; i < 16; i++) text += Math.floor(random() * 36).toString(36);
  return text;
}
export {
  handleConnect
};
//# sourceMappingURL=connect.js.map
