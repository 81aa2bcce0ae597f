/** The network connection, §4.2 (3.1.1: §7.1), and what a gateway owes as a server that is a client elsewhere: 3.1.1 §7. */
import { once } from 'node:events';
import { connect as connectSocket } from 'node:net';
import { join } from 'node:path';
import { type Packet, parser } from 'mqtt-packet';
import { createMessage } from '../../src/core/message.js';
import { tempFolder } from '../support/gateway.js';
import { linkConfig, startLink } from '../support/links.js';
import { listener, recordingLog, startBroker } from '../support/listeners.js';
import { eventually } from '../support/peers.js';
import { Bench } from '../unit/broker/harness.js';
import { bytes, connect, each, packet, recorded, settled, u16 } from './harness.js';

each(
  [3, 4, 5],
  'over TCP and Unix sockets bytes go both ways in order and without loss [MQTT-4.2.0-1] [3.1.1: MQTT-7.1.1-1]',
  async (t, version) => {
    const path = join(tempFolder(t), 'mqtt.sock');
    const listeners = [listener('tcp'), listener('unix', { host: '', unix: { path, mode: 0o600 } })];
    const { port } = await startBroker(t, listeners, { limits: { receiveMaximum: 2_000, queuedMessages: 2_000 } });
    for (const address of [{ port, host: '127.0.0.1' }, { path }]) {
      const socket = connectSocket(address);
      t.teardown(() => socket.destroy());
      const received: Packet[] = [];
      const parse = parser({ protocolVersion: version });
      parse.on('packet', (packet) => received.push(packet));
      socket.on('data', (chunk) => parse.parse(chunk));
      const none = version === 5 ? [0] : [];
      const packets = [connect(version), packet(0x82, u16(1), ...none, 't', 1)];
      const sizes = Array.from({ length: 600 }, (_, i) => (i * 37) % 3_000);
      for (const [i, size] of sizes.entries()) {
        packets.push(packet(0x32, 't', u16(i + 1), ...none, Buffer.alloc(size, i & 0xff)));
      }
      const all = Buffer.concat(packets);
      for (let at = 0; at < all.length; at += 4_093) socket.write(all.subarray(at, at + 4_093));
      await eventually(() => received.length >= 2 + 2 * sizes.length);
      const payloads = received.flatMap((packet) => (packet.cmd === 'publish' ? [packet.payload as Buffer] : []));
      const wrong = payloads.findIndex((payload, i) => !payload.equals(Buffer.alloc(sizes[i]!, i & 0xff)));
      t.equal(wrong, -1, 'every message, whole and in order');
      const acknowledged = received.flatMap((packet) => (packet.cmd === 'puback' ? [packet.messageId] : []));
      t.same(
        acknowledged,
        sizes.map((_, i) => i + 1),
      );
      socket.end();
      await once(socket, 'close');
    }
  },
);

each(
  [4, 5],
  'nothing beyond the specification is asked of a client: bare packets do everything [3.1.1: MQTT-7.0.0-2]',
  async (t, version) => {
    const bench = new Bench(t);
    const client = bench.open(version);
    const seen = recorded(client);
    const none = version === 5 ? [0] : [];
    client.raw(connect(version));
    await client.next('connack');
    const before = seen.bytes().length;
    client.raw(packet(0x82, u16(1), ...none, 't', 2));
    client.raw(packet(0x34, 't', u16(2), ...none, Buffer.from('x')));
    client.raw(packet(0x62, u16(2)));
    const answers = await settled(client);
    const publish = answers.find(({ cmd }) => cmd === 'publish');
    const messageId = publish?.cmd === 'publish' ? publish.messageId! : 0;
    client.raw(packet(0x50, u16(messageId)));
    client.raw(packet(0x70, u16(messageId)));
    await settled(client);
    // Nothing in the answers either that a client of the specification alone would not know.
    t.same(
      seen.bytes().subarray(before),
      bytes(
        packet(0x90, u16(1), ...none, 2),
        ...either(seen.bytes().subarray(before + (version === 5 ? 6 : 5)), [
          packet(0x50, u16(2)),
          packet(0x34, 't', u16(messageId), ...none, Buffer.from('x')),
        ]),
        packet(0x70, u16(2)),
        packet(0xd0),
        packet(0x62, u16(messageId)),
        packet(0xd0),
      ),
    );
    client.raw(packet(0xe0));
    await client.closed();
  },
);

/** Two packets in the order in which they came. */
function either(came: Buffer, both: [Buffer, Buffer]): Buffer[] {
  return came.subarray(0, both[0].length).equals(both[0]) ? both : both.toReversed();
}

each(
  [4, 5],
  'as a client of another server the gateway conforms too, over a transport of that kind [3.1.1: MQTT-7.0.0-1, MQTT-7.1.2-1]',
  async (t, version) => {
    const protocolVersion = version === 5 ? 5 : 4;
    const { log, lines } = recordingLog();
    const { broker, port } = await startBroker(t, [listener('tcp')], { log });
    const url = `mqtt://127.0.0.1:${port}`;
    const out = { direction: 'out', filter: 'out/#', to: 'far/{topic:1}', qos: 2 } as const;
    const incoming = { direction: 'in', filter: 'far/#', to: 'back/{topic:1}', qos: 2 } as const;
    const sender = await startLink(t, linkConfig(url, [out], { protocolVersion, clientId: 'sender' }));
    const receiver = await startLink(t, linkConfig(url, [incoming], { protocolVersion, clientId: 'receiver' }));
    await sender.is('up');
    await receiver.is('up');
    const back: string[] = [];
    receiver.router.listen('back/#', ({ topic, payload, qos }) => back.push(`${topic} ${payload} q${qos}`));
    for (let i = 0; i < 30; i++) {
      const qos = (i % 3) as 0 | 1 | 2;
      sender.router.publish(
        createMessage({ topic: `out/${qos}`, payload: `${i}`, qos, origin: 'device:d', receivedAt: 0 }),
      );
    }
    await eventually(() => back.length >= 30);
    const want = Array.from({ length: 30 }, (_, i) => `back/${i % 3} ${i} q${i % 3}`);
    for (const qos of [0, 1, 2]) {
      const ofQos = (lines: string[]) => lines.filter((line) => line.endsWith(`q${qos}`));
      t.same(ofQos(back), ofQos(want), `in order, once each: QoS ${qos}`);
    }
    await sender.links[Symbol.asyncDispose]();
    await receiver.links[Symbol.asyncDispose]();
    await eventually(() => broker.connections() === 0);
    // A strict server found nothing: every connection ended by DISCONNECT.
    const ends = lines.filter(({ message }) => message === 'client disconnected');
    t.ok(ends.length > 0);
    for (const { fields } of ends) t.notOk('reason' in fields, JSON.stringify(fields));
  },
);
