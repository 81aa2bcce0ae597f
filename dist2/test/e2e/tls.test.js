import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "node:tls";
import mqtt from "mqtt";
import t, {} from "tap";
import { tempFolder } from "../support/gateway.js";
import { listener, recordingLog, startBroker, tlsConfig } from "../support/listeners.js";
import { eventually, needs, startPeer } from "../support/peers.js";
import { createAuthority } from "../support/pki.js";
const peers = needs("openssl", "mosquitto_pub");
const names = "DNS:localhost,IP:127.0.0.1";
async function publish(t2, port, ...options) {
  const args = ["-h", "localhost", "-p", `${port}`, "-t", "a", "-m", "x", "-q", "1", ...options];
  const peer = startPeer(t2, "mosquitto_pub", args);
  const code = await peer.ended;
  return { code, text: peer.stderr() };
}
function sClient(port, args, input = "") {
  return new Promise((resolve) => {
    const all = ["s_client", "-connect", `127.0.0.1:${port}`, ...args];
    const child = execFile("openssl", all, { timeout: 1e4 }, (_error, stdout, stderr) => resolve(stdout + stderr));
    child.stdin?.on("error", () => {
    });
    child.stdin?.end(input);
  });
}
function server(ca) {
  return ca.issue({ subject: "/CN=localhost", names });
}
t.test("the client checks the server", peers, async (t2) => {
  const ca = createAuthority(t2);
  const stranger = createAuthority(t2, "Other CA");
  const expired = ca.issue({ subject: "/CN=localhost", names, from: "20200101000000Z", to: "20200201000000Z" });
  const elsewhere = ca.issue({ subject: "/CN=plant-8.example", names: "DNS:plant-8.example" });
  const cases = [
    ["an unknown authority", server(ca), stranger, /alert unknown ca/, "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
    ["an expired certificate", expired, ca, /alert certificate expired/, "CERT_HAS_EXPIRED"],
    ["another host name", elsewhere, ca, /./, "ERR_TLS_CERT_ALTNAME_INVALID"]
  ];
  for (const [what, pair, trusted, alert, code] of cases) {
    t2.test(what, async (t3) => {
      const { log, lines } = recordingLog();
      const { broker, port } = await startBroker(t3, [listener("tls", { tls: tlsConfig(pair) })], { log });
      t3.not((await publish(t3, port, "--cafile", trusted.cert)).code, 0);
      const failed = await eventually(() => lines.find(({ message }) => message === "handshake failed"));
      t3.equal(failed.level, "debug");
      t3.match(failed.fields.reason, alert);
      const options = { ca: readFileSync(trusted.cert), reconnectPeriod: 0 };
      await t3.rejects(mqtt.connectAsync(`mqtts://localhost:${port}`, options), { code });
      await eventually(() => broker.connections() === 0);
      t3.equal(broker.router.counters().received, 0, "nothing was published");
    });
  }
  await t2.test("and takes the right one", async (t3) => {
    const { port } = await startBroker(t3, [listener("tls", { tls: tlsConfig(server(ca)) })]);
    t3.same(await publish(t3, port, "--cafile", ca.cert), { code: 0, text: "" });
  });
});
t.test("the server checks the client", peers, async (t2) => {
  const ca = createAuthority(t2);
  const stranger = createAuthority(t2, "Other CA");
  const pair = server(ca);
  const good = ca.issue({ subject: "/O=Plant/CN=line-3" });
  const revoked = ca.issue({ subject: "/O=Plant/CN=line-4" });
  const expired = ca.issue({ subject: "/O=Plant/CN=line-5", from: "20200101000000Z", to: "20200201000000Z" });
  const foreign = stranger.issue({ subject: "/O=Plant/CN=line-3" });
  ca.revoke(revoked);
  const crl = [ca.revocationList()];
  const shown = (one) => ["--cafile", ca.cert, "--cert", one.cert, "--key", one.key];
  for (const version of ["tlsv1.2", "tlsv1.3"]) {
    t2.test(`required, ${version}`, async (t3) => {
      const tls = tlsConfig(pair, { clientCa: ca.cert, crl });
      const { broker, port } = await startBroker(t3, [listener("tls", { tls })]);
      const sent = async (...options) => publish(t3, port, "--tls-version", version, ...options);
      t3.equal((await sent(...shown(good))).code, 0);
      t3.not((await sent("--cafile", ca.cert)).code, 0, "without a certificate");
      t3.not((await sent(...shown(revoked))).code, 0, "revoked");
      t3.not((await sent(...shown(expired))).code, 0, "expired");
      t3.not((await sent(...shown(foreign))).code, 0, "of an unknown authority");
      t3.equal(broker.router.counters().received, 1);
    });
  }
  t2.test("optional: who shows none is served, who shows a bad one is not", async (t3) => {
    const tls = tlsConfig(pair, { clientCertificate: "optional", clientCa: ca.cert, crl });
    const { port } = await startBroker(t3, [listener("tls", { tls })]);
    t3.equal((await publish(t3, port, ...shown(good))).code, 0);
    t3.equal((await publish(t3, port, "--cafile", ca.cert)).code, 0);
    t3.not((await publish(t3, port, ...shown(revoked))).code, 0);
    t3.not((await publish(t3, port, ...shown(foreign))).code, 0);
  });
  t2.test("a resumed session does not outlive a revocation", async (t3) => {
    const session = join(tempFolder(t3), "session.pem");
    const tls = tlsConfig(pair, { clientCa: ca.cert, crl: [] });
    const { port } = await startBroker(t3, [listener("tls", { tls })]);
    const args = ["-tls1_2", "-cert", revoked.cert, "-key", revoked.key];
    t3.match(await sClient(port, [...args, "-sess_out", session]), /New, TLSv1\.2/);
    t3.match(await sClient(port, [...args, "-sess_in", session]), /Reused, TLSv1\.2/);
    const other = await startBroker(t3, [listener("tls", { tls: { ...tls, crl } })]);
    t3.match(await sClient(other.port, [...args, "-sess_in", session]), /New, TLSv1\.2/, "tickets are of one context");
  });
});
t.test("old versions are refused", peers, async (t2) => {
  const ca = createAuthority(t2);
  const pair = server(ca);
  const modern = await startBroker(t2, [listener("tls", { tls: tlsConfig(pair) })]);
  const lax = ["-cipher", "DEFAULT@SECLEVEL=0"];
  for (const version of ["-tls1", "-tls1_1"]) {
    const text = await sClient(modern.port, [version, ...lax]);
    t2.match(text, /alert protocol version/, version);
    t2.match(text, /New, \(NONE\)/);
  }
  t2.match(await sClient(modern.port, ["-tls1_2"]), /New, TLSv1\.2/);
  t2.match(await sClient(modern.port, ["-tls1_3"]), /New, TLSv1\.3/);
  const strict = await startBroker(t2, [listener("tls", { tls: tlsConfig(pair, { minVersion: "TLSv1.3" }) })]);
  t2.match(await sClient(strict.port, ["-tls1_2"]), /alert protocol version/);
  t2.match(await sClient(strict.port, ["-tls1_3"]), /New, TLSv1\.3/);
});
t.test("renegotiation is refused", needs("openssl"), async (t2) => {
  const ca = createAuthority(t2);
  const { port } = await startBroker(t2, [listener("tls", { tls: tlsConfig(server(ca)) })]);
  const peer = startPeer(t2, "openssl", ["s_client", "-connect", `127.0.0.1:${port}`, "-tls1_2"]);
  await peer.sees(/Verify return code/);
  peer.write("R\n");
  await peer.sees(/RENEGOTIATING/);
  await peer.sees(/no renegotiation/);
  t2.not(await peer.ended, 0);
});
t.test("only the ciphers of the configuration", needs("openssl"), async (t2) => {
  const ca = createAuthority(t2);
  const tls = tlsConfig(server(ca), { ciphers: "ECDHE-ECDSA-AES256-GCM-SHA384" });
  const { port } = await startBroker(t2, [listener("tls", { tls })]);
  t2.match(await sClient(port, ["-tls1_2"]), /Cipher is ECDHE-ECDSA-AES256-GCM-SHA384/);
  t2.match(await sClient(port, ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"]), /handshake failure/);
});
function handshake(port, options) {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false, ...options }, () => resolve(socket));
    socket.once("error", reject);
  });
}
t.test("the certificate by the host name that is asked for (RFC 6066 \xA73)", needs("openssl"), async (t2) => {
  const ca = createAuthority(t2);
  const pairs = {
    own: server(ca),
    a: ca.issue({ subject: "/CN=a.example" }),
    any: ca.issue({ subject: "/CN=*.b.example" })
  };
  const tls = tlsConfig(pairs.own, { sni: { "a.example": pairs.a, "*.b.example": pairs.any } });
  const { port } = await startBroker(t2, [listener("tls", { tls })]);
  for (const [servername, pair] of [
    ["a.example", pairs.a],
    ["A.Example", pairs.a],
    ["x.b.example", pairs.any],
    ["x.y.b.example", pairs.own],
    ["b.example", pairs.own],
    ["unknown.example", pairs.own],
    [void 0, pairs.own]
  ]) {
    const socket = await handshake(port, servername === void 0 ? {} : { servername });
    t2.equal(socket.getPeerX509Certificate()?.serialNumber, pair.serial, servername ?? "no name");
    socket.destroy();
  }
});
t.test("the application protocol (RFC 7301)", needs("openssl"), async (t2) => {
  const ca = createAuthority(t2);
  const tls = tlsConfig(server(ca));
  const { port } = await startBroker(t2, [listener("tls", { tls })]);
  const spoken = await handshake(port, { ALPNProtocols: ["http/1.1", "mqtt"] });
  t2.equal(spoken.alpnProtocol, "mqtt");
  spoken.destroy();
  const silent = await handshake(port, {});
  t2.equal(silent.alpnProtocol, false, "not asked for");
  silent.destroy();
  await t2.rejects(handshake(port, { ALPNProtocols: ["http/1.1"] }), /no application protocol/i);
  const deaf = await startBroker(t2, [listener("tls", { tls: { ...tls, alpn: [] } })]);
  const served = await handshake(deaf.port, { ALPNProtocols: ["x-amzn-mqtt-ca"] });
  t2.equal(served.alpnProtocol, false);
  served.destroy();
});
t.test("a key from the environment", needs("openssl"), async (t2) => {
  const ca = createAuthority(t2);
  const pair = server(ca);
  const tls = { ...tlsConfig(pair), key: readFileSync(pair.key) };
  const { port } = await startBroker(t2, [listener("tls", { tls })]);
  const socket = await handshake(port, {});
  t2.equal(socket.getPeerX509Certificate()?.serialNumber, pair.serial);
  socket.destroy();
});
//# sourceMappingURL=tls.test.js.map
