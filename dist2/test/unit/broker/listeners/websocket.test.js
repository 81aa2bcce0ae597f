import { request } from "node:http";
import { connect } from "node:net";
import { buffer } from "node:stream/consumers";
import t, {} from "tap";
import { WebSocket } from "ws";
import { listener, recordingLog, startBroker } from "../../../support/listeners.js";
import { eventually } from "../../../support/peers.js";
const CONNECT = Buffer.from("100d00044d51545404020000000161", "hex");
const CONNACK = "20020000";
const PINGREQ = Buffer.from("c000", "hex");
const PINGRESP = "d000";
const DISCONNECT = Buffer.from("e000", "hex");
async function start(t2, webSocket = {}, limits = {}) {
  const { log, lines } = recordingLog();
  const config = listener("ws", { webSocket: { path: "/mqtt", origins: void 0, ...webSocket } });
  const { broker, port } = await startBroker(t2, [config], { log, limits });
  const reasons = () => lines.filter(({ message }) => message === "handshake failed").map(({ fields }) => fields.reason);
  return { broker, port, url: `ws://127.0.0.1:${port}/mqtt`, reasons };
}
async function open(t2, url, protocols = "mqtt") {
  const socket = new WebSocket(url, protocols, { perMessageDeflate: true });
  t2.teardown(() => socket.terminate());
  let received = "";
  let closed;
  socket.on("message", (data, isBinary) => {
    received += isBinary ? data.toString("hex") : "(text)";
  });
  socket.on("close", (code, reason) => {
    closed = { code, reason: reason.toString() };
  });
  await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
  return { socket, received: () => received, closed: () => closed };
}
function ask(port, options) {
  return new Promise((resolve, reject) => {
    const { path = "/mqtt", headers = {}, method = "GET" } = options;
    const asked = request({ host: "127.0.0.1", port, path, method, headers: { ...headers } }, (response) => {
      buffer(response).then((body) => {
        resolve({ status: response.statusCode ?? 0, text: body.toString(), headers: response.headers });
      }, reject);
    });
    asked.on("upgrade", (response, socket) => {
      socket.destroy();
      resolve({ status: response.statusCode ?? 0, text: "", headers: response.headers });
    });
    asked.on("error", reject);
    asked.end();
  });
}
const upgrade = {
  connection: "Upgrade",
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
  "sec-websocket-protocol": "mqtt"
};
t.test("the subprotocol is mqtt, or that of MQTT 3.1 [MQTT-6.0.0-3, MQTT-6.0.0-4]", async (t2) => {
  const { url, port, reasons } = await start(t2);
  for (const [offered, chosen] of [
    ["mqtt", "mqtt"],
    [["other", "mqttv3.1", "mqtt"], "mqtt"],
    ["mqttv3.1", "mqttv3.1"]
  ]) {
    const { socket } = await open(t2, url, typeof offered === "string" ? offered : [...offered]);
    t2.equal(socket.protocol, chosen);
    t2.equal(socket.extensions, "", "no compression");
  }
  const { "sec-websocket-protocol": _, ...none } = upgrade;
  for (const headers of [none, { ...upgrade, "sec-websocket-protocol": "MQTT, other" }]) {
    t2.match(await ask(port, { headers }), { status: 400, text: /must offer the subprotocol mqtt/ });
  }
  await eventually(() => reasons().length === 2);
  t2.match(reasons()[0], /^WebSocket: the client must offer the subprotocol/);
});
t.test("packets do not care for frames [MQTT-6.0.0-2]", async (t2) => {
  const { url, broker } = await start(t2);
  const client = await open(t2, url);
  for (const byte of CONNECT) client.socket.send(Buffer.from([byte]));
  await eventually(() => client.received() === CONNACK);
  client.socket.send(Buffer.concat([PINGREQ, PINGREQ, PINGREQ.subarray(0, 1)]));
  client.socket.send(PINGREQ.subarray(1, 2), { fin: false });
  client.socket.send(Buffer.alloc(0), { fin: false });
  client.socket.send(PINGREQ, { fin: true });
  await eventually(() => client.received() === CONNACK + PINGRESP.repeat(4));
  client.socket.send(Buffer.alloc(0));
  client.socket.send(Buffer.concat([PINGREQ, DISCONNECT]));
  await eventually(() => client.closed());
  t2.equal(client.received(), CONNACK + PINGRESP.repeat(5));
  t2.equal(client.closed()?.code, 1e3);
  await eventually(() => broker.connections() === 0);
});
t.test("a text frame ends the connection [MQTT-6.0.0-1]", async (t2) => {
  const { url, broker } = await start(t2);
  const client = await open(t2, url);
  client.socket.send(CONNECT);
  await eventually(() => client.received() === CONNACK);
  client.socket.send("\xC0\0");
  client.socket.send(PINGREQ);
  await eventually(() => client.closed());
  t2.same(client.closed(), { code: 1003, reason: "MQTT is sent in binary frames" });
  t2.equal(client.received(), CONNACK, "nothing after it was served");
  await eventually(() => broker.connections() === 0);
});
t.test("a message larger than the largest packet is not collected", async (t2) => {
  const { url, broker } = await start(t2, {}, { packetBytes: 1e3 });
  const client = await open(t2, url);
  client.socket.send(CONNECT);
  await eventually(() => client.received() === CONNACK);
  client.socket.send(Buffer.alloc(1e3 + 64 * 1024 + 1));
  await eventually(() => client.closed());
  t2.equal(client.closed()?.code, 1009);
  await eventually(() => broker.connections() === 0);
});
t.test("Ping is answered", async (t2) => {
  const { url } = await start(t2);
  const { socket } = await open(t2, url);
  const pong = new Promise((resolve) => socket.once("pong", resolve));
  socket.ping("are you there");
  t2.equal((await pong).toString(), "are you there");
});
t.test("HTTP without upgrade is told what to do", async (t2) => {
  const { port, reasons } = await start(t2, { path: "/ws/mqtt" });
  const wrong = await ask(port, { path: "/" });
  t2.match(wrong, { status: 404, text: /served at \/ws\/mqtt\n/, headers: { connection: "close" } });
  const right = await ask(port, { path: "/ws/mqtt?x=1", method: "POST" });
  t2.match(right, { status: 426, text: /connect with an MQTT client/, headers: { upgrade: "websocket" } });
  t2.match(await ask(port, { headers: upgrade }), { status: 404, text: /served at \/ws\/mqtt/ });
  t2.match(await ask(port, { path: "/ws/mqtt?x=1", headers: upgrade }), { status: 101 });
  const oldVersion = { ...upgrade, "sec-websocket-version": "7" };
  t2.match(await ask(port, { path: "/ws/mqtt", headers: oldVersion }), {
    status: 400,
    headers: { "sec-websocket-version": "13, 8" }
  });
  t2.match(await ask(port, { path: "/ws/mqtt", headers: { ...upgrade, upgrade: "h2c" } }), { status: 400 });
  t2.match(await ask(port, { path: "/ws/mqtt", headers: { "x-large": "x".repeat(17e3) } }), { status: 431 });
  await eventually(() => reasons().length >= 6);
});
t.test("what is no HTTP is refused and closed", async (t2) => {
  const { port, reasons } = await start(t2);
  const socket = connect(port, "127.0.0.1");
  socket.write(CONNECT);
  t2.match((await buffer(socket)).toString(), /^HTTP\/1\.1 400 Bad Request\r\n.*\r\n\r\nthis is not HTTP\n$/s);
  await eventually(() => reasons().length === 1);
  t2.equal(reasons()[0], "WebSocket: this is not HTTP");
});
t.test("web pages: those of the host itself, or those of the list", async (t2) => {
  const from = async (port, origin, host = `127.0.0.1:${port}`) => (await ask(port, { headers: { ...upgrade, origin, host } })).status;
  const own = await start(t2);
  t2.equal(await from(own.port, "http://127.0.0.1:8000"), 101);
  t2.equal(await from(own.port, "https://box.local", "box.local:8083"), 101);
  t2.equal(await from(own.port, "https://evil.example"), 403);
  t2.equal(await from(own.port, "https://box.local.evil.example", "box.local"), 403);
  t2.equal(await from(own.port, "null"), 403, "a page from a file");
  t2.equal(await from(own.port, "nonsense"), 403);
  const listed = await start(t2, { origins: ["https://panel.example.com", "null"] });
  t2.equal(await from(listed.port, "https://Panel.example.com"), 101);
  t2.equal(await from(listed.port, "null"), 101);
  t2.equal(await from(listed.port, "http://panel.example.com"), 403);
  t2.equal(await from(listed.port, `http://127.0.0.1:${listed.port}`), 403, "the list is all of it");
  t2.equal((await ask(listed.port, { headers: upgrade })).status, 101, "other programs name none");
  const all = await start(t2, { origins: ["*"] });
  t2.equal(await from(all.port, "https://evil.example"), 101);
});
//# sourceMappingURL=websocket.test.js.map
