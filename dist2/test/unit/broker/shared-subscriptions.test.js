import t, {} from "tap";
import { unrestricted } from "../../../src/broker/access/access.js";
import { Bench, shown } from "./harness.js";
const stored = { clean: false, properties: { sessionExpiryInterval: 600 } };
async function payloads(client) {
  return (await client.pending()).flatMap((packet) => packet.cmd === "publish" ? [String(packet.payload)] : []);
}
async function members(bench, count, qos = 1, options = stored) {
  const clients = [];
  for (let i = 0; i < count; i++) {
    const client = await bench.connect(5, `m${i}`, options);
    t.same((await client.subscribe("$share/g/t", qos)).granted, [qos]);
    clients.push(client);
  }
  return clients;
}
function route(bench, from, count, qos = 1) {
  for (let i = from; i < from + count; i++) bench.route({ topic: "t", payload: `${i}`, qos });
}
function view(bench, clientId) {
  return bench.broker.clients().find((client) => client.clientId === clientId);
}
t.test("each message goes to one member in turn, every group has its own copy (\xA74.8.2)", async (t2) => {
  const bench = new Bench(t2);
  const [a, b] = await members(bench, 2);
  const old = await bench.connect(4, "old");
  await old.subscribe("$share/other/t", 0);
  const plain = await bench.connect(4, "plain");
  await plain.subscribe("t", 0);
  t2.equal(bench.broker.router.counters().subscriptions, 4);
  route(bench, 0, 6);
  t2.same(await payloads(a), ["0", "2", "4"]);
  t2.same(await payloads(b), ["1", "3", "5"]);
  t2.same(await payloads(old), ["0", "1", "2", "3", "4", "5"], "a group of one, of 3.1.1");
  t2.same(await payloads(plain), ["0", "1", "2", "3", "4", "5"]);
  t2.match(bench.broker.router.counters(), { received: 6, delivered: 18, dropped: 0, unmatched: 0 });
});
t.test(
  "a ShareName has at least one character and no wildcard; a filter follows [MQTT-4.8.2-1] [MQTT-4.8.2-2]",
  async (t2) => {
    const bench = new Bench(t2);
    const client = await bench.connect(5, "a");
    for (const filter of [
      "$share/",
      "$share//t",
      "$share/g",
      "$share/g/",
      "$share/+/t",
      "$share/g#/t",
      "$share/g/t/#/x"
    ]) {
      t2.same((await client.subscribe(filter, 1)).granted, [143], filter);
    }
    for (const filter of ["$share/g/#", "$share/g//", "$share/g/$share/h/t", "$share"]) {
      t2.same((await client.subscribe(filter, 1)).granted, [1], filter);
    }
  }
);
t.test("No Local on a Shared Subscription is a Protocol Error [MQTT-3.8.3-4]", async (t2) => {
  const bench = new Bench(t2);
  const client = await bench.connect(5, "a");
  client.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "$share/g/t", qos: 1, nl: true }] });
  t2.equal((await client.next("disconnect")).reasonCode, 130);
  await client.closed();
});
t.test("no retained messages come with a Shared Subscription (\xA74.8.2)", async (t2) => {
  const bench = new Bench(t2);
  bench.route({ topic: "t", payload: "kept", retain: true });
  const [client] = await members(bench, 1);
  t2.same(await client.pending(), []);
});
t.test(
  "the QoS, the Subscription Identifier and Retain As Published are those of the member [MQTT-4.8.2-3]",
  async (t2) => {
    const bench = new Bench(t2);
    const clients = [];
    for (const [index, qos] of [0, 1, 2].entries()) {
      const client = await bench.connect(5, `m${index}`);
      client.send({
        cmd: "subscribe",
        messageId: 1,
        subscriptions: [{ topic: "$share/g/t", qos, rap: index === 1 }],
        properties: { subscriptionIdentifier: index + 1 }
      });
      await client.next("suback");
      clients.push(client);
    }
    for (let i = 0; i < 3; i++) bench.route({ topic: "t", payload: "x", qos: 2, retain: true });
    for (const [index, client] of clients.entries()) {
      const packet = await client.next("publish");
      t2.match(packet, { qos: index, retain: index === 1, properties: { subscriptionIdentifier: index + 1 } });
    }
  }
);
t.test("a client with a shared and a plain subscription gets a copy for each (\xA74.8.2)", async (t2) => {
  const bench = new Bench(t2);
  const [client] = await members(bench, 1);
  await client.subscribe("t", 1);
  await client.subscribe("$share/h/t", 1);
  route(bench, 0, 1);
  t2.same(await payloads(client), ["0", "0", "0"]);
});
t.test("the member that subscribes again is one member, and leaves with one UNSUBSCRIBE (\xA74.8.2)", async (t2) => {
  const bench = new Bench(t2);
  const [a, b] = await members(bench, 2);
  await a.subscribe("$share/g/t", 0);
  t2.equal(bench.broker.router.counters().subscriptions, 2);
  route(bench, 0, 4);
  t2.same((await a.pending()).map(shown), ["t 0 q0 r0", "t 2 q0 r0"]);
  a.send({ cmd: "unsubscribe", messageId: 2, unsubscriptions: ["$share/g/t", "g/t"] });
  t2.same((await a.next("unsuback")).granted, [0, 17]);
  route(bench, 4, 2);
  t2.same(await a.pending(), []);
  t2.same(await payloads(b), ["1", "3", "4", "5"]);
  b.send({ cmd: "unsubscribe", messageId: 2, unsubscriptions: ["$share/g/t"] });
  await b.next("unsuback");
  route(bench, 6, 1);
  t2.match(bench.broker.router.counters(), { unmatched: 1, subscriptions: 0 });
});
t.test("a member with a small window gets no more than it acknowledges while others have room", async (t2) => {
  const bench = new Bench(t2);
  const slow = await bench.connect(5, "slow", { properties: { receiveMaximum: 1 } });
  await slow.subscribe("$share/g/t", 1);
  const [fast] = await members(bench, 1);
  route(bench, 0, 10);
  t2.same(await payloads(slow), ["0"]);
  t2.equal((await payloads(fast)).length, 9);
  route(bench, 10, 20);
  t2.same([view(bench, "slow")?.queued, view(bench, "m0")?.queued], [5, 4], "no room anywhere: the shortest queue");
});
t.test("absent members get nothing while one is connected, and share when none is", async (t2) => {
  const bench = new Bench(t2);
  const [a, b, c] = await members(bench, 3);
  await a.cut();
  await b.cut();
  route(bench, 0, 3);
  t2.same(await payloads(c), ["0", "1", "2"]);
  for (const packet of [1, 2, 3]) c.send({ cmd: "puback", messageId: packet });
  await c.pending();
  await c.cut();
  route(bench, 3, 6);
  route(bench, 9, 1, 0);
  t2.same(
    ["m0", "m1", "m2"].map((id) => view(bench, id)?.queued),
    [2, 2, 2]
  );
  t2.equal(bench.broker.router.counters().dropped, 1, "nobody can keep QoS 0");
  const back = await bench.connect(5, "m1", stored);
  t2.same((await payloads(back)).sort(), ["3", "4", "5", "6", "7", "8"], "who comes back first gets all that wait");
});
t.test("QoS 1 not acknowledged and all that waits goes to the others when a member dies (\xA74.8.2)", async (t2) => {
  const bench = new Bench(t2, { receiveMaximum: 3 });
  const [a, b] = await members(bench, 2);
  route(bench, 0, 12);
  t2.same(await payloads(a), ["0", "2", "4"]);
  const first = await b.pending();
  t2.same(
    first.map((packet) => packet.cmd === "publish" && String(packet.payload)),
    ["1", "3", "5"]
  );
  await a.cut();
  const seen = [];
  for (let packets = first; packets.length > 0; packets = await b.pending()) {
    for (const packet of packets) {
      if (packet.cmd !== "publish") continue;
      t2.equal(packet.dup, false, "this client has not had it before");
      seen.push(String(packet.payload));
      b.send({ cmd: "puback", messageId: packet.messageId, reasonCode: 0 });
    }
  }
  t2.same(
    seen.map(Number).sort((x, y) => x - y),
    Array.from({ length: 12 }, (_, i) => i)
  );
  t2.match(view(bench, "m0"), { inflight: 0, queued: 0 });
});
t.test("QoS 1 is passed on when the session of the only connected member ends", async (t2) => {
  const bench = new Bench(t2);
  const [absent] = await members(bench, 1);
  await absent.cut();
  const last = await bench.connect(5, "last");
  await last.subscribe("$share/g/t", 1);
  route(bench, 0, 3);
  t2.same(await payloads(last), ["0", "1", "2"]);
  last.send({ cmd: "disconnect", reasonCode: 0 });
  await last.closed();
  t2.equal(view(bench, "m0")?.queued, 3);
  t2.same(await payloads(await bench.connect(5, "m0", stored)), ["0", "1", "2"]);
});
t.test("QoS 2 in flight is completed with its member only [MQTT-4.8.2-4]", async (t2) => {
  const bench = new Bench(t2, { receiveMaximum: 2 });
  const [a, b] = await members(bench, 2, 2);
  route(bench, 0, 6, 2);
  const sent = await a.pending();
  t2.same(sent.map(shown), ["t 0 q2 r0", "t 2 q2 r0"]);
  await a.cut();
  t2.match(view(bench, "m0"), { inflight: 2, queued: 0 }, "what it was not sent yet is gone to the other");
  t2.equal(view(bench, "m1")?.queued, 2);
  t2.same(await payloads(b), ["1", "3"]);
  const again = await bench.connect(5, "m0", stored);
  const redelivered = await again.pending();
  t2.same(redelivered.map(shown), ["t 0 q2 r0", "t 2 q2 r0"]);
  t2.match(redelivered, [{ dup: true }, { dup: true }]);
});
t.test("QoS 2 in flight ends with the session of its member, nobody else gets it [MQTT-4.8.2-5]", async (t2) => {
  const bench = new Bench(t2);
  const [a, b] = await members(bench, 2, 2, {});
  route(bench, 0, 2, 2);
  t2.same(await payloads(a), ["0"]);
  await a.cut();
  t2.same(view(bench, "m0"), void 0);
  t2.same(await payloads(b), ["1"]);
});
t.test("a message that a member refuses goes to nobody else [MQTT-4.8.2-6]", async (t2) => {
  const bench = new Bench(t2);
  const [a, b] = await members(bench, 2);
  route(bench, 0, 1);
  const packet = await a.next("publish");
  a.send({ cmd: "puback", messageId: packet.messageId, reasonCode: 151 });
  await a.cut();
  t2.same(await b.pending(), []);
});
t.test("what waits for a member that unsubscribes goes to the others", async (t2) => {
  const bench = new Bench(t2, { receiveMaximum: 2 });
  const [a, b] = await members(bench, 2);
  route(bench, 0, 8);
  t2.same(await payloads(a), ["0", "2"]);
  a.send({ cmd: "unsubscribe", messageId: 2, unsubscriptions: ["$share/g/t"] });
  await a.next("unsuback");
  t2.match(view(bench, "m0"), { inflight: 2, queued: 0 }, "what is in flight is completed here (\xA73.10.4)");
  t2.equal(view(bench, "m1")?.queued, 4);
  t2.same(await payloads(b), ["1", "3"]);
});
t.test("what expired while it waited is not passed on", async (t2) => {
  const bench = new Bench(t2);
  const [a] = await members(bench, 1);
  await a.cut();
  bench.route({ topic: "t", payload: "x", qos: 1, expiresAt: bench.clock.now() + 5e3 });
  await bench.clock.advance(6e3);
  const b = await bench.connect(5, "b");
  await b.subscribe("$share/g/t", 1);
  t2.same(await b.pending(), []);
  t2.equal(view(bench, "m0")?.queued, 0);
});
t.test("a member that may not read the topic is passed over", async (t2) => {
  const access = {
    authenticate: ({ username }) => ({
      user: username,
      permissions: { ...unrestricted, mayReceive: (topic) => username !== "guest" || topic !== "t/secret" }
    }),
    exchange: () => {
      throw new Error("not asked");
    }
  };
  const bench = new Bench(t2, {}, {}, access);
  const guest = await bench.connect(5, "guest", { username: "guest" });
  const owner = await bench.connect(5, "owner", { username: "owner" });
  for (const client of [guest, owner]) await client.subscribe("$share/g/t/#", 0);
  for (const topic of ["t/secret", "t/open", "t/secret", "t/open"]) bench.route({ topic, payload: "x" });
  t2.same((await guest.pending()).map(shown), ["t/open x q0 r0", "t/open x q0 r0"]);
  t2.same((await owner.pending()).map(shown), ["t/secret x q0 r0", "t/secret x q0 r0"]);
});
//# sourceMappingURL=shared-subscriptions.test.js.map
