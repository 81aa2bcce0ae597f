import { topicNameFault } from "../../core/topic.js";
import { ReasonCode } from "../reason-codes.js";
const PropertyIdentifier = {
  payloadFormatIndicator: 1,
  messageExpiryInterval: 2,
  contentType: 3,
  responseTopic: 8,
  correlationData: 9,
  subscriptionIdentifier: 11,
  sessionExpiryInterval: 17,
  assignedClientIdentifier: 18,
  serverKeepAlive: 19,
  authenticationMethod: 21,
  authenticationData: 22,
  requestProblemInformation: 23,
  willDelayInterval: 24,
  requestResponseInformation: 25,
  responseInformation: 26,
  serverReference: 28,
  reasonString: 31,
  receiveMaximum: 33,
  topicAliasMaximum: 34,
  topicAlias: 35,
  userProperty: 38,
  maximumPacketSize: 39,
  wildcardSubscriptionAvailable: 40,
  subscriptionIdentifiersAvailable: 41,
  sharedSubscriptionAvailable: 42
};
const P = PropertyIdentifier;
const rules = table([
  [P.payloadFormatIndicator, { name: "payloadFormatIndicator", kind: "flag", places: ["publish", "will"] }],
  [P.messageExpiryInterval, { name: "messageExpiryInterval", kind: "uint32", places: ["publish", "will"] }],
  [P.contentType, { name: "contentType", kind: "string", places: ["publish", "will"] }],
  [P.responseTopic, { name: "responseTopic", kind: "string", places: ["publish", "will"] }],
  [P.correlationData, { name: "correlationData", kind: "binary", places: ["publish", "will"] }],
  [
    P.subscriptionIdentifier,
    { name: "subscriptionIdentifier", kind: "variable", places: ["subscribe"], positive: true }
  ],
  [P.sessionExpiryInterval, { name: "sessionExpiryInterval", kind: "uint32", places: ["connect", "disconnect"] }],
  [P.authenticationMethod, { name: "authenticationMethod", kind: "string", places: ["connect", "auth"] }],
  [P.authenticationData, { name: "authenticationData", kind: "binary", places: ["connect", "auth"] }],
  [P.requestProblemInformation, { name: "requestProblemInformation", kind: "flag", places: ["connect"] }],
  [P.willDelayInterval, { name: "willDelayInterval", kind: "uint32", places: ["will"] }],
  [P.requestResponseInformation, { name: "requestResponseInformation", kind: "flag", places: ["connect"] }],
  [P.reasonString, { name: "reasonString", kind: "string", places: ["acknowledgement", "disconnect", "auth"] }],
  [P.receiveMaximum, { name: "receiveMaximum", kind: "uint16", places: ["connect"], positive: true }],
  [P.topicAliasMaximum, { name: "topicAliasMaximum", kind: "uint16", places: ["connect"] }],
  [P.topicAlias, { name: "topicAlias", kind: "uint16", places: ["publish"] }],
  [
    P.userProperty,
    {
      name: "userProperties",
      kind: "pair",
      places: ["connect", "will", "publish", "acknowledgement", "subscribe", "unsubscribe", "disconnect", "auth"]
    }
  ],
  [P.maximumPacketSize, { name: "maximumPacketSize", kind: "uint32", places: ["connect"], positive: true }]
]);
function table(entries) {
  const result = new Array(64).fill(void 0);
  for (const [identifier, rule] of entries) result[identifier] = rule;
  return result;
}
function readProperties(reader, place) {
  const length = reader.variableByteInteger();
  if (length === 0) return void 0;
  if (length > reader.remaining) {
    reader.refuse(ReasonCode.malformedPacket, "the Property Length exceeds the packet");
    return void 0;
  }
  const stop = reader.remaining - length;
  const properties = {};
  while (reader.remaining > stop) {
    const identifier = reader.byte();
    const rule = rules[identifier];
    if (rule === void 0 || !rule.places.includes(place)) {
      if (identifier === P.subscriptionIdentifier && place === "publish") {
        reader.refuse(ReasonCode.protocolError, "a client gives no Subscription Identifier in PUBLISH [MQTT-3.3.4-6]");
      }
      reader.refuse(ReasonCode.malformedPacket, "a property is unknown or not allowed in this packet");
      return void 0;
    }
    readProperty(reader, rule, properties);
  }
  if (reader.remaining < stop && reader.fault === void 0) {
    reader.refuse(ReasonCode.malformedPacket, "a property exceeds the Property Length");
  }
  const { responseTopic } = properties;
  if (responseTopic !== void 0 && topicNameFault(responseTopic) !== void 0) {
    reader.refuse(ReasonCode.protocolError, "the Response Topic is not a Topic Name");
  }
  return reader.fault === void 0 ? properties : void 0;
}
function readProperty(reader, rule, properties) {
  if (rule.kind === "pair") {
    const pair = [reader.string(), reader.string()];
    properties.userProperties ??= [];
    properties.userProperties.push(pair);
    return;
  }
  if (properties[rule.name] !== void 0) {
    reader.refuse(ReasonCode.protocolError, "a property is given twice");
    return;
  }
  const value = readValue(reader, rule.kind);
  if (rule.positive && value === 0) reader.refuse(ReasonCode.protocolError, "a property is zero that must not be");
  properties[rule.name] = value;
}
function readValue(reader, kind) {
  switch (kind) {
    case "flag": {
      const value = reader.byte();
      if (value > 1) reader.refuse(ReasonCode.protocolError, "a property is neither 0 nor 1");
      return value === 1;
    }
    case "uint16":
      return reader.uint16();
    case "uint32":
      return reader.uint32();
    case "variable":
      return reader.variableByteInteger();
    case "string":
      return reader.string();
    case "binary":
      return reader.binary();
  }
}
export {
  PropertyIdentifier,
  readProperties
};
//# sourceMappingURL=properties.js.map
