/** Back-pressure through the WebSocket, both ways, its messages, and its ends. */

import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import t, { type Test } from 'tap';
import { WebSocket } from 'ws';
import { WebSocketUpgrades } from '../../../../src/broker/listeners/websocket.js';
import { eventually } from '../../../support/peers.js';

interface Both {
  readonly stream: Duplex;
  readonly client: WebSocket;
}

async function connectBoth(t: Test): Promise<Both> {
  const upgrades = new WebSocketUpgrades({ path: '/mqtt', origins: undefined }, 1_000_000, true);
  let stream: Duplex | undefined;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    upgrades.accept(socket, {
      onStream: (one) => {
        one.on('error', () => {});
        stream = one;
      },
      onRefused: () => {},
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/mqtt`, 'mqtt');
  t.teardown(() => {
    client.terminate();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  client.on('error', () => {});
  await new Promise((resolve) => client.once('open', resolve));
  return { stream: await eventually(() => stream), client };
}

/** A PUBLISH of so many bytes: each packet becomes a message of its own. */
function packet(bytes: number): Buffer {
  const whole = Buffer.alloc(bytes, 1);
  const left = bytes - 4;
  whole.set([0x30, 0x80 | (left & 0x7f), 0x80 | ((left >> 7) & 0x7f), left >> 14]);
  return whole;
}

const MESSAGE = packet(50_000);
const COUNT = 600;
/** More than the 40 MB that a system may be set up to take for a peer that does not read. */
const LARGE = packet(1_000_000);
const LARGE_COUNT = 100;

t.test('what is not read stays with the client', async (t) => {
  const { stream, client } = await connectBoth(t);
  for (let i = 0; i < COUNT; i++) client.send(MESSAGE);
  let before = -1;
  // The buffers of the system are full when nothing moves any more.
  await eventually(() => {
    const moved = client.bufferedAmount !== before;
    before = client.bufferedAmount;
    return !moved;
  });
  t.ok(client.bufferedAmount > (COUNT * MESSAGE.length) / 2, `${client.bufferedAmount} bytes wait at the client`);
  t.ok(stream.readableLength < 300_000, `${stream.readableLength} bytes wait here`);
  let received = 0;
  stream.on('data', (chunk: Buffer) => {
    received += chunk.length;
  });
  await eventually(() => received === COUNT * MESSAGE.length);
});

t.test('a write is done when the system has it: a client that does not read is noticed', async (t) => {
  const { stream, client } = await connectBoth(t);
  let received = 0;
  client.on('message', (data: Buffer) => {
    received += data.length;
  });
  client.pause();
  let written = 0;
  const write = () => stream.write(LARGE, () => written++);
  let before = -1;
  await eventually(() => {
    if (written !== before) {
      before = written;
      write();
      return false;
    }
    return stream.writableLength > 0;
  });
  t.ok(written < LARGE_COUNT, `${written} messages were taken by the system`);
  t.equal(stream.writableLength, LARGE.length, 'one waits, and it is seen');
  client.resume();
  await eventually(() => stream.writableLength === 0 && received === written * LARGE.length);
  t.equal(received, (before + 1) * LARGE.length);
});

t.test('end() says goodbye, the far side too', async (t) => {
  const { stream, client } = await connectBoth(t);
  const ended = new Promise((resolve) => stream.once('end', resolve));
  const closed = new Promise((resolve) => client.once('close', (code) => resolve(code)));
  stream.resume();
  stream.end(Buffer.from('bye'));
  t.equal(await closed, 1000);
  await ended;
  await eventually(() => stream.destroyed);
});

t.test('destroy() ends it at once', async (t) => {
  const { stream, client } = await connectBoth(t);
  const closed = new Promise((resolve) => client.once('close', (code) => resolve(code)));
  stream.destroy();
  t.equal(await closed, 1006);
});

t.test('a client that is cut off is an end', async (t) => {
  const { stream, client } = await connectBoth(t);
  stream.resume();
  const ended = new Promise((resolve) => stream.once('end', resolve));
  client.terminate();
  await ended;
});

t.test('malformed frames are an error of the stream', async (t) => {
  const { stream, client } = await connectBoth(t);
  stream.resume();
  const failed = new Promise<Error>((resolve) => stream.once('error', resolve));
  // A server must refuse frames of clients that are not masked (RFC 6455 §5.1).
  (client as unknown as { _socket: Socket })._socket.write(Buffer.from('8201ff', 'hex'));
  t.match((await failed).message, /MASK must be set/);
});

t.test('each packet has a message of its own, a large one as many as it was written in', async (t) => {
  const { stream, client } = await connectBoth(t);
  const messages: Buffer[] = [];
  client.on('message', (data: Buffer) => messages.push(data));
  const pingresp = Buffer.from('d000', 'hex');
  const puback = Buffer.from('40020007', 'hex');
  const large = Buffer.concat([Buffer.from('30808008', 'hex'), Buffer.alloc(128 * 1024, 1)]);
  stream.write(Buffer.concat([pingresp, puback, pingresp]));
  stream.write(large.subarray(0, 65_536));
  stream.write(Buffer.concat([large.subarray(65_536), puback]));
  await eventually(() => messages.length === 6);
  t.same(messages, [pingresp, puback, pingresp, large.subarray(0, 65_536), large.subarray(65_536), puback]);
});
