import { topicNameFault } from "../../core/topic.js";
import { ReasonCode, Refusal } from "../reason-codes.js";
import { readProperties } from "./properties.js";
const NO_PROPERTIES = {};
const Flag = {
  reserved: 1,
  cleanStart: 2,
  will: 4,
  willRetain: 32,
  password: 64,
  username: 128
};
const WILL_QOS_SHIFT = 3;
function readProtocol(reader) {
  const name = reader.binary().toString("latin1");
  const level = reader.byte();
  const isBridge = level === 131 || level === 132;
  const version = isBridge ? level - 128 : level;
  const isKnown = name === "MQTT" && (version === 4 || version === 5) || name === "MQIsdp" && version === 3;
  return { version: isKnown ? version : version > 4 ? 5 : 4, isKnown, isBridge };
}
function readConnect(reader, { version, isKnown, isBridge }) {
  if (reader.fault !== void 0) return reader.fault;
  if (!isKnown) {
    return new Refusal(ReasonCode.unsupportedProtocolVersion, "the protocol version is not 3.1, 3.1.1 or 5.0");
  }
  const flags = reader.byte();
  checkFlags(reader, flags, version);
  const keepAlive = reader.uint16();
  const properties = version === 5 ? readProperties(reader, "connect") : void 0;
  const clientId = reader.string();
  const will = (flags & Flag.will) === 0 ? void 0 : readWill(reader, flags, version);
  const username = (flags & Flag.username) === 0 ? void 0 : reader.string();
  const password = (flags & Flag.password) === 0 ? void 0 : reader.binary();
  reader.expectEnd();
  if (reader.fault !== void 0) return reader.fault;
  return {
    type: "connect",
    protocolVersion: version,
    isBridge,
    clientId,
    cleanStart: (flags & Flag.cleanStart) !== 0,
    keepAlive,
    will,
    username,
    password,
    properties: properties ?? NO_PROPERTIES
  };
}
function checkFlags(reader, flags, version) {
  const has = (flag) => (flags & flag) !== 0;
  if (has(Flag.reserved) && version > 3) reader.refuse(ReasonCode.malformedPacket, "the reserved Connect Flag is set");
  const willQos = flags >> WILL_QOS_SHIFT & 3;
  if (willQos === 3) reader.refuse(ReasonCode.malformedPacket, "Will QoS 3");
  if (!has(Flag.will) && (willQos > 0 || has(Flag.willRetain))) {
    reader.refuse(ReasonCode.malformedPacket, "Will QoS or Will Retain without a Will");
  }
  if (has(Flag.password) && !has(Flag.username) && version < 5) {
    reader.refuse(ReasonCode.malformedPacket, "a password without a user name");
  }
}
function readWill(reader, flags, version) {
  const properties = version === 5 ? readProperties(reader, "will") : void 0;
  const topic = reader.string();
  const payload = reader.binary();
  if (reader.fault === void 0 && topicNameFault(topic) !== void 0) {
    reader.refuse(ReasonCode.topicNameInvalid, "the Will Topic is empty or contains a wildcard");
  }
  const correlationData = properties?.correlationData;
  return {
    topic,
    payload: Buffer.from(payload),
    qos: flags >> WILL_QOS_SHIFT & 3,
    retain: (flags & Flag.willRetain) !== 0,
    // Kept as long as the connection, so no view of CONNECT, which may hold a password.
    properties: {
      ...properties,
      ...correlationData !== void 0 && { correlationData: Buffer.from(correlationData) }
    }
  };
}
export {
  readConnect,
  readProtocol
};
//# sourceMappingURL=decode-connect.js.map
