import { setImmediate as turn } from "node:timers/promises";
import { generate } from "mqtt-packet";
import t from "tap";
import { createBroker } from "../../../../src/broker/broker.js";
import { systemClock } from "../../../../src/core/clock.js";
import { silentLog } from "../../../../src/core/log.js";
import { duplexPair } from "../../../support/duplex-pair.js";
import { Bench, brokerConfig, TestClient } from "../harness.js";
const KB = "x".repeat(1e3);
const small = { qos0: "drop-new", maxBytes: 2e4, timeout: 0 };
async function numbers(client) {
  const packets = await client.pending();
  return packets.flatMap((packet) => packet.cmd === "publish" ? [Number.parseInt(String(packet.payload), 10)] : []);
}
function flood(bench, count, qos) {
  for (let i = 0; i < count; i++) bench.route({ topic: "t", payload: `${i} ${KB}`, qos });
}
t.test("drop-new: a client that is behind gets the oldest QoS 0 messages, the books balance", async (t2) => {
  const bench = new Bench(t2, { slowConsumer: small });
  const client = await bench.deaf("d", 0);
  flood(bench, 100, 0);
  await bench.settle();
  const { publishSent, drops, publishTakenBack } = bench.broker.statistics;
  t2.equal(publishSent + drops.slowReader, 100);
  t2.equal(publishTakenBack, 0);
  t2.ok(publishSent >= 20 && publishSent <= 22, `${publishSent} sent`);
  t2.match(bench.broker.clients()[0], { sent: publishSent, dropped: drops.slowReader });
  client.readAgain();
  t2.same(
    await numbers(client),
    Array.from({ length: publishSent }, (_, i) => i)
  );
});
t.test("drop-oldest: it gets the newest, the books balance", async (t2) => {
  const bench = new Bench(t2, { slowConsumer: { ...small, qos0: "drop-oldest" } });
  const client = await bench.deaf("d", 0);
  flood(bench, 100, 0);
  await bench.settle();
  const { publishSent, publishTakenBack, publishDropped, drops } = bench.broker.statistics;
  t2.equal(drops.slowReader, publishTakenBack);
  t2.equal(publishSent, 100);
  t2.match(bench.broker.clients()[0], { sent: 100 - publishDropped, dropped: publishDropped });
  client.readAgain();
  const got = await numbers(client);
  t2.equal(got.length, publishSent - publishTakenBack);
  t2.same(got.slice(-10), [90, 91, 92, 93, 94, 95, 96, 97, 98, 99]);
  flood(bench, 1, 0);
  t2.same(await numbers(client), [0], "and goes on");
});
t.test("drop-oldest takes no QoS 1 message out of what waits", async (t2) => {
  const bench = new Bench(t2, { slowConsumer: { ...small, qos0: "drop-oldest" }, receiveMaximum: 100 });
  const client = await bench.connect(5, "d");
  await client.subscribe("t", 1);
  client.stopReading();
  flood(bench, 19, 1);
  flood(bench, 50, 0);
  await bench.settle();
  client.readAgain();
  const packets = await client.pending();
  t2.equal(packets.filter((packet) => packet.cmd === "publish" && packet.qos === 1).length, 19);
  const { publishSent, publishTakenBack, drops } = bench.broker.statistics;
  t2.equal(packets.length, publishSent - publishTakenBack);
  t2.equal(publishSent - publishTakenBack + drops.slowReader, 69);
});
t.test("disconnect: a client that is behind goes, told why [MQTT5 \xA73.14.2.1 0x97]", async (t2) => {
  const bench = new Bench(t2, { slowConsumer: { ...small, qos0: "disconnect" } });
  const client = await bench.deaf("d", 0, 5);
  flood(bench, 100, 0);
  client.readAgain();
  const packets = await client.pending();
  t2.match(packets.at(-1), { cmd: "disconnect", reasonCode: 151 });
  await client.closed();
  t2.equal(bench.broker.statistics.endedBy.slowConsumer, 1);
  t2.equal(bench.broker.router.counters().subscriptions, 0);
});
t.test("timeout: a client that is behind without a break for so long goes", async (t2) => {
  const bench = new Bench(t2, { slowConsumer: { ...small, timeout: 6e4 }, drainTimeout: 6e5 });
  await bench.deaf("d", 0);
  const late = await bench.deaf("late", 0);
  flood(bench, 100, 0);
  await bench.clock.advance(5e4);
  late.readAgain();
  await bench.clock.advance(11e3);
  t2.same(
    bench.broker.clients().map(({ clientId }) => clientId),
    ["late"]
  );
  t2.equal(bench.broker.statistics.endedBy.slowConsumer, 1);
});
t.test("a peer that is gone without a word: no Keep Alive, nothing drains", async (t2) => {
  const bench = new Bench(t2);
  await bench.deaf("gone", 0);
  await bench.deaf("kept", 1);
  flood(bench, 1, 0);
  await bench.clock.advance(29e3);
  t2.equal(bench.broker.connections(), 2);
  await bench.clock.advance(2e3);
  t2.equal(bench.broker.statistics.endedBy.stalled, 2);
  await bench.clock.advance(1e3);
  t2.equal(bench.broker.connections(), 0);
  t2.equal(bench.broker.memory().sockets, 0, "nothing is kept of them");
});
t.test("Keep Alive is checked at one and a half times, counted by its name [MQTT-3.1.2-24]", async (t2) => {
  const bench = new Bench(t2);
  await bench.connect(4, "c", { keepalive: 10 });
  await bench.clock.advance(14900);
  t2.equal(bench.broker.connections(), 1);
  await bench.clock.advance(200);
  t2.equal(bench.broker.statistics.endedBy.keepAlive, 1);
});
t.test("many slow readers share a bounded memory, and one that reads misses nothing", async (t2) => {
  const limits = { pendingBytes: 2e7, connections: 300, queuedMessages: 1e3 };
  const bench = new Bench(t2, limits);
  for (let i = 0; i < 100; i++) await bench.deaf(`q0-${i}`, 0);
  for (let i = 0; i < 100; i++) await bench.deaf(`q1-${i}`, 1);
  const reader = await bench.connect(4, "reader");
  await reader.subscribe("t", 0);
  let most = 0;
  for (let round = 0; round < 60; round++) {
    flood(bench, 10, 1);
    const { sockets, messages } = bench.broker.memory();
    most = Math.max(most, sockets + messages);
    t2.equal((await numbers(reader)).length, 10, "the reader");
  }
  t2.ok(most <= 2e7, `${most} bytes for 200 \xD7 600 KB`);
  for (const { clientId, sent, queued, dropped } of bench.broker.clients()) {
    if (clientId !== "reader" && sent + queued + dropped !== 600) t2.fail(`${clientId}: ${sent} ${queued} ${dropped}`);
  }
  t2.ok(bench.broker.statistics.drops.slowReader > 0);
});
t.test("one large message in many queues counts once; the fullest queues lose their oldest first", async (t2) => {
  const bench = new Bench(t2, { pendingBytes: 4e6, queuedMessages: 1e3, packetBytes: 1e6 });
  const kept = { clean: false };
  for (let i = 0; i < 50; i++) {
    const client = await bench.connect(4, `s${i}`, kept);
    await client.subscribe("large", 1);
    if (i === 0) await client.subscribe("t", 1);
    await client.cut();
  }
  for (let i = 0; i < 10; i++) bench.route({ topic: "large", payload: `${i}`.padEnd(1e5), qos: 1 });
  t2.equal(bench.broker.statistics.publishDropped, 0, "50 \xD7 1 MB, but only 1 MB");
  flood(bench, 900, 1);
  const before = bench.broker.memory().messages;
  t2.ok(before <= 2e6, `${before}`);
  for (let i = 0; i < 10; i++) bench.route({ topic: "large", payload: `${i}`.padEnd(1e5), qos: 1 });
  t2.ok(bench.broker.memory().messages <= 2e6);
  const { drops } = bench.broker.statistics;
  t2.ok(drops.memory > 100, `${drops.memory}`);
  const [fullest, ...others] = bench.broker.clients();
  t2.equal(fullest.queued + fullest.dropped, 920);
  t2.ok(fullest.dropped > drops.memory * 0.5, "most of it at the cost of the fullest");
  t2.ok(others.every(({ queued, dropped }) => queued + dropped === 20));
  for (const { clientId } of bench.broker.clients()) await (await bench.connect(4, clientId, { clean: true })).cut();
  await bench.settle();
  t2.equal(bench.broker.memory().messages, 0, "all of it is accounted for");
});
t.test(
  "clients that take messages and never acknowledge them: the fullest goes when nothing else is left",
  async (t2) => {
    const bench = new Bench(t2, {
      pendingBytes: 4e6,
      queuedBytes: 1e6,
      receiveMaximum: 1e3,
      queuedMessages: 1
    });
    const clients = [];
    for (let i = 0; i < 6; i++) {
      const client = await bench.connect(5, `c${i}`);
      await client.subscribe(`t${i}`, 1);
      clients.push(client);
    }
    for (let round = 0; round < 70; round++) {
      for (let i = 0; i < 6; i++) bench.route({ topic: `t${i}`, payload: KB.repeat(10), qos: 1 });
      await bench.settle();
    }
    t2.ok(bench.broker.memory().messages <= 2e6, `${bench.broker.memory().messages}`);
    t2.ok(bench.broker.statistics.endedBy.memory >= 1);
    t2.ok(bench.broker.clients().length >= 2, "not all of them");
    const ended = clients.find(({ isClosed }) => isClosed);
    t2.match((await ended.pending()).at(-1), { cmd: "disconnect", reasonCode: 151 });
  }
);
t.test("packets that never become complete are given up, the oldest first", async (t2) => {
  const bench = new Bench(t2, { pendingBytes: 4e6, packetBytes: 1e6 });
  const publish = { cmd: "publish", topic: "t", payload: KB.repeat(900), qos: 0, dup: false, retain: false };
  const part = generate(publish, { protocolVersion: 5 });
  const clients = [];
  for (let i = 0; i < 4; i++) {
    const client = await bench.connect(5, `c${i}`);
    client.raw(part.subarray(0, 3e5));
    clients.push(client);
    await bench.settle();
  }
  t2.equal(bench.broker.statistics.endedBy.incompletePacket, 1);
  t2.ok(clients[0].isClosed || (await clients[0].next("disconnect")).reasonCode === 151);
  clients[3].raw(part.subarray(3e5));
  await bench.settle();
  await bench.settle();
  t2.equal(bench.broker.statistics.publishReceived, 1, "the others are served");
  t2.ok(bench.broker.memory().incomplete <= 6e5);
});
t.test("a flood of packets takes turns with the packets of others", async (t2) => {
  const broker = createBroker({ config: brokerConfig(), gatewayId: "test", log: silentLog, clock: systemClock });
  t2.teardown(() => broker[Symbol.asyncDispose]());
  const listener = brokerConfig().listeners[0];
  const open = async (id) => {
    const [near, far] = duplexPair();
    broker.serve(far, { address: id, host: id, listener });
    const client = new TestClient(near, 4);
    await client.connect(id);
    return client;
  };
  const [flooder, other] = [await open("flooder"), await open("other")];
  flooder.raw(Buffer.alloc(2 * 32 * 1024, Buffer.from([192, 0])));
  await turn();
  other.send({ cmd: "pingreq" });
  await other.next("pingresp");
  const handled = broker.statistics.packetsReceived;
  t2.ok(handled < 32 * 1024, `answered after ${handled} of 32,768`);
  for (let turns = 0; broker.statistics.packetsReceived < 32 * 1024 + 3 && turns < 5e3; turns++) await turn();
  t2.equal(broker.statistics.packetsReceived, 32 * 1024 + 3, "and the flood is handled in full");
});
//# sourceMappingURL=slow-consumers.test.js.map
