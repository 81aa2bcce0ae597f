/** The client side of the codec, whatever the bytes: mqtt-packet writes what ours reads, and reads what ours writes. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { generate, type IConnackPacket, type Packet as ParsedPacket, parser } from 'mqtt-packet';
import t from 'tap';
import type { PublishProperties, QoS } from '../../src/core/message.js';
import type { ProtocolVersion, ServerPacket } from '../../src/core/mqtt/packets.js';
import { packetBytes, remainingLength, writePublishHead } from '../../src/core/mqtt/publish.js';
import { Refusal } from '../../src/core/mqtt/reason-codes.js';
import { topicNameFault } from '../../src/core/topic.js';
import type { Outgoing } from '../../src/links/far-side.js';
import { Frames } from '../../src/links/kinds/frames.js';

const LIMIT = 300_000;
const version = fc.constantFrom<ProtocolVersion>(4, 5);
const qos = fc.constantFrom<QoS>(0, 1, 2);
const id = fc.integer({ min: 1, max: 0xffff });
const text = fc.string({ unit: 'binary', maxLength: 12 }).filter((s) => s.isWellFormed() && !s.includes('\0'));
const topic = fc
  .oneof(text, fc.string({ minLength: 1, maxLength: 300 }))
  .filter((s) => topicNameFault(s) === undefined);
const payload = fc
  .oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ minLength: 100, maxLength: 20_000 }))
  .map((bytes) => Buffer.from(bytes));
const properties: fc.Arbitrary<PublishProperties> = fc.record(
  {
    payloadFormatIndicator: fc.boolean(),
    responseTopic: topic,
    correlationData: fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
    userProperties: fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 6 }),
    contentType: text,
  },
  { requiredKeys: [] },
);

const connackProperties = fc.record(
  {
    receiveMaximum: id,
    maximumQoS: fc.constantFrom(0, 1),
    retainAvailable: fc.boolean(),
    maximumPacketSize: fc.integer({ min: 1, max: 0xffff_ffff }),
    assignedClientIdentifier: text,
    topicAliasMaximum: fc.integer({ min: 0, max: 0xffff }),
    reasonString: text,
    serverKeepAlive: fc.integer({ min: 0, max: 0xffff }),
    serverReference: text,
    sessionExpiryInterval: fc.integer({ min: 0, max: 0xffff_ffff }),
    responseInformation: text,
    wildcardSubscriptionAvailable: fc.boolean(),
    subscriptionIdentifiersAvailable: fc.boolean(),
    sharedSubscriptionAvailable: fc.boolean(),
  },
  { requiredKeys: [] },
);

/** Everything a server may send after CONNACK. */
const serverPacket = (version: ProtocolVersion): fc.Arbitrary<ParsedPacket> => {
  const reasonCode = version === 5 ? fc.constantFrom(0, 0x10, 0x80, 0x97) : fc.constant(0);
  return fc.oneof(
    fc.record({ topic, payload, qos, retain: fc.boolean(), dup: fc.boolean(), id }).map(
      ({ id, ...rest }): ParsedPacket => ({
        cmd: 'publish',
        ...rest,
        ...(rest.qos > 0 && { messageId: id }),
      }),
    ),
    fc
      .tuple(fc.constantFrom('puback', 'pubrec', 'pubrel', 'pubcomp'), id, reasonCode)
      .map(([cmd, messageId, reasonCode]) => ({ cmd, messageId, reasonCode }) as ParsedPacket),
    fc.tuple(id, qos).map(([messageId, qos]): ParsedPacket => ({ cmd: 'suback', messageId, granted: [qos] })),
    id.map((messageId) => ({ cmd: 'unsuback', messageId, granted: version === 5 ? [0] : [] }) as ParsedPacket),
    fc.constant<ParsedPacket>({ cmd: 'pingresp' }),
  );
};

const bytesOf = (packet: ParsedPacket, protocolVersion: ProtocolVersion) => generate(packet, { protocolVersion });
const accepted = (properties: object = {}): IConnackPacket => ({
  cmd: 'connack',
  sessionPresent: false,
  reasonCode: 0,
  returnCode: 0,
  properties,
});

/** Feeds a stream in these pieces; payloads are copied as the connection does. */
function read(version: ProtocolVersion, chunks: readonly Buffer[]) {
  const packets: ServerPacket[] = [];
  let fed = 0;
  const frames = new Frames(version, LIMIT, {
    onPuback(packetIdentifier) {
      packets.push({ type: 'puback', packetIdentifier, reasonCode: 0, reasonString: undefined });
      return undefined;
    },
    onPacket(packet) {
      packets.push(packet.type === 'publish' ? { ...packet, payload: Buffer.from(packet.payload) } : packet);
      return undefined;
    },
  });
  for (const chunk of chunks) {
    fed += chunk.length;
    const refusal = frames.feed(Buffer.from(chunk));
    assert.ok(frames.heldBytes <= fed * 2 && frames.heldBytes <= LIMIT, `${frames.heldBytes} held of ${fed}`);
    if (refusal !== undefined) {
      assert.ok(refusal instanceof Refusal && refusal.reasonCode >= 0x80);
      assert.equal(frames.feed(Buffer.from([0x30])), undefined, 'nothing is taken after it');
      return { packets, refusal };
    }
  }
  return { packets, refusal: undefined };
}

function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const size = sizes.length === 0 ? bytes.length : sizes[i % sizes.length]!;
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

const sizes = fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 8 });

t.test('what a server writes is read, however it is cut', async () => {
  const streams = version.chain((version) => fc.tuple(fc.constant(version), fc.array(serverPacket(version)), sizes));
  fc.assert(
    fc.property(streams, ([version, sent, sizes]) => {
      const bytes = Buffer.concat([accepted(), ...sent].map((packet) => bytesOf(packet, version)));
      const { packets, refusal } = read(version, cut(bytes, sizes));
      assert.equal(refusal, undefined);
      assert.equal(packets[0]?.type, 'connack');
      assert.deepEqual(
        packets.slice(1).map((packet) => packet.type),
        sent.map(({ cmd }) => cmd),
      );
      for (const [i, packet] of sent.entries()) {
        const ours: ServerPacket = packets[i + 1]!;
        if ('packetIdentifier' in ours) assert.equal(ours.packetIdentifier, packet.messageId ?? 0);
        if (packet.cmd !== 'publish' || ours.type !== 'publish') continue;
        const fields = ['topic', 'qos', 'retain', 'dup'];
        assert.deepEqual(pick(ours, fields), pick(packet, fields));
        assert.ok(ours.payload.equals(packet.payload as Buffer));
      }
    }),
  );
});

function pick(from: object, keys: readonly string[]): object {
  return Object.fromEntries(keys.map((key) => [key, (from as Record<string, unknown>)[key]]));
}

t.test('CONNACK: every property as it was written', async () => {
  fc.assert(
    fc.property(connackProperties, (properties) => {
      const { packets } = read(5, [bytesOf(accepted(properties), 5)]);
      const connack = packets[0]!;
      assert.equal(connack.type, 'connack');
      const expected = {
        ...properties,
        ...(properties.maximumQoS !== undefined && { maximumQoS: properties.maximumQoS === 1 }),
      };
      assert.deepEqual({ ...(connack.type === 'connack' ? connack.properties : {}) }, expected);
    }),
  );
});

t.test('whatever the bytes, nothing throws and nothing grows', async () => {
  const noise = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
  const damaged = version.chain((version) =>
    fc
      .tuple(fc.array(serverPacket(version), { minLength: 1, maxLength: 5 }), fc.array(fc.tuple(fc.nat(), fc.nat(255))))
      .map(([packets, changes]) => {
        const bytes = Buffer.concat(packets.map((packet) => bytesOf(packet, version)));
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        return bytes;
      }),
  );
  fc.assert(
    fc.property(version, fc.oneof(noise, damaged), sizes, fc.boolean(), (version, bytes, sizes, isConnected) => {
      const first = isConnected ? [bytesOf(accepted(), version)] : [];
      read(version, [...first, ...cut(bytes, sizes)]);
    }),
    { numRuns: 2_000 },
  );
});

t.test('our PUBLISH is read by others, and its size is known before', async () => {
  const outgoing: fc.Arbitrary<Outgoing> = fc
    .record({
      topic,
      payload,
      qos,
      retain: fc.boolean(),
      dup: fc.boolean(),
      packetId: id,
      properties: fc.option(properties, { nil: undefined }),
      expirySeconds: fc.option(fc.integer({ min: 1, max: 0xffff_ffff }), { nil: undefined }),
    })
    .map((message) => (message.qos === 0 ? { ...message, packetId: 0, dup: false } : message));
  const alias = fc.constantFrom(0, 7, -7);
  fc.assert(
    fc.property(version, outgoing, alias, (version, message, wish) => {
      const alias = version === 5 ? wish : 0;
      const remaining = remainingLength(message, version, alias);
      const bytes = Buffer.alloc(packetBytes(remaining));
      const end = writePublishHead(bytes, 0, message, version, alias, remaining);
      assert.equal(end + message.payload.copy(bytes, end), bytes.length);
      const theirs = parser({ protocolVersion: version });
      const packets: ParsedPacket[] = [];
      theirs.on('packet', (packet) => packets.push(packet));
      assert.equal(theirs.parse(bytes), 0);
      const [packet] = packets;
      assert.ok(packet?.cmd === 'publish');
      assert.deepEqual(pick(packet, ['qos', 'retain', 'dup']), pick(message, ['qos', 'retain', 'dup']));
      assert.equal(packet.messageId ?? 0, message.packetId);
      assert.equal(packet.topic, alias < 0 ? '' : message.topic);
      assert.ok(message.payload.equals(packet.payload as Buffer));
      if (version === 4) return;
      const { userProperties, ...rest } = packet.properties ?? {};
      const { userProperties: ours, ...others } = message.properties ?? {};
      assert.deepEqual(rest, {
        ...others,
        ...(message.expirySeconds !== undefined && { messageExpiryInterval: message.expirySeconds }),
        ...(alias !== 0 && { topicAlias: 7 }),
      });
      // mqtt-packet groups them by name.
      const grouped = Object.entries(userProperties ?? {}).flatMap(([name, values]) =>
        [values].flat().map((value) => `${name}=${value}`),
      );
      const names = (ours ?? []).map(([name]) => name);
      // It loses this name, and an empty value where another of the same name follows.
      const isLost =
        names.includes('__proto__') || (names.length > new Set(names).size && ours!.some(([, v]) => v === ''));
      if (!isLost) {
        assert.deepEqual(grouped.toSorted(), (ours ?? []).map(([name, value]) => `${name}=${value}`).toSorted());
      }
    }),
  );
});

t.test('user properties keep their order in both directions [MQTT 5.0 §3.3.2.3.7]', async (t) => {
  const userProperties = [
    ['b', '1'],
    ['__proto__', '2'],
    ['b', '3'],
    ['a', '4'],
  ] as const;
  const message: Outgoing = {
    topic: 'a',
    payload: Buffer.from('x'),
    qos: 1,
    retain: false,
    dup: false,
    packetId: 1,
    properties: { userProperties },
    expirySeconds: undefined,
  };
  const remaining = remainingLength(message, 5, 0);
  const bytes = Buffer.alloc(packetBytes(remaining));
  message.payload.copy(bytes, writePublishHead(bytes, 0, message, 5, 0, remaining));
  const { packets } = read(5, [bytesOf(accepted(), 5), bytes]);
  t.match(packets[1], { type: 'publish', properties: { userProperties } });
});
