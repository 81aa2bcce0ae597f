import t from "tap";
import { Bench, brokerConfig, shown } from "./harness.js";
t.test("3.1.1: an empty Client Identifier needs a clean session [MQTT-3.1.3-8]", async (t2) => {
  const bench = new Bench(t2);
  const refused = bench.open(4);
  refused.raw(Buffer.from("100c00044d515454040000000000", "hex"));
  t2.equal((await refused.next("connack")).returnCode, 2);
  await refused.closed();
  const accepted = bench.open(4);
  t2.equal((await accepted.connect("")).returnCode, 0);
  t2.match(bench.broker.clients()[0]?.clientId, /^hpmq-[0-9a-z]{16}$/);
});
t.test("5.0: an empty Client Identifier gets one, and is told [MQTT-3.2.2-16]", async (t2) => {
  const bench = new Bench(t2);
  const client = bench.open(5);
  client.raw(Buffer.from("100d00044d51545405000000000000", "hex"));
  const connack = await client.next("connack");
  const assigned = connack.properties?.assignedClientIdentifier;
  t2.match(assigned, /^hpmq-[0-9a-z]{16}$/);
  t2.equal(bench.broker.clients()[0]?.clientId, assigned);
});
t.test("CONNACK 5.0 says what the broker keeps to", async (t2) => {
  const bench = new Bench(t2, { receiveMaximum: 7, packetBytes: 5e3, sessionExpiry: 6e4 });
  const client = await bench.connect(5, "a", { properties: { sessionExpiryInterval: 3600 } });
  t2.match(client.connack, {
    reasonCode: 0,
    sessionPresent: false,
    properties: {
      receiveMaximum: 7,
      maximumPacketSize: 5e3,
      topicAliasMaximum: 10,
      sharedSubscriptionAvailable: true,
      wildcardSubscriptionAvailable: true,
      subscriptionIdentifiersAvailable: true,
      sessionExpiryInterval: 60
    }
  });
  t2.equal(client.connack?.properties?.serverKeepAlive, void 0, "the Keep Alive of the client is accepted");
  const modest = await bench.connect(5, "b", { properties: { sessionExpiryInterval: 5 } });
  t2.equal(modest.connack?.properties?.sessionExpiryInterval, void 0, "as asked: not repeated");
});
t.test("3.1, 3.1.1 and 5.0 are served; other versions are told so", async (t2) => {
  const bench = new Bench(t2);
  for (const version of [3, 4, 5]) {
    const client = await bench.connect(version, `v${version}`);
    t2.equal(client.connack?.returnCode ?? client.connack?.reasonCode, 0);
  }
  t2.same(
    bench.broker.clients().map(({ protocol }) => protocol),
    ["3.1", "3.1.1", "5.0"]
  );
  const future = bench.open(5);
  future.raw(Buffer.from("100d00044d51545406020000000161", "hex"));
  t2.equal((await future.next("connack")).reasonCode, 132);
  await future.closed();
  const past = bench.open(4);
  past.raw(Buffer.from("100d00044d51545403020000000161", "hex"));
  t2.equal((await past.next("connack")).returnCode, 1);
  await past.closed();
});
t.test("without anonymous access everybody is refused", async (t2) => {
  const bench = new Bench(t2, {}, { listeners: [{ ...brokerConfig().listeners[0], auth: { anonymous: false } }] });
  const old = bench.open(4);
  t2.equal((await old.connect("a", { username: "u", password: Buffer.from("p") })).returnCode, 4);
  await old.closed();
  const modern = bench.open(5);
  t2.equal((await modern.connect("b")).reasonCode, 134);
  await modern.closed();
  t2.same(bench.broker.clients(), []);
});
t.test("enhanced authentication is refused as not offered (\xA74.12)", async (t2) => {
  const bench = new Bench(t2);
  const client = bench.open(5);
  t2.equal((await client.connect("a", { properties: { authenticationMethod: "SCRAM" } })).reasonCode, 140);
  await client.closed();
});
t.test("a second connection takes the session over [MQTT-3.1.4-3]", async (t2) => {
  const bench = new Bench(t2);
  const first = await bench.connect(5, "a", { clean: false, properties: { sessionExpiryInterval: 100 } });
  await first.subscribe("t", 1);
  const second = await bench.connect(5, "a", { clean: false, properties: { sessionExpiryInterval: 100 } });
  t2.equal((await first.next("disconnect")).reasonCode, 142);
  await first.closed();
  t2.equal(second.connack?.sessionPresent, true);
  t2.equal(bench.broker.clients().length, 1);
  const old = await bench.connect(4, "a", { clean: false });
  t2.equal((await second.next("disconnect")).reasonCode, 142);
  t2.equal(old.connack?.sessionPresent, true);
  await bench.connect(4, "a", { clean: false });
  await old.closed();
  t2.same(await old.pending(), [], "3.1.1 has no DISCONNECT from the server");
});
t.test("Clean Start ends the session before", async (t2) => {
  const bench = new Bench(t2);
  const first = await bench.connect(4, "a", { clean: false });
  await first.subscribe("t", 1);
  first.send({ cmd: "disconnect" });
  await first.closed();
  t2.equal(bench.broker.router.counters().subscriptions, 1);
  const second = await bench.connect(4, "a", { clean: true });
  t2.equal(second.connack?.sessionPresent, false);
  t2.equal(bench.broker.router.counters().subscriptions, 0);
  second.send({ cmd: "disconnect" });
  await second.closed();
  const third = await bench.connect(4, "a", { clean: false });
  t2.equal(third.connack?.sessionPresent, false, "a clean session is not kept");
});
t.test("a session ends after its Session Expiry Interval, no sooner [MQTT-3.1.2-23]", async (t2) => {
  const bench = new Bench(t2);
  const open = { clean: false, properties: { sessionExpiryInterval: 60 } };
  await (await bench.connect(5, "a", open)).cut();
  await bench.clock.advance(59e3);
  const again = await bench.connect(5, "a", open);
  t2.equal(again.connack?.sessionPresent, true);
  await bench.clock.advance(12e4);
  t2.equal(bench.broker.clients().length, 1, "the interval runs only while it is away");
  await again.cut();
  await bench.clock.advance(6e4);
  t2.same(bench.broker.clients(), []);
  t2.equal((await bench.connect(5, "a", open)).connack?.sessionPresent, false);
});
t.test("an interval longer than timers can hold does not end at once", async (t2) => {
  const year = 365 * 86400;
  const bench = new Bench(t2, { sessionExpiry: year * 1e3 });
  const client = await bench.connect(5, "a", { clean: false, properties: { sessionExpiryInterval: year } });
  await client.cut();
  await bench.clock.advance((year - 1) * 1e3);
  t2.equal(bench.broker.clients().length, 1);
  await bench.clock.advance(1e3);
  t2.equal(bench.broker.clients().length, 0);
});
t.test("DISCONNECT may change the Session Expiry Interval, but not from zero (\xA73.14.2.2.2)", async (t2) => {
  const bench = new Bench(t2);
  const keeper = await bench.connect(5, "keeper", { properties: { sessionExpiryInterval: 100 } });
  keeper.send({ cmd: "disconnect", reasonCode: 0, properties: { sessionExpiryInterval: 0 } });
  await keeper.closed();
  t2.same(bench.broker.clients(), []);
  const cheat = await bench.connect(5, "cheat");
  cheat.send({ cmd: "disconnect", reasonCode: 0, properties: { sessionExpiryInterval: 10 } });
  t2.equal((await cheat.next("disconnect")).reasonCode, 130);
  await cheat.closed();
});
t.test("sessions that wait without a connection are limited, the longest absent goes first", async (t2) => {
  const bench = new Bench(t2, { connections: 2 });
  for (const id of ["a", "b", "c"]) await (await bench.connect(4, id, { clean: false })).cut();
  t2.same(
    bench.broker.clients().map(({ clientId }) => clientId),
    ["b", "c"]
  );
});
t.test("one client too many is told so", async (t2) => {
  const bench = new Bench(t2, { connections: 1 });
  await bench.connect(5, "a");
  const modern = bench.open(5);
  t2.equal((await modern.connect("b")).reasonCode, 151);
  const old = bench.open(4);
  t2.equal((await old.connect("c")).returnCode, 3);
  const again = await bench.connect(5, "a");
  t2.equal(again.connack?.reasonCode, 0, "taking over needs no room");
  await bench.broker.start(new AbortController().signal);
  const reader = await bench.connect(5, "a");
  await reader.subscribe("$SYS/broker/connections/+", 0);
  const counts = (await reader.pending()).map(shown);
  t2.same(counts, ["$SYS/broker/connections/failed 0 q0 r1", "$SYS/broker/connections/refused 2 q0 r1"]);
});
t.test("no CONNECT within connectTimeout: closed", async (t2) => {
  const bench = new Bench(t2, { connectTimeout: 5e3 });
  const silent = bench.open(4);
  const slow = bench.open(4);
  await bench.clock.advance(4e3);
  slow.raw(Buffer.from("10", "hex"));
  t2.equal(bench.broker.connections(), 2);
  await bench.clock.advance(1e3);
  await silent.closed();
  await slow.closed();
  t2.equal(bench.broker.connections(), 0);
});
t.test("keep-alive: one and a half times without a packet, then closed with 0x8D [MQTT-3.1.2-22]", async (t2) => {
  const bench = new Bench(t2);
  const client = await bench.connect(5, "a", { keepalive: 10 });
  await bench.clock.advance(14e3);
  client.send({ cmd: "pingreq" });
  await client.next("pingresp");
  await bench.clock.advance(14900);
  t2.equal(client.isClosed, false);
  await bench.clock.advance(200);
  t2.equal((await client.next("disconnect")).reasonCode, 141);
  await client.closed();
  const forever = await bench.connect(5, "b", { keepalive: 0 });
  await bench.clock.advance(864e5);
  t2.equal(forever.isClosed, false, "0 turns it off");
});
t.test("bytes of a packet that never completes do not keep a connection alive", async (t2) => {
  const bench = new Bench(t2);
  const client = await bench.connect(4, "a", { keepalive: 10 });
  client.raw(Buffer.from("30ff7f", "hex"));
  for (let i = 0; i < 16; i++) {
    if (!client.isClosed) client.raw(Buffer.from("00", "hex"));
    await bench.clock.advance(1e3);
  }
  await client.closed();
});
t.test("what a client sends against the protocol ends the connection with the reason", async (t2) => {
  const bench = new Bench(t2);
  const cases = [
    ["a second CONNECT", "100e00044d5154540502000000000161", 130],
    ["PUBLISH to a wildcard", "300400012300", 144],
    ["AUTH", "f000", 130],
    ["a Topic Alias never set", "3006000003230005", 148],
    ["Topic Alias 0", "300700017403230000", 148],
    ["Topic Alias beyond the maximum", "30070001740323000b", 148],
    ["a packet too large", "30ffff7f", 149]
  ];
  for (const [name, hex, reasonCode] of cases) {
    const client = await bench.connect(5, "a");
    client.raw(Buffer.from(hex, "hex"));
    t2.equal((await client.next("disconnect")).reasonCode, reasonCode, name);
    await client.closed();
  }
  const old = await bench.connect(4, "old");
  old.raw(Buffer.from("3003000123", "hex"));
  await old.closed();
  t2.same((await old.pending()).map(shown), []);
});
t.test("taking over a session evicts nobody else", async (t2) => {
  const bench = new Bench(t2, { connections: 2 });
  for (const id of ["a", "b"]) await (await bench.connect(4, id, { clean: false })).cut();
  await bench.connect(4, "c", { clean: false });
  await bench.connect(4, "c", { clean: false });
  t2.same(
    bench.broker.clients().map(({ clientId }) => clientId),
    ["a", "b", "c"]
  );
});
t.test("while its answers wait for it to read, a client is not timed out for what we did not read", async (t2) => {
  const bench = new Bench(t2);
  const client = await bench.connect(4, "a", { keepalive: 10 });
  client.stream.pause();
  client.raw(Buffer.alloc(2 * 1024 * 1024, Buffer.from("c000", "hex")));
  await bench.settle();
  await bench.clock.advance(14999);
  client.stream.resume();
  await bench.clock.advance(14999);
  t2.equal(client.isClosed, false);
});
//# sourceMappingURL=connect.test.js.map
