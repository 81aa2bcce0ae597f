import t from "tap";
import { createMessage } from "../../../src/core/message.js";
import { linkConfig, startLink } from "../../support/links.js";
import { ManualClock } from "../../support/manual-clock.js";
import { eventually, freePort } from "../../support/peers.js";
import { connack, friendly, scriptedBroker } from "../../support/scripted-broker.js";
const OUT = { direction: "out", filter: "out/#", to: "{topic:1}", qos: 2 };
const IN = { direction: "in", filter: "in/#", to: "{topic:1}", qos: 2 };
t.test("attempts follow the schedule 0.5 s to 30 s, half of it at least, for ever", async (t2) => {
  const clock = new ManualClock();
  const config = linkConfig(`mqtt://127.0.0.1:${await freePort()}`, [OUT]);
  const { links } = await startLink(t2, config, { clock });
  t2.match(links.links()[0], { state: "connecting", nextTryAt: void 0 });
  t2.match(links.services(), [{ state: "starting" }]);
  const waits = [];
  let since;
  for (let i = 0; i < 9; i++) {
    const view = await eventually(() => links.links().find(({ nextTryAt }) => nextTryAt !== void 0));
    t2.equal(view.state, "down");
    since ??= view.since;
    t2.equal(view.since, since, "down since the first failure");
    waits.push(view.nextTryAt - clock.now());
    await clock.advance(waits.at(-1));
  }
  t2.strictSame(waits, [250, 500, 1e3, 2e3, 4e3, 8e3, 15e3, 15e3, 15e3]);
});
t.test("a far side that accepts and says nothing is given up after 10 s", async (t2) => {
  for (const script of ["nothing", "connack only"]) {
    const clock = new ManualClock();
    const far = await scriptedBroker(t2, (packet, connection) => {
      if (script === "connack only" && packet.cmd === "connect") connection.send(connack());
    });
    const { links, is } = await startLink(t2, linkConfig(far.url, [IN]), { clock });
    const expected = script === "nothing" ? "connect" : "subscribe";
    await eventually(() => far.connections[0]?.packets.some(({ cmd }) => cmd === expected));
    await clock.advance(9999);
    t2.match(links.links()[0], { state: "connecting" });
    await clock.advance(1);
    await is("down");
    const message = script === "nothing" ? /did not answer CONNECT within 10000 ms/ : /did not answer SUBSCRIBE/;
    t2.match(links.links()[0], { error: { code: "LINK_PROTOCOL", message } });
    await eventually(() => far.open() === 0);
  }
});
t.test("only as many in flight as the Receive Maximum [MQTT 5.0 \xA73.3.4]; the rest in order", async (t2) => {
  const far = await scriptedBroker(t2, (packet, connection) => {
    if (packet.cmd === "connect") connection.send(connack({ receiveMaximum: 3 }));
  });
  const { router, links, is } = await startLink(t2, linkConfig(far.url, [OUT]));
  await is("up");
  const { publishes, send } = far.connections[0];
  for (let i = 0; i < 10; i++) router.put(`out/${i}`, "", { qos: 1 });
  await eventually(() => publishes.length >= 3);
  for (let taken = 1; taken <= 7; taken++) {
    send({ cmd: "puback", messageId: publishes[taken - 1].messageId ?? 0 });
    await eventually(() => publishes.length >= 3 + taken);
    t2.match(links.links()[0], { out: taken, queued: 10 - taken });
    t2.equal(publishes.length, 3 + taken, "one more for each acknowledged");
  }
  t2.strictSame(
    publishes.map(({ topic }) => topic),
    Array.from({ length: 10 }, (_, i) => String(i))
  );
  for (const { messageId } of publishes.slice(7)) send({ cmd: "puback", messageId: messageId ?? 0 });
  await eventually(() => links.links()[0].queued === 0);
});
t.test("messages never acknowledged: the connection is given up and they are sent again, in order", async (t2) => {
  const clock = new ManualClock();
  const far = await scriptedBroker(t2, (packet, connection) => {
    if (packet.cmd !== "publish" || far.connections.length > 1) friendly(packet, connection);
  });
  const { router, links, is } = await startLink(t2, linkConfig(far.url, [OUT], { keepAlive: 0 }), { clock });
  await is("up");
  for (let i = 0; i < 3; i++) router.put(`out/${i}`, "", { qos: 1 });
  await eventually(() => far.connections[0].publishes.length === 3);
  await clock.advance(59999);
  t2.match(links.links()[0], { state: "up", oldestMs: 59999 });
  await clock.advance(1);
  await is("down");
  t2.match(links.links()[0], { queued: 3, error: { code: "LINK_STALLED", message: /3 messages .* 60000 ms/ } });
  await clock.advance(250);
  await is("up");
  await eventually(() => links.links()[0].queued === 0);
  t2.strictSame(
    far.connections[1].publishes.map(({ topic }) => topic),
    ["0", "1", "2"]
  );
  t2.match(links.links()[0], { out: 3, dropped: 0, oldestMs: null });
});
t.test("a far side that is gone without a word is noticed within 1.5 keep-alive intervals", async (t2) => {
  const clock = new ManualClock();
  const far = await scriptedBroker(t2, friendly);
  const { links, is } = await startLink(t2, linkConfig(far.url, [OUT], { keepAlive: 1e4 }), { clock });
  await is("up");
  const pings = () => far.connections[0].packets.filter(({ cmd }) => cmd === "pingreq").length;
  await clock.advance(1e4);
  await eventually(() => pings() === 1);
  far.connections[0].send({ cmd: "pingresp" });
  const answered = clock.monotonic();
  while (clock.monotonic() < answered + 14e3) {
    t2.equal(links.links()[0].state, "up");
    await clock.advance(1e3);
  }
  await clock.advance(1e3);
  await is("down");
  t2.match(links.links()[0], { error: { code: "LINK_LOST", message: /did not answer a ping/ } });
});
t.test("limits of the far side: packet size, QoS and retain [MQTT 5.0 \xA73.2.2.3]", async (t2) => {
  const limits = { maximumPacketSize: 100, maximumQoS: 1, retainAvailable: false };
  const far = await scriptedBroker(t2, (packet, connection) => {
    if (packet.cmd === "connect") connection.send(connack(limits));
    else friendly(packet, connection);
  });
  const { router, links, is } = await startLink(t2, linkConfig(far.url, [OUT]));
  await is("up");
  router.put("out/large", "x".repeat(100), { qos: 1 });
  router.put("out/a", "1", { qos: 2, retain: true });
  await eventually(() => links.links()[0].queued === 0);
  const { publishes } = far.connections[0];
  t2.match(publishes, [{ topic: "a", qos: 1, retain: false }]);
  t2.match(links.links()[0], { out: 1, dropped: 1 });
  t2.match(links.alarms(), [{ error: { code: "LINK_PUBLISH_REFUSED", details: { maximumPacketSize: 100 } } }]);
});
t.test("a refused subscription is asked for again until it is granted", async (t2) => {
  const clock = new ManualClock();
  let refusals = 2;
  const far = await scriptedBroker(t2, (packet, connection) => {
    if (packet.cmd === "subscribe" && packet.subscriptions[0].topic === "in/#" && refusals-- > 0) {
      connection.send({ cmd: "suback", messageId: packet.messageId ?? 0, granted: [135] });
    } else friendly(packet, connection);
  });
  const routes = [IN, { ...IN, filter: "fine/#" }];
  const { links, is } = await startLink(t2, linkConfig(far.url, routes), { clock });
  await is("degraded");
  await clock.advance(2500);
  await eventually(() => refusals === 0);
  t2.match(links.links()[0], { state: "degraded", error: { code: "LINK_SUBSCRIPTION_REFUSED" } });
  await eventually(() => clock.pending > 0);
  await clock.advance(5e3);
  await is("up");
  t2.match(links.links()[0], { error: void 0 });
  t2.strictSame(links.alarms(), []);
  const asked = far.connections[0].packets.flatMap(
    (packet) => packet.cmd === "subscribe" ? packet.subscriptions.map(({ topic, nl, rap }) => ({ topic, nl, rap })) : []
  );
  t2.strictSame(
    asked.map(({ topic }) => topic),
    ["in/#", "fine/#", "in/#", "in/#"]
  );
  t2.ok(
    asked.every(({ nl, rap }) => nl === true && rap === true),
    "No Local and Retain As Published"
  );
});
t.test("a far side that does not read: the queue is bounded, the oldest go, counted", async (t2) => {
  const far = await scriptedBroker(t2, friendly);
  const { router, links, is } = await startLink(t2, linkConfig(far.url, [OUT], { queuedMessages: 50 }));
  await is("up");
  const { socket, publishes } = far.connections[0];
  socket.pause();
  const payload = "x".repeat(1e6);
  for (let i = 0; i < 100; i++) router.put(`out/${i}`, payload, { qos: i % 3 === 0 ? 0 : 1 });
  const view = links.links()[0];
  t2.ok(view.dropped > 0 && view.queued <= 100 - view.dropped, `${view.dropped} dropped, ${view.queued} queued`);
  t2.match(links.alarms(), [{ severity: "warn", error: { code: "LINK_QUEUE_FULL", fault: "limit" } }]);
  t2.equal(router.counters().dropped, view.dropped, "the router knows");
  socket.resume();
  await eventually(() => links.links()[0].queued === 0);
  const { out, dropped } = links.links()[0];
  t2.equal(out + dropped, 100, "the books balance");
  await eventually(() => publishes.at(-1)?.topic === "99");
});
t.test("a connection that breaks soon does not start the schedule again; one that lasted does", async (t2) => {
  const clock = new ManualClock();
  const far = await scriptedBroker(t2, friendly);
  const { links, is } = await startLink(t2, linkConfig(far.url, [OUT]), { clock });
  const waitAfter = async (ms) => {
    await is("up");
    await clock.advance(ms);
    far.connections.at(-1).socket.destroy();
    await is("down");
    const wait = links.links()[0].nextTryAt - clock.now();
    await clock.advance(wait);
    return wait;
  };
  t2.equal(await waitAfter(1e3), 250);
  t2.equal(await waitAfter(9e3), 500);
  t2.equal(await waitAfter(1e4), 250);
});
t.test("the end: what is queued goes out, then everything is closed", async (t2) => {
  const clock = new ManualClock();
  const far = await scriptedBroker(t2, friendly);
  const { router, links, is } = await startLink(t2, linkConfig(far.url, [OUT, IN]), { clock });
  await is("up");
  for (let i = 0; i < 50; i++) router.put(`out/${i}`, "", { qos: 2 });
  await links[Symbol.asyncDispose]();
  t2.equal(far.connections[0].publishes.length, 50);
  t2.equal(far.connections[0].packets.at(-1)?.cmd, "disconnect");
  t2.match(links.links()[0], { state: "down", out: 50, queued: 0, error: void 0 });
  await eventually(() => far.open() === 0);
  t2.equal(clock.pending, 0, "no timer is left");
  t2.equal(router.counters().subscriptions, 0);
  const nowhere = await startLink(t2, linkConfig(`mqtt://127.0.0.1:${await freePort()}`, [OUT]), { clock });
  nowhere.router.put("out/x", "", { qos: 1 });
  await nowhere.links[Symbol.asyncDispose]();
  t2.equal(clock.pending, 0, "nor while it connects");
  t2.match(nowhere.links.links()[0], { queued: 1 });
});
t.test("what came in over a link goes out over another, but not back", async (t2) => {
  const far = await scriptedBroker(t2, friendly);
  const both = { direction: "both", filter: "shared/#", to: "{topic}", qos: 1 };
  const { router, is } = await startLink(t2, linkConfig(far.url, [both]));
  await is("up");
  const message = { payload: "", qos: 1, receivedAt: 0 };
  router.publish(createMessage({ ...message, topic: "shared/own", origin: "link:cloud" }));
  router.publish(createMessage({ ...message, topic: "shared/other", origin: "link:sister" }));
  await eventually(() => far.connections[0].publishes.length > 0);
  t2.match(far.connections[0].publishes, [{ topic: "shared/other" }]);
});
t.test("a route that was not checked is our mistake, told at once", async (t2) => {
  const start = startLink(t2, linkConfig("mqtt://127.0.0.1:1", [{ ...OUT, to: "{nothing}" }]));
  await t2.rejects(start, { code: "LINK_ROUTE_INVALID", fault: "config", message: /link cloud, route 0/ });
});
//# sourceMappingURL=link.test.js.map
