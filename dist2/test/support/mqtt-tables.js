const ACKS = ["PUBACK", "PUBREC", "PUBREL", "PUBCOMP"];
const MESSAGE = { client: ["PUBLISH", "WILL"], server: ["PUBLISH"] };
const CONNACK = { client: [], server: ["CONNACK"] };
const rules = [
  { id: 1, name: "payloadFormatIndicator", kind: "byte", ...MESSAGE, isFlag: true },
  { id: 2, name: "messageExpiryInterval", kind: "uint32", ...MESSAGE },
  { id: 3, name: "contentType", kind: "string", ...MESSAGE },
  { id: 8, name: "responseTopic", kind: "string", ...MESSAGE },
  { id: 9, name: "correlationData", kind: "binary", ...MESSAGE },
  {
    id: 11,
    name: "subscriptionIdentifier",
    kind: "variable",
    client: ["SUBSCRIBE"],
    server: ["PUBLISH"],
    isPositive: true
  },
  { id: 17, name: "sessionExpiryInterval", kind: "uint32", client: ["CONNECT", "DISCONNECT"], server: ["CONNACK"] },
  { id: 18, name: "assignedClientIdentifier", kind: "string", ...CONNACK },
  { id: 19, name: "serverKeepAlive", kind: "uint16", ...CONNACK },
  {
    id: 21,
    name: "authenticationMethod",
    kind: "string",
    client: ["CONNECT", "AUTH"],
    server: ["CONNACK", "AUTH"]
  },
  { id: 22, name: "authenticationData", kind: "binary", client: ["CONNECT", "AUTH"], server: ["CONNACK", "AUTH"] },
  { id: 23, name: "requestProblemInformation", kind: "byte", client: ["CONNECT"], server: [], isFlag: true },
  { id: 24, name: "willDelayInterval", kind: "uint32", client: ["WILL"], server: [] },
  { id: 25, name: "requestResponseInformation", kind: "byte", client: ["CONNECT"], server: [], isFlag: true },
  { id: 26, name: "responseInformation", kind: "string", ...CONNACK },
  { id: 28, name: "serverReference", kind: "string", client: [], server: ["CONNACK", "DISCONNECT"] },
  {
    id: 31,
    name: "reasonString",
    kind: "string",
    client: [...ACKS, "DISCONNECT", "AUTH"],
    server: ["CONNACK", ...ACKS, "SUBACK", "UNSUBACK", "DISCONNECT", "AUTH"]
  },
  {
    id: 33,
    name: "receiveMaximum",
    kind: "uint16",
    client: ["CONNECT"],
    server: ["CONNACK"],
    isPositive: true
  },
  { id: 34, name: "topicAliasMaximum", kind: "uint16", client: ["CONNECT"], server: ["CONNACK"] },
  { id: 35, name: "topicAlias", kind: "uint16", client: ["PUBLISH"], server: ["PUBLISH"], isPositive: true },
  { id: 36, name: "maximumQoS", kind: "byte", ...CONNACK, isFlag: true },
  { id: 37, name: "retainAvailable", kind: "byte", ...CONNACK, isFlag: true },
  {
    id: 38,
    name: "userProperty",
    kind: "pair",
    client: ["CONNECT", "WILL", "PUBLISH", ...ACKS, "SUBSCRIBE", "UNSUBSCRIBE", "DISCONNECT", "AUTH"],
    server: ["CONNACK", "PUBLISH", ...ACKS, "SUBACK", "UNSUBACK", "DISCONNECT", "AUTH"]
  },
  {
    id: 39,
    name: "maximumPacketSize",
    kind: "uint32",
    client: ["CONNECT"],
    server: ["CONNACK"],
    isPositive: true
  },
  { id: 40, name: "wildcardSubscriptionAvailable", kind: "byte", ...CONNACK, isFlag: true },
  { id: 41, name: "subscriptionIdentifiersAvailable", kind: "byte", ...CONNACK, isFlag: true },
  { id: 42, name: "sharedSubscriptionAvailable", kind: "byte", ...CONNACK, isFlag: true }
];
const propertyRules = Array.from(
  { length: 256 },
  (_, id) => rules.find((rule) => rule.id === id)
);
const packetNames = [
  "RESERVED",
  "CONNECT",
  "CONNACK",
  "PUBLISH",
  "PUBACK",
  "PUBREC",
  "PUBREL",
  "PUBCOMP",
  "SUBSCRIBE",
  "SUBACK",
  "UNSUBSCRIBE",
  "UNSUBACK",
  "PINGREQ",
  "PINGRESP",
  "DISCONNECT",
  "AUTH"
];
const PUBLISH_CODES = [0, 16, 128, 131, 135, 144, 145, 151, 153];
const serverCodes = {
  CONNACK: [
    0,
    128,
    129,
    130,
    131,
    132,
    133,
    134,
    135,
    136,
    137,
    138,
    140,
    144,
    149,
    151,
    153,
    154,
    155,
    156,
    157,
    159
  ],
  PUBACK: PUBLISH_CODES,
  PUBREC: PUBLISH_CODES,
  PUBREL: [0, 146],
  PUBCOMP: [0, 146],
  SUBACK: [0, 1, 2, 128, 131, 135, 143, 145, 151, 158, 161, 162],
  UNSUBACK: [0, 17, 128, 131, 135, 143, 145],
  DISCONNECT: [
    0,
    128,
    129,
    130,
    131,
    135,
    137,
    139,
    141,
    142,
    143,
    144,
    147,
    148,
    149,
    150,
    151,
    152,
    153,
    154,
    155,
    156,
    157,
    158,
    159,
    160,
    161,
    162
  ],
  AUTH: [0, 24]
};
const clientCodes = {
  PUBACK: PUBLISH_CODES,
  PUBREC: PUBLISH_CODES,
  PUBREL: [0, 146],
  PUBCOMP: [0, 146],
  DISCONNECT: [0, 4, 128, 129, 130, 131, 144, 147, 148, 149, 150, 151, 152, 153],
  AUTH: [24, 25]
};
export {
  clientCodes,
  packetNames,
  propertyRules,
  serverCodes
};
//# sourceMappingURL=mqtt-tables.js.map
