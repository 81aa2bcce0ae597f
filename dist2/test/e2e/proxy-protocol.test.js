import { readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import mqtt, {} from "mqtt";
import t, {} from "tap";
import { listen } from "../../src/broker/listeners/listener.js";
import { systemClock } from "../../src/core/clock.js";
import { silentLog } from "../../src/core/log.js";
import { tempFolder } from "../support/gateway.js";
import { listener, portOf, recordingLog, startBroker, tlsConfig } from "../support/listeners.js";
import { eventually, freePort, listening, needs, startPeer } from "../support/peers.js";
import { createAuthority } from "../support/pki.js";
import { admitEverybody } from "../unit/broker/harness.js";
const webSocket = { path: "/mqtt", origins: void 0 };
async function startProxy(t2, ways) {
  const folder = tempFolder(t2);
  const lines = ["defaults", "mode tcp", "timeout connect 5s", "timeout client 60s", "timeout server 60s"];
  const ports = {};
  for (const [name, { bind = "", server, to }] of Object.entries(ways)) {
    ports[name] = await freePort();
    lines.push(`listen ${name}`, `bind 127.0.0.1:${ports[name]} ${bind}`, `server s 127.0.0.1:${to} ${server}`);
  }
  writeFileSync(join(folder, "haproxy.cfg"), `${lines.join("\n")}
`);
  startPeer(t2, "haproxy", ["-db", "-f", join(folder, "haproxy.cfg")]);
  for (const port of Object.values(ports)) await listening(port);
  return ports;
}
t.test("clients have their own addresses", needs("haproxy", "openssl"), async (t2) => {
  const ca = createAuthority(t2);
  const pair = ca.issue({ subject: "/CN=localhost", names: "DNS:localhost,IP:127.0.0.1" });
  const behind = { proxyProtocol: true };
  const listeners = [
    listener("tcp", behind),
    listener("tls", { ...behind, tls: tlsConfig(pair) }),
    listener("ws", { ...behind, webSocket }),
    listener("wss", { ...behind, webSocket, tls: tlsConfig(pair, { alpn: [] }) })
  ];
  const { log, lines } = recordingLog();
  const { broker } = await startBroker(t2, listeners, { log });
  const [tcp, tls, ws, wss] = broker.addresses().map(portOf);
  const ports = await startProxy(t2, {
    v1: { to: tcp, server: "send-proxy" },
    v2: { to: tcp, server: "send-proxy-v2 proxy-v2-options crc32c,unique-id" },
    tls: { to: tls, server: "send-proxy-v2" },
    tlsV1: { to: tls, server: "send-proxy" },
    ws: { to: ws, server: "send-proxy-v2" },
    wss: { to: wss, server: "send-proxy" }
  });
  const urls = {
    v1: `mqtt://127.0.0.1:${ports.v1}`,
    v2: `mqtt://127.0.0.1:${ports.v2}`,
    tls: `mqtts://localhost:${ports.tls}`,
    tlsV1: `mqtts://localhost:${ports.tlsV1}`,
    ws: `ws://127.0.0.1:${ports.ws}/mqtt`,
    wss: `wss://localhost:${ports.wss}/mqtt`
  };
  const wsOptions = { localAddress: "127.0.0.2" };
  for (const [name, url] of Object.entries(urls)) {
    const options = {
      clientId: name,
      protocolVersion: 5,
      reconnectPeriod: 0,
      ca: readFileSync(ca.cert),
      wsOptions
    };
    const client = await mqtt.connectAsync(url, options);
    t2.teardown(() => client.endAsync(true));
    const seen = [];
    client.on("message", (topic, payload) => seen.push(`${topic} ${payload.length}`));
    await client.subscribeAsync(name);
    await client.publishAsync(name, "x".repeat(2e5), { qos: 1 });
    await eventually(() => seen.length === 1);
    const shown = broker.clients().find(({ clientId }) => clientId === name)?.address;
    const { localPort } = client.stream;
    t2.match(shown, localPort === void 0 ? /^127\.0\.0\.2:\d+$/ : `127.0.0.1:${localPort}`, name);
  }
  t2.same(
    lines.filter(({ message, fields }) => message === "handshake failed" && fields.reason !== "closed by the client"),
    [],
    "only the looks whether HAProxy listens ended early"
  );
});
async function listenForPeers(t2, config) {
  const peers = [];
  const listener2 = await listen({
    config,
    packetBytes: 1e3,
    clock: systemClock,
    log: silentLog,
    activated: /* @__PURE__ */ new Map(),
    admit: admitEverybody(),
    onStream: (stream, peer) => {
      peers.push(peer);
      stream.destroy();
    },
    onHandshakeFailed: () => {
    },
    onError: () => {
    }
  });
  t2.teardown(() => listener2[Symbol.asyncDispose]());
  return { port: portOf(listener2.addresses[0]), peers, listener: listener2 };
}
t.test("a proxy that ends TLS tells of the client certificate", needs("haproxy", "openssl"), async (t2) => {
  const ca = createAuthority(t2);
  const pair = ca.issue({ subject: "/CN=localhost", names: "DNS:localhost" });
  const good = ca.issue({ subject: "/O=Plant/CN=line-3" });
  const foreign = createAuthority(t2, "Other").issue({ subject: "/CN=line-4" });
  const both = join(tempFolder(t2), "both.pem");
  writeFileSync(both, Buffer.concat([readFileSync(pair.cert), readFileSync(pair.key)]));
  const { port: to, peers } = await listenForPeers(t2, listener("tcp", { proxyProtocol: true }));
  const bind = `ssl crt ${both} ca-file ${ca.cert} verify optional crt-ignore-err all ca-ignore-err all`;
  const server = "send-proxy-v2 proxy-v2-options ssl,cert-cn,crc32c";
  const ports = await startProxy(t2, { ssl: { bind, server, to } });
  peers.length = 0;
  const come = async (shown) => {
    const before = peers.length;
    const own = shown && { cert: readFileSync(shown.cert), key: readFileSync(shown.key) };
    const socket = connectTls({ host: "127.0.0.1", port: ports.ssl, rejectUnauthorized: false, ...own });
    socket.on("error", () => {
    });
    const peer = await eventually(() => peers[before]);
    const { localPort } = socket;
    t2.equal(peer.host, "127.0.0.1");
    if (localPort !== void 0) t2.equal(peer.address, `127.0.0.1:${localPort}`);
    socket.destroy();
    return peer;
  };
  t2.match((await come(good)).certificate, { verified: true, commonName: "line-3", serial: void 0 });
  t2.match((await come(foreign)).certificate, { verified: false, commonName: "line-4" });
  t2.equal((await come(void 0)).certificate, void 0);
});
t.test("a health check speaks for the proxy itself (LOCAL)", needs("haproxy"), async (t2) => {
  const { port: to, peers } = await listenForPeers(t2, listener("tcp", { proxyProtocol: true }));
  await startProxy(t2, { checked: { server: "send-proxy-v2 check inter 100ms", to } });
  const peer = await eventually(() => peers.at(-1));
  t2.match(peer.address, /^(127\.0\.0\.1:\d+|unknown)$/, "it hangs up so soon that its address may be gone");
});
t.test("without a header nobody is served", async (t2) => {
  const { log, lines } = recordingLog();
  const { broker, port } = await startBroker(t2, [listener("tcp", { proxyProtocol: true })], { log });
  const connectPacket = Buffer.from("100c00044d5154540402000000000000", "hex");
  for (const bytes of [connectPacket, "PROXY TCP4 192.0.2.7 192.0.2.1 51234 1883 and more\r\n", "PRO"]) {
    const socket = connect(port, "127.0.0.1");
    socket.end(bytes);
    socket.on("error", () => {
    });
    await new Promise((resolve) => socket.resume().once("close", () => resolve()));
  }
  t2.equal(broker.connections(), 0);
  t2.same(
    lines.filter(({ message }) => message === "handshake failed").map(({ level, fields }) => [level, fields.reason]),
    [
      ["debug", "PROXY protocol: no PROXY protocol header"],
      ["debug", "PROXY protocol: a malformed line of version 1"],
      ["debug", "PROXY protocol: closed within the header"]
    ]
  );
});
//# sourceMappingURL=proxy-protocol.test.js.map
