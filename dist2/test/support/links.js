import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/core/clock.js";
import { silentLog } from "../../src/core/log.js";
import { createLinks } from "../../src/links/links.js";
import { FakeRouter } from "./fake-router.js";
import { eventually, freePort, listening, startPeer } from "./peers.js";
const GATEWAY = "plant-7";
function linkConfig(url, routes, more = {}) {
  return {
    name: "cloud",
    type: "mqtt",
    url,
    protocolVersion: 5,
    clientId: void 0,
    username: void 0,
    password: void 0,
    keepAlive: 3e4,
    queuedMessages: 1e4,
    tls: { ca: void 0, cert: void 0, key: void 0 },
    routes,
    ...more
  };
}
async function startLink(t, config, { clock = systemClock, router = new FakeRouter() } = {}) {
  const links = createLinks({
    links: { [config.name]: config },
    gatewayId: GATEWAY,
    router,
    log: silentLog,
    clock,
    random: () => 0
  });
  t.teardown(() => links[Symbol.asyncDispose]());
  await links.start(new AbortController().signal);
  return {
    router,
    links,
    is: async (state) => {
      await eventually(() => links.links()[0].state === state);
    }
  };
}
async function startMosquitto(t, lines = ["allow_anonymous true"]) {
  const folder = mkdtempSync(join(tmpdir(), "hpmq-mosquitto-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const port = await freePort();
  const file = join(folder, "mosquitto.conf");
  const text = ["user root", "log_dest stderr", "log_type all", `listener ${port} 127.0.0.1`, ...lines].join("\n");
  writeFileSync(file, `${text.replaceAll("{dir}", folder)}
`);
  const start = async () => {
    const peer2 = startPeer(t, "mosquitto", ["-c", file]);
    await listening(port);
    return peer2;
  };
  let peer = await start();
  return {
    port,
    url: `mqtt://127.0.0.1:${port}`,
    peer: () => peer,
    restart: async () => {
      peer = await start();
    }
  };
}
async function subscriber(t, far, filter, more = []) {
  const id = `watcher-${subscribers++}`;
  const args = ["-p", `${far.port}`, "-V", "5", "-q", "2", "-i", id, "-t", filter, "-F", "%q %r %t %p", ...more];
  const peer = startPeer(t, "mosquitto_sub", args);
  await far.peer().sees(new RegExp(`Sending SUBACK to ${id}`));
  const lines = () => peer.stdout().split("\n").slice(0, -1);
  return {
    lines,
    sees: (line) => peer.sees(new RegExp(`^${line.replace(/[$/{}"]/g, "\\$&")}$`, "m"))
  };
}
let subscribers = 0;
async function publish(t, far, args) {
  const peer = startPeer(t, "mosquitto_pub", ["-p", `${far.port}`, ...args]);
  t.equal(await peer.ended, 0, "mosquitto_pub is content");
}
export {
  GATEWAY,
  linkConfig,
  publish,
  startLink,
  startMosquitto,
  subscriber
};
//# sourceMappingURL=links.js.map
