/** Receivers that do not read, on real sockets: the kernel's buffers fill, ours must not. */
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { generate, type Packet } from 'mqtt-packet';
import t, { type Test } from 'tap';
import { type Broker, createBroker } from '../../../src/broker/broker.js';
import type { BrokerLimits } from '../../../src/core/config.js';
import { silentLog } from '../../../src/core/log.js';
import { createMessage, type QoS } from '../../../src/core/message.js';
import { brokerConfig } from '../../support/broker-config.js';
import { ManualClock } from '../../support/manual-clock.js';
import { eventually } from '../../support/peers.js';

async function start(t: Test, limits: Partial<BrokerLimits>): Promise<{ broker: Broker; clock: ManualClock }> {
  const clock = new ManualClock();
  const broker = createBroker({ config: brokerConfig(limits), gatewayId: 'test', log: silentLog, clock });
  t.teardown(() => broker[Symbol.asyncDispose]());
  await broker.start(AbortSignal.timeout(60_000));
  return { broker, clock };
}

/** Subscribes to `t` and then reads nothing. */
async function deafSubscriber(t: Test, broker: Broker, qos: QoS): Promise<Socket> {
  const socket = connect(Number(broker.addresses()[0]?.split(':').pop()), '127.0.0.1');
  t.teardown(() => socket.destroy());
  const packets: Packet[] = [
    { cmd: 'connect', protocolVersion: 4, clientId: 'deaf', clean: true, keepalive: 0 },
    { cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 't', qos }] },
  ];
  for (const packet of packets) socket.write(generate(packet));
  await eventually(() => broker.router.counters().subscriptions === 1);
  socket.pause();
  return socket;
}

function publish(broker: Broker, count: number, bytes: number, qos: QoS): void {
  const payload = Buffer.alloc(bytes);
  for (let i = 0; i < count; i++) {
    void broker.router.publish(createMessage({ topic: 't', payload, origin: 'device:d', receivedAt: 0, qos }));
  }
}

t.test('QoS 0 is dropped and counted beyond a bounded buffer; the reader goes on when it reads again', async (t) => {
  const { broker } = await start(t, {});
  const socket = await deafSubscriber(t, broker, 0);
  for (let i = 0; i < 40; i++) {
    publish(broker, 20, 16_000, 0);
    await sleep(1);
  }
  const { delivered, dropped } = broker.router.counters();
  t.equal(delivered + dropped, 800);
  t.ok(dropped > 100, `${dropped} dropped of 800`);
  t.equal(broker.clients()[0]?.dropped, dropped);
  let bytes = 0;
  socket.on('data', (chunk) => {
    bytes += chunk.length;
  });
  socket.resume();
  await eventually(() => bytes >= delivered * 16_000);
  publish(broker, 1, 10, 0);
  await eventually(() => broker.router.counters().delivered === delivered + 1);
  t.equal(broker.clients()[0]?.connected, true);
});

t.test(
  'a client that is behind gets small messages late: the oldest are gone, the newest are there, in order',
  async (t) => {
    const { broker } = await start(t, { slowConsumer: { qos0: 'drop-oldest', maxBytes: 1_000_000, timeout: 0 } });
    const socket = await deafSubscriber(t, broker, 0);
    const port = Number(broker.addresses()[0]?.split(':').pop());
    const publisher = connect(port, '127.0.0.1');
    t.teardown(() => publisher.destroy());
    publisher.write(generate({ cmd: 'connect', protocolVersion: 4, clientId: 'source', clean: true, keepalive: 0 }));
    const count = 200_000;
    const head = generate({ cmd: 'publish', topic: 't', payload: Buffer.alloc(64), qos: 0, retain: false, dup: false });
    for (let i = 0; i < count; i += 1_000) {
      const block = Buffer.alloc(head.length * 1_000);
      for (let k = 0; k < 1_000; k++) {
        head.copy(block, k * head.length);
        block.writeUInt32BE(i + k, k * head.length + head.length - 4);
      }
      if (!publisher.write(block)) await new Promise((resolve) => publisher.once('drain', resolve));
    }
    await eventually(() => broker.statistics.publishReceived === count);
    const deaf = broker.clients().find(({ clientId }) => clientId === 'deaf')!;
    t.ok(deaf.dropped > 1_000, `${deaf.dropped} were dropped`);
    t.equal(deaf.sent + deaf.dropped, count, 'each was sent or dropped');
    const { delivered, dropped } = broker.router.counters();
    t.equal(delivered + dropped, count);
    const chunks: Buffer[] = [];
    let bytes = 0;
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      bytes += chunk.length;
    });
    socket.resume();
    const before = generate({ cmd: 'connack', returnCode: 0, sessionPresent: false }).length + 5;
    await eventually(() => bytes >= before + deaf.sent * head.length);
    const all = Buffer.concat(chunks).subarray(bytes % head.length);
    let last = -1;
    let isInOrder = true;
    for (let at = 0; at < all.length; at += head.length) {
      const number = all.readUInt32BE(at + head.length - 4);
      isInOrder &&= number > last && all[at] === 0x30;
      last = number;
    }
    t.equal(all.length / head.length, deaf.sent);
    t.ok(isInOrder);
    t.equal(last, count - 1, 'the newest is the last');
  },
);

t.test('QoS 1 waits in the queue, the oldest is dropped beyond its limit', async (t) => {
  const { broker } = await start(t, { receiveMaximum: 1_000, queuedMessages: 50 });
  await deafSubscriber(t, broker, 1);
  for (let i = 0; i < 40; i++) {
    publish(broker, 20, 16_000, 1);
    await sleep(1);
  }
  const [client] = broker.clients();
  t.equal(client?.queued, 50);
  t.equal(client!.inflight + client!.queued + client!.dropped, 800);
});

t.test('a reader that takes nothing for drainTimeout is disconnected', async (t) => {
  const { broker, clock } = await start(t, { drainTimeout: 5_000 });
  await deafSubscriber(t, broker, 0);
  for (let i = 0; i < 20; i++) {
    publish(broker, 20, 32_000, 0);
    await sleep(1);
  }
  t.equal(broker.connections(), 1);
  await clock.advance(4_000);
  t.equal(broker.clients()[0]?.connected, true);
  await clock.advance(2_000);
  t.same(broker.clients(), [], 'its session is over');
  await clock.advance(1_000);
  await eventually(() => broker.connections() === 0);
});

t.test('a reader that is slow but reads is given one large message in full', async (t) => {
  const { broker, clock } = await start(t, { drainTimeout: 5_000, packetBytes: 32 * 1024 * 1024 });
  const socket = await deafSubscriber(t, broker, 1);
  const size = 24 * 1024 * 1024;
  publish(broker, 1, size, 1);
  let bytes = 0;
  let goal = 0;
  socket.on('data', (chunk) => {
    bytes += chunk.length;
    if (bytes >= goal) socket.pause();
  });
  while (bytes < size && broker.connections() === 1) {
    goal = Math.min(bytes + 2 * 1024 * 1024, size);
    socket.resume();
    await eventually(() => bytes >= goal || broker.connections() === 0);
    await clock.advance(4_000);
  }
  t.equal(broker.clients()[0]?.connected, true);
  t.ok(bytes >= size, `${bytes} of ${size}`);
});

t.test('who floods requests and does not read the answers is not read any further', async (t) => {
  const { broker } = await start(t, {});
  const socket = await deafSubscriber(t, broker, 0);
  const pings = Buffer.alloc(64 * 1024, Buffer.from([0xc0, 0x00]));
  let isBlocked = false;
  for (let i = 0; i < 400 && !isBlocked; i++) {
    let isTaken = false;
    socket.write(pings, () => {
      isTaken = true;
    });
    // Turns, not time: the broker lives in this process and would read in each of them.
    for (let turns = 0; !isTaken && turns < 20_000; turns++) await turn();
    isBlocked = !isTaken;
  }
  t.ok(isBlocked, 'the flood stands still');
  let answers = 0;
  socket.on('data', (chunk) => {
    answers += chunk.length;
  });
  socket.resume();
  const written = socket.bytesWritten - socket.writableLength;
  await eventually(() => answers >= written);
  t.equal(broker.connections(), 1, 'and goes on when the answers are read');
});
