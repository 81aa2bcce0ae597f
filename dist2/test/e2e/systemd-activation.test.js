import { existsSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import t, {} from "tap";
import { hpmqEntry, runHpmq, tempFolder } from "../support/gateway.js";
import { eventually, freePort, needs, startPeer } from "../support/peers.js";
const peers = needs("systemd-socket-activate", "mosquitto_pub", "mosquitto_sub");
async function activate(t2, names, listeners) {
  const folder = tempFolder(t2);
  const file = join(folder, "hpmq.yaml");
  const [path, control, port] = [join(folder, "mqtt.sock"), join(folder, "c.sock"), await freePort()];
  writeFileSync(file, `broker: { auth: { anonymous: true }, listeners: ${listeners} }
`);
  const gateway = startPeer(t2, "systemd-socket-activate", [
    "-l",
    `127.0.0.1:${port}`,
    "-l",
    path,
    `--fdname=${names}`,
    process.execPath,
    hpmqEntry,
    "run",
    "-c",
    file,
    "--socket",
    control
  ]);
  await eventually(() => existsSync(path));
  connect(port, "127.0.0.1").on("error", () => {
  });
  return { gateway, port, path, control };
}
t.test("TCP and Unix sockets", peers, async (t2) => {
  const listeners = "[{ type: tcp, systemd: field }, { type: unix, path: unused.sock, systemd: local }]";
  const { gateway, port, path, control } = await activate(t2, "field:local", listeners);
  await gateway.sees(/gateway is up/, 2e4);
  const { stdout } = await runHpmq(["--socket", control, "status", "--json"]);
  t2.same(JSON.parse(stdout).listeners, [`127.0.0.1:${port}`, "unix:systemd:local"]);
  for (const options of [
    ["-p", `${port}`],
    ["--unix", path]
  ]) {
    const sub = startPeer(t2, "mosquitto_sub", [...options, "-t", "a", "-C", "1", "-W", "10"]);
    const pub = startPeer(t2, "mosquitto_pub", [...options, "-t", "a", "-m", "x", "-r", "-q", "1"]);
    t2.equal(await pub.ended, 0, pub.stderr());
    t2.equal(await sub.ended, 0, sub.stderr());
  }
  t2.equal(await gateway.kill("SIGTERM"), 0);
  t2.ok(existsSync(path), "the socket is of systemd, which removes it");
});
t.test("a socket that was not passed is told, and so is one that nobody uses", peers, async (t2) => {
  const missing = await activate(t2, "field:local", "[{ type: tcp, systemd: mqtt }]");
  t2.equal(await missing.gateway.ended, 78);
  const { stderr } = missing.gateway;
  t2.match(stderr(), /systemd passed no socket with the name mqtt: it passed field, local/);
  t2.match(stderr(), /FileDescriptorName=/);
  const unused = await activate(t2, "field:local", "[{ type: tcp, systemd: field }]");
  await unused.gateway.sees(/"sockets":\["local"\].*systemd passed sockets that no listener uses/, 2e4);
});
//# sourceMappingURL=systemd-activation.test.js.map
