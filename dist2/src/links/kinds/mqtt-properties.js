function pair(name, value) {
  const object = /* @__PURE__ */ Object.create(null);
  object[name] = value;
  return object;
}
function toMqttProperties(ours, expirySeconds) {
  const theirs = {};
  if (expirySeconds !== void 0) theirs.messageExpiryInterval = expirySeconds;
  if (ours === void 0) return theirs;
  if (ours.payloadFormatIndicator !== void 0) theirs.payloadFormatIndicator = ours.payloadFormatIndicator;
  if (ours.contentType !== void 0) theirs.contentType = ours.contentType;
  if (ours.responseTopic !== void 0) theirs.responseTopic = ours.responseTopic;
  if (ours.correlationData !== void 0) theirs.correlationData = ours.correlationData;
  if (ours.userProperties !== void 0 && ours.userProperties.length > 0) {
    theirs.userProperties = ours.userProperties.map(([name, value]) => pair(name, value));
  }
  return theirs;
}
function fromMqttProperties(theirs) {
  if (theirs === void 0) return void 0;
  const { payloadFormatIndicator, contentType, responseTopic, correlationData, userProperties } = theirs;
  const ours = {};
  if (payloadFormatIndicator !== void 0) ours.payloadFormatIndicator = payloadFormatIndicator;
  if (contentType !== void 0) ours.contentType = contentType;
  if (responseTopic !== void 0) ours.responseTopic = responseTopic;
  if (correlationData !== void 0) ours.correlationData = Buffer.from(correlationData);
  if (userProperties !== void 0) {
    ours.userProperties = Object.entries(userProperties).flatMap(
      ([name, value]) => (Array.isArray(value) ? value : [value]).map((text) => [name, text])
    );
  }
  return Object.keys(ours).length > 0 ? ours : void 0;
}
function variableBytes(value) {
  return value < 128 ? 1 : value < 16384 ? 2 : value < 2097152 ? 3 : 4;
}
function publishBytes({ topic, payload, qos, properties, expiresAt }, version) {
  let remaining = 2 + Buffer.byteLength(topic) + (qos > 0 ? 2 : 0) + payload.length;
  if (version === 5) {
    let bytes = Number.isFinite(expiresAt) ? 5 : 0;
    if (properties?.payloadFormatIndicator !== void 0) bytes += 2;
    if (properties?.contentType !== void 0) bytes += 3 + Buffer.byteLength(properties.contentType);
    if (properties?.responseTopic !== void 0) bytes += 3 + Buffer.byteLength(properties.responseTopic);
    if (properties?.correlationData !== void 0) bytes += 3 + properties.correlationData.length;
    for (const [name, value] of properties?.userProperties ?? []) {
      bytes += 5 + Buffer.byteLength(name) + Buffer.byteLength(value);
    }
    remaining += variableBytes(bytes) + bytes;
  }
  return 1 + variableBytes(remaining) + remaining;
}
export {
  fromMqttProperties,
  publishBytes,
  toMqttProperties
};
//# sourceMappingURL=mqtt-properties.js.map
