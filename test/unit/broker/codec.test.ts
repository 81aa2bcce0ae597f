import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { Codec, type OnPacket } from '../../../src/broker/codec.js';
import { CHUNK_BYTES, SpareBuffers } from '../../../src/broker/spare-buffers.js';
import { encodeAcknowledgement } from '../../../src/core/mqtt/encode-acknowledgement.js';
import { encodeConnack, encodeServerDisconnect } from '../../../src/core/mqtt/encode-server-packets.js';
import type { ClientPacket } from '../../../src/core/mqtt/packets.js';
import { repoRoot } from '../../support/peers.js';

interface Vector {
  readonly name: string;
  readonly version: 4 | 5 | null;
  readonly bytes: string;
  readonly packet?: Record<string, unknown>;
  readonly refusal?: string;
}

const LIMIT = 64 * 1024;
const file = join(repoRoot, 'test/vectors/mqtt/packets.json');
const { vectors } = JSON.parse(readFileSync(file, 'utf8')) as { vectors: Vector[] };

const connects = {
  4: bytes('10 0d 0004 4d515454 04 02 0000 0001 61'),
  5: bytes('10 0e 0004 4d515454 05 02 0000 00 0001 61'),
};

function bytes(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(' ', ''), 'hex');
}

/** Payloads as hex, absent fields left out: comparable with JSON. */
function plain(packet: ClientPacket): unknown {
  return JSON.parse(
    JSON.stringify(packet, (_key, value) => (value?.type === 'Buffer' ? Buffer.from(value).toString('hex') : value)),
  );
}

for (const { name, version, bytes: hex, packet, refusal } of vectors) {
  t.test(name, async (t) => {
    const codec = new Codec(LIMIT);
    const packets: ClientPacket[] = [];
    const onPacket = (packet: ClientPacket) => {
      packets.push(packet);
      return 'next' as const;
    };
    if (version !== null) t.equal(codec.feed(connects[version], onPacket), undefined, 'CONNECT is taken');
    packets.length = 0;
    const refused = codec.feed(bytes(hex), onPacket);
    if (packet === undefined) {
      t.equal(refused?.reasonCode, Number(refusal), refused?.reason ?? 'not refused');
      t.same(packets, []);
    } else {
      t.equal(refused, undefined, refused?.reason ?? 'taken');
      t.match(plain(packets[0]!), packet);
      t.equal(packets.length, 1);
    }
  });
}

t.test('what a partial frame announces is not allocated before it arrives', async (t) => {
  const codec = new Codec(LIMIT);
  codec.feed(connects[5], () => 'next');
  const before = process.memoryUsage().arrayBuffers;
  const codecs = Array.from({ length: 200 }, () => new Codec(1_000_000_000));
  for (const one of codecs) {
    one.feed(connects[5], () => 'next');
    one.feed(bytes('30 ff ff ff 7f 0001 61'), () => 'next');
  }
  t.ok(process.memoryUsage().arrayBuffers - before < 10_000_000, '200 times 256 MB announced, almost nothing held');
});

function publish(payload: number, fill: number): Buffer {
  const remaining = payload + 3;
  const head = [0x30, (remaining & 0x7f) | 0x80, ((remaining >> 7) & 0x7f) | 0x80, remaining >> 14, 0, 1, 0x61];
  return Buffer.concat([Buffer.from(head), Buffer.alloc(payload, fill)]);
}

function inParts(codec: Codec, frame: Buffer, onPacket: OnPacket): void {
  const lent = Buffer.alloc(CHUNK_BYTES);
  for (let at = 0; at < frame.length; at += CHUNK_BYTES) {
    const length = frame.copy(lent, 0, at, at + CHUNK_BYTES);
    codec.feed(lent.subarray(0, length), onPacket);
    lent.fill(0xee);
  }
}

t.test('the payload of a large packet that came in parts stays as it is, whatever comes next', async (t) => {
  const codec = new Codec(1_000_000, 'lent');
  codec.feed(connects[4], () => 'next');
  codec.admit();
  const payloads: Buffer[] = [];
  for (const fill of [1, 2, 3]) {
    inParts(codec, publish(500_000, fill), (packet) => {
      if (packet.type === 'publish') payloads.push(packet.payload);
      return 'next';
    });
  }
  t.same(
    payloads.map((payload) => [payload.length, payload.every((byte) => byte === payload[0]), payload[0]]),
    [1, 2, 3].map((fill) => [500_000, true, fill]),
  );
});

t.test('the memory of large packets that are read in place is used again', async (t) => {
  const spare = new SpareBuffers();
  const codec = new Codec(1_000_000, 'lent', spare);
  codec.feed(connects[4], () => 'next');
  const read: number[] = [];
  codec.admit({
    after: 'next',
    read(bytes, start) {
      if (bytes[start] !== 0x30 || bytes.length - start < 500_007) return start;
      read.push(bytes[start + 7]!);
      return start + 500_007;
    },
  });
  const memory = new Set<unknown>();
  for (const fill of [1, 2, 3]) {
    inParts(codec, publish(500_000, fill), () => 'stop');
    t.ok(spare.bytes >= 500_000, 'it is to spare');
    const buffer = spare.takeLarge(500_000)!;
    memory.add(buffer.buffer);
    spare.giveBack(buffer);
  }
  t.same(read, [1, 2, 3]);
  t.equal(memory.size, 1, 'always the same');
  codec.feed(publish(500_000, 4).subarray(0, 70_000), () => 'stop');
  codec.close();
  t.ok(spare.bytes >= 500_000, 'what the end of the connection cut is given back');
});

t.test('what was held back is handled as it came, however often it is held, and not after the end', async (t) => {
  const spare = new SpareBuffers();
  const codec = new Codec(LIMIT, 'lent', spare);
  codec.feed(connects[4], () => 'next');
  codec.admit();
  const lent = Buffer.alloc(CHUNK_BYTES);
  const frame = publish(19_993, 0);
  for (let i = 0; i < 3; i++) lent.set(frame.fill(i + 1, 7), i * frame.length);
  const seen: number[] = [];
  const onPacket: OnPacket = (packet) => {
    if (packet.type === 'publish') seen.push(packet.payload[0]!);
    return seen.length === 5 ? 'stop' : 'hold';
  };
  codec.feed(lent.subarray(0, 3 * frame.length), onPacket);
  for (let i = 0; i < 3; i++) lent.set(frame.fill(i + 4, 7), i * frame.length);
  codec.hold(lent.subarray(0, 3 * frame.length));
  lent.fill(0);
  t.same(seen, [1]);
  for (let i = 0; i < 4; i++) codec.resume(onPacket);
  t.same(seen, [1, 2, 3, 4, 5]);
  codec.close();
  t.equal(codec.resume(onPacket), undefined);
  t.equal(codec.feed(publish(10, 9), onPacket), undefined);
  t.same(seen, [1, 2, 3, 4, 5], 'nothing comes after stop');
  t.equal(spare.bytes, 2 * CHUNK_BYTES, 'both chunks were given back, once');
});

t.test('acknowledgements leave out Success (§3.4.2.1) and 3.1.1 has no Reason Code', async (t) => {
  t.same(encodeAcknowledgement('puback', 258, 5, 0), bytes('40 02 0102'));
  t.same(encodeAcknowledgement('pubrec', 1, 5, 0x97), bytes('50 03 0001 97'));
  t.same(encodeAcknowledgement('pubrel', 1, 4, 0x92), bytes('62 02 0001'));
});

t.test('CONNACK and DISCONNECT bytes', async (t) => {
  t.same(encodeConnack(4, 0x84, false), bytes('20 02 00 01'), '3.1.1: unacceptable protocol version');
  t.same(encodeConnack(4, 0x00, true), bytes('20 02 01 00'));
  t.same(encodeConnack(3, 0x00, true), bytes('20 02 00 00'), '3.1 has no Session Present');
  t.same(encodeConnack(5, 0x86, false), bytes('20 03 00 86 00'));
  t.same(encodeServerDisconnect(0x8e, undefined), bytes('e0 02 8e 00'));
});
