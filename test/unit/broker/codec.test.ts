import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { Codec } from '../../../src/broker/codec.js';
import { encodeAcknowledgement, encodeConnack, encodeDisconnect } from '../../../src/broker/wire/encode.js';
import type { Packet } from '../../../src/broker/wire/packets.js';
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
function plain(packet: Packet): unknown {
  return JSON.parse(
    JSON.stringify(packet, (_key, value) => (value?.type === 'Buffer' ? Buffer.from(value).toString('hex') : value)),
  );
}

for (const { name, version, bytes: hex, packet, refusal } of vectors) {
  t.test(name, async (t) => {
    const codec = new Codec(LIMIT);
    const packets: Packet[] = [];
    const onPacket = (packet: Packet) => {
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
  t.same(encodeDisconnect(0x8e, undefined), bytes('e0 02 8e 00'));
});
