import { generateKeyPairSync, scryptSync } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { SignJWT } from "jose";
import t, {} from "tap";
import { Bench, shown } from "../harness.js";
const hash = (password) => `$scrypt$ln=10,r=8,p=1$c2FsdHNhbHQ$${scryptSync(password, "saltsalt", 32, { N: 1024, r: 8, p: 1 }).toString("base64")}`;
const [geheim, hemlig] = [hash("geheim"), hash("hemlig")];
const user = (name, more = {}) => ({
  name,
  password: geheim,
  scram: void 0,
  roles: [],
  disabled: false,
  clientIds: void 0,
  ...more
});
const rule = (effect, actions, topics, who = {}) => ({
  effect,
  actions,
  topics,
  users: void 0,
  roles: void 0,
  clientIds: void 0,
  commonNames: void 0,
  ...who
});
const both = ["publish", "subscribe"];
const access = (more = {}) => ({
  users: [user("anna"), user("bert", { password: hemlig })],
  rules: [],
  configuredRules: [],
  subscriptions: "inside",
  jwt: void 0,
  certificate: void 0,
  usersFile: void 0,
  ...more
});
function start(t2, config = {}, auth = { anonymous: false }) {
  const listeners = [{ name: "test", type: "tcp", host: "127.0.0.1", port: 0, auth }];
  return new Bench(t2, {}, { listeners, access: access(config) });
}
const login = (username, password) => ({
  ...username !== void 0 && { username },
  ...password !== void 0 && { password: Buffer.from(password) }
});
function passwordAlone(clientId, username, password) {
  const field = (bytes) => Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
  const flags = username === void 0 ? 66 : 194;
  const names = [clientId, ...username === void 0 ? [] : [username]].map((text) => field(Buffer.from(text)));
  const head = Buffer.from([0, 4, 77, 81, 84, 84, 5, flags, 0, 0, 0]);
  const body = Buffer.concat([head, ...names, field(password)]);
  return Buffer.concat([Buffer.from([16, 128 | body.length & 127, body.length >> 7]), body]);
}
let hosts = 0;
async function code(bench, version, options, clientId = "c", peer = {}) {
  const client = bench.open(version, { host: `10.1.${hosts >> 8}.${hosts++ & 255}`, ...peer });
  return (await connack(client, options, clientId)).code;
}
async function connack(client, options, clientId = "c") {
  const { version } = client;
  const { username, password } = options;
  const protocolId = version === 3 ? "MQIsdp" : "MQTT";
  const packet = { cmd: "connect", protocolId, protocolVersion: version, clean: true, keepalive: 0, clientId };
  if (password !== void 0 && !username) client.raw(passwordAlone(clientId, username, password));
  else client.send({ ...packet, ...options });
  for (; ; ) {
    const [packet2] = await client.pending();
    if (packet2?.cmd === "connack") {
      client.connack = packet2;
      return { code: packet2.reasonCode ?? packet2.returnCode ?? -1, client };
    }
    if (client.isClosed) return { code: -1, client };
    await sleep(2);
  }
}
t.test("a password opens, a wrong one does not, and nobody learns who exists [MQTT-3.1.4-2]", async (t2) => {
  const bench = start(t2);
  t2.equal(await code(bench, 5, login("anna", "geheim")), 0);
  t2.equal(await code(bench, 4, login("anna", "geheim")), 0);
  t2.equal(await code(bench, 3, login("anna", "geheim")), 0);
  for (const [name, password] of [
    ["anna", "Geheim"],
    ["nobody", "geheim"],
    ["bert", "geheim"],
    ["anna", ""],
    ["Anna", "geheim"],
    ["", "geheim"]
  ]) {
    t2.equal(await code(bench, 5, login(name, password), "d"), 134, `${name} ${password}`);
  }
  t2.equal(await code(bench, 4, login("anna", "x")), 4);
  t2.equal(await code(bench, 5, login("anna")), 134, "a name alone");
  t2.equal(await code(bench, 5, login()), 134, "nothing");
  t2.equal(await code(bench, 4, login()), 4);
  t2.equal(await code(bench, 5, login(void 0, "geheim")), 134, "a password alone, which 5.0 allows");
  t2.equal(await code(bench, 5, login("anna", Buffer.alloc(6e4, "x")), "d"), 134);
});
t.test("one user may not take the session of another", async (t2) => {
  const bench = start(t2);
  const options = { clean: false, properties: { sessionExpiryInterval: 100 } };
  await connack(bench.open(5), { ...login("anna", "geheim"), ...options });
  t2.equal(await code(bench, 5, { ...login("bert", "hemlig"), ...options }), 133);
});
t.test("who may not connect though the password is right: disabled, with a foreign Client Identifier", async (t2) => {
  const bench = start(t2, { users: [user("anna", { disabled: true }), user("bert", { clientIds: ["b-*"] })] });
  t2.equal(await code(bench, 5, login("anna", "geheim")), 135);
  t2.equal(await code(bench, 5, login("anna", "wrong")), 134);
  t2.equal(await code(bench, 5, login("bert", "geheim"), "c"), 135);
  t2.equal(await code(bench, 5, login("bert", "geheim"), "b-1"), 0);
  t2.equal(await code(bench, 4, login("bert", "geheim"), "c"), 5);
});
t.test("anonymous beside users: without a name one is nobody, with one the password must be right", async (t2) => {
  const bench = start(t2, {}, { anonymous: true });
  t2.equal(await code(bench, 5, login()), 0);
  t2.equal(await code(bench, 5, login("anna", "geheim"), "d"), 0);
  t2.equal(await code(bench, 5, login("anna", "wrong"), "e"), 134);
  t2.equal(await code(bench, 5, login("anna"), "e"), 134);
  const open = start(t2, { users: [] }, { anonymous: true });
  t2.equal(await code(open, 5, login("whoever", "whatever")), 0, "where nobody has a password, it is not looked at");
});
t.test("a listener offers the methods that it names", async (t2) => {
  const bench = start(t2, { certificate: "cn" }, { anonymous: false, methods: ["certificate"] });
  t2.equal(await code(bench, 5, login("anna", "geheim")), 134);
  const certificate = {
    verified: true,
    commonName: "line-3",
    subject: "CN=line-3,O=Example",
    subjectAltNames: ["DNS:line-3.example", "email:line-3@example"],
    serial: void 0,
    fingerprint256: void 0
  };
  t2.equal(await code(bench, 5, {}, "c", { certificate }), 0);
  t2.equal(await code(bench, 5, {}, "d", { certificate: { ...certificate, verified: false } }), 134, "not verified");
  t2.equal(await code(bench, 5, {}, "d", { certificate: { ...certificate, commonName: void 0 } }), 134, "no name");
  t2.equal(await code(bench, 5, login("line-3"), "d", { certificate }), 0);
  t2.equal(await code(bench, 5, login("line-4"), "d", { certificate }), 134, "another name than in the certificate");
  const noCertificates = start(t2, { certificate: "cn" }, { anonymous: false, methods: ["password"] });
  t2.equal(await code(noCertificates, 5, {}, "c", { certificate }), 134);
  for (const [name, expected] of [
    ["dn", "CN=line-3,O=Example"],
    ["san-email", "line-3@example"],
    ["san-dns", "line-3.example"]
  ]) {
    const other = start(t2, { certificate: name });
    t2.equal(await code(other, 5, login(expected), "c", { certificate }), 0, name);
    t2.equal(await code(other, 5, login("x"), "c", { certificate }), 134, name);
  }
  t2.equal(await code(start(t2, { certificate: "san-uri" }), 5, {}, "c", { certificate }), 134, "has none");
});
t.test("certificate and password together: both must be right, and say the same", async (t2) => {
  const certificate = { verified: true, commonName: "anna", subject: "CN=anna", subjectAltNames: [] };
  const bench = start(t2, { certificate: "cn" });
  t2.equal(await code(bench, 5, login("anna", "geheim"), "c", { certificate }), 0);
  t2.equal(await code(bench, 5, login("anna", "wrong"), "d", { certificate }), 134);
  t2.equal(await code(bench, 5, login("bert", "hemlig"), "d", { certificate }), 134);
});
t.test("a token in the password: its user, its roles, and the end of the connection with it", async (t2) => {
  const key = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const content = Buffer.from(key.publicKey.export({ type: "spki", format: "pem" }));
  const jwt = {
    keys: { file: "k", content },
    algorithms: void 0,
    issuer: void 0,
    audience: void 0,
    clockTolerance: 0,
    userClaim: "sub",
    rolesClaim: "roles",
    topicsClaim: void 0,
    requireExpiry: true
  };
  const rules = [rule("allow", both, ["ops/#"], { roles: ["operator"] })];
  const bench = start(t2, { jwt, rules });
  const sign = (claims) => new SignJWT({ sub: "carla", roles: ["operator"], exp: bench.clock.now() / 1e3 + 60, ...claims }).setProtectedHeader({ alg: "ES256" }).sign(key.privateKey);
  const token = await sign({});
  const { client } = await connack(bench.open(5), login(void 0, token));
  t2.equal(client.connack?.reasonCode, 0);
  t2.strictSame((await client.subscribe("ops/#", 0)).granted, [0]);
  t2.equal(await code(bench, 4, login("carla", token), "d"), 0, "with the user name of the token");
  t2.equal(await code(bench, 5, login("anna", token), "e"), 134, "with another");
  t2.equal(await code(bench, 5, login("anna", "geheim"), "f"), 0, "passwords go on");
  t2.equal(await code(bench, 5, login("carla", `${token}x`), "g"), 134);
  await bench.clock.advance(6e4);
  t2.equal((await client.next("disconnect")).reasonCode, 135, "the token has expired");
  t2.equal(await code(bench, 5, login(void 0, token), "h"), 134);
});
t.test("rules: publish, subscribe, delivery, retained, Will, alias, shared", async (t2) => {
  const rules = [
    rule("allow", both, ["home/%u/#", "open/#"]),
    rule("deny", both, ["open/secret/#"]),
    rule("allow", ["publish"], ["#"], { users: ["bert"] })
  ];
  const bench = start(t2, { rules });
  const { client: anna } = await connack(bench.open(5), login("anna", "geheim"), "a");
  const { client: bert } = await connack(bench.open(5), login("bert", "hemlig"), "b");
  const subscribe = async (topic) => (await anna.subscribe(topic, 1)).granted;
  t2.strictSame(await subscribe("home/bert/#"), [135]);
  t2.strictSame(await subscribe("#"), [135]);
  t2.strictSame(await subscribe("+/+/#"), [135]);
  t2.strictSame(await subscribe("open/secret/x"), [135]);
  t2.strictSame(await subscribe("$share/g/home/bert/#"), [135], "a share name changes nothing");
  t2.strictSame(await subscribe("$share/g/#"), [135]);
  t2.strictSame(await subscribe("$SYS/#"), [135]);
  await bert.publish("open/secret/kept", "no", 0, true);
  t2.strictSame(await subscribe("open/#"), [1]);
  t2.strictSame(await anna.pending(), [], "what is retained and denied does not come");
  await bert.publish("open/secret/x", "no", 1);
  await bert.publish("open/x", "yes", 1);
  t2.strictSame((await anna.pending()).map(shown), ["open/x yes q1 r0"]);
  const publish = async (topic, properties = {}) => {
    anna.send({ cmd: "publish", topic, payload: "x", qos: 1, retain: false, dup: false, messageId: 7, properties });
    return (await anna.next("puback")).reasonCode ?? 0;
  };
  t2.equal(await publish("home/bert/x"), 135);
  t2.equal(await publish("home/bert/x", { topicAlias: 1 }), 135);
  t2.equal(await publish("", { topicAlias: 1 }), 135, "an alias of a forbidden topic is forbidden");
  t2.equal(await publish("home/anna/x"), 0);
  for (const topic of ["open/secret/x", "home", "other"]) {
    const will = { topic, payload: Buffer.from("x"), qos: 0, retain: false };
    t2.equal(await code(bench, 5, { ...login("anna", "geheim"), will }, "w"), 135, `Will to ${topic}`);
  }
});
t.test("names that look like wildcards open nothing", async (t2) => {
  const rules = [rule("allow", both, ["u/%u/#", "c/%c/#"])];
  const users = ["+", "#", "+/#", "anna/b"].map((name) => user(name));
  const bench = start(t2, { users, rules });
  for (const name of ["+", "#", "+/#", "anna/b"]) {
    const { client: client2 } = await connack(bench.open(5), login(name, "geheim"), `id ${name}`);
    for (const filter of ["u/#", "u/+/#", "u/anna/#", "u/anna/b", "c/#", "c/+/#", "#"]) {
      t2.strictSame((await client2.subscribe(filter, 0)).granted, [135], `${name}: ${filter}`);
    }
  }
  const { client } = await connack(bench.open(5), login("+", "geheim"), "+");
  t2.strictSame((await client.subscribe("c/+/x", 0)).granted, [135], "a Client Identifier, too");
});
t.test("a change of the rules holds at once, for subscriptions that stand, too", async (t2) => {
  const open = [rule("allow", both, ["a/#", "b/#"])];
  const bench = start(t2, { rules: open });
  const { client: anna } = await connack(bench.open(5), login("anna", "geheim"), "a");
  await anna.subscribe("a/#", 1);
  bench.route({ topic: "a/x", payload: "1", qos: 1 });
  t2.equal((await anna.pending()).length, 1);
  bench.broker.replaceAccess(access({ rules: [rule("allow", both, ["b/#"])] }));
  bench.route({ topic: "a/x", payload: "2", qos: 1 });
  t2.strictSame(await anna.pending(), []);
  t2.strictSame((await anna.subscribe("a/#", 1)).granted, [135]);
  bench.broker.replaceAccess(access({ rules: open }));
  bench.route({ topic: "a/x", payload: "3", qos: 1 });
  t2.equal((await anna.pending()).length, 1);
});
t.test("a change of roles holds at once", async (t2) => {
  const rules = [rule("allow", both, ["a/#"], { roles: ["operator"] })];
  const bench = start(t2, { rules });
  const { client } = await connack(bench.open(5), login("anna", "geheim"), "a");
  t2.strictSame((await client.subscribe("a/#", 1)).granted, [135]);
  bench.broker.replaceAccess(access({ rules, users: [user("anna", { roles: ["operator"] })] }));
  t2.strictSame((await client.subscribe("a/#", 1)).granted, [1]);
});
t.test("who was removed or disabled has to go, with what waited; others stay", async (t2) => {
  const bench = start(t2);
  const keep = { clean: false, properties: { sessionExpiryInterval: 1e3 } };
  const { client: anna } = await connack(bench.open(5), login("anna", "geheim"), "a");
  const { client: bert } = await connack(bench.open(4), login("bert", "hemlig"), "b");
  const { client: gone } = await connack(bench.open(5), { ...login("anna", "geheim"), ...keep }, "gone");
  await gone.subscribe("x", 1);
  await gone.cut();
  bench.broker.replaceAccess(access({ users: [user("anna", { disabled: true }), user("bert", { password: hemlig })] }));
  t2.equal((await anna.next("disconnect")).reasonCode, 135);
  await anna.closed();
  t2.strictSame(
    bench.broker.clients().map(({ clientId }) => clientId),
    ["b"]
  );
  bench.broker.replaceAccess(access({ users: [] }));
  await bert.closed();
  t2.equal(bench.broker.clients().length, 0);
  t2.equal(await code(bench, 5, login("bert", "hemlig")), 134);
});
t.test("another password: connections stay, the old one opens no more", async (t2) => {
  const bench = start(t2);
  const { client } = await connack(bench.open(5), login("anna", "geheim"), "a");
  bench.broker.replaceAccess(access({ users: [user("anna", { password: hemlig })] }));
  t2.equal(client.isClosed, false);
  t2.equal(await code(bench, 5, login("anna", "geheim"), "b"), 134);
  t2.equal(await code(bench, 5, login("anna", "hemlig"), "c"), 0);
});
t.test("guessing: refused without a look at the password, while others get in", async (t2) => {
  const bench = start(t2);
  const host = "192.0.2.7";
  const clients = Array.from({ length: 90 }, () => bench.open(5, { host }));
  const tries = clients.map((client) => connack(client, login("anna", "wrong"), "x"));
  t2.equal(await code(bench, 5, login("anna", "geheim"), "good", { host: "192.0.2.8" }), 0);
  let answered = 0;
  for (const one of tries) void one.then(() => answered++);
  while (answered < 86) await sleep(5);
  await bench.clock.advance(3e3);
  const codes = (await Promise.all(tries)).map((one) => one.code);
  const wrong = codes.filter((one) => one === 134).length;
  t2.ok(wrong >= 5 && wrong < 10, `${wrong} passwords were looked at`);
  t2.equal(wrong + codes.filter((one) => one === 137).length, 90);
});
//# sourceMappingURL=gate.test.js.map
