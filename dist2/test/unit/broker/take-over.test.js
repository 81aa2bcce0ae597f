import t from "tap";
import { unrestricted } from "../../../src/broker/access/access.js";
import { Bench, shown } from "./harness.js";
const will = (delay = 0) => ({
  topic: "will",
  payload: Buffer.from("gone"),
  qos: 0,
  retain: false,
  ...delay > 0 && { properties: { willDelayInterval: delay } }
});
const kept = { clean: false, properties: { sessionExpiryInterval: 600 } };
const byName = {
  authenticate: ({ username }) => ({ user: username, permissions: unrestricted }),
  exchange: () => {
    throw new Error("not asked");
  }
};
t.test("a session belongs to the user who created it: 0x85, return code 2 for others", async (t2) => {
  const bench = new Bench(t2, {}, {}, byName);
  const owner = await bench.connect(5, "a", { ...kept, username: "ann" });
  t2.equal((await bench.open(5).connect("a", { username: "bob" })).reasonCode, 133);
  t2.equal((await bench.open(5).connect("a", { clean: false })).reasonCode, 133, "nor anonymous");
  t2.notOk(owner.isClosed, "the connection goes on");
  await owner.cut();
  t2.equal((await bench.open(4).connect("a", { username: "bob", clean: true })).returnCode, 2, "nor while it is away");
  const back = await bench.connect(5, "a", { ...kept, username: "ann" });
  t2.equal(back.connack?.sessionPresent, true);
  back.send({ cmd: "disconnect", reasonCode: 0, properties: { sessionExpiryInterval: 0 } });
  await back.closed();
  t2.equal((await bench.connect(5, "a", { username: "bob" })).connack?.reasonCode, 0, "the Client Identifier is free");
});
t.test("the Will of the connection that is taken over is sent, if it has no delay [MQTT-3.1.2-8]", async (t2) => {
  for (const version of [4, 5]) {
    const bench = new Bench(t2);
    const watcher = await bench.connect(4, "w");
    await watcher.subscribe("will", 0);
    await bench.connect(version, "a", { clean: false, will: will() });
    await bench.connect(version, "a", { clean: false });
    t2.same((await watcher.pending()).map(shown), ["will gone q0 r0"]);
  }
});
t.test("a delayed Will is not sent when the new connection goes on with the session [MQTT-3.1.3-9]", async (t2) => {
  const bench = new Bench(t2);
  const watcher = await bench.connect(5, "w");
  await watcher.subscribe("will", 0);
  await bench.connect(5, "a", { ...kept, will: will(5) });
  const second = await bench.connect(5, "a", kept);
  t2.equal(second.connack?.sessionPresent, true);
  await bench.clock.advance(1e4);
  t2.same(await watcher.pending(), []);
  second.send({ cmd: "disconnect", reasonCode: 4 });
  await second.closed();
  t2.same(await watcher.pending(), [], "the new connection has no Will");
});
t.test("Clean Start ends the session, and so sends its delayed Will at once (\xA73.1.3.2.2)", async (t2) => {
  const bench = new Bench(t2);
  const watcher = await bench.connect(5, "w");
  await watcher.subscribe("will", 0);
  await bench.connect(5, "a", { ...kept, will: will(60) });
  const second = await bench.connect(5, "a", { clean: true });
  t2.equal(second.connack?.sessionPresent, false);
  t2.same((await watcher.pending()).map(shown), ["will gone q0 r0"]);
});
t.test("a session without expiry ends when it is taken over: its delayed Will is sent (\xA73.1.3.2.2)", async (t2) => {
  const bench = new Bench(t2);
  const watcher = await bench.connect(5, "w");
  await watcher.subscribe("will", 0);
  await bench.connect(5, "a", { clean: false, will: will(60) });
  const second = await bench.connect(5, "a", { clean: false });
  t2.equal(second.connack?.sessionPresent, false);
  t2.same((await watcher.pending()).map(shown), ["will gone q0 r0"]);
});
t.test("Session Present for a stored session without subscriptions [MQTT-3.2.2-3]", async (t2) => {
  const bench = new Bench(t2);
  await (await bench.connect(5, "a", kept)).cut();
  t2.equal((await bench.connect(5, "a", kept)).connack?.sessionPresent, true);
  const old = await bench.connect(4, "b", { clean: false });
  t2.equal(old.connack?.sessionPresent, false);
  old.send({ cmd: "disconnect" });
  await old.closed();
  t2.equal((await bench.connect(4, "b", { clean: false })).connack?.sessionPresent, true);
});
t.test("DISCONNECT can shorten and lengthen the Session Expiry Interval (\xA73.14.2.2.2)", async (t2) => {
  const bench = new Bench(t2);
  const client = await bench.connect(5, "a", { clean: false, properties: { sessionExpiryInterval: 10 } });
  client.send({ cmd: "disconnect", reasonCode: 0, properties: { sessionExpiryInterval: 100 } });
  await client.closed();
  await bench.clock.advance(99e3);
  t2.equal(bench.broker.clients().length, 1);
  await bench.clock.advance(1e3);
  t2.equal(bench.broker.clients().length, 0);
});
t.test("a refused CONNECT leaves the session and its connection as they are", async (t2) => {
  const bench = new Bench(t2, { connections: 1 }, {}, byName);
  const client = await bench.connect(5, "a", { ...kept, username: "ann", will: will() });
  const refused = bench.open(5);
  t2.equal((await refused.connect("a", { username: "ann", properties: { maximumPacketSize: 10 } })).reasonCode, 149);
  await client.publish("t", "x", 1);
  t2.notOk(client.isClosed);
});
//# sourceMappingURL=take-over.test.js.map
