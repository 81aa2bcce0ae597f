import assert from "node:assert/strict";
import fc from "fast-check";
import { generate, parser } from "mqtt-packet";
import t from "tap";
import { Codec } from "../../src/broker/codec.js";
import { Refusal } from "../../src/broker/reason-codes.js";
import { encodePublish } from "../../src/broker/wire/encode-publish.js";
import { createMessage } from "../../src/core/message.js";
import { topicNameFault } from "../../src/core/topic.js";
const LIMIT = 3e5;
const qos = fc.constantFrom(0, 1, 2);
const version = fc.constantFrom(4, 5);
const text = fc.string({ unit: "binary", maxLength: 12 }).filter((s) => s.isWellFormed() && !s.includes("\0"));
const topic = fc.oneof(text, fc.string({ minLength: 1, maxLength: 300 })).filter((s) => topicNameFault(s) === void 0);
const payload = fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ minLength: 100, maxLength: 4e4 }));
const properties = fc.record(
  {
    payloadFormatIndicator: fc.boolean(),
    responseTopic: topic,
    correlationData: fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
    userProperties: fc.array(fc.tuple(fc.oneof(text, fc.constantFrom("__proto__", "1", "")), text), {
      minLength: 1,
      maxLength: 6
    }),
    contentType: text
  },
  { requiredKeys: [] }
);
const clientFrame = (version2) => {
  const id = fc.integer({ min: 1, max: 65535 });
  const packet = fc.oneof(
    fc.record({ topic, payload, qos, retain: fc.boolean(), id }).map(
      ({ topic: topic2, payload: payload2, qos: qos2, retain, id: id2 }) => ({
        cmd: "publish",
        topic: topic2,
        payload: Buffer.from(payload2),
        qos: qos2,
        retain,
        dup: false,
        ...qos2 > 0 && { messageId: id2 }
      })
    ),
    fc.tuple(fc.constantFrom("puback", "pubrec", "pubrel", "pubcomp"), id).map(([cmd, messageId]) => ({ cmd, messageId, reasonCode: 0 })),
    fc.tuple(id, topic, qos).map(
      ([messageId, topic2, qos2]) => ({ cmd: "subscribe", messageId, subscriptions: [{ topic: topic2, qos: qos2 }] })
    ),
    fc.tuple(id, topic).map(([messageId, topic2]) => ({ cmd: "unsubscribe", messageId, unsubscriptions: [topic2] })),
    fc.constant({ cmd: "pingreq" })
  );
  return packet.map((packet2) => generate(packet2, { protocolVersion: version2 }));
};
function connectFrame(protocolVersion) {
  return generate({ cmd: "connect", protocolVersion, clientId: "c", clean: true, keepalive: 10 });
}
function read(chunks) {
  const codec = new Codec(LIMIT);
  const packets = [];
  for (const chunk of chunks) {
    const refusal = codec.feed(Buffer.from(chunk), (packet) => {
      packets.push(packet.type === "publish" ? { ...packet, payload: Buffer.from(packet.payload) } : packet);
      return "next";
    });
    if (refusal !== void 0) return { packets, refusal };
  }
  return { packets, refusal: void 0 };
}
function split(bytes, cuts) {
  const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end));
}
t.test("any split of the byte stream gives the same packets", async (t2) => {
  fc.assert(
    fc.property(
      version.chain((v) => fc.tuple(fc.constant(v), fc.array(clientFrame(v), { maxLength: 6 }))),
      fc.array(fc.nat(), { maxLength: 12 }),
      fc.boolean(),
      ([version2, frames], cuts, isByByte) => {
        const stream = Buffer.concat([connectFrame(version2), ...frames]);
        const whole = read([stream]);
        assert.equal(whole.refusal, void 0, `${whole.refusal?.reason} ${stream.toString("hex").slice(0, 200)}`);
        assert.equal(whole.packets.length, frames.length + 1);
        const pieces = isByByte && stream.length < 2e3 ? split(stream, [...stream.keys()]) : split(stream, cuts);
        assert.deepEqual(read(pieces), whole);
      }
    ),
    { numRuns: 300 }
  );
  t2.pass("300 streams");
});
t.test("random and mutated bytes give packets or a refusal, never an exception", async (t2) => {
  let refused = 0;
  fc.assert(
    fc.property(
      version.chain((v) => fc.tuple(fc.constant(v), fc.array(clientFrame(v), { maxLength: 3 }))),
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 8 }),
      fc.uint8Array({ maxLength: 60 }),
      fc.boolean(),
      ([version2, frames], mutations, garbage, keepsConnect) => {
        const connect = connectFrame(version2);
        const stream = Buffer.concat([connect, ...frames, Buffer.from(garbage)]);
        const start = keepsConnect ? connect.length : 0;
        for (const [at, byte] of mutations)
          if (stream.length > start) stream[start + at % (stream.length - start)] = byte;
        const { refusal } = read([stream]);
        if (refusal !== void 0) refused++;
        return refusal === void 0 || refusal instanceof Refusal && refusal.reasonCode >= 128;
      }
    ),
    { numRuns: 2e3 }
  );
  t2.ok(refused > 500, "the streams were broken enough to be refused");
});
t.test("a PUBLISH of ours is read back by mqtt-packet and by our own codec", async (t2) => {
  fc.assert(
    fc.property(
      fc.record({
        version,
        topic,
        payload,
        qos,
        retain: fc.boolean(),
        properties,
        expiry: fc.option(fc.integer({ min: 1, max: 1e5 })),
        wantedAlias: fc.oneof(fc.constant(0), fc.integer({ min: -65535, max: 65535 }))
      }),
      fc.array(fc.integer({ min: 1, max: 268435455 }), { maxLength: 3 }),
      (input, identifiers) => {
        const { version: version2, topic: topic2, qos: qos2, retain, properties: properties2 } = input;
        const message = createMessage({
          topic: topic2,
          payload: Buffer.from(input.payload),
          origin: "client:a",
          receivedAt: 0,
          properties: Object.keys(properties2).length > 0 ? properties2 : void 0,
          expiresAt: input.expiry === null ? Number.POSITIVE_INFINITY : input.expiry * 1e3
        });
        const alias = version2 === 5 ? input.wantedAlias : 0;
        const { bytes, identifierAt } = encodePublish(message, version2, {
          qos: qos2,
          retain,
          dup: false,
          identifiers,
          now: 0,
          alias
        });
        if (qos2 > 0) bytes.writeUInt16BE(7, identifierAt);
        let theirs;
        const parse = parser({ protocolVersion: version2 });
        parse.on("packet", (packet2) => {
          theirs = packet2;
        });
        parse.on("error", (error) => assert.fail(error));
        assert.equal(parse.parse(bytes), 0, "nothing left over");
        const packet = theirs;
        assert.equal(packet.topic, alias < 0 ? "" : topic2);
        assert.deepEqual(packet.payload, message.payload);
        assert.deepEqual([packet.qos, packet.retain, packet.messageId], [qos2, retain, qos2 > 0 ? 7 : void 0]);
        if (version2 < 5) return;
        assert.equal(packet.properties?.messageExpiryInterval, input.expiry ?? void 0);
        assert.equal(packet.properties?.topicAlias, alias === 0 ? void 0 : Math.abs(alias));
        assert.deepEqual([packet.properties?.subscriptionIdentifier ?? []].flat(), identifiers);
        assert.deepEqual(packet.properties?.correlationData, properties2.correlationData);
        if (identifiers.length > 0) return;
        const ours = read([connectFrame(5), bytes]).packets[1];
        if (ours?.type !== "publish") throw new Error("our codec refused it");
        assert.deepEqual(
          ours.properties?.userProperties,
          properties2.userProperties,
          "user properties keep their order"
        );
        assert.equal(ours.properties?.contentType, properties2.contentType);
        assert.equal(ours.properties?.responseTopic, properties2.responseTopic);
        assert.equal(ours.properties?.payloadFormatIndicator, properties2.payloadFormatIndicator);
      }
    ),
    { numRuns: 500 }
  );
  t2.pass("500 messages");
});
//# sourceMappingURL=mqtt-codec.test.js.map
