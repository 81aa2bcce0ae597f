import t from "tap";
import { linkConfig, startLink } from "../../support/links.js";
import { ManualClock } from "../../support/manual-clock.js";
import { eventually } from "../../support/peers.js";
import { friendly, scriptedBroker } from "../../support/scripted-broker.js";
const OUT = { direction: "out", filter: "out/#", to: "{topic:1}", qos: 2 };
const IN = { direction: "in", filter: "in/#", to: "{topic:1}", qos: 2 };
t.test("a certificate or key that cannot be read is said, tried again, and does not hold up the end", async (t2) => {
  const clock = new ManualClock();
  const noPem = Buffer.from("no PEM");
  for (const tls of [
    { ca: void 0, cert: noPem, key: noPem },
    { ca: void 0, cert: void 0, key: noPem }
  ]) {
    const { links, is } = await startLink(t2, linkConfig("mqtts://127.0.0.1:1", [OUT], { tls }), { clock });
    await is("down");
    t2.match(links.links()[0], { error: { code: "LINK_TLS", hint: /PEM/ }, nextTryAt: clock.now() + 250 });
    await clock.advance(250);
    await eventually(() => links.links()[0].nextTryAt === clock.now() + 500);
    await links[Symbol.asyncDispose]();
    t2.equal(clock.pending, 0);
  }
});
t.test("QoS 2 messages that the far side never releases are bounded", async (t2) => {
  const payload = "x".repeat(15e6);
  const far = await scriptedBroker(t2, (packet, connection) => {
    friendly(packet, connection);
    if (packet.cmd !== "subscribe" || far.connections.length > 1) return;
    for (let messageId = 1; messageId <= 5; messageId++) {
      connection.send({ cmd: "publish", topic: "in/x", payload, qos: 2, messageId, dup: false, retain: false });
    }
  });
  const { links, is } = await startLink(t2, linkConfig(far.url, [IN], { protocolVersion: 4 }));
  const error = await eventually(() => links.links()[0].error);
  t2.match(error, { code: "LINK_PROTOCOL", message: /QoS 2.*not released/ });
  await is("up");
});
t.test("a connection that lasted was a good one, also when it ends while a subscription is asked for", async (t2) => {
  const clock = new ManualClock();
  let asked = 0;
  const far = await scriptedBroker(t2, (packet, connection) => {
    if (packet.cmd === "connect" && far.connections.length <= 3) connection.socket.destroy();
    else if (packet.cmd !== "subscribe") friendly(packet, connection);
    else if (++asked === 4) connection.socket.destroy();
    else connection.send({ cmd: "suback", messageId: packet.messageId ?? 0, granted: [135] });
  });
  const { links, is } = await startLink(t2, linkConfig(far.url, [IN], { keepAlive: 0 }), { clock });
  for (const wait of [250, 500, 1e3]) {
    await eventually(() => links.links()[0].nextTryAt === clock.now() + wait);
    await clock.advance(wait);
  }
  await is("degraded");
  await eventually(async () => {
    await clock.advance(500);
    return asked === 4;
  });
  await is("down");
  t2.equal(links.links()[0].nextTryAt, clock.now() + 250);
});
t.test("the backlog has a limit in bytes, too", async (t2) => {
  const far = await scriptedBroker(t2, () => {
  });
  const { router, links } = await startLink(t2, linkConfig(far.url, [OUT]));
  const payload = Buffer.alloc(1e6).toString();
  for (let i = 0; i < 70; i++) router.put(`out/${i}`, payload, { qos: 1 });
  t2.match(links.links()[0], { queued: 67, dropped: 3 });
  t2.match(links.alarms(), [{ error: { code: "LINK_QUEUE_FULL" } }]);
});
//# sourceMappingURL=link-safety.test.js.map
