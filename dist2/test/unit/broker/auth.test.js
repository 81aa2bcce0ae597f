import t from "tap";
import { unrestricted } from "../../../src/broker/access/access.js";
import { ReasonCode, Refusal } from "../../../src/broker/reason-codes.js";
import { Bench, shown } from "./harness.js";
const identity = (user) => ({ user, permissions: unrestricted });
function scriptedAccess(permissionsOf = identity) {
  let exchanges = 0;
  return {
    authenticate: () => identity("plain"),
    exchange(method) {
      if (method !== "ask") return new Refusal(ReasonCode.badAuthenticationMethod, "not offered");
      const isLate = exchanges++ > 0;
      let steps = 0;
      const step = (data) => {
        if (steps++ === 0) return { result: "continue", data: Buffer.from(`who, ${data}?`) };
        if (String(data) === "bad") return new Refusal(ReasonCode.badUserNameOrPassword, "not known");
        return { result: "success", identity: permissionsOf(String(data)), data: Buffer.from("welcome") };
      };
      return { step: (data) => isLate ? Promise.resolve(step(data && Buffer.from(data))) : step(data) };
    }
  };
}
const connect = { properties: { authenticationMethod: "ask", authenticationData: Buffer.from("hello") } };
function auth(reasonCode, data, method = "ask") {
  return {
    cmd: "auth",
    reasonCode,
    properties: { authenticationMethod: method, authenticationData: Buffer.from(data) }
  };
}
async function begin(bench, clientId) {
  const client = bench.open(5);
  client.send({ cmd: "connect", protocolVersion: 5, clientId, clean: true, keepalive: 0, ...connect });
  t.match(await client.next("auth"), auth(24, "who, hello?"));
  return client;
}
async function authenticated(bench, clientId, name = "ann") {
  const client = await begin(bench, clientId);
  client.send(auth(24, name));
  t.match(await client.next("connack"), {
    reasonCode: 0,
    properties: { authenticationMethod: "ask", authenticationData: Buffer.from("welcome") }
  });
  return client;
}
t.test("AUTH goes to and fro until CONNACK, which repeats the method [MQTT-4.12.0-2] [MQTT-4.12.0-5]", async (t2) => {
  const bench = new Bench(t2, {}, {}, scriptedAccess());
  const client = await authenticated(bench, "a");
  await client.subscribe("t", 0);
  await client.publish("t", "x");
  t2.same((await client.pending()).map(shown), ["t x q0 r0"]);
});
t.test(
  "a failed exchange ends with CONNACK, an unknown method with 0x8C [MQTT-4.12.0-1] [MQTT-4.12.0-4]",
  async (t2) => {
    const bench = new Bench(t2, {}, {}, scriptedAccess());
    const bad = await begin(bench, "a");
    bad.send(auth(24, "bad"));
    t2.equal((await bad.next("connack")).reasonCode, 134);
    await bad.closed();
    const other = bench.open(5);
    t2.equal((await other.connect("b", { properties: { authenticationMethod: "SCRAM" } })).reasonCode, 140);
    await other.closed();
    t2.same(bench.broker.clients(), []);
  }
);
t.test("until CONNACK only AUTH and DISCONNECT are taken [MQTT-3.1.2-30]", async (t2) => {
  const bench = new Bench(t2, {}, {}, scriptedAccess());
  const hasty = await begin(bench, "a");
  hasty.send({ cmd: "publish", topic: "t", payload: "x", qos: 0, retain: false, dup: false });
  t2.equal((await hasty.next("connack")).reasonCode, 130);
  await hasty.closed();
  const leaving = await begin(bench, "b");
  leaving.send({ cmd: "disconnect", reasonCode: 0 });
  await leaving.closed();
  t2.same(await leaving.pending(), []);
  const mistaken = await begin(bench, "c");
  mistaken.send(auth(25, "ann"));
  t2.equal((await mistaken.next("connack")).reasonCode, 130, "re-authentication is not yet possible");
  await mistaken.closed();
});
t.test("an exchange that takes too long ends with the time to connect", async (t2) => {
  const bench = new Bench(t2, { connectTimeout: 5e3 }, {}, scriptedAccess());
  const client = await begin(bench, "a");
  await bench.clock.advance(5e3);
  await client.closed();
  t2.equal(bench.broker.connections(), 0);
});
t.test(
  "AUTH without a method in CONNECT, or with another one, is an error [MQTT-4.12.0-6] [MQTT-4.12.0-7]",
  async (t2) => {
    const bench = new Bench(t2, {}, {}, scriptedAccess());
    const plain = await bench.connect(5, "plain");
    plain.send(auth(25, "hello"));
    t2.equal((await plain.next("disconnect")).reasonCode, 130);
    await plain.closed();
    const client = await begin(bench, "a");
    client.send(auth(24, "ann", "other"));
    t2.equal((await client.next("connack")).reasonCode, 130);
    await client.closed();
    const connected = await authenticated(bench, "b");
    connected.send(auth(24, "ann"));
    t2.equal((await connected.next("disconnect")).reasonCode, 130, "nothing to continue");
    const old = await bench.connect(4, "old");
    old.raw(Buffer.from("f000", "hex"));
    await old.closed();
  }
);
t.test("authentication anew: others packets go on meanwhile, then AUTH 0x00 [MQTT-4.12.1-1]", async (t2) => {
  let mayPublish = true;
  const permissionsOf = (user) => {
    const allowed = mayPublish;
    return { user, permissions: { ...unrestricted, mayPublish: () => allowed } };
  };
  const bench = new Bench(t2, {}, {}, scriptedAccess(permissionsOf));
  const client = await authenticated(bench, "a");
  await client.subscribe("t", 0);
  mayPublish = false;
  client.send(auth(25, "again"));
  t2.match(await client.next("auth"), auth(24, "who, again?"));
  await client.publish("t", "with the old permissions");
  t2.equal(shown(await client.next("publish")), "t with the old permissions q0 r0");
  client.send(auth(24, "ann"));
  t2.match(await client.next("auth"), auth(0, "welcome"));
  client.send({ cmd: "publish", topic: "t", payload: "x", qos: 1, messageId: 1, retain: false, dup: false });
  t2.equal((await client.next("puback")).reasonCode, 135, "the new permissions are in force");
});
t.test("a failed authentication anew, or one as somebody else, ends the connection [MQTT-4.12.1-2]", async (t2) => {
  const bench = new Bench(t2, {}, {}, scriptedAccess());
  for (const name of ["bad", "bob"]) {
    const client = await authenticated(bench, "a");
    client.send(auth(25, "again"));
    await client.next("auth");
    client.send(auth(24, name));
    t2.equal((await client.next("disconnect")).reasonCode, 135, name);
    await client.closed();
  }
});
t.test("who is not let in yet may not make the broker keep a large packet", async (t2) => {
  const bench = new Bench(t2, { packetBytes: 1024 * 1024 }, {}, scriptedAccess());
  const client = await begin(bench, "a");
  client.raw(Buffer.from("f0c09a0c", "hex"));
  t2.equal((await client.next("connack")).reasonCode, 149);
  await client.closed();
  const connected = await authenticated(bench, "b");
  await connected.subscribe("t", 0);
  await connected.publish("t", "x".repeat(2e5));
  t2.equal((await connected.next("publish")).payload.length, 2e5);
});
//# sourceMappingURL=auth.test.js.map
