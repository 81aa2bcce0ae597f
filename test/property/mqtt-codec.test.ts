/** The codec, whatever the bytes: mqtt-packet writes what ours reads, and reads what ours writes. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { generate, type IPublishPacket, type Packet as ParsedPacket, parser } from 'mqtt-packet';
import t from 'tap';
import { Codec } from '../../src/broker/codec.js';
import { encodePublish } from '../../src/broker/encode-publish.js';
import { Refusal } from '../../src/broker/reason-codes.js';
import { createMessage, type PublishProperties, type QoS } from '../../src/core/message.js';
import type { ClientPacket } from '../../src/core/mqtt/packets.js';
import { topicNameFault } from '../../src/core/topic.js';

const LIMIT = 300_000;
const qos = fc.constantFrom<QoS>(0, 1, 2);
const version = fc.constantFrom<4 | 5>(4, 5);
const text = fc.string({ unit: 'binary', maxLength: 12 }).filter((s) => s.isWellFormed() && !s.includes('\0'));
const topic = fc
  .oneof(text, fc.string({ minLength: 1, maxLength: 300 }))
  .filter((s) => topicNameFault(s) === undefined);
const payload = fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ minLength: 100, maxLength: 40_000 }));
const properties: fc.Arbitrary<PublishProperties> = fc.record(
  {
    payloadFormatIndicator: fc.boolean(),
    responseTopic: topic,
    correlationData: fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
    userProperties: fc.array(fc.tuple(fc.oneof(text, fc.constantFrom('__proto__', '1', '')), text), {
      minLength: 1,
      maxLength: 6,
    }),
    contentType: text,
  },
  { requiredKeys: [] },
);

/** Everything a client may send after CONNECT, as bytes. */
const clientFrame = (version: 4 | 5): fc.Arbitrary<Buffer> => {
  const id = fc.integer({ min: 1, max: 0xffff });
  const packet: fc.Arbitrary<ParsedPacket> = fc.oneof(
    fc.record({ topic, payload, qos, retain: fc.boolean(), id }).map(
      ({ topic, payload, qos, retain, id }): IPublishPacket => ({
        cmd: 'publish',
        topic,
        payload: Buffer.from(payload),
        qos,
        retain,
        dup: false,
        ...(qos > 0 && { messageId: id }),
      }),
    ),
    fc
      .tuple(fc.constantFrom('puback', 'pubrec', 'pubrel', 'pubcomp'), id)
      .map(([cmd, messageId]) => ({ cmd, messageId, reasonCode: 0 }) as ParsedPacket),
    fc
      .tuple(id, topic, qos)
      .map(
        ([messageId, topic, qos]): ParsedPacket => ({ cmd: 'subscribe', messageId, subscriptions: [{ topic, qos }] }),
      ),
    fc
      .tuple(id, topic)
      .map(([messageId, topic]): ParsedPacket => ({ cmd: 'unsubscribe', messageId, unsubscriptions: [topic] })),
    fc.constant<ParsedPacket>({ cmd: 'pingreq' }),
  );
  return packet.map((packet) => generate(packet, { protocolVersion: version }));
};

function connectFrame(protocolVersion: 4 | 5): Buffer {
  return generate({ cmd: 'connect', protocolVersion, clientId: 'c', clean: true, keepalive: 10 });
}

/** Feeds a stream in these pieces; payloads are copied as the broker does. */
function read(chunks: readonly Buffer[]): { packets: ClientPacket[]; refusal: Refusal | undefined } {
  const codec = new Codec(LIMIT);
  const packets: ClientPacket[] = [];
  for (const chunk of chunks) {
    const refusal = codec.feed(Buffer.from(chunk), (packet) => {
      packets.push(packet.type === 'publish' ? { ...packet, payload: Buffer.from(packet.payload) } : packet);
      return 'next';
    });
    if (refusal !== undefined) return { packets, refusal };
  }
  return { packets, refusal: undefined };
}

function split(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end));
}

t.test('any split of the byte stream gives the same packets', async (t) => {
  fc.assert(
    fc.property(
      version.chain((v) => fc.tuple(fc.constant(v), fc.array(clientFrame(v), { maxLength: 6 }))),
      fc.array(fc.nat(), { maxLength: 12 }),
      fc.boolean(),
      ([version, frames], cuts, isByByte) => {
        const stream = Buffer.concat([connectFrame(version), ...frames]);
        const whole = read([stream]);
        assert.equal(whole.refusal, undefined, `${whole.refusal?.reason} ${stream.toString('hex').slice(0, 200)}`);
        assert.equal(whole.packets.length, frames.length + 1);
        const pieces = isByByte && stream.length < 2_000 ? split(stream, [...stream.keys()]) : split(stream, cuts);
        assert.deepEqual(read(pieces), whole);
      },
    ),
    { numRuns: 300 },
  );
  t.pass('300 streams');
});

t.test('random and mutated bytes give packets or a refusal, never an exception', async (t) => {
  let refused = 0;
  fc.assert(
    fc.property(
      version.chain((v) => fc.tuple(fc.constant(v), fc.array(clientFrame(v), { maxLength: 3 }))),
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 8 }),
      fc.uint8Array({ maxLength: 60 }),
      fc.boolean(),
      ([version, frames], mutations, garbage, keepsConnect) => {
        const connect = connectFrame(version);
        const stream = Buffer.concat([connect, ...frames, Buffer.from(garbage)]);
        const start = keepsConnect ? connect.length : 0;
        for (const [at, byte] of mutations)
          if (stream.length > start) stream[start + (at % (stream.length - start))] = byte;
        const { refusal } = read([stream]);
        if (refusal !== undefined) refused++;
        return refusal === undefined || (refusal instanceof Refusal && refusal.reasonCode >= 0x80);
      },
    ),
    { numRuns: 2_000 },
  );
  t.ok(refused > 500, 'the streams were broken enough to be refused');
});

t.test('a PUBLISH of ours is read back by mqtt-packet and by our own codec', async (t) => {
  fc.assert(
    fc.property(
      fc.record({
        version,
        topic,
        payload,
        qos,
        retain: fc.boolean(),
        properties,
        expiry: fc.option(fc.integer({ min: 1, max: 100_000 })),
        wantedAlias: fc.oneof(fc.constant(0), fc.integer({ min: -0xffff, max: 0xffff })),
      }),
      fc.array(fc.integer({ min: 1, max: 268_435_455 }), { maxLength: 3 }),
      (input, identifiers) => {
        const { version, topic, qos, retain, properties } = input;
        const message = createMessage({
          topic,
          payload: Buffer.from(input.payload),
          origin: 'client:a',
          receivedAt: 0,
          properties: Object.keys(properties).length > 0 ? properties : undefined,
          expiresAt: input.expiry === null ? Number.POSITIVE_INFINITY : input.expiry * 1_000,
        });
        const alias = version === 5 ? input.wantedAlias : 0;
        const { bytes, identifierAt } = encodePublish(message, version, {
          qos,
          retain,
          dup: false,
          identifiers,
          now: 0,
          alias,
        });
        if (qos > 0) bytes.writeUInt16BE(7, identifierAt);

        let theirs: ParsedPacket | undefined;
        const parse = parser({ protocolVersion: version });
        parse.on('packet', (packet) => {
          theirs = packet;
        });
        parse.on('error', (error: Error) => assert.fail(error));
        assert.equal(parse.parse(bytes), 0, 'nothing left over');
        const packet = theirs as unknown as IPublishPacket;
        assert.equal(packet.topic, alias < 0 ? '' : topic);
        assert.deepEqual(packet.payload, message.payload);
        assert.deepEqual([packet.qos, packet.retain, packet.messageId], [qos, retain, qos > 0 ? 7 : undefined]);
        if (version < 5) return;
        assert.equal(packet.properties?.messageExpiryInterval, input.expiry ?? undefined);
        assert.equal(packet.properties?.topicAlias, alias === 0 ? undefined : Math.abs(alias));
        assert.deepEqual([packet.properties?.subscriptionIdentifier ?? []].flat(), identifiers);
        assert.deepEqual(packet.properties?.correlationData, properties.correlationData);
        if (identifiers.length > 0) return;
        const ours = read([connectFrame(5), bytes]).packets[1];
        if (ours?.type !== 'publish') throw new Error('our codec refused it');
        assert.deepEqual(
          ours.properties?.userProperties,
          properties.userProperties,
          'user properties keep their order',
        );
        assert.equal(ours.properties?.contentType, properties.contentType);
        assert.equal(ours.properties?.responseTopic, properties.responseTopic);
        assert.equal(ours.properties?.payloadFormatIndicator, properties.payloadFormatIndicator);
      },
    ),
    { numRuns: 500 },
  );
  t.pass('500 messages');
});
