/**
 * Both halves of the codec against each other and against mqtt-packet: what one side writes, the other reads as it was
 * meant, and so does mqtt-packet, wherever the stream is cut in two.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { generate, type Packet as ParsedPacket, parser } from 'mqtt-packet';
import t from 'tap';
import { Codec } from '../../src/broker/codec.js';
import { encodeSubscribe, encodeUnsubscribe, PINGREQ } from '../../src/core/mqtt/encode-client-packets.js';
import { encodeConnack, encodeSuback, encodeUnsuback, PINGRESP } from '../../src/core/mqtt/encode-server-packets.js';
import type { ClientPacket, ServerPacket } from '../../src/core/mqtt/packets.js';
import { Frames } from '../../src/links/kinds/frames.js';
import {
  type Case,
  clientCase,
  connackCase,
  connectCase,
  serverCase,
  type Version,
  version,
} from './mqtt-packet-cases.js';

const LIMIT = 300_000;

const copied = <T extends ClientPacket | ServerPacket>(packet: T): T =>
  packet.type === 'publish' ? { ...packet, payload: Buffer.from(packet.payload) } : packet;

function readAsServer(chunks: readonly Buffer[]): ClientPacket[] {
  const packets: ClientPacket[] = [];
  const codec = new Codec(LIMIT);
  for (const chunk of chunks) {
    const refusal = codec.feed(Buffer.from(chunk), (packet) => {
      packets.push(copied(packet));
      return 'next';
    });
    assert.equal(refusal, undefined, refusal?.reason);
  }
  return packets;
}

function readAsClient(version: Version, chunks: readonly Buffer[]): ServerPacket[] {
  const packets: ServerPacket[] = [];
  const frames = new Frames(version, LIMIT, {
    onPuback(packetIdentifier) {
      packets.push({ type: 'puback', packetIdentifier, reasonCode: 0, reasonString: undefined });
      return undefined;
    },
    onPacket(packet) {
      packets.push(copied(packet));
      return undefined;
    },
  });
  for (const chunk of chunks) {
    const refusal = frames.feed(Buffer.from(chunk));
    assert.equal(refusal, undefined, refusal?.reason);
  }
  return packets;
}

/** The stream as it is, cut in two at every place, and byte by byte. */
function everySplit(stream: Buffer): Buffer[][] {
  const inTwo = Array.from(stream.keys(), (at) => [stream.subarray(0, at), stream.subarray(at)]);
  return [[stream], ...inTwo, Array.from(stream.keys(), (at) => stream.subarray(at, at + 1))];
}

/** One by one: it takes what follows a DISCONNECT of two bytes for a part of it. */
function readByMqttPacket(version: Version, cases: readonly Case[]): ParsedPacket[] {
  const packets: ParsedPacket[] = [];
  const theirs = parser({ protocolVersion: version });
  theirs.on('packet', (packet) => packets.push(packet));
  theirs.on('error', (error: Error) => assert.fail(error));
  for (const { bytes } of cases) assert.equal(theirs.parse(bytes), 0, 'nothing left over');
  return packets;
}

function judge(version: Version, cases: readonly Case[], read: (chunks: readonly Buffer[]) => object[]): void {
  const stream = Buffer.concat(cases.map(({ bytes }) => bytes));
  const expected = cases.map(({ ours }) => ours);
  for (const chunks of everySplit(stream)) assert.deepEqual(read(chunks), expected);
  const theirs = readByMqttPacket(version, cases);
  assert.equal(theirs.length, cases.length);
  for (const [i, packet] of theirs.entries()) assert.partialDeepStrictEqual(packet, cases[i]!.theirs);
}

const stream = (first: (version: Version) => fc.Arbitrary<Case>, next: (version: Version) => fc.Arbitrary<Case>) =>
  version.chain((version) =>
    fc.tuple(
      fc.constant(version),
      fc.tuple(first(version), fc.array(next(version), { maxLength: 4 })).map(([first, rest]) => [first, ...rest]),
    ),
  );

t.test('what our client writes our server and mqtt-packet read, wherever it is cut', async (t) => {
  fc.assert(
    fc.property(stream(connectCase, clientCase), ([version, cases]) => {
      judge(version, cases, readAsServer);
    }),
    { numRuns: 200 },
  );
  t.pass('200 streams');
});

t.test('what our server writes our client and mqtt-packet read, wherever it is cut', async (t) => {
  fc.assert(
    fc.property(stream(connackCase, serverCase), ([version, cases]) => {
      judge(version, cases, (chunks) => readAsClient(version, chunks));
    }),
    { numRuns: 200 },
  );
  t.pass('200 streams');
});

t.test('one side does not take what only it may send itself', async (t) => {
  const connect = generate({ cmd: 'connect', protocolVersion: 5, clientId: 'c', clean: true, keepalive: 0 });
  const connack = encodeConnack(5, 0, false);
  const refusalOfServer = (bytes: Buffer) => new Codec(LIMIT).feed(Buffer.concat([connect, bytes]), () => 'next');
  const refusalOfClient = (bytes: Buffer) => {
    const next = () => undefined;
    return new Frames(5, LIMIT, { onPuback: next, onPacket: next }).feed(Buffer.concat([connack, bytes]));
  };
  const subscribe = encodeSubscribe(5, 1, 'a', { qos: 0, noLocal: false });
  for (const bytes of [connect, subscribe, encodeUnsubscribe(5, 1, 'a'), PINGREQ]) {
    t.equal(refusalOfClient(bytes)?.reasonCode, 0x82, bytes.toString('hex'));
  }
  for (const bytes of [connack, encodeSuback(5, 1, [0]), encodeUnsuback(5, 1, [0]), PINGRESP]) {
    t.equal(refusalOfServer(bytes)?.reasonCode, 0x82, bytes.toString('hex'));
  }
  // A Subscription Identifier in PUBLISH is for servers [MQTT-3.3.4-6].
  const identified = Buffer.from('3007 000161 020b01 78'.replaceAll(' ', ''), 'hex');
  t.equal(refusalOfClient(identified), undefined);
  t.equal(refusalOfServer(identified)?.reasonCode, 0x82);
  // A Session Expiry Interval in DISCONNECT is for clients [MQTT-3.14.2-2].
  const expiring = Buffer.from('e00700051100000001', 'hex');
  t.equal(refusalOfServer(expiring), undefined);
  t.equal(refusalOfClient(expiring)?.reasonCode, 0x81);
  // [MQTT-1.5.5-1] for both.
  const padded = (first: number) => Buffer.from([first, 0x80, 0x00]);
  t.equal(refusalOfServer(padded(0xc0))?.reasonCode, 0x81);
  t.equal(refusalOfClient(padded(0xd0))?.reasonCode, 0x81);
});
