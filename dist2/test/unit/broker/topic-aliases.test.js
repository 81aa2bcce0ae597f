import t from "tap";
import { Bench } from "./harness.js";
const takesAliases = (topicAliasMaximum) => ({ properties: { topicAliasMaximum } });
class Resolver {
  #client;
  #topics = /* @__PURE__ */ new Map();
  constructor(client) {
    this.#client = client;
  }
  async next() {
    return (await this.#client.pending()).flatMap((packet) => {
      if (packet.cmd !== "publish") return [];
      const alias = packet.properties?.topicAlias;
      if (alias !== void 0 && packet.topic !== "") this.#topics.set(alias, packet.topic);
      const topic = packet.topic === "" ? this.#topics.get(alias ?? 0) : packet.topic;
      return [{ meant: `${topic} ${packet.payload}`, wire: `${packet.topic}:${alias ?? ""}` }];
    });
  }
}
async function subscriber(bench, id, maximum) {
  const client = await bench.connect(5, id, takesAliases(maximum));
  await client.subscribe("#", 0);
  return { client, got: new Resolver(client) };
}
t.test(
  "a client that takes Topic Aliases gets one with the first, and it alone from the first repeat [MQTT-3.3.2-7]",
  async (t2) => {
    const bench = new Bench(t2);
    const { got } = await subscriber(bench, "a", 10);
    const old = await bench.connect(4, "old");
    await old.subscribe("#", 0);
    const none = await subscriber(bench, "none", 0);
    for (const topic of ["first", "first", "second", "second", "first"]) bench.route({ topic, payload: "x" });
    t2.same(
      (await got.next()).map(({ wire }) => wire),
      ["first:1", ":1", "second:2", ":2", ":1"]
    );
    t2.same(
      (await none.got.next()).map(({ wire }) => wire),
      ["first:", "first:", "second:", "second:", "first:"],
      "Topic Alias Maximum 0: none [MQTT-3.1.2-27]"
    );
    t2.equal((await old.pending()).length, 5);
  }
);
t.test(
  "no alias beyond the maximum of the client; that of the topic not used for longest goes [MQTT-3.1.2-26]",
  async (t2) => {
    const bench = new Bench(t2);
    const { got } = await subscriber(bench, "a", 2);
    for (const topic of ["a", "b", "a", "c", "b", "a"]) bench.route({ topic, payload: "x" });
    const packets = await got.next();
    t2.same(
      packets.map(({ wire }) => wire),
      ["a:1", "b:2", ":1", "c:2", "b:1", "a:2"]
    );
    t2.same(
      packets.map(({ meant }) => meant),
      ["a x", "b x", "a x", "c x", "b x", "a x"]
    );
  }
);
t.test("clients that know a topic by different numbers get the same message right", async (t2) => {
  const bench = new Bench(t2);
  const early = await subscriber(bench, "early", 100);
  bench.route({ topic: "warm/up", payload: "x" });
  await early.got.next();
  const late = await subscriber(bench, "late", 100);
  const plain = await subscriber(bench, "plain", 0);
  for (let i = 0; i < 3; i++) bench.route({ topic: "data", payload: `${i}`, qos: 1 });
  bench.route({ topic: "data", payload: "large".padEnd(2e4), qos: 0 });
  for (const { got, wire } of [
    { got: early.got, wire: ["data:2", ":2", ":2", "data:"] },
    { got: late.got, wire: ["data:1", ":1", ":1", "data:"] },
    { got: plain.got, wire: ["data:", "data:", "data:", "data:"] }
  ]) {
    const packets = await got.next();
    t2.same(
      packets.map(({ meant }) => meant.trimEnd()),
      ["data 0", "data 1", "data 2", "data large"]
    );
    t2.same(
      packets.map((packet) => packet.wire),
      wire
    );
  }
});
t.test("aliases go with Subscription Identifiers and expiry, and end with the connection [MQTT-3.3.2-7]", async (t2) => {
  const bench = new Bench(t2);
  const options = { clean: false, properties: { topicAliasMaximum: 5, sessionExpiryInterval: 60 } };
  const first = await bench.connect(5, "a", options);
  first.send({
    cmd: "subscribe",
    messageId: 1,
    subscriptions: [{ topic: "t", qos: 1 }],
    properties: { subscriptionIdentifier: 3 }
  });
  await first.next("suback");
  const expiresAt = bench.clock.now() + 6e4;
  for (let i = 0; i < 2; i++) bench.route({ topic: "t", payload: `${i}`, qos: 1, expiresAt });
  t2.match(await first.next("publish"), { topic: "t", properties: { topicAlias: 1, subscriptionIdentifier: 3 } });
  t2.match(await first.next("publish"), { topic: /^$/, properties: { topicAlias: 1, messageExpiryInterval: 60 } });
  await first.cut();
  const second = await bench.connect(5, "a", options);
  for (let i = 0; i < 2; i++) t2.match(await second.next("publish"), { topic: "t", dup: true });
  bench.route({ topic: "t", payload: "2", qos: 1 });
  t2.match(await second.next("publish"), { topic: "t", properties: { topicAlias: 1 } });
});
t.test("an alias that makes a packet too large for the client is not set [MQTT-3.1.2-24]", async (t2) => {
  const bench = new Bench(t2);
  const topic = "a/topic/of/30/characters/in/all";
  const options = { properties: { topicAliasMaximum: 5, maximumPacketSize: 50 } };
  const client = await bench.connect(5, "a", options);
  await client.subscribe("#", 0);
  const got = new Resolver(client);
  const room = 50 - 5 - topic.length;
  for (const length of [room, room - 3, room + 5]) bench.route({ topic, payload: "x".repeat(length) });
  t2.same(
    (await got.next()).map(({ wire }) => wire),
    [`${topic}:`, `${topic}:1`, ":1"]
  );
});
t.test("many topics at random are always meant as published", async (t2) => {
  const bench = new Bench(t2);
  const small = await subscriber(bench, "small", 3);
  const large = await subscriber(bench, "large", 65535);
  const expected = [];
  let state = 7;
  for (let i = 0; i < 400; i++) {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    const topic = `t/${state % 90}`;
    bench.route({ topic, payload: `${i}` });
    expected.push(`${topic} ${i}`);
  }
  for (const { got } of [small, large]) {
    t2.same(
      (await got.next()).map(({ meant }) => meant),
      expected
    );
  }
});
//# sourceMappingURL=topic-aliases.test.js.map
