import { copyFileSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "node:tls";
import mqtt from "mqtt";
import t from "tap";
import { LOOK_INTERVAL } from "../../src/broker/listeners/file-watch.js";
import { systemClock } from "../../src/core/clock.js";
import { tempFolder } from "../support/gateway.js";
import { listener, recordingLog, startBroker, tlsConfig } from "../support/listeners.js";
import { eventually, needs, startPeer } from "../support/peers.js";
import { createAuthority } from "../support/pki.js";
const peers = needs("openssl", "mosquitto_pub", "mosquitto_sub");
const names = "DNS:localhost,IP:127.0.0.1";
const clock = {
  ...systemClock,
  after: (ms, callback) => systemClock.after(ms === LOOK_INTERVAL ? 150 : ms, callback)
};
function serialOf(port) {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerX509Certificate()?.serialNumber ?? "");
      socket.destroy();
    });
    socket.on("error", reject);
  });
}
t.test("a certificate is replaced", peers, async (t2) => {
  const ca = createAuthority(t2);
  const issue = () => ca.issue({ subject: "/CN=localhost", names });
  const [first, second, third] = [issue(), issue(), issue()];
  const folder = tempFolder(t2);
  const version = (name, pair) => {
    mkdirSync(join(folder, name));
    copyFileSync(pair.cert, join(folder, name, "tls.crt"));
    copyFileSync(pair.key, join(folder, name, "tls.key"));
  };
  const swap = (name) => {
    symlinkSync(name, join(folder, "..data-new"));
    renameSync(join(folder, "..data-new"), join(folder, "..data"));
  };
  version("..v1", first);
  swap("..v1");
  for (const name of ["tls.crt", "tls.key"]) symlinkSync(join("..data", name), join(folder, name));
  const [cert, key] = [join(folder, "tls.crt"), join(folder, "tls.key")];
  const { log, lines } = recordingLog();
  const listeners = [
    listener("tls", { tls: tlsConfig({ cert, key, serial: "" }) }),
    listener("wss", {
      tls: tlsConfig({ cert, key, serial: "" }, { alpn: [] }),
      webSocket: { path: "/mqtt", origins: void 0 }
    })
  ];
  const { broker, port } = await startBroker(t2, listeners, { log, clock });
  const wss = broker.addresses()[1];
  t2.equal(await serialOf(port), first.serial);
  const secure = ["-h", "localhost", "-p", `${port}`, "--cafile", ca.cert];
  const sub = startPeer(t2, "mosquitto_sub", [...secure, "-i", "watcher", "-t", "a/#", "-q", "1", "-F", "%p"]);
  await eventually(() => broker.router.counters().subscriptions === 1);
  const client = await mqtt.connectAsync(wss, { ca: readFileSync(ca.cert), reconnectPeriod: 0, clientId: "browser" });
  t2.teardown(() => client.endAsync(true));
  const seen = [];
  let closed = 0;
  client.on("message", (_topic, payload) => seen.push(payload.toString()));
  client.on("close", () => closed++);
  await client.subscribeAsync("a/#", { qos: 1 });
  const say = async (text) => {
    const pub = startPeer(t2, "mosquitto_pub", [...secure, "-t", "a/b", "-m", text, "-q", "1"]);
    t2.equal(await pub.ended, 0, pub.stderr());
    await eventually(() => seen.includes(text) && sub.stdout().includes(`${text}
`));
  };
  await say("before");
  version("..v2", second);
  swap("..v2");
  await eventually(async () => await serialOf(port) === second.serial, 15e3);
  await say("between");
  const replace = (from, to) => {
    copyFileSync(from, `${to}.new`);
    renameSync(`${to}.new`, to);
  };
  replace(third.cert, cert);
  const [alarm] = await eventually(() => broker.alarms().length > 0 ? broker.alarms() : void 0, 15e3);
  t2.match(alarm, {
    severity: "error",
    subject: "listener:tls",
    error: { code: "BROKER_CERTIFICATE_INVALID", message: /tls\.key does not belong to the certificate/ }
  });
  t2.equal(await serialOf(port), second.serial, "the pair that fits is in use");
  await say("bad pair");
  replace(third.key, key);
  await eventually(async () => await serialOf(port) === third.serial, 15e3);
  await eventually(() => broker.alarms().length === 0);
  const expired = ca.issue({ subject: "/CN=localhost", names, from: "20200101000000Z", to: "20200201000000Z" });
  writeFileSync(cert, readFileSync(expired.cert));
  writeFileSync(key, readFileSync(expired.key));
  const [late] = await eventually(() => broker.alarms().length > 0 ? broker.alarms() : void 0, 15e3);
  t2.match(late?.error.message, /tls\.crt expired on 2020-02-01/);
  t2.equal(await serialOf(port), third.serial);
  await say("after");
  t2.same(
    broker.clients().filter(({ connected }) => connected).map(({ clientId }) => clientId).toSorted(),
    ["browser", "watcher"],
    "both are still connected"
  );
  t2.equal(closed, 0);
  t2.equal(sub.stderr(), "");
  t2.same(seen, ["before", "between", "bad pair", "after"]);
  t2.equal(
    lines.filter(({ message }) => message === "new certificate files are not used").length,
    4,
    "two per listener"
  );
});
//# sourceMappingURL=tls-replacement.test.js.map
