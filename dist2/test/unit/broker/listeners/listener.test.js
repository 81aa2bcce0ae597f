import { chmodSync, existsSync, linkSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { connect as connectTls } from "node:tls";
import t, {} from "tap";
import { listen } from "../../../../src/broker/listeners/listener.js";
import { systemClock } from "../../../../src/core/clock.js";
import { tempFolder } from "../../../support/gateway.js";
import { listener, portOf, recordingLog, tlsConfig } from "../../../support/listeners.js";
import { eventually, needs } from "../../../support/peers.js";
import { createAuthority } from "../../../support/pki.js";
import { admitEverybody } from "../harness.js";
async function open(t2, config) {
  const peers = [];
  const streams = [];
  const { log, lines } = recordingLog();
  const opened = await listen({
    config,
    packetBytes: 1e3,
    clock: systemClock,
    log,
    activated: /* @__PURE__ */ new Map(),
    admit: admitEverybody(),
    onStream: (stream, peer) => {
      peers.push(peer);
      streams.push(stream);
      stream.on("error", () => {
      }).resume();
    },
    onHandshakeFailed: () => {
    },
    onError: () => {
    }
  });
  t2.teardown(() => {
    for (const stream of streams) stream.destroy();
    return opened[Symbol.asyncDispose]();
  });
  return { listener: opened, peers, reasons: () => lines.map(({ fields }) => fields.reason) };
}
const failure = (t2, config) => open(t2, config).then(
  () => void 0,
  (error) => error
);
const unix = (path, mode = 432) => listener("unix", { host: "", unix: { path, mode } });
t.test("addresses: tcp as before, the others with their scheme", needs("openssl"), async (t2) => {
  const tls = tlsConfig(createAuthority(t2).issue({ subject: "/CN=x" }));
  const webSocket = { path: "/ws", origins: void 0 };
  const path = join(tempFolder(t2), "s");
  for (const [config, expected] of [
    [listener("tcp"), /^127\.0\.0\.1:[1-9]\d*$/],
    [listener("tcp", { host: "::1" }), /^\[::1\]:[1-9]\d*$/],
    [listener("tls", { tls }), /^tls:\/\/127\.0\.0\.1:[1-9]\d*$/],
    [listener("ws", { webSocket }), /^ws:\/\/127\.0\.0\.1:[1-9]\d*\/ws$/],
    [listener("wss", { tls, webSocket, host: "::1" }), /^wss:\/\/\[::1\]:[1-9]\d*\/ws$/],
    [unix(path), new RegExp(`^unix:${path}$`)]
  ]) {
    t2.match((await open(t2, config)).listener.addresses, [expected]);
  }
});
t.test("addresses in use are named, for every type", needs("openssl"), async (t2) => {
  const tls = tlsConfig(createAuthority(t2).issue({ subject: "/CN=x" }));
  const webSocket = { path: "/mqtt", origins: void 0 };
  const { listener: first } = await open(t2, listener("tcp"));
  const port = portOf(first.addresses[0]);
  for (const config of [
    listener("tcp", { port }),
    listener("tls", { port, tls }),
    listener("ws", { port, webSocket }),
    listener("wss", { port, tls, webSocket })
  ]) {
    t2.match(await failure(t2, config), {
      code: "BROKER_ADDRESS_IN_USE",
      fault: "config",
      message: `cannot listen on 127.0.0.1:${port}: the address is in use`,
      details: { host: "127.0.0.1", port, errno: "EADDRINUSE" }
    });
  }
});
t.test("a Unix socket: of a live program it is left alone, of a dead one it is replaced", async (t2) => {
  const path = join(tempFolder(t2), "s");
  const live = await open(t2, unix(path, 384));
  t2.equal(statSync(path).mode & 511, 384);
  t2.match(await failure(t2, unix(path)), {
    code: "BROKER_ADDRESS_IN_USE",
    message: `cannot listen on ${path}: another program answers there`
  });
  await live.listener[Symbol.asyncDispose]();
  t2.notOk(existsSync(path), "removed at the end");
  const dead = createServer();
  await new Promise((resolve) => dead.listen(`${path}.tmp`, () => resolve()));
  linkSync(`${path}.tmp`, path);
  await new Promise((resolve) => dead.close(() => resolve()));
  t2.ok(existsSync(path));
  const second = await open(t2, unix(path, 438));
  t2.equal(statSync(path).mode & 511, 438);
  connect(path).on("error", () => {
  });
  const peer = await eventually(() => second.peers[0]);
  t2.match(peer, { address: `unix:${path}`, host: `unix:${path}` });
});
t.test("a Unix socket that cannot be", async (t2) => {
  const folder = tempFolder(t2);
  const file = join(folder, "file");
  writeFileSync(file, "precious");
  t2.match(await failure(t2, unix(file)), { code: "BROKER_LISTEN_FAILED", message: /a file that is no socket is there/ });
  t2.equal(statSync(file).size, 8, "it is still there");
  t2.match(await failure(t2, unix(join(folder, "absent", "s"))), { fault: "config", hint: /the folder of the socket/ });
  const closed = join(folder, "closed");
  mkdirSync(closed);
  chmodSync(closed, 320);
  if (process.getuid?.() !== 0) {
    t2.match(await failure(t2, unix(join(closed, "s"))), { code: "BROKER_ADDRESS_NOT_PERMITTED" });
  }
});
t.test("sockets of systemd that were not passed", async (t2) => {
  t2.match(await failure(t2, listener("tcp", { systemd: "mqtt" })), {
    code: "BROKER_SOCKET_MISSING",
    message: "systemd passed no socket with the name mqtt: it passed none"
  });
});
t.test("the certificate of a client", needs("openssl"), async (t2) => {
  const ca = createAuthority(t2);
  const pair = ca.issue({ subject: "/CN=localhost" });
  const client = ca.issue({
    subject: '/O=Plant, seven/OU=Line/CN=first/CN=l\xEDnea "3"',
    names: "DNS:line-3.example,IP:10.0.0.7,URI:urn:dev:mac:0024befffe804ff1,email:a@b.example"
  });
  const { listener: opened, peers } = await open(t2, listener("tls", { tls: tlsConfig(pair, { clientCa: ca.cert }) }));
  const shown = { cert: readFileSync(client.cert), key: readFileSync(client.key) };
  const come = async (maxVersion, session) => {
    const before = peers.length;
    const port = portOf(opened.addresses[0]);
    const options = { port, host: "127.0.0.1", rejectUnauthorized: false, maxVersion, ...shown };
    const socket = connectTls({ ...options, ...session !== void 0 && { session } });
    socket.on("error", () => {
    });
    const sessions = [];
    socket.on("session", (one) => sessions.push(one));
    const peer = await eventually(() => peers[before]);
    const saved = session ?? await eventually(() => sessions.at(-1));
    const isReused = socket.isSessionReused();
    socket.destroy();
    return { peer, saved, isReused };
  };
  const expected = {
    verified: true,
    commonName: 'l\xEDnea "3"',
    subject: 'CN=l\xEDnea \\"3\\",CN=first,OU=Line,O=Plant\\, seven',
    subjectAltNames: [
      "DNS:line-3.example",
      "IP Address:10.0.0.7",
      "URI:urn:dev:mac:0024befffe804ff1",
      "email:a@b.example"
    ],
    serial: client.serial,
    fingerprint256: /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/
  };
  for (const version of ["TLSv1.2", "TLSv1.3"]) {
    const { peer, saved } = await come(version);
    t2.match(peer.certificate, expected);
    t2.equal(peer.host, "127.0.0.1");
    t2.equal(peer.listener.name, "tls");
    const again = await come(version, saved);
    t2.ok(again.isReused, `${version}: the session is resumed`);
    t2.match(again.peer.certificate, expected, "and the certificate is known");
  }
});
t.test("a handshake that says nothing is ended in time, and all of them at the end", needs("openssl"), async (t2) => {
  const tls = tlsConfig(createAuthority(t2).issue({ subject: "/CN=x" }));
  const config = listener("tls", { tls, handshakes: { timeout: 50, atOnce: 10 } });
  const { listener: opened, reasons } = await open(t2, config);
  const silent = connect(portOf(opened.addresses[0]), "127.0.0.1");
  await new Promise((resolve) => silent.on("error", () => {
  }).once("close", () => resolve()));
  t2.same(reasons(), ["not done within 50 ms"]);
  const late = connect(portOf(opened.addresses[0]), "127.0.0.1");
  await new Promise((resolve) => late.once("connect", () => resolve()));
  late.on("error", () => {
  });
  await opened[Symbol.asyncDispose]();
});
//# sourceMappingURL=listener.test.js.map
