import t from "tap";
import { Bench, shown } from "./harness.js";
const kept = { clean: false, properties: { sessionExpiryInterval: 600 } };
async function publish(bench, ...payloads) {
  for (const payload of payloads) bench.route({ topic: "t", payload, qos: 2 });
  await bench.settle();
}
async function next(client) {
  const packet = await client.next("publish");
  return { text: `${packet.payload}${packet.dup ? " dup" : ""}`, messageId: packet.messageId };
}
t.test(
  "what was not acknowledged is sent again after a reconnect: same identifier, DUP, same order [MQTT-4.4.0-1]",
  async (t2) => {
    const bench = new Bench(t2);
    const first = await bench.connect(5, "s", kept);
    await first.subscribe("t", 1);
    await publish(bench, "a", "b", "c");
    const [a, b, c] = [await next(first), await next(first), await next(first)];
    first.send({ cmd: "puback", messageId: b.messageId });
    await bench.settle();
    await first.cut();
    await publish(bench, "d");
    const second = await bench.connect(5, "s", kept);
    t2.same(
      [await next(second), await next(second), await next(second)],
      [
        { text: "a dup", messageId: a.messageId },
        { text: "c dup", messageId: c.messageId },
        { text: "d", messageId: c.messageId + 1 }
      ]
    );
  }
);
t.test("QoS 2: PUBREL is sent again after a reconnect, PUBLISH is not, once PUBREC came [MQTT-4.3.3]", async (t2) => {
  const bench = new Bench(t2);
  const first = await bench.connect(4, "s", { clean: false });
  await first.subscribe("t", 2);
  await publish(bench, "a", "b");
  const [a, b] = [await next(first), await next(first)];
  first.send({ cmd: "pubrec", messageId: a.messageId });
  await first.next("pubrel");
  await first.cut();
  const second = await bench.connect(4, "s", { clean: false });
  t2.equal((await second.next("pubrel")).messageId, a.messageId);
  t2.same(await next(second), { text: "b dup", messageId: b.messageId });
  second.send({ cmd: "pubcomp", messageId: a.messageId });
  second.send({ cmd: "pubrec", messageId: b.messageId });
  await second.next("pubrel");
  second.send({ cmd: "pubrec", messageId: b.messageId });
  t2.equal((await second.next("pubrel")).messageId, b.messageId, "PUBREC again: PUBREL again");
  second.send({ cmd: "pubcomp", messageId: b.messageId });
  second.send({ cmd: "pubcomp", messageId: b.messageId });
  await bench.settle();
  t2.match(bench.broker.clients()[0], { inflight: 0, queued: 0, connected: true });
});
t.test("acknowledgements that do not fit are answered or end the connection", async (t2) => {
  const bench = new Bench(t2);
  const client = await bench.connect(5, "s", kept);
  client.send({ cmd: "puback", messageId: 77, reasonCode: 0 });
  client.send({ cmd: "pubcomp", messageId: 77, reasonCode: 0 });
  client.send({ cmd: "pubrec", messageId: 77, reasonCode: 0 });
  t2.match(await client.next("pubrel"), { messageId: 77, reasonCode: 146 });
  await client.subscribe("t", 2);
  await publish(bench, "a");
  const a = await next(client);
  client.send({ cmd: "puback", messageId: a.messageId, reasonCode: 0 });
  t2.equal((await client.next("disconnect")).reasonCode, 130, "PUBACK for QoS 2");
  const again = await bench.connect(5, "s", kept);
  await next(again);
  again.send({ cmd: "pubcomp", messageId: a.messageId, reasonCode: 0 });
  t2.equal((await again.next("disconnect")).reasonCode, 130, "PUBCOMP before PUBREC");
  const third = await bench.connect(5, "s", kept);
  await next(third);
  third.send({ cmd: "pubrec", messageId: a.messageId, reasonCode: 151 });
  await bench.settle();
  t2.equal(bench.broker.clients()[0]?.inflight, 0, "a PUBREC that refuses ends it (\xA74.3.3)");
});
t.test("no more unacknowledged messages than the Receive Maximum of the client (\xA74.9)", async (t2) => {
  const bench = new Bench(t2);
  const client = await bench.connect(5, "s", { ...kept, properties: { ...kept.properties, receiveMaximum: 2 } });
  await client.subscribe("t", 2);
  await publish(bench, "a", "b", "c", "d");
  const [a, b] = [await next(client), await next(client)];
  t2.same(await client.pending(), []);
  t2.match(bench.broker.clients()[0], { inflight: 2, queued: 2 });
  client.send({ cmd: "pubrec", messageId: a.messageId, reasonCode: 0 });
  await client.next("pubrel");
  t2.same(await client.pending(), [], "room only after PUBCOMP");
  client.send({ cmd: "pubcomp", messageId: a.messageId, reasonCode: 0 });
  t2.equal((await next(client)).text, "c");
  await client.cut();
  const narrow = await bench.connect(5, "s", { ...kept, properties: { ...kept.properties, receiveMaximum: 1 } });
  t2.same(await next(narrow), { text: "b dup", messageId: b.messageId });
  t2.same(await narrow.pending(), [], "the new limit holds for what is sent again");
  narrow.send({ cmd: "pubrec", messageId: b.messageId, reasonCode: 128 });
  t2.equal((await next(narrow)).text, "c dup");
});
t.test("the queue of an absent client drops the oldest and counts it; QoS 0 is not queued", async (t2) => {
  const bench = new Bench(t2, { queuedMessages: 3 });
  const first = await bench.connect(5, "s", kept);
  await first.subscribe("t", 1);
  await first.cut();
  await publish(bench, "1", "2", "3", "4", "5");
  bench.route({ topic: "t", payload: "zero" });
  t2.match(bench.broker.clients()[0], { connected: false, queued: 3, dropped: 3 });
  t2.match(bench.broker.router.counters(), { received: 6, delivered: 3, dropped: 3 });
  const second = await bench.connect(5, "s", kept);
  t2.same((await second.pending()).map(shown), ["t 3 q1 r0", "t 4 q1 r0", "t 5 q1 r0"]);
});
t.test("the queue of an absent client is limited in bytes too", async (t2) => {
  const bench = new Bench(t2, { packetBytes: 1024 * 1024 });
  const first = await bench.connect(5, "s", kept);
  await first.subscribe("t", 1);
  await first.cut();
  const payload = "x".repeat(1e6);
  for (let i = 0; i < 20; i++) bench.route({ topic: "t", payload: `${i}${payload}`, qos: 1 });
  const [client] = bench.broker.clients();
  t2.equal(client.queued + client.dropped, 20);
  t2.equal(client.queued, 8, "as many as 8 MiB hold");
  await publish(bench, "small");
  t2.match(bench.broker.clients()[0], { queued: 9, dropped: 12 });
  const second = await bench.connect(5, "s", kept);
  t2.match((await second.next("publish")).payload.toString().slice(0, 3), "12x", "the oldest went");
});
t.test("Message Expiry: what remains is sent on, what is over is not [MQTT-3.3.2-5] [MQTT-3.3.2-6]", async (t2) => {
  const bench = new Bench(t2);
  const first = await bench.connect(5, "s", kept);
  await first.subscribe("t", 1);
  await first.cut();
  const now = bench.clock.now();
  for (const seconds of [5, 60])
    bench.route({ topic: "t", payload: `${seconds}`, qos: 1, expiresAt: now + seconds * 1e3 });
  await bench.clock.advance(1e4);
  const second = await bench.connect(5, "s", kept);
  const packet = await second.next("publish");
  t2.equal(shown(packet), "t 60 q1 r0");
  t2.equal(packet.properties?.messageExpiryInterval, 50);
  t2.same(await second.pending(), []);
});
t.test(
  "a message larger than the client takes is left out, as if delivered [MQTT-3.1.2-24] [MQTT-3.1.2-25]",
  async (t2) => {
    const bench = new Bench(t2);
    const client = await bench.connect(5, "s", { properties: { maximumPacketSize: 100 } });
    await client.subscribe("t", 2);
    await publish(bench, "x".repeat(200), "small");
    t2.equal((await next(client)).text, "small");
    bench.route({ topic: "t", payload: "y".repeat(200) });
    t2.same(await client.pending(), []);
    t2.match(bench.broker.clients()[0], { inflight: 1, dropped: 2 });
  }
);
t.test("a session kept with 3.1.1 can be taken up with 5.0", async (t2) => {
  const bench = new Bench(t2);
  const old = await bench.connect(4, "s", { clean: false });
  await old.subscribe("t", 1);
  await publish(bench, "a");
  await next(old);
  await old.cut();
  const modern = await bench.connect(5, "s", kept);
  t2.equal(modern.connack?.sessionPresent, true);
  t2.equal((await next(modern)).text, "a dup");
});
t.test("an answer larger than the client takes ends the connection: it cannot be sent [MQTT-3.1.2-24]", async (t2) => {
  const bench = new Bench(t2);
  const tiny = bench.open(5);
  t2.equal((await tiny.connect("tiny", { properties: { maximumPacketSize: 10 } })).reasonCode, 149);
  const client = await bench.connect(5, "s", { properties: { maximumPacketSize: 40 } });
  const subscriptions = Array.from({ length: 45 }, (_, i) => ({ topic: `t/${i}`, qos: 0 }));
  client.send({ cmd: "subscribe", messageId: 1, subscriptions });
  const { reasonCode, properties } = await client.next("disconnect");
  t2.equal(reasonCode, 149);
  t2.equal(properties?.reasonString, void 0, "the Reason String is left out where it would not fit");
});
//# sourceMappingURL=delivery.test.js.map
