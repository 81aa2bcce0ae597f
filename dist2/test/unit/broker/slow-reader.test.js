import { connect } from "node:net";
import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";
import { generate } from "mqtt-packet";
import t, {} from "tap";
import { createBroker } from "../../../src/broker/broker.js";
import { silentLog } from "../../../src/core/log.js";
import { createMessage } from "../../../src/core/message.js";
import { ManualClock } from "../../support/manual-clock.js";
import { eventually } from "../../support/peers.js";
import { brokerConfig } from "./harness.js";
async function start(t2, limits) {
  const clock = new ManualClock();
  const broker = createBroker({ config: brokerConfig(limits), gatewayId: "test", log: silentLog, clock });
  t2.teardown(() => broker[Symbol.asyncDispose]());
  await broker.start(AbortSignal.timeout(6e4));
  return { broker, clock };
}
async function deafSubscriber(t2, broker, qos) {
  const socket = connect(Number(broker.addresses()[0]?.split(":").pop()), "127.0.0.1");
  t2.teardown(() => socket.destroy());
  const packets = [
    { cmd: "connect", protocolVersion: 4, clientId: "deaf", clean: true, keepalive: 0 },
    { cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "t", qos }] }
  ];
  for (const packet of packets) socket.write(generate(packet));
  await eventually(() => broker.router.counters().subscriptions === 1);
  socket.pause();
  return socket;
}
function publish(broker, count, bytes, qos) {
  const payload = Buffer.alloc(bytes);
  for (let i = 0; i < count; i++) {
    void broker.router.publish(createMessage({ topic: "t", payload, origin: "device:d", receivedAt: 0, qos }));
  }
}
t.test("QoS 0 is dropped and counted beyond a bounded buffer; the reader goes on when it reads again", async (t2) => {
  const { broker } = await start(t2, {});
  const socket = await deafSubscriber(t2, broker, 0);
  for (let i = 0; i < 40; i++) {
    publish(broker, 20, 16e3, 0);
    await sleep(1);
  }
  const { delivered, dropped } = broker.router.counters();
  t2.equal(delivered + dropped, 800);
  t2.ok(dropped > 100, `${dropped} dropped of 800`);
  t2.equal(broker.clients()[0]?.dropped, dropped);
  let bytes = 0;
  socket.on("data", (chunk) => {
    bytes += chunk.length;
  });
  socket.resume();
  await eventually(() => bytes >= delivered * 16e3);
  publish(broker, 1, 10, 0);
  await eventually(() => broker.router.counters().delivered === delivered + 1);
  t2.equal(broker.clients()[0]?.connected, true);
});
t.test("QoS 1 waits in the queue, the oldest is dropped beyond its limit", async (t2) => {
  const { broker } = await start(t2, { receiveMaximum: 1e3, queuedMessages: 50 });
  await deafSubscriber(t2, broker, 1);
  for (let i = 0; i < 40; i++) {
    publish(broker, 20, 16e3, 1);
    await sleep(1);
  }
  const [client] = broker.clients();
  t2.equal(client?.queued, 50);
  t2.equal(client.inflight + client.queued + client.dropped, 800);
});
t.test("a reader that takes nothing for drainTimeout is disconnected", async (t2) => {
  const { broker, clock } = await start(t2, { drainTimeout: 5e3 });
  await deafSubscriber(t2, broker, 0);
  for (let i = 0; i < 20; i++) {
    publish(broker, 20, 32e3, 0);
    await sleep(1);
  }
  t2.equal(broker.connections(), 1);
  await clock.advance(4e3);
  t2.equal(broker.clients()[0]?.connected, true);
  await clock.advance(2e3);
  t2.same(broker.clients(), [], "its session is over");
  await clock.advance(1e3);
  await eventually(() => broker.connections() === 0);
});
t.test("a reader that is slow but reads is given one large message in full", async (t2) => {
  const { broker, clock } = await start(t2, { drainTimeout: 5e3, packetBytes: 32 * 1024 * 1024 });
  const socket = await deafSubscriber(t2, broker, 1);
  const size = 24 * 1024 * 1024;
  publish(broker, 1, size, 1);
  let bytes = 0;
  let goal = 0;
  socket.on("data", (chunk) => {
    bytes += chunk.length;
    if (bytes >= goal) socket.pause();
  });
  while (bytes < size && broker.connections() === 1) {
    goal = Math.min(bytes + 2 * 1024 * 1024, size);
    socket.resume();
    await eventually(() => bytes >= goal || broker.connections() === 0);
    await clock.advance(4e3);
  }
  t2.equal(broker.clients()[0]?.connected, true);
  t2.ok(bytes >= size, `${bytes} of ${size}`);
});
t.test("who floods requests and does not read the answers is not read any further", async (t2) => {
  const { broker } = await start(t2, {});
  const socket = await deafSubscriber(t2, broker, 0);
  const pings = Buffer.alloc(64 * 1024, Buffer.from([192, 0]));
  let isBlocked = false;
  for (let i = 0; i < 400 && !isBlocked; i++) {
    let isTaken = false;
    socket.write(pings, () => {
      isTaken = true;
    });
    for (let turns = 0; !isTaken && turns < 2e4; turns++) await turn();
    isBlocked = !isTaken;
  }
  t2.ok(isBlocked, "the flood stands still");
  let answers = 0;
  socket.on("data", (chunk) => {
    answers += chunk.length;
  });
  socket.resume();
  const written = socket.bytesWritten - socket.writableLength;
  await eventually(() => answers >= written);
  t2.equal(broker.connections(), 1, "and goes on when the answers are read");
});
//# sourceMappingURL=slow-reader.test.js.map
