function createMessage(init) {
  return {
    topic: init.topic,
    payload: typeof init.payload === "string" ? Buffer.from(init.payload) : init.payload,
    qos: init.qos ?? 0,
    retain: init.retain ?? false,
    properties: init.properties,
    origin: init.origin,
    receivedAt: init.receivedAt,
    expiresAt: init.expiresAt ?? Number.POSITIVE_INFINITY
  };
}
export {
  createMessage
};
//# sourceMappingURL=message.js.map
