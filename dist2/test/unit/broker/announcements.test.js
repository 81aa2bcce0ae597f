import t from "tap";
import { Bench } from "./harness.js";
t.test("5.0 clients are told a shorter Keep Alive, and held to it [MQTT-3.1.2-21] [MQTT-3.2.2-21]", async (t2) => {
  const bench = new Bench(t2, { keepAlive: 6e4 });
  const eager = await bench.connect(5, "eager", { keepalive: 30 });
  t2.equal(eager.connack?.properties?.serverKeepAlive, void 0);
  const exact = await bench.connect(5, "exact", { keepalive: 60 });
  t2.equal(exact.connack?.properties?.serverKeepAlive, void 0);
  const long = await bench.connect(5, "long", { keepalive: 600 });
  t2.equal(long.connack?.properties?.serverKeepAlive, 60);
  const none = await bench.connect(5, "none", { keepalive: 0 });
  t2.equal(none.connack?.properties?.serverKeepAlive, 60, "no Keep Alive is longer than any");
  const old = await bench.connect(4, "old", { keepalive: 600 });
  t2.equal(old.connack?.returnCode, 0, "3.1.1 cannot be told: as it asks");
  const oldest = await bench.connect(3, "oldest", { keepalive: 0 });
  await bench.clock.advance(90500);
  for (const client of [long, none]) {
    t2.equal((await client.next("disconnect")).reasonCode, 141);
    await client.closed();
  }
  t2.notOk(old.isClosed);
  await bench.clock.advance(85e4);
  t2.ok(old.isClosed);
  t2.notOk(oldest.isClosed);
});
t.test("by default every Keep Alive is granted, 0 and 65,535 included", async (t2) => {
  const bench = new Bench(t2);
  for (const keepalive of [0, 65535]) {
    const client = await bench.connect(5, "a", { keepalive });
    t2.equal(client.connack?.properties?.serverKeepAlive, void 0);
  }
});
t.test("Response Information: for who asks, where it is configured [MQTT-3.1.2-28]", async (t2) => {
  const asked = { properties: { requestResponseInformation: true } };
  const silent = await new Bench(t2).connect(5, "a", asked);
  t2.equal(silent.connack?.properties?.responseInformation, void 0);
  const bench = new Bench(t2, {}, { responseInformation: "answers/%c" });
  const client = await bench.connect(5, "a", asked);
  t2.equal(client.connack?.properties?.responseInformation, "answers/a");
  const other = await bench.connect(5, "b");
  t2.equal(other.connack?.properties?.responseInformation, void 0);
  const strange = await bench.connect(5, "a+b", asked);
  t2.equal(strange.connack?.properties?.responseInformation, void 0, "would be no Topic Name");
});
t.test(
  "CONNACK keeps to the Maximum Packet Size of the client; what it need not say goes first [MQTT-3.1.2-24]",
  async (t2) => {
    const bench = new Bench(t2);
    const small = await bench.connect(5, "a", { properties: { maximumPacketSize: 30 } });
    t2.equal(small.connack?.reasonCode, 0);
    t2.equal(small.connack?.properties?.sharedSubscriptionAvailable, void 0, "absent: available");
    const tiny = bench.open(5);
    t2.equal((await tiny.connect("b", { properties: { maximumPacketSize: 10 } })).reasonCode, 149);
    await tiny.closed();
    const none = bench.open(5);
    none.send({
      cmd: "connect",
      protocolVersion: 5,
      clientId: "c",
      clean: true,
      keepalive: 0,
      properties: { maximumPacketSize: 4 }
    });
    await none.closed();
    t2.same(await none.pending(), [], "no CONNACK is that small");
  }
);
t.test("at the limit of connections a client is sent to the Server Reference (\xA74.11)", async (t2) => {
  const bench = new Bench(t2, { connections: 1 }, { serverReference: "other.example:1883" });
  const first = await bench.connect(5, "a");
  const second = bench.open(5);
  t2.match(await second.connect("b"), { reasonCode: 156, properties: { serverReference: "other.example:1883" } });
  await second.closed();
  const old = bench.open(4);
  t2.equal((await old.connect("c")).returnCode, 3);
  await old.closed();
  const closing = bench.broker[Symbol.asyncDispose]();
  t2.match(await first.next("disconnect"), { reasonCode: 156, properties: { serverReference: "other.example:1883" } });
  await closing;
});
t.test("a broker that has moved sends everybody away (\xA74.11)", async (t2) => {
  const bench = new Bench(t2, {}, { serverReference: "new.example", moved: true });
  const client = bench.open(5);
  t2.match(await client.connect("a"), { reasonCode: 157, properties: { serverReference: "new.example" } });
  await client.closed();
  const old = bench.open(4);
  t2.equal((await old.connect("b")).returnCode, 3);
  await old.closed();
});
t.test("a broker that stops says so [MQTT-3.14.4-1]", async (t2) => {
  const bench = new Bench(t2);
  const client = await bench.connect(5, "a");
  const closing = bench.broker[Symbol.asyncDispose]();
  t2.equal((await client.next("disconnect")).reasonCode, 139);
  await closing;
  t2.ok(client.isClosed);
});
//# sourceMappingURL=announcements.test.js.map
