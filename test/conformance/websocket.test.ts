/** WebSocket as a transport: §6 of both specifications. */
import { once } from 'node:events';
import { connect as connectSocket } from 'node:net';
import type { Packet } from 'mqtt-packet';
import { parser } from 'mqtt-packet';
import t, { type Test } from 'tap';
import { WebSocket } from 'ws';
import { listener, startBroker } from '../support/listeners.js';
import { eventually } from '../support/peers.js';
import { brief, connect, each, packet, publish, subscribe, type Version } from './harness.js';

async function serve(t: Test): Promise<string> {
  const { port } = await startBroker(t, [listener('ws', { webSocket: { path: '/mqtt', origins: undefined } })]);
  return `ws://127.0.0.1:${port}/mqtt`;
}

interface Peer {
  readonly socket: WebSocket;
  readonly packets: Packet[];
  /** Of each frame: whether it was binary. */
  readonly binary: boolean[];
  /** Close code, once closed. */
  code: number | undefined;
}

async function open(t: Test, url: string, version: Version, offered: string | string[] = 'mqtt'): Promise<Peer> {
  const socket = new WebSocket(url, offered);
  t.teardown(() => socket.terminate());
  const peer: Peer = { socket, packets: [], binary: [], code: undefined };
  const parse = parser({ protocolVersion: version });
  parse.on('packet', (packet) => peer.packets.push(packet));
  socket.on('message', (data: Buffer, isBinary) => {
    peer.binary.push(isBinary);
    parse.parse(data);
  });
  socket.on('close', (code) => {
    peer.code = code;
  });
  socket.on('error', () => {});
  await once(socket, 'open');
  return peer;
}

async function arrived(peer: Peer, count: number): Promise<string[]> {
  await eventually(() => peer.packets.length >= count);
  return peer.packets.splice(0).map(brief);
}

each(
  [4, 5],
  'packets travel in binary frames; a text frame ends the connection [MQTT-6.0.0-1] [3.1.1: MQTT-6.0.0-1]',
  async (t, version) => {
    const url = await serve(t);
    const peer = await open(t, url, version);
    peer.socket.send(connect(version));
    t.same(await arrived(peer, 1), ['connack 0x0']);
    peer.socket.send(subscribe(version, 't'));
    peer.socket.send(publish(version, 't', 'x'));
    t.same(await arrived(peer, 2), ['suback 1 [0x0]', 'publish t x q0']);
    t.same([...new Set(peer.binary)], [true], 'every frame of the broker is binary');
    peer.socket.send(packet(0xc0).toString('latin1'));
    await eventually(() => peer.code !== undefined);
    t.same(peer.packets, [], 'PINGREQ as text is not answered');
    // Also a text frame as the very first.
    const early = await open(t, url, version);
    early.socket.send('hello');
    await eventually(() => early.code !== undefined);
    t.same(early.packets, []);
  },
);

each(
  [4, 5],
  'frames and packets have borders of their own [MQTT-6.0.0-2] [3.1.1: MQTT-6.0.0-2]',
  async (t, version) => {
    const url = await serve(t);
    const all = Buffer.concat([
      connect(version),
      subscribe(version, 't'),
      publish(version, 't', 'x'.repeat(300)),
      packet(0xc0),
    ]);
    const want = ['connack 0x0', 'suback 1 [0x0]', `publish t ${'x'.repeat(300)} q0`, 'pingresp'];
    const whole = await open(t, url, version);
    whole.socket.send(all);
    t.same(await arrived(whole, 4), want, 'four packets in one frame');
    const bytes = await open(t, url, version);
    for (const byte of all) bytes.socket.send(Buffer.from([byte]));
    t.same(await arrived(bytes, 4), want, 'a frame for each byte');
    const fragments = await open(t, url, version);
    for (let at = 0; at < all.length; at += 7) {
      fragments.socket.send(all.subarray(at, at + 7), { fin: at + 7 >= all.length });
    }
    t.same(await arrived(fragments, 4), want, 'one message in fragments');
    const empty = await open(t, url, version);
    empty.socket.send(Buffer.alloc(0));
    empty.socket.send(all.subarray(0, 20));
    empty.socket.send(Buffer.alloc(0));
    empty.socket.send(all.subarray(20));
    t.same(await arrived(empty, 4), want, 'frames without bytes between');
  },
);

t.test(
  'a client that does not offer the subprotocol mqtt is turned away [MQTT-6.0.0-3] [3.1.1: MQTT-6.0.0-3]',
  async (t) => {
    const url = await serve(t);
    for (const offered of [undefined, 'soap', 'MQTT', 'mqtt5']) {
      const socket = new WebSocket(url, offered === undefined ? [] : [offered]);
      t.teardown(() => socket.terminate());
      socket.on('error', () => {});
      const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode: number }];
      t.equal(response.statusCode, 400);
    }
  },
);

t.test('the subprotocol that the broker selects is mqtt [MQTT-6.0.0-4] [3.1.1: MQTT-6.0.0-4]', async (t) => {
  const url = await serve(t);
  for (const offered of ['mqtt', ['mqtt', 'soap'], ['soap', 'mqtt'], ['mqttv3.1', 'mqtt']]) {
    const { socket } = await open(t, url, 5, offered);
    t.equal(socket.protocol, 'mqtt');
  }
  // As it stands in the HTTP answer.
  const { port } = new URL(url);
  const raw = connectSocket(Number(port), '127.0.0.1');
  t.teardown(() => raw.destroy());
  raw.write(
    'GET /mqtt HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n' +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n',
  );
  const [answer] = (await once(raw, 'data')) as [Buffer];
  t.match(answer.toString(), /^HTTP\/1\.1 101 /);
  t.match(answer.toString(), /\r\nSec-WebSocket-Protocol: mqtt\r\n/i);
});
