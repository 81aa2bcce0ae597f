import { createMessage } from "../core/message.js";
const LARGE = 64 * 1024;
function messageOf(packet, topic, origin, now) {
  return createMessage({
    topic,
    payload: owned(packet.payload),
    origin,
    receivedAt: now,
    qos: packet.qos,
    retain: packet.retain,
    properties: publishProperties(packet.properties),
    expiresAt: expiryTime(packet.properties, now)
  });
}
function owned(payload) {
  const isAlmostAlone = payload.length >= LARGE && payload.length * 2 > payload.buffer.byteLength;
  return isAlmostAlone ? payload : Buffer.from(payload);
}
function messageBytes({ topic, payload, properties }) {
  let bytes = topic.length + payload.length;
  if (properties === void 0) return bytes;
  const { responseTopic, contentType, correlationData, userProperties = [] } = properties;
  bytes += (responseTopic?.length ?? 0) + (contentType?.length ?? 0) + (correlationData?.length ?? 0);
  for (const [name, value] of userProperties) bytes += name.length + value.length;
  return bytes;
}
function expiryTime(properties, now) {
  const seconds = properties?.messageExpiryInterval;
  return seconds === void 0 ? Number.POSITIVE_INFINITY : now + seconds * 1e3;
}
function publishProperties(properties) {
  if (properties === void 0) return void 0;
  const { payloadFormatIndicator, responseTopic, correlationData, userProperties, contentType } = properties;
  if (payloadFormatIndicator === void 0 && responseTopic === void 0 && correlationData === void 0 && userProperties === void 0 && contentType === void 0) {
    return void 0;
  }
  return {
    ...payloadFormatIndicator !== void 0 && { payloadFormatIndicator },
    ...responseTopic !== void 0 && { responseTopic },
    ...correlationData !== void 0 && { correlationData: Buffer.from(correlationData) },
    ...userProperties !== void 0 && { userProperties },
    ...contentType !== void 0 && { contentType }
  };
}
export {
  expiryTime,
  messageBytes,
  messageOf,
  publishProperties
};
//# sourceMappingURL=application-message.js.map
