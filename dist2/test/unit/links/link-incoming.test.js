import t from "tap";
import { FakeRouter } from "../../support/fake-router.js";
import { linkConfig, startLink } from "../../support/links.js";
import { eventually } from "../../support/peers.js";
import { friendly, scriptedBroker } from "../../support/scripted-broker.js";
const IN = { direction: "in", filter: "in/#", to: "{topic:1}", qos: 2 };
t.test("a far side that breaks the protocol loses the connection, not the gateway", async (t2) => {
  const header = (length) => Buffer.from([
    48,
    128 | length & 127,
    128 | length >> 7 & 127,
    128 | length >> 14 & 127,
    length >> 21
  ]);
  const cases = [
    ["a packet of 17 MB", header(17e6)],
    ["a wildcard in a topic", Buffer.from([48, 7, 0, 4, 105, 110, 47, 43, 0])],
    ["a second CONNACK", Buffer.from([32, 3, 0, 0, 0])],
    ["an unknown packet type", Buffer.from([0, 0])],
    ["a property that does not exist", Buffer.from([48, 6, 0, 1, 97, 2, 127, 0])]
  ];
  for (const [what, bytes] of cases) {
    const far = await scriptedBroker(t2, (packet, connection) => {
      friendly(packet, connection);
      if (packet.cmd === "subscribe" && far.connections.length === 1) connection.socket.write(bytes);
    });
    const { router, links, is } = await startLink(t2, linkConfig(far.url, [IN]));
    const error = await eventually(() => links.links()[0].error);
    t2.match(error, { code: "LINK_PROTOCOL", fault: "peer" }, what);
    await is("up");
    t2.strictSame(router.published, []);
  }
});
t.test("incoming: acknowledged only when the router has taken it", async (t2) => {
  let commit = () => {
  };
  class SlowRouter extends FakeRouter {
    publish(message) {
      super.publish(message);
      return new Promise((resolve) => {
        commit = resolve;
      });
    }
  }
  const far = await scriptedBroker(t2, friendly);
  const router = new SlowRouter();
  const { links, is } = await startLink(t2, linkConfig(far.url, [IN]), { router });
  await is("up");
  const { packets, send } = far.connections[0];
  send({ cmd: "publish", topic: "in/a", payload: "x", qos: 1, messageId: 1, dup: false, retain: false });
  await eventually(() => router.published.length === 1);
  t2.notOk(packets.some(({ cmd }) => cmd === "puback"));
  commit();
  await eventually(() => packets.some(({ cmd }) => cmd === "puback"));
  t2.match(links.links()[0], { in: 1 });
});
t.test("incoming QoS 2: once; also when the connection is lost before PUBREL [MQTT 5.0 \xA74.3.3]", async (t2) => {
  const far = await scriptedBroker(t2, (packet, connection) => {
    if (packet.cmd !== "pubrec") friendly(packet, connection);
  });
  const { router, is } = await startLink(t2, linkConfig(far.url, [IN]));
  await is("up");
  const { packets, send, socket } = far.connections[0];
  const publish = { cmd: "publish", topic: "in/a", payload: "x", qos: 2, messageId: 1, retain: false };
  send({ ...publish, dup: false });
  send({ ...publish, dup: true });
  await eventually(() => packets.filter(({ cmd }) => cmd === "pubrec").length === 2);
  t2.strictSame(router.published, []);
  socket.destroy();
  await eventually(() => far.connections.length === 2);
  t2.match(router.published, [{ topic: "a", qos: 2 }]);
});
t.test("incoming without a legal local topic or without a route is dropped and counted", async (t2) => {
  const far = await scriptedBroker(t2, friendly);
  const { router, links, is } = await startLink(t2, linkConfig(far.url, [{ ...IN, to: "{topic:2}" }]));
  await is("up");
  for (const topic of ["in/a", "in/a/$SYS/x", "never/asked", "in/a/good"]) {
    far.connections[0].send({ cmd: "publish", topic, payload: "x", qos: 0, dup: false, retain: false });
  }
  await eventually(() => router.published.length > 0);
  t2.match(router.published, [{ topic: "good" }]);
  t2.match(links.links()[0], { in: 4, dropped: 3 });
});
//# sourceMappingURL=link-incoming.test.js.map
