import { execFileSync } from "node:child_process";
import { pbkdf2Sync } from "node:crypto";
import { existsSync, globSync, readFileSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import t, {} from "tap";
import { linkConfig, startLink, startMosquitto, subscriber } from "../support/links.js";
import { eventually, freePort, needs } from "../support/peers.js";
const OUT = { direction: "out", filter: "hpmq/#", to: "plants/{topic:1}", qos: 1 };
const IN = { direction: "in", filter: "commands/#", to: "{topic:1}", qos: 1 };
const peers = needs("mosquitto", "mosquitto_sub", "mosquitto_passwd");
async function failure(t2, config) {
  const { links } = await startLink(t2, config);
  const view = await eventually(() => links.links().find(({ error }) => error !== void 0));
  t2.match(view, { state: "down", nextTryAt: Number });
  t2.match(links.services(), [{ name: "link:cloud", state: "down", reason: view.error?.message }]);
  return view.error;
}
t.test("nothing listens", async (t2) => {
  const port = await freePort();
  t2.match(await failure(t2, linkConfig(`mqtt://127.0.0.1:${port}`, [OUT])), {
    code: "LINK_UNREACHABLE",
    fault: "peer",
    message: new RegExp(`^127.0.0.1:${port} cannot be reached: .*ECONNREFUSED`),
    hint: /nothing listens there/
  });
});
t.test("something else listens", async (t2) => {
  const server = createServer((socket) => {
    socket.on("error", () => {
    });
    socket.end("HTTP/1.1 400 Bad Request\r\n\r\n");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t2.teardown(() => server.close());
  const { port } = server.address();
  t2.match(await failure(t2, linkConfig(`mqtt://127.0.0.1:${port}`, [OUT])), { code: "LINK_PROTOCOL" });
});
for (const protocolVersion of [4, 5]) {
  t.test(`a wrong password, protocol ${protocolVersion}`, peers, async (t2) => {
    const folder = t2.testdir();
    const passwords = join(folder, "passwords");
    execFileSync("mosquitto_passwd", ["-c", "-b", passwords, "gateway", "secret"], { stdio: "ignore" });
    const far = await startMosquitto(t2, ["allow_anonymous false", `password_file ${passwords}`]);
    const wrong = { protocolVersion, username: "gateway", password: "hunter2", clientId: "wrong" };
    const error = await failure(t2, linkConfig(far.url, [OUT], wrong));
    t2.match(error, { code: "LINK_AUTH", message: /refused the connection: not authorized/, hint: /password/ });
    t2.notMatch(JSON.stringify(error), /hunter2/, "the password is not shown");
    const { is } = await startLink(t2, linkConfig(far.url, [OUT], { ...wrong, password: "secret", clientId: "right" }));
    await is("up");
  });
  t.test(`a refused subscription: degraded, outgoing routes work, protocol ${protocolVersion}`, peers, async (t2) => {
    const plugin = globSync("/usr/lib/*/mosquitto_dynamic_security.so")[0] ?? "";
    t2.ok(existsSync(plugin), "mosquitto brings its access control plugin");
    const file = join(t2.testdir(), "roles.json");
    writeFileSync(file, roles());
    const lines = ["allow_anonymous false", `plugin ${plugin}`, `plugin_opt_config_file ${file}`];
    const far = await startMosquitto(t2, lines);
    const user = ["-u", "gateway", "-P", "secret"];
    const sub = await subscriber(t2, far, "plants/#", user);
    const config = linkConfig(far.url, [OUT, IN], { protocolVersion, username: "gateway", password: "secret" });
    const { router, links, is } = await startLink(t2, config);
    await is("degraded");
    const code = "LINK_SUBSCRIPTION_REFUSED";
    t2.match(links.links()[0], { error: { code, message: /refused the subscription to commands\/#/ } });
    t2.match(links.services(), [{ state: "degraded", hint: /allow this user to subscribe/ }]);
    t2.match(links.alarms(), [{ severity: "warn", subject: "link:cloud", error: { code } }]);
    t2.match(links.status(), { state: "degraded", reason: "link:cloud degraded" });
    router.put("hpmq/boiler", "1", { qos: 1 });
    await sub.sees("1 0 plants/boiler 1");
    router.put("hpmq/secret/boiler", "2", { qos: 1 });
    router.put("hpmq/boiler", "3", { qos: 1 });
    await sub.sees("1 0 plants/boiler 3");
    await eventually(() => links.links()[0].queued === 0);
    if (protocolVersion === 4) return;
    t2.match(links.links()[0], { out: 2, dropped: 1 });
    t2.match(links.alarms()[1], {
      error: { code: "LINK_PUBLISH_REFUSED", message: /plants\/secret\/boiler: not authorized \(0x87\)/ }
    });
  });
}
t.test(
  "TLS: our own CA is accepted, an unknown one and a plain port are LINK_TLS",
  needs("mosquitto", "openssl"),
  async (t2) => {
    const folder = t2.testdir();
    const key = join(folder, "key.pem");
    const cert = join(folder, "cert.pem");
    const request = [
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:prime256v1",
      "-nodes",
      "-days",
      "2"
    ];
    const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
    execFileSync("openssl", [...request, ...subject, "-keyout", key, "-out", cert], { stdio: "ignore" });
    const secure = await freePort();
    const listener = [`listener ${secure} 127.0.0.1`, `certfile ${cert}`, `keyfile ${key}`];
    const far = await startMosquitto(t2, ["allow_anonymous true", ...listener]);
    const tls = { ca: readFileSync(cert), cert: void 0, key: void 0 };
    const { is } = await startLink(t2, linkConfig(`mqtts://localhost:${secure}`, [OUT], { tls, clientId: "good" }));
    await is("up");
    t2.match(await failure(t2, linkConfig(`mqtts://localhost:${secure}`, [OUT], { clientId: "no-ca" })), {
      code: "LINK_TLS",
      details: { code: "DEPTH_ZERO_SELF_SIGNED_CERT" }
    });
    const plain = linkConfig(`mqtts://127.0.0.1:${far.port}`, [OUT], { tls, clientId: "plain" });
    t2.match(await failure(t2, plain), { code: "LINK_TLS" });
  }
);
t.test("another client with the same client id takes the session over", peers, async (t2) => {
  const far = await startMosquitto(t2);
  const { links, is } = await startLink(t2, linkConfig(far.url, [OUT], { clientId: "twin" }));
  await is("up");
  const twin = connect(far.port, "127.0.0.1");
  t2.teardown(() => twin.destroy());
  twin.write(Buffer.from("10110004 4d515454 05 02 003c 00 0004 7477696e".replaceAll(" ", ""), "hex"));
  await is("down");
  t2.match(links.links()[0], { error: { code: /LINK_(LOST|TAKEN_OVER)/, hint: /client id/ } });
  await is("up");
});
function roles() {
  const salt = Buffer.from("0123456789ab");
  const password = pbkdf2Sync("secret", salt, 101, 64, "sha512").toString("base64");
  const allow = (acltype, topic, allow2 = true, priority = 0) => ({ acltype, topic, allow: allow2, priority });
  return JSON.stringify({
    clients: [
      {
        username: "gateway",
        password,
        salt: salt.toString("base64"),
        iterations: 101,
        roles: [{ rolename: "gateway" }]
      }
    ],
    roles: [
      {
        rolename: "gateway",
        acls: [
          allow("publishClientSend", "plants/secret/#", false, 1),
          allow("publishClientSend", "plants/#"),
          allow("publishClientReceive", "plants/#"),
          allow("subscribePattern", "plants/#")
        ]
      }
    ],
    defaultACLAccess: { publishClientSend: false, publishClientReceive: true, subscribe: false, unsubscribe: true }
  });
}
//# sourceMappingURL=link-mosquitto-refusals.test.js.map
