import { generate, parser } from "mqtt-packet";
import t from "tap";
import { createMessage } from "../../../../src/core/message.js";
import { fromMqttProperties, publishBytes, toMqttProperties } from "../../../../src/links/kinds/mqtt-properties.js";
const full = {
  payloadFormatIndicator: true,
  contentType: "text/plain",
  responseTopic: "answers/\xFC",
  correlationData: Buffer.from([0, 1, 2]),
  userProperties: [
    ["b", "1"],
    ["__proto__", "2"],
    ["b", "3"]
  ]
};
const packetOf = (topic, payload, qos, properties) => generate({ cmd: "publish", topic, payload, qos, messageId: 7, dup: false, retain: false, properties }, {
  protocolVersion: 5
});
t.test("properties survive the codec; repeated user properties and odd names too", async (t2) => {
  let back;
  let expiry;
  const theirs = parser({ protocolVersion: 5 });
  theirs.on("packet", (packet) => {
    if (packet.cmd !== "publish") return;
    back = fromMqttProperties(packet.properties);
    expiry = packet.properties?.messageExpiryInterval;
  });
  theirs.parse(packetOf("a", Buffer.from("x"), 1, toMqttProperties(full, 30)));
  t2.equal(expiry, 30);
  t2.match(back, { ...full, userProperties: [] });
  t2.strictSame(back?.userProperties?.toSorted(), [...full.userProperties ?? []].toSorted());
  t2.equal(fromMqttProperties(void 0), void 0);
  t2.equal(
    fromMqttProperties({ topicAlias: 3, subscriptionIdentifier: 9 }),
    void 0,
    "those of a connection stay there"
  );
});
t.test("user properties are written in their order [MQTT 5.0 \xA73.3.2.3.7]", async (t2) => {
  const bytes = packetOf("a", Buffer.from("x"), 1, toMqttProperties(full, void 0)).toString("latin1");
  const at = ["b\01", "__proto__\02", "b\03"].map((text) => bytes.indexOf(text));
  t2.ok(at[0] > 0 && at[0] < at[1] && at[1] < at[2], `${at}`);
});
t.test("the size of a packet is exact", async (t2) => {
  for (const payloadBytes of [0, 1, 100, 127, 128, 16383, 16384, 7e4]) {
    for (const qos of [0, 1]) {
      for (const properties of [void 0, full, { contentType: "x".repeat(200) }]) {
        for (const expiresAt of [Number.POSITIVE_INFINITY, 1e3]) {
          const payload = Buffer.alloc(payloadBytes, 1);
          const source2 = createMessage({
            topic: "plants/\xFC",
            payload,
            origin: "client:x",
            receivedAt: 0,
            qos,
            properties
          });
          const theirs = toMqttProperties(properties, Number.isFinite(expiresAt) ? 1 : void 0);
          const expected = packetOf(source2.topic, payload, qos, theirs).length;
          const bytes = publishBytes({ ...source2, expiresAt, queuedAt: 0, source: source2 }, 5);
          if (bytes !== expected) t2.fail(`${payloadBytes} bytes, QoS ${qos}: ${bytes}, expected ${expected}`);
        }
      }
    }
  }
  const source = createMessage({
    topic: "a/b",
    payload: "xyz",
    origin: "client:x",
    receivedAt: 0,
    qos: 1,
    properties: full
  });
  t2.equal(publishBytes({ ...source, queuedAt: 0, source }, 4), 2 + 5 + 2 + 3, "protocol 4 has no properties");
});
//# sourceMappingURL=mqtt-properties.test.js.map
