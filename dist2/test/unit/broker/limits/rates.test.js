import { generate } from "mqtt-packet";
import t from "tap";
import { Bench } from "../harness.js";
function burst(client, count, qos, bytes = 10) {
  const packets = Array.from(
    { length: count },
    (_, i) => generate({
      cmd: "publish",
      topic: "t",
      payload: `${i}`.padEnd(bytes),
      qos,
      messageId: i + 1,
      dup: false,
      retain: false
    })
  );
  client.raw(Buffer.concat(packets));
}
const payloads = (packets) => packets.filter(({ cmd }) => cmd === "publish").map(({ payload }) => Number(String(payload)));
t.test("beyond its message rate a client is read more slowly; nothing is lost or reordered", async (t2) => {
  const bench = new Bench(t2, { messageRate: 10, receiveMaximum: 100 });
  const reader = await bench.connect(4, "reader");
  await reader.subscribe("t", 0);
  const senders = await Promise.all(["a", "b", "c"].map((id) => bench.connect(4, id)));
  await bench.clock.advance(31e3);
  const timers = bench.clock.pending;
  for (const sender of senders) burst(sender, 40, 1);
  await bench.settle();
  t2.equal((await reader.pending()).length, 3 * 11, "one second worth at once, and the one that was too many");
  t2.equal((await senders[0].pending()).length, 11);
  const watched = 4;
  t2.ok(bench.clock.pending <= timers + watched + 1, "one timer for all that wait, beside those that watch for stalls");
  t2.equal(bench.broker.statistics.throttledBy.messageRate, 3);
  await bench.clock.advance(1e3);
  t2.ok(Math.abs((await reader.pending()).length - 30) <= 3, "then ten per second and client");
  await bench.clock.advance(3e3);
  t2.equal(bench.broker.statistics.publishReceived, 120);
  t2.equal((await senders[1].pending()).length, 40);
  await bench.clock.advance(31e3);
  t2.equal(bench.clock.pending, timers, "no timer is left");
});
t.test("order is kept, and other packets of a throttled client wait too", async (t2) => {
  const bench = new Bench(t2, { messageRate: 5 });
  const reader = await bench.connect(4, "reader");
  await reader.subscribe("t", 0);
  const sender = await bench.connect(4, "sender");
  burst(sender, 20, 0);
  sender.send({ cmd: "pingreq" });
  await bench.settle();
  t2.same(await sender.pending(), []);
  await bench.clock.advance(4e3);
  t2.same(
    payloads(await reader.pending()),
    Array.from({ length: 20 }, (_, i) => i)
  );
  t2.match(await sender.pending(), [{ cmd: "pingresp" }]);
});
t.test("a client that is throttled is not timed out for it [MQTT-3.1.2-24]", async (t2) => {
  const bench = new Bench(t2, { messageRate: 1 });
  const sender = await bench.connect(4, "sender", { keepalive: 1 });
  burst(sender, 8, 0);
  await bench.clock.advance(6e3);
  t2.notOk(sender.isClosed);
  await bench.clock.advance(6e3);
  t2.ok(sender.isClosed, "once it is read again and silent");
});
t.test("beyond its byte rate a client is read more slowly", async (t2) => {
  const bench = new Bench(t2, { byteRate: 1e4 });
  const sender = await bench.connect(4, "sender");
  for (let i = 0; i < 10; i++) burst(sender, 1, 0, 5e3);
  await bench.settle();
  const first = bench.broker.statistics.publishReceived;
  t2.ok(first < 6, `${first} of 10 at once`);
  t2.ok(bench.broker.statistics.throttledBy.byteRate > 0);
  await bench.clock.advance(6e3);
  t2.equal(bench.broker.statistics.publishReceived, 10);
});
t.test("overRate disconnect: 0x96 Message rate too high [MQTT5 \xA73.14.2.1]", async (t2) => {
  const bench = new Bench(t2, { messageRate: 10, overRate: "disconnect" });
  const sender = await bench.connect(5, "sender");
  for (let i = 0; i < 11; i++)
    sender.send({ cmd: "publish", topic: "t", payload: "", qos: 0, dup: false, retain: false });
  t2.equal((await sender.next("disconnect")).reasonCode, 150);
  await sender.closed();
  t2.equal(bench.broker.statistics.endedBy.messageRate, 1);
});
t.test("topic levels and bytes, subscriptions and packets: each as its listener says", async (t2) => {
  const strict = {
    name: "strict",
    type: "tcp",
    host: "127.0.0.1",
    port: 0,
    auth: { anonymous: true },
    limits: { topicLevels: 3, topicBytes: 20, subscriptions: 2, packetBytes: 1e3 }
  };
  const bench = new Bench(t2, {}, { listeners: [strict, { ...strict, name: "usual", limits: void 0 }] });
  const client = await bench.connect(5, "c");
  t2.equal(client.connack?.properties?.maximumPacketSize, 1e3, "announced truthfully [MQTT5 \xA73.2.2.3.6]");
  const granted = async (topic) => (await client.subscribe(topic, 0)).granted[0];
  t2.equal(await granted("a/b/c"), 0);
  t2.equal(await granted("a/b/c/d"), 143);
  t2.equal(await granted("a/b/#"), 0);
  t2.equal(await granted("x"), 151, "the third subscription");
  t2.equal(await granted("\xF6".repeat(11)), 143, "22 bytes");
  const published = async (topic) => {
    client.send({ cmd: "publish", topic, payload: "x", qos: 1, messageId: 7, dup: false, retain: false });
    return (await client.next("puback")).reasonCode ?? 0;
  };
  t2.equal(await published("q/w/e"), 0);
  t2.equal(await published("q/w/e/r"), 144);
  t2.equal(await published("\xF6".repeat(11)), 144);
  t2.equal(bench.broker.statistics.publishRefused, 2);
  const usual = bench.open(5, { listener: { ...strict, name: "usual", limits: void 0 } });
  await usual.connect("u");
  t2.equal((await usual.subscribe("a/b/c/d/e", 0)).granted[0], 0, "another listener");
});
//# sourceMappingURL=rates.test.js.map
