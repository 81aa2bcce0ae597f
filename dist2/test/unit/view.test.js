import t, {} from "tap";
import { silentLog } from "../../src/core/log.js";
import { createLinks } from "../../src/links/links.js";
import { createLogging } from "../../src/logging.js";
import { createView } from "../../src/view.js";
import { Bench } from "./broker/harness.js";
const alarm = (severity, since) => ({
  severity,
  since,
  subject: `device:${severity}-${since}`,
  error: { code: "X", fault: "device", message: "", hint: "" }
});
function someDevices(parts) {
  return {
    name: "devices",
    status: () => ({ state: "up", since: 0 }),
    services: () => [],
    devices: () => (parts.states ?? []).map((state) => ({ state })),
    points: () => (parts.qualities ?? []).map((quality) => ({ quality })),
    alarms: () => parts.alarms ?? []
  };
}
async function startView(t2, parts = {}, phase = "up") {
  const bench = new Bench(t2);
  const { broker, clock } = bench;
  await broker.start(new AbortController().signal);
  const options = { links: {}, gatewayId: "plant-7", router: broker.router, log: silentLog, clock };
  const links = createLinks(options);
  await links.start(new AbortController().signal);
  const view = createView({
    gatewayId: "plant-7",
    version: "1.2.3",
    startedAt: 5,
    readOnly: true,
    clock,
    logging: createLogging({ level: "info", pretty: false, write: () => {
    } }),
    broker,
    devices: someDevices(parts),
    links,
    config: { file: null, yaml: "gateway: {}\n" },
    phase: () => phase
  });
  t2.teardown(() => view[Symbol.dispose]());
  return { view, router: broker.router, clock };
}
t.test("status: each device and point is counted once, under its own state", async (t2) => {
  const { view } = await startView(t2, {
    states: ["online", "online", "starting", "degraded", "offline", "paused"],
    qualities: ["good", "bad", "stale", "good"]
  });
  t2.match(view.status(), {
    gateway: "plant-7",
    version: "1.2.3",
    startedAt: 5,
    readOnly: true,
    state: "up",
    devices: { starting: 1, online: 2, degraded: 1, offline: 1, paused: 1 },
    points: { good: 2, stale: 1, bad: 1 }
  });
});
t.test(
  "status: alarms worst first, then oldest; with one the gateway is degraded, unless it starts or stops",
  async (t2) => {
    const alarms = [alarm("warn", 1), alarm("error", 9), alarm("error", 3)];
    const { view } = await startView(t2, { alarms });
    t2.strictSame(
      view.status().alarms.map(({ subject }) => subject),
      ["device:error-3", "device:error-9", "device:warn-1"]
    );
    t2.equal(view.status().state, "degraded");
    for (const phase of ["starting", "stopping"]) {
      t2.equal((await startView(t2, { alarms }, phase)).view.status().state, phase);
    }
  }
);
t.test("tail: the retained messages first, then each as it comes, until disposed", async (t2) => {
  const { view, router } = await startView(t2);
  const before = router.counters().subscriptions;
  await view.publish({ topic: "a/retained", text: "old", qos: 1, retain: true });
  const seen = [];
  const tail = view.tail("a/#", (message) => void seen.push(message));
  await view.publish({ topic: "a/live", base64: "/w==", qos: 0, retain: true });
  await view.publish({ topic: "b/other", text: "", qos: 0, retain: false });
  await view.publish({ topic: "a/large", text: "x".repeat(7e4), qos: 0, retain: false });
  tail[Symbol.dispose]();
  await view.publish({ topic: "a/late", text: "", qos: 0, retain: false });
  t2.match(seen, [
    { topic: "a/retained", text: "old", qos: 1, retain: true, stored: true, origin: "gateway" },
    { topic: "a/live", base64: "/w==", bytes: 1, retain: true, stored: void 0 },
    { topic: "a/large", bytes: 7e4, truncated: true }
  ]);
  t2.equal(seen.length, 3);
  t2.equal(seen[2]?.text?.length, 65536);
  t2.equal(router.counters().subscriptions, before);
  t2.match([...view.retained("a/+")], [{ topic: "a/retained" }, { topic: "a/live", stored: true }]);
});
t.test("a large text is cut between characters", async (t2) => {
  const { view } = await startView(t2);
  const seen = [];
  using _tail = view.tail("a", (message) => void seen.push(message));
  await view.publish({ topic: "a", text: `xx${"\u20AC".repeat(3e4)}`, qos: 0, retain: false });
  t2.equal(seen[0]?.text?.length, 2 + 21844);
  t2.notOk(seen[0]?.text?.includes("\uFFFD"));
});
t.test("what MQTT forbids clients is refused here, too", async (t2) => {
  const { view, router } = await startView(t2);
  const before = router.counters();
  const publish = (topic) => view.publish({ topic, text: "x", qos: 0, retain: true });
  for (const topic of ["", "a/+/b", "a/#", "a\0b", "\uD800", "x".repeat(65536)]) {
    await t2.rejects(publish(topic), { code: "TOPIC_INVALID", fault: "caller" }, JSON.stringify(topic.slice(0, 9)));
  }
  for (const topic of ["$SYS/broker/version", "a/".repeat(300)]) {
    await t2.rejects(publish(topic), { code: "TOPIC_REFUSED", fault: "caller" }, topic.slice(0, 9));
  }
  for (const [filter, code] of [
    ["a/#/b", "TOPIC_INVALID"],
    ["", "TOPIC_INVALID"],
    ["$share/group/a", "TOPIC_REFUSED"]
  ]) {
    t2.throws(() => view.tail(filter, () => {
    }), { code });
    t2.throws(() => [...view.retained(filter)], { code });
  }
  t2.strictSame(router.counters(), before);
});
//# sourceMappingURL=view.test.js.map
