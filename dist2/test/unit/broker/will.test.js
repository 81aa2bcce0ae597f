import t from "tap";
import { Bench, shown } from "./harness.js";
const will = { topic: "will", payload: Buffer.from("gone"), qos: 1, retain: true };
async function watcher(bench) {
  const client = await bench.connect(5, "watcher");
  await client.subscribe("will", 1);
  return async () => {
    const packets = await client.pending();
    for (const packet of packets) {
      if (packet.cmd === "publish") client.send({ cmd: "puback", messageId: packet.messageId, reasonCode: 0 });
    }
    return packets.map(shown);
  };
}
t.test("the Will is sent when the wire is cut, retained if it says so [MQTT-3.1.2-8]", async (t2) => {
  const bench = new Bench(t2);
  const seen = await watcher(bench);
  const client = await bench.connect(4, "a", { will });
  await client.cut();
  t2.same(await seen(), ["will gone q1 r0"]);
  t2.equal([...bench.broker.router.retained("will")].length, 1);
});
t.test("not after DISCONNECT, but after DISCONNECT with Will Message (0x04)", async (t2) => {
  const bench = new Bench(t2);
  const seen = await watcher(bench);
  for (const version of [4, 5]) {
    const client2 = await bench.connect(version, "a", { will });
    client2.send({ cmd: "disconnect", reasonCode: 0 });
    await client2.closed();
    t2.same(await seen(), []);
  }
  const client = await bench.connect(5, "a", { will });
  client.send({ cmd: "disconnect", reasonCode: 4 });
  await client.closed();
  t2.same(await seen(), ["will gone q1 r0"]);
});
t.test("after a keep-alive time-out, a protocol error and a take-over", async (t2) => {
  const bench = new Bench(t2);
  const seen = await watcher(bench);
  const silent = await bench.connect(4, "a", { will, keepalive: 10 });
  await bench.clock.advance(15e3);
  await silent.closed();
  t2.same(await seen(), ["will gone q1 r0"], "time-out");
  const wrong = await bench.connect(5, "a", { will });
  wrong.raw(Buffer.from("f000", "hex"));
  await wrong.closed();
  t2.same(await seen(), ["will gone q1 r0"], "protocol error");
  const taken = await bench.connect(4, "a", { will });
  await bench.connect(4, "a");
  await taken.closed();
  t2.same(await seen(), ["will gone q1 r0"], "take-over");
});
t.test(
  "Will Delay: sent after the delay, or at the end of the session, or never if the client is back [MQTT-3.1.3-9]",
  async (t2) => {
    const bench = new Bench(t2);
    const seen = await watcher(bench);
    const delayed = { ...will, properties: { willDelayInterval: 30 } };
    const open = (sessionExpiryInterval) => ({
      clean: false,
      will: delayed,
      properties: { sessionExpiryInterval }
    });
    await (await bench.connect(5, "a", open(100))).cut();
    await bench.clock.advance(29e3);
    t2.same(await seen(), []);
    await bench.clock.advance(1e3);
    t2.same(await seen(), ["will gone q1 r0"], "after the delay");
    await bench.clock.advance(1e5);
    t2.same(await seen(), [], "once");
    await (await bench.connect(5, "a", open(10))).cut();
    await bench.clock.advance(1e4);
    t2.same(await seen(), ["will gone q1 r0"], "the session ended first");
    await (await bench.connect(5, "a", open(100))).cut();
    await bench.clock.advance(2e4);
    const back = await bench.connect(5, "a", { clean: false, properties: { sessionExpiryInterval: 100 } });
    await bench.clock.advance(6e4);
    t2.same(await seen(), [], "the client came back");
    await back.cut();
    await bench.connect(5, "b", open(100)).then((client) => client.cut());
    await bench.connect(5, "b", { clean: true });
    t2.same(await seen(), ["will gone q1 r0"], "Clean Start ends the session");
  }
);
t.test("the properties of the Will travel, its lifetime begins when it is sent", async (t2) => {
  const bench = new Bench(t2);
  const watcher2 = await bench.connect(5, "w");
  await watcher2.subscribe("will", 0);
  const properties = {
    willDelayInterval: 20,
    messageExpiryInterval: 60,
    contentType: "text/plain",
    responseTopic: "r"
  };
  const client = await bench.connect(5, "a", {
    will: { ...will, properties: { ...properties, correlationData: Buffer.from("c"), userProperties: { k: "v" } } },
    properties: { sessionExpiryInterval: 100 }
  });
  await client.cut();
  await bench.clock.advance(2e4);
  t2.match((await watcher2.next("publish")).properties, {
    messageExpiryInterval: 60,
    contentType: "text/plain",
    responseTopic: "r",
    correlationData: Buffer.from("c"),
    userProperties: { k: "v" }
  });
});
//# sourceMappingURL=will.test.js.map
