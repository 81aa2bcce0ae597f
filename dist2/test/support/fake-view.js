import { errorsOf } from "../../src/core/errors.js";
import { topicMatches } from "../../src/core/topic.js";
const FAKE_NOW = Date.UTC(2026, 0, 1);
const fakeError = errorsOf({
  FAKE_TIMEOUT: { fault: "device", hint: "check the wiring" }
});
function point(device2, name, value, more = {}) {
  return {
    device: device2,
    point: name,
    topic: `hpmq/plant-7/${device2}/${name}`,
    value,
    text: value === null ? "\u2014" : String(value),
    quality: "good",
    at: null,
    every: 1e3,
    writable: false,
    readOnlyReason: "the point has no `write` in the configuration",
    ...more
  };
}
const writable = (critical = false) => ({
  writable: true,
  write: { min: 10, max: 90, step: 0.5, verify: true, critical }
});
class FakeView {
  /** The present, as the gateway sees it. */
  now;
  points_;
  devices_;
  retained_;
  logs_;
  published = [];
  written = [];
  paused = [];
  /** What write() answers; the value as written when absent. */
  outcome = {};
  #tails = /* @__PURE__ */ new Set();
  #logListeners = /* @__PURE__ */ new Set();
  #revision = 0;
  #changed = /* @__PURE__ */ new Map();
  constructor(now = FAKE_NOW) {
    this.now = now;
    this.points_ = [
      point("boiler", "temperature", 71.4, { unit: "\xB0C" }),
      point("boiler", "setpoint", 65, { unit: "\xB0C", ...writable() }),
      point("boiler", "release", 0, writable(true)),
      point("meter", "energy", "18446744073709551615", { unit: "kWh" }),
      point("meter", "power", null, {
        quality: "bad",
        error: {
          code: "FAKE_TIMEOUT",
          fault: "device",
          message: "unit 1 did not answer within 500 ms",
          hint: "check the wiring"
        }
      })
    ].map((one) => ({ ...one, at: now - 400 }));
    this.devices_ = [
      device(now, "boiler", "online", 3),
      device(now, "meter", "offline", 2, {
        error: {
          code: "FAKE_TIMEOUT",
          fault: "device",
          message: "unit 1 did not answer within 500 ms",
          hint: "check the wiring"
        },
        nextTryAt: this.now + 12e3
      })
    ];
    this.retained_ = [{ ...message(now, "hpmq/plant-7/boiler/temperature", '{"v":71.4}', true), stored: true }];
    this.logs_ = [{ at: this.now, level: "info", service: "gateway", message: "gateway is up", fields: {} }];
  }
  /** Subscriptions that somebody holds: 0 when nobody watches. */
  get watchers() {
    return this.#tails.size + this.#logListeners.size;
  }
  set(device2, name, value) {
    this.points_ = this.points_.map(
      (one) => one.device === device2 && one.point === name ? { ...one, value, text: String(value), at: this.now } : one
    );
    this.#changed.set(`${device2}.${name}`, ++this.#revision);
  }
  log(text) {
    const line = { at: this.now, level: "info", service: "test", message: text, fields: {} };
    this.logs_.push(line);
    for (const listener of this.#logListeners) listener(line);
  }
  arrive(topic, text, retain = false) {
    for (const tail of this.#tails)
      if (topicMatches(tail.filter, topic)) tail.listener(message(this.now, topic, text, retain));
  }
  status() {
    return {
      gateway: "plant-7",
      version: "0.0.0",
      pid: 4711,
      state: "degraded",
      startedAt: this.now - 36e5,
      now: this.now,
      listeners: ["127.0.0.1:1883"],
      services: [{ name: "broker", state: "up", since: this.now - 36e5 }],
      alarms: [
        {
          severity: "error",
          subject: "device:meter",
          since: this.now - 9e4,
          error: {
            code: "FAKE_TIMEOUT",
            fault: "device",
            message: "unit 1 did not answer within 500 ms",
            hint: "check the wiring"
          }
        }
      ],
      messages: { received: 1200, delivered: 900, dropped: 0, receivedPerSecond: 12.5, deliveredPerSecond: 9 },
      clients: 2,
      subscriptions: 5,
      retained: 1,
      devices: { starting: 0, online: 1, degraded: 0, offline: 1, paused: 0 },
      points: { good: 4, stale: 0, bad: 1 },
      rssBytes: 61e6,
      readOnly: false
    };
  }
  devices() {
    return this.devices_;
  }
  points() {
    return this.points_;
  }
  pointsChangedSince(revision) {
    const points = this.points_.filter((one) => (this.#changed.get(`${one.device}.${one.point}`) ?? 0) > revision);
    return { revision: this.#revision, points };
  }
  clients() {
    return [];
  }
  links() {
    return [
      {
        name: "cloud",
        type: "mqtt",
        url: "mqtt://iot.example.com:1883",
        state: "up",
        since: this.now - 6e4,
        in: 1,
        out: 2,
        inPerSecond: 0,
        outPerSecond: 1,
        queued: 0,
        oldestMs: null,
        dropped: 0
      }
    ];
  }
  logs() {
    return this.logs_;
  }
  onLog(listener) {
    this.#logListeners.add(listener);
    return { [Symbol.dispose]: () => void this.#logListeners.delete(listener) };
  }
  retained(filter) {
    if (filter === "bad/#/filter") throw fakeError("FAKE_TIMEOUT", "the filter is bad");
    return this.retained_.filter(({ topic }) => topicMatches(filter, topic));
  }
  tail(filter, listener) {
    const tail = { filter, listener };
    this.#tails.add(tail);
    for (const one of this.retained(filter)) listener(one);
    return { [Symbol.dispose]: () => void this.#tails.delete(tail) };
  }
  async publish(request) {
    this.published.push(request);
    this.arrive(request.topic, request.text ?? "", request.retain);
  }
  async read(deviceName, name) {
    if (deviceName === "meter" && name === "power") {
      throw fakeError("FAKE_TIMEOUT", "unit 1 did not answer within 500 ms", { details: { unit: 1, timeoutMs: 500 } });
    }
    return this.points_.find((one) => one.device === deviceName && one.point === name);
  }
  async write(deviceName, name, request) {
    this.written.push({ ...request, device: deviceName, point: name });
    return { status: "verified", device: deviceName, point: name, value: request.value, at: this.now, ...this.outcome };
  }
  pause(deviceName) {
    this.paused.push(deviceName);
  }
  resume(deviceName) {
    this.paused.splice(this.paused.indexOf(deviceName), 1);
  }
  retry() {
  }
  config() {
    return { file: "/etc/hpmq/hpmq.yaml", yaml: "gateway:\n  id: plant-7\n" };
  }
}
function message(at, topic, text, retain) {
  return { topic, text, bytes: Buffer.byteLength(text), qos: 1, retain, origin: "device", at };
}
function device(now, name, state, points, more = {}) {
  return {
    name,
    adapter: "modbus",
    port: "line-a",
    endpoint: "/dev/ttyUSB0 19200 8E1",
    address: `unit ${points}`,
    state,
    since: now - 357e4,
    points,
    badPoints: state === "online" ? 0 : 1,
    exchangeMs: { p50: 12, p95: 30 },
    requests: 100,
    timeouts: state === "online" ? 0 : 7,
    errors: 0,
    errorsPerMinute: 0,
    overruns: 0,
    ...more
  };
}
export {
  FAKE_NOW,
  FakeView
};
//# sourceMappingURL=fake-view.js.map
