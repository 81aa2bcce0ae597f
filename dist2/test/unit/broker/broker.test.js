import { execFileSync } from "node:child_process";
import { connect } from "node:net";
import t from "tap";
import { createBroker } from "../../../src/broker/broker.js";
import { brokerErrors } from "../../../src/broker/errors.js";
import { GatewayError } from "../../../src/core/errors.js";
import { silentLog } from "../../../src/core/log.js";
import { createMessage } from "../../../src/core/message.js";
import { ManualClock } from "../../support/manual-clock.js";
import { eventually, needs } from "../../support/peers.js";
import { Bench, brokerConfig, TestClient } from "./harness.js";
const never = new AbortController().signal;
t.test("the router works before start()", async (t2) => {
  const bench = new Bench(t2);
  bench.route({ topic: "early", payload: "x", retain: true });
  t2.same(bench.broker.addresses(), []);
  t2.equal(bench.broker.status().state, "starting");
  await bench.broker.start(never);
  t2.match(bench.broker.addresses(), [/^127\.0\.0\.1:[1-9]\d*$/]);
  t2.equal(bench.broker.status().state, "up");
  t2.equal([...bench.broker.router.retained("early")].length, 1);
});
t.test("an address in use: start() names it, and nothing stays open", async (t2) => {
  const first = new Bench(t2);
  await first.broker.start(never);
  const address = first.broker.addresses()[0];
  const free = brokerConfig().listeners[0];
  const taken = { ...free, port: Number(address.split(":")[1]) };
  const second = new Bench(t2, {}, { listeners: [free, taken] });
  const error = await second.broker.start(never).catch((error2) => error2);
  if (!(error instanceof GatewayError)) throw error;
  t2.equal(error.code, "BROKER_ADDRESS_IN_USE");
  t2.equal(error.fault, "config");
  t2.match(error.message, address);
  t2.same(second.broker.addresses(), []);
  t2.equal(second.broker.status().state, "down");
  t2.equal(second.clock.pending, 0);
});
t.test("an address of another machine: start() says so", async (t2) => {
  const bench = new Bench(t2, {}, { listeners: [{ ...brokerConfig().listeners[0], host: "192.0.2.1", port: 1883 }] });
  const error = await bench.broker.start(never).catch((error2) => error2);
  t2.match(error, { code: "BROKER_ADDRESS_NOT_AVAILABLE", message: /192\.0\.2\.1:1883/ });
});
t.test("every error of the broker has a fault and a hint", async (t2) => {
  for (const [code, { fault, hint }] of Object.entries(brokerErrors)) {
    t2.match(code, /^BROKER_/);
    t2.equal(fault, "config");
    t2.ok(hint.length > 10);
  }
});
t.test("an aborted start() leaves nothing open", async (t2) => {
  const bench = new Bench(t2);
  await t2.rejects(bench.broker.start(AbortSignal.abort(new Error("stop"))), { message: "stop" });
  t2.same(bench.broker.addresses(), []);
});
t.test(
  "the end: 5.0 clients get DISCONNECT 0x8B, everything is closed, no timer is left, no Will is sent",
  async (t2) => {
    const clock = new ManualClock();
    const broker = createBroker({ config: brokerConfig(), gatewayId: "g", log: silentLog, clock });
    await broker.start(never);
    const port = Number(broker.addresses()[0].split(":")[1]);
    const sockets = [connect(port, "127.0.0.1"), connect(port, "127.0.0.1"), connect(port, "127.0.0.1")];
    const modern = new TestClient(sockets[0], 5);
    const old = new TestClient(sockets[1], 4);
    const silent = new TestClient(sockets[2], 4);
    for (const client of [modern, old]) {
      client.send({
        cmd: "connect",
        protocolVersion: client.version === 5 ? 5 : 4,
        clientId: `c${client.version}`,
        clean: false,
        keepalive: 30,
        will: { topic: "will", payload: Buffer.from("x"), qos: 1, retain: true }
      });
    }
    await eventually(() => broker.clients().length === 2 && broker.connections() === 3);
    await broker[Symbol.asyncDispose]();
    t2.equal(broker.status().state, "down");
    t2.equal(broker.connections(), 0);
    t2.equal(clock.pending, 0, "timers");
    t2.same([...broker.router.retained("will")], []);
    await eventually(() => modern.isClosed && old.isClosed && silent.isClosed);
    await modern.next("connack");
    t2.equal((await modern.next("disconnect")).reasonCode, 139);
    await old.next("connack");
    t2.same(await old.pending(), []);
    await t2.rejects(new Promise((_resolve, reject) => connect(port, "127.0.0.1").on("error", reject)), {
      code: "ECONNREFUSED"
    });
    await broker[Symbol.asyncDispose]();
  }
);
t.test("$SYS/broker: the names of Mosquitto, refreshed every ten seconds", async (t2) => {
  const bench = new Bench(t2);
  await bench.broker.start(never);
  const client = await bench.connect(5, "a");
  await client.subscribe("$SYS/#", 0);
  const values = async () => {
    const packets = await client.pending();
    return Object.fromEntries(packets.map((p) => p.cmd === "publish" ? [p.topic, String(p.payload)] : ["", p.cmd]));
  };
  t2.match(await values(), {
    "$SYS/broker/version": /^hpmq/,
    "$SYS/broker/uptime": "0 seconds",
    "$SYS/broker/clients/connected": "0",
    "$SYS/broker/messages/received": "0",
    "$SYS/broker/retained messages/count": "0"
  });
  bench.route({ topic: "r", payload: "x", retain: true });
  await bench.clock.advance(1e4);
  const later = await values();
  t2.match(later, {
    "$SYS/broker/uptime": "10 seconds",
    "$SYS/broker/clients/connected": "1",
    "$SYS/broker/messages/received": "2"
  });
  t2.equal(later["$SYS/broker/version"], void 0, "what has not changed is not said again");
  const plain = await bench.connect(4, "plain");
  await plain.subscribe("#", 0);
  t2.equal((await plain.pending()).length, 1, "# does not match $SYS [MQTT-4.7.2-1]");
});
t.test("clients() shows what a session does", async (t2) => {
  const bench = new Bench(t2);
  const client = await bench.connect(5, "a", {
    keepalive: 30,
    clean: false,
    properties: { sessionExpiryInterval: 60 }
  });
  await client.subscribe("t/#", 1);
  client.send({ cmd: "publish", topic: "t/1", payload: "x", qos: 1, retain: false, dup: false, messageId: 1 });
  bench.route({ topic: "t/2", payload: "x", qos: 1 });
  await bench.settle();
  t2.match(bench.broker.clients(), [
    {
      clientId: "a",
      protocol: "5.0",
      connected: true,
      address: "memory",
      since: bench.clock.now(),
      keepAlive: 3e4,
      subscriptions: 1,
      inflight: 2,
      queued: 0,
      received: 1,
      sent: 2,
      dropped: 0
    }
  ]);
  await bench.clock.advance(1e3);
  await client.cut();
  t2.match(bench.broker.clients(), [{ connected: false, since: bench.clock.now(), inflight: 2 }]);
});
t.test("sockets beyond the limit are closed at once, counted by nobody else", async (t2) => {
  const bench = new Bench(t2, { connections: 1 });
  const clients = Array.from({ length: 20 }, () => bench.open(4));
  await bench.settle();
  t2.equal(bench.broker.connections(), 17, "one, and those let in to be told why not");
  t2.equal(clients.filter(({ isClosed }) => isClosed).length, 3);
});
t.test("all clients may come back at once while their old connections still seem open", async (t2) => {
  const bench = new Bench(t2, { connections: 40 });
  const ids = Array.from({ length: 40 }, (_, i) => `c${i}`);
  for (const id of ids) await bench.connect(4, id, { clean: false });
  const back = ids.map(() => bench.open(4));
  const answers = await Promise.all(back.map((client, i) => client.connect(ids[i], { clean: false })));
  t2.ok(answers.every(({ returnCode, sessionPresent }) => returnCode === 0 && sessionPresent));
});
t.test("a peer that is gone without a word is noticed even without Keep Alive", needs("ss"), async (t2) => {
  const bench = new Bench(t2);
  await bench.broker.start(never);
  const port = bench.broker.addresses()[0].split(":")[1];
  const socket = connect(Number(port), "127.0.0.1");
  t2.teardown(() => socket.destroy());
  await eventually(() => bench.broker.connections() === 1);
  const shown = execFileSync("ss", ["-tnoH", `sport = :${port}`], { encoding: "utf8" });
  t2.match(shown, /timer:\(keepalive,/, "the system asks the peer");
});
t.test("one message object serves all receivers", async (t2) => {
  const bench = new Bench(t2);
  const message = createMessage({ topic: "t", payload: "x", origin: "device:d", receivedAt: 0, qos: 1, retain: true });
  void bench.broker.router.publish(message);
  t2.equal([...bench.broker.router.retained("t")][0], message);
});
//# sourceMappingURL=broker.test.js.map
