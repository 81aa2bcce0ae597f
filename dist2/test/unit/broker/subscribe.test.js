import t from "tap";
import { Bench, shown } from "./harness.js";
t.test("SUBACK answers each filter for itself", async (t2) => {
  const bench = new Bench(t2, { subscriptions: 3 });
  const filters = ["a", "a/#/b", "$share/g+/t", "#", "$SYS/#", "one/too/many"];
  const subscriptions = filters.map((topic) => ({ topic, qos: 1 }));
  const modern = await bench.connect(5, "a");
  modern.send({ cmd: "subscribe", messageId: 4, subscriptions });
  t2.match(await modern.next("suback"), { messageId: 4, granted: [1, 143, 143, 1, 1, 151] });
  const old = await bench.connect(4, "b");
  old.send({ cmd: "subscribe", messageId: 5, subscriptions });
  t2.match(await old.next("suback"), { messageId: 5, granted: [1, 128, 128, 1, 1, 128] });
  modern.send({ cmd: "unsubscribe", messageId: 6, unsubscriptions: ["a", "never", "a/#/b"] });
  t2.match(await modern.next("unsuback"), { messageId: 6, granted: [0, 17, 143] });
  old.send({ cmd: "unsubscribe", messageId: 7, unsubscriptions: ["a", "never"] });
  t2.match(await old.next("unsuback"), { messageId: 7 });
  t2.equal(bench.broker.router.counters().subscriptions, 4);
});
t.test(
  "retained messages: stored, replaced, cleared by an empty payload, sent after SUBACK [MQTT-3.3.1-5..8]",
  async (t2) => {
    const bench = new Bench(t2);
    const publisher = await bench.connect(5, "p");
    await publisher.publish("a/1", "old", 1, true);
    await publisher.publish("a/1", "new", 1, true);
    await publisher.publish("a/2", "x", 1, true);
    await publisher.publish("a/2", "", 1, true);
    await publisher.publish("a/3", "not retained", 1, false);
    await publisher.publish("$mine", "hidden", 1, true);
    t2.equal(bench.broker.router.counters().retained, 2);
    const subscriber = await bench.connect(4, "s");
    await subscriber.subscribe("#", 2);
    t2.same((await subscriber.pending()).map(shown), ["a/1 new q1 r1"]);
    await publisher.publish("a/1", "live", 1, true);
    await publisher.publish("a/1", "", 0, true);
    t2.same((await subscriber.pending()).map(shown), ["a/1 live q1 r0", "a/1  q0 r0"], "live: RETAIN is 0");
  }
);
t.test("Retain Handling and Retain As Published [MQTT-3.3.1-9..13]", async (t2) => {
  const bench = new Bench(t2);
  const publisher = await bench.connect(5, "p");
  await publisher.publish("t", "kept", 0, true);
  const client = await bench.connect(5, "s");
  const got = async () => (await client.pending()).map(shown);
  await client.subscribe("t", 0, { rh: 1 });
  t2.same(await got(), ["t kept q0 r1"], "1: the subscription is new");
  await client.subscribe("t", 0, { rh: 1 });
  t2.same(await got(), [], "1: it exists");
  await client.subscribe("t", 0, { rh: 0 });
  t2.same(await got(), ["t kept q0 r1"], "0: always");
  client.send({ cmd: "unsubscribe", messageId: 2, unsubscriptions: ["t"] });
  await client.next("unsuback");
  await client.subscribe("t", 0, { rh: 2, rap: true });
  t2.same(await got(), [], "2: never");
  await publisher.publish("t", "again", 0, true);
  t2.same(await got(), ["t again q0 r1"], "Retain As Published keeps the flag");
  await publisher.publish("t", "plain", 0, false);
  t2.same(await got(), ["t plain q0 r0"]);
});
t.test("No Local: a client does not get its own messages back [MQTT-3.8.3-3]", async (t2) => {
  const bench = new Bench(t2);
  const client = await bench.connect(5, "a");
  await client.subscribe("t", 0, { nl: true });
  const other = await bench.connect(5, "b");
  await client.publish("t", "mine");
  await other.publish("t", "theirs");
  t2.same((await client.pending()).map(shown), ["t theirs q0 r0"]);
  t2.match(bench.broker.router.counters(), { received: 2, delivered: 1, unmatched: 1 });
});
t.test(
  "overlapping subscriptions: one copy, the highest QoS, all identifiers [MQTT-3.3.4-2] [MQTT-3.3.4-3]",
  async (t2) => {
    const bench = new Bench(t2);
    const client = await bench.connect(5, "s");
    const filters = [
      ["a/#", 0, 1],
      ["a/+", 2, 268435455],
      ["a/b", 1, 0],
      ["x", 1, 9]
    ];
    for (const [topic, qos, identifier] of filters) {
      client.send({
        cmd: "subscribe",
        messageId: 1,
        subscriptions: [{ topic, qos }],
        ...identifier > 0 && { properties: { subscriptionIdentifier: identifier } }
      });
      await client.next("suback");
    }
    const publisher = await bench.connect(5, "p");
    await publisher.publish("a/b", "x", 2);
    const packets = await client.pending();
    t2.same(packets.map(shown), ["a/b x q2 r0"]);
    const [packet] = packets;
    const identifiers = packet?.cmd === "publish" ? packet.properties?.subscriptionIdentifier : void 0;
    t2.same([identifiers].flat().sort(), [1, 268435455]);
  }
);
t.test("Subscription Identifiers come with retained messages, and change with the subscription", async (t2) => {
  const bench = new Bench(t2);
  const publisher = await bench.connect(5, "p");
  await publisher.publish("t", "x", 1, true);
  const client = await bench.connect(5, "s");
  for (const subscriptionIdentifier of [3, 4]) {
    client.send({
      cmd: "subscribe",
      messageId: 1,
      subscriptions: [{ topic: "t", qos: 0 }],
      properties: { subscriptionIdentifier }
    });
    await client.next("suback");
    t2.equal((await client.next("publish")).properties?.subscriptionIdentifier, subscriptionIdentifier);
  }
});
t.test("many retained messages all arrive, however slowly the client acknowledges", async (t2) => {
  const bench = new Bench(t2, { receiveMaximum: 5, queuedMessages: 3, retainedMessages: 600 });
  const publisher = await bench.connect(5, "p");
  for (let i = 0; i < 600; i++) bench.route({ topic: `r/${i}`, payload: "x".repeat(1e3), retain: true });
  await publisher.publish("r/600", "one too many", 1, true);
  t2.match(bench.broker.router.counters(), { retained: 600, dropped: 1 }, "the limit holds, and is counted");
  await publisher.publish("r/5", "replaced", 1, true);
  const careless = await bench.connect(5, "q0");
  await careless.subscribe("r/#", 0);
  let count = 0;
  for (let packets = await careless.pending(); packets.length > 0; packets = await careless.pending())
    count += packets.length;
  t2.equal(count, 600, "more than fits the buffer of one connection, at QoS 0");
});
t.test("retained messages at QoS 1 wait for room and survive a reconnect", async (t2) => {
  const bench = new Bench(t2, { receiveMaximum: 5, queuedMessages: 3 });
  const publisher = await bench.connect(5, "p");
  for (let i = 0; i < 20; i++) await publisher.publish(`s/${i}`, `${i}`, 1, true);
  const open = { clean: false, properties: { sessionExpiryInterval: 100 } };
  const first = await bench.connect(5, "s", open);
  await first.subscribe("s/#", 1);
  t2.equal((await first.pending()).length, 5);
  await first.cut();
  const second = await bench.connect(5, "s", open);
  const topics = /* @__PURE__ */ new Set();
  for (let packets = await second.pending(); packets.length > 0; packets = await second.pending()) {
    for (const packet of packets) {
      if (packet.cmd !== "publish") continue;
      topics.add(packet.topic);
      second.send({ cmd: "puback", messageId: packet.messageId, reasonCode: 0 });
    }
  }
  t2.equal(topics.size, 20);
});
t.test("expired retained messages are neither sent nor kept [MQTT-3.3.2-5]", async (t2) => {
  const bench = new Bench(t2);
  await bench.broker.start(AbortSignal.timeout(6e4));
  const kept = bench.broker.router.counters().retained;
  const publisher = await bench.connect(5, "p");
  publisher.send({
    cmd: "publish",
    topic: "t",
    payload: "x",
    qos: 1,
    messageId: 1,
    retain: true,
    dup: false,
    properties: { messageExpiryInterval: 15 }
  });
  await publisher.next("puback");
  await bench.clock.advance(5e3);
  const early = await bench.connect(5, "early");
  await early.subscribe("t", 0);
  t2.equal((await early.next("publish")).properties?.messageExpiryInterval, 10);
  await bench.clock.advance(1e4);
  const late = await bench.connect(5, "late");
  await late.subscribe("t", 0);
  t2.same(await late.pending(), []);
  await bench.clock.advance(1e4);
  t2.equal(bench.broker.router.counters().retained, kept, "swept");
});
t.test("a bridge (protocol level 0x83, 0x84): retain flags stay, its own messages do not come back", async (t2) => {
  const bench = new Bench(t2);
  for (const connect of ["101000064d51497364708302000000026233", "100e00044d5154548402000000026234"]) {
    const bridge = bench.open(4);
    bridge.raw(Buffer.from(connect, "hex"));
    t2.equal((await bridge.next("connack")).returnCode, 0);
    await bridge.subscribe("t/#", 0);
    await bridge.publish("t/own", "x");
    bench.route({ topic: "t/live", payload: "x", retain: true });
    t2.same((await bridge.pending()).map(shown), ["t/live x q0 r1"]);
    bench.route({ topic: "t/live", payload: "", retain: true });
    await bridge.cut();
  }
});
//# sourceMappingURL=subscribe.test.js.map
