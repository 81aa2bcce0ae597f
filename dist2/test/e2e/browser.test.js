import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { chromium } from "playwright-core";
import t, {} from "tap";
import { listener, recordingLog, startBroker, tlsConfig } from "../support/listeners.js";
import { needs, repoRoot } from "../support/peers.js";
import { createAuthority } from "../support/pki.js";
const mqttJs = join(repoRoot, "node_modules", "mqtt", "dist", "mqtt.min.js");
async function servePage(t2) {
  const server = createServer((request, response) => {
    if (request.url === "/mqtt.js") {
      response.writeHead(200, { "Content-Type": "text/javascript" }).end(readFileSync(mqttJs));
    } else if (request.url === "/") {
      response.writeHead(200, { "Content-Type": "text/html" }).end('<!doctype html><script src="/mqtt.js"></script>');
    } else response.writeHead(404).end();
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t2.teardown(() => new Promise((resolve) => server.close(() => resolve())));
  t2.teardown(() => server.closeAllConnections());
  return `http://127.0.0.1:${server.address().port}/`;
}
async function startBrowser(t2) {
  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    headless: true,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync"
    ]
  });
  t2.teardown(() => browser.close());
  return browser;
}
t.test("MQTT.js in Chromium", needs("chromium", "openssl"), async (t2) => {
  const ca = createAuthority(t2);
  const pair = ca.issue({ subject: "/CN=localhost", names: "DNS:localhost,IP:127.0.0.1" });
  const webSocket = { path: "/mqtt", origins: void 0 };
  const listeners = [
    listener("ws", { webSocket }),
    listener("wss", { webSocket, tls: tlsConfig(pair, { alpn: ["http/1.1"] }) }),
    listener("ws", { name: "closed", webSocket: { path: "/mqtt", origins: ["https://panel.example.com"] } })
  ];
  const { log, lines } = recordingLog();
  const { broker } = await startBroker(t2, listeners, { log });
  const [ws, wss, closed] = broker.addresses();
  const browser = await startBrowser(t2);
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  await page.goto(await servePage(t2));
  for (const [name, url] of [
    ["ws", ws],
    ["wss", wss]
  ]) {
    for (const protocolVersion of [4, 5]) {
      const outcome = await page.evaluate(inPage, { url, protocolVersion });
      t2.same(
        outcome,
        {
          received: ["b/0 1 q0", "b/1 2 q1", "b/2 3 q2", "b/big 300000 q2"],
          isIntact: true,
          subprotocol: "mqtt",
          property: protocolVersion === 5 ? "seven" : void 0
        },
        `${name}, version ${protocolVersion}`
      );
    }
  }
  t2.equal(broker.router.counters().received, 16);
  t2.match(
    await page.evaluate(inPage, { url: closed, protocolVersion: 5 }),
    { failure: /./ },
    "another origin"
  );
  const reasons = lines.filter(({ message }) => message === "handshake failed").map(({ fields }) => fields.reason);
  t2.match(reasons.at(-1), /^WebSocket: pages of http:\/\/127\.0\.0\.1:\d+ may not connect/);
});
async function inPage(options) {
  const { mqtt } = globalThis;
  const { protocolVersion } = options;
  let subprotocol = "";
  const createWebsocket = (url, protocols) => {
    const socket = new WebSocket(url, protocols);
    socket.addEventListener("open", () => {
      subprotocol = socket.protocol;
    });
    return socket;
  };
  try {
    const client = mqtt.connect(options.url, { protocolVersion, reconnectPeriod: 0, createWebsocket });
    await new Promise((resolve, reject) => {
      client.once("connect", () => resolve());
      client.once("error", reject);
      client.once("close", () => reject(new Error("closed")));
    });
    const big = new Uint8Array(3e5).map((_, index) => index % 251);
    const received = [];
    let isIntact = false;
    let property;
    const all = new Promise((resolve) => {
      client.on("message", (topic, payload, packet) => {
        received.push(`${topic} ${payload.length} q${packet.qos}`);
        const { place } = packet.properties?.userProperties ?? {};
        property ??= place;
        if (topic !== "b/big") return;
        isIntact = payload.every((byte, index) => byte === big[index]);
        resolve();
      });
    });
    await client.subscribeAsync("b/#", { qos: 2 });
    const properties = protocolVersion === 5 ? { properties: { userProperties: { place: "seven" } } } : {};
    for (const qos of [0, 1, 2])
      await client.publishAsync(`b/${qos}`, "x".repeat(qos + 1), { qos, ...properties });
    await client.publishAsync("b/big", big, { qos: 2 });
    await all;
    await client.endAsync();
    return { received, isIntact, subprotocol, property };
  } catch (error) {
    return { failure: String(error) };
  }
}
//# sourceMappingURL=browser.test.js.map
