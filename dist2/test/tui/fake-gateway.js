import { errorsOf } from "../../src/core/errors.js";
import { topicMatches } from "../../src/core/topic.js";
const fakeErrors = {
  API_UNREACHABLE: { fault: "peer", hint: "start the gateway with `hpmq run`" },
  API_CONNECTION_LOST: { fault: "peer", hint: "the gateway may be restarting" },
  POINT_UNKNOWN: { fault: "caller", hint: "list the points with `hpmq point list`" },
  WRITE_REFUSED: { fault: "caller", hint: "switch the controller to remote" }
};
const fakeError = errorsOf(fakeErrors);
const timeout = {
  code: "MODBUS_TIMEOUT",
  fault: "device",
  message: "unit 3 did not answer within 500 ms",
  hint: "check wiring, unit id, baud rate and parity"
};
const refused = {
  code: "LINK_REFUSED",
  fault: "peer",
  message: "connect ECONNREFUSED 192.0.2.8:8883",
  hint: "check that the other gateway runs and its port is open"
};
const free = { verify: true, critical: false };
const plant = [
  { device: "boiler", point: "temperature", unit: "\xB0C", decimals: 1, base: 71.4, swing: 3 },
  {
    device: "boiler",
    point: "setpoint",
    unit: "\xB0C",
    decimals: 1,
    base: 70,
    write: { min: 10, max: 90, step: 0.5, ...free }
  },
  { device: "boiler", point: "pressure", unit: "bar", decimals: 2, base: 2.41, swing: 0.2 },
  { device: "boiler", point: "return", unit: "\xB0C", decimals: 1, base: 54.2, swing: 2 },
  { device: "boiler", point: "burner", base: true, write: free },
  { device: "boiler", point: "trip", base: false, write: { verify: true, critical: true } },
  { device: "boiler", point: "hours", unit: "h", base: 18231 },
  { device: "boiler", point: "mode", base: "auto" },
  { device: "meter", point: "voltage", unit: "V", decimals: 1, base: 230.4, swing: 1.5 },
  { device: "meter", point: "current", unit: "A", decimals: 2, base: 12.81, swing: 4 },
  { device: "meter", point: "power", unit: "kW", decimals: 3, base: 2.951, swing: 0.9 },
  { device: "meter", point: "frequency", unit: "Hz", decimals: 2, base: 50, swing: 0.03 },
  { device: "meter", point: "cosphi", decimals: 3, base: 0.962, swing: 0.02 },
  { device: "meter", point: "energy", unit: "kWh", every: 1e4, decimals: 1, base: 182331.5 },
  { device: "meter", point: "serial", every: 6e4, base: "9007199254740993" },
  { device: "tank", point: "level", unit: "%", decimals: 1, base: 63 },
  { device: "tank", point: "inflow", unit: "m\xB3/h", decimals: 2, base: 4.2 },
  { device: "tank", point: "outflow", unit: "m\xB3/h", decimals: 2, base: 4.1 },
  { device: "tank", point: "pump", base: true, write: free },
  { device: "tank", point: "valve", unit: "%", base: 40, write: { min: 0, max: 100, ...free } }
];
class FakeGateway {
  #clock;
  #startedAt;
  #readOnly;
  #definitions;
  #streams = /* @__PURE__ */ new Set();
  #values = /* @__PURE__ */ new Map();
  #topics = /* @__PURE__ */ new Map();
  #logs = [];
  #paused = /* @__PURE__ */ new Set();
  #step = 0;
  /** Requests fail and streams break while false. */
  isUp = true;
  /** Streams that were asked for and refused. */
  refusals = 0;
  writeAnswer = "verified";
  /** Every request, for assertions: `POST /v1/devices/{device}/pause boiler`. */
  requests = [];
  alarms;
  constructor(options) {
    this.#clock = options.clock;
    this.#readOnly = options.readOnly ?? false;
    this.#startedAt = options.clock.now() - 274e6;
    const extra = Array.from({ length: options.extraPoints ?? 0 }, (_, i) => {
      return { device: "meter", point: `row-${String(i).padStart(5, "0")}`, base: i };
    });
    this.#definitions = [...plant, ...extra];
    for (const { device, point, base } of this.#definitions) this.#values.set(`${device}/${point}`, base);
    const since = this.#clock.now() - 12e3;
    this.alarms = [
      { severity: "error", subject: "device:tank", since, error: timeout },
      { severity: "warn", subject: "link:peer-2", since: since - 6e4, error: refused }
    ];
    this.log("info", "broker", "listening", { host: "127.0.0.1", port: 1883 });
    this.log("info", "devices", "port open", { port: "line-a" });
    this.log("warn", "devices", "device does not answer", { device: "tank", code: "MODBUS_TIMEOUT" });
    this.log("debug", "broker", "client connected", { clientId: "scada-1" });
    for (const view of this.points())
      this.publish(view.topic, JSON.stringify({ v: view.value, q: view.quality }), true);
  }
  /** Moves the plant on by one step, and tells the streams. */
  advance() {
    this.#step++;
    for (const { device, point, base, swing, decimals } of this.#definitions) {
      if (swing === void 0 || typeof base !== "number") continue;
      const phase = point.length + device.length;
      const value = base + swing * Math.sin(this.#step / 7 + phase) * Math.cos(this.#step / 19);
      this.#values.set(`${device}/${point}`, Number(value.toFixed(decimals ?? 0)));
    }
    const changed = this.#points(this.#definitions.filter(({ swing }) => swing !== void 0));
    this.#emit({ kind: "points", data: changed });
    this.#emit({ kind: "status", data: this.status() });
    for (const view of changed.slice(0, 6)) {
      this.publish(view.topic, JSON.stringify({ v: view.value, q: view.quality, t: view.at, u: view.unit }), true);
    }
  }
  log(level, service, message, fields = {}) {
    const line = { at: this.#clock.now(), level, service, message, fields };
    this.#logs.push(line);
    this.#emit({ kind: "logs", data: [line] });
  }
  publish(topic, text, retain = false) {
    const at = this.#clock.now();
    const view = { topic, retained: retain, messages: (this.#topics.get(topic)?.messages ?? 0) + 1, at };
    this.#topics.set(topic, view);
    const message = { topic, text, bytes: Buffer.byteLength(text), qos: 0, retain, origin: "device", at };
    for (const stream of this.#streams) {
      if (!topicMatches(stream.options.filter ?? "#", topic)) continue;
      this.#send(stream, { kind: "topics", data: [view] });
      this.#send(stream, { kind: "messages", data: { items: [message], dropped: 0 } });
    }
  }
  /** Breaks all streams; new ones are refused until `isUp` again. */
  cut() {
    this.isUp = false;
    for (const stream of this.#streams) {
      stream.error = fakeError("API_CONNECTION_LOST", "the gateway closed the connection");
      stream.wake();
    }
  }
  get streams() {
    return [...this.#streams].map(({ options }) => `${options.kinds.join(",")} ${options.filter ?? ""}`.trim());
  }
  status() {
    const points = this.points();
    const count = (quality) => points.filter((view) => view.quality === quality).length;
    const now = this.#clock.now();
    const service = (name, state, reason) => ({
      name,
      state,
      since: state === "up" ? this.#startedAt : now - 12e3,
      ...reason === void 0 ? {} : { reason }
    });
    return {
      gateway: "plant-7",
      version: "0.1.0",
      pid: 4711,
      state: this.alarms.length > 0 ? "degraded" : "up",
      startedAt: this.#startedAt,
      now,
      listeners: ["mqtt://127.0.0.1:1883"],
      services: [
        service("broker", "up"),
        service("devices", "degraded", "1 of 3 devices offline"),
        service("port:line-a", "up"),
        service("port:plc", "up"),
        service("link:cloud", "up"),
        service("link:peer-2", "down", "connection refused"),
        service("api", "up")
      ],
      alarms: this.alarms,
      messages: {
        received: 182331,
        delivered: 401222,
        dropped: 0,
        receivedPerSecond: 1234,
        deliveredPerSecond: 1118.4
      },
      clients: 3,
      subscriptions: 12,
      retained: this.#topics.size,
      devices: { starting: 0, online: 2, degraded: 0, offline: 1, paused: this.#paused.size },
      points: { good: count("good"), stale: count("stale"), bad: count("bad") },
      rssBytes: 614e5,
      readOnly: this.#readOnly
    };
  }
  devices() {
    const device = (name, port, endpoint, address, p50) => {
      const offline = name === "tank";
      const points = this.#definitions.filter((definition) => definition.device === name).length;
      return {
        name,
        adapter: "modbus",
        port,
        endpoint,
        address,
        state: this.#paused.has(name) ? "paused" : offline ? "offline" : "online",
        since: offline ? this.#clock.now() - 12e3 : this.#startedAt,
        points,
        badPoints: offline ? points : 0,
        exchangeMs: offline ? { p50: null, p95: null } : { p50, p95: p50 * 2.5 },
        requests: 412e3,
        timeouts: offline ? 24 : 0,
        errors: offline ? 24 : 1,
        errorsPerMinute: offline ? 12 : 0,
        overruns: 0,
        ...offline ? { error: timeout, nextTryAt: this.#clock.now() + 3e3 } : {}
      };
    };
    return [
      device("boiler", "line-a", "/dev/ttyUSB0 19200 8E1", "unit 1", 18.2),
      device("meter", "plc", "10.0.0.7:502", "unit 2", 4.1),
      device("tank", "line-a", "/dev/ttyUSB0 19200 8E1", "unit 3", 0)
    ];
  }
  points() {
    return this.#points(this.#definitions);
  }
  #points(definitions) {
    const now = this.#clock.now();
    return definitions.map(({ device, point, unit, every = 1e3, decimals, write }) => {
      const value = this.#values.get(`${device}/${point}`) ?? null;
      const bad = device === "tank";
      return {
        device,
        point,
        topic: `hpmq/plant-7/${device}/${point}`,
        value: bad ? null : value,
        text: bad ? "\u2014" : typeof value === "number" ? value.toFixed(decimals ?? 0) : String(value),
        ...unit === void 0 ? {} : { unit },
        quality: bad ? "bad" : point === "energy" ? "stale" : "good",
        at: bad ? now - 12e3 : now - (every > 1e3 ? every : 0),
        every,
        writable: write !== void 0,
        ...write === void 0 ? { readOnlyReason: "no write: in its configuration" } : { write },
        ...bad ? { error: timeout } : {}
      };
    });
  }
  links() {
    const now = this.#clock.now();
    return [
      {
        name: "cloud",
        type: "mqtt",
        url: "mqtts://iot.example.com:8883",
        state: "up",
        since: this.#startedAt,
        in: 1201,
        out: 801233,
        inPerSecond: 0.4,
        outPerSecond: 1102,
        queued: 0,
        oldestMs: null,
        dropped: 0
      },
      {
        name: "peer-2",
        type: "mqtt",
        url: "mqtts://plant-8.example.com:8883",
        state: "connecting",
        since: now - 72e3,
        error: refused,
        in: 0,
        out: 0,
        inPerSecond: 0,
        outPerSecond: 0,
        queued: 1340,
        oldestMs: 72e3,
        dropped: 0,
        nextTryAt: now + 4e3
      }
    ];
  }
  clients() {
    const client = (clientId, connected, queued) => ({
      clientId,
      protocol: clientId === "scada-1" ? "5.0" : "3.1.1",
      connected,
      address: "10.0.0.12:51022",
      since: this.#startedAt,
      keepAlive: 6e4,
      subscriptions: 4,
      inflight: 0,
      queued,
      received: 12,
      sent: 401222,
      dropped: 0
    });
    return [client("scada-1", true, 0), client("historian", true, 0), client("phone-7", false, 18)];
  }
  async request(route, options = {}) {
    this.requests.push([route, ...Object.values(options.params ?? {})].join(" "));
    if (!this.isUp) throw fakeError("API_UNREACHABLE", "nothing listens on unix:/run/hpmq/control.sock");
    const answer = this.#answer(route, options);
    return answer;
  }
  #answer(route, { params = {}, body }) {
    const device = params.device ?? "";
    const key = `${device}/${params.point ?? ""}`;
    const point = () => {
      const found = this.points().find((view) => `${view.device}/${view.point}` === key);
      if (found === void 0) throw fakeError("POINT_UNKNOWN", `there is no point ${key}`);
      return found;
    };
    switch (route) {
      case "GET /v1/status":
        return this.status();
      case "GET /v1/links":
        return { items: this.links() };
      case "GET /v1/clients":
        return { items: this.clients() };
      case "POST /v1/devices/{device}/pause":
        this.#paused.add(device);
        return this.devices().find(({ name }) => name === device);
      case "POST /v1/devices/{device}/resume":
        this.#paused.delete(device);
        return this.devices().find(({ name }) => name === device);
      case "POST /v1/devices/{device}/retry":
        return this.devices().find(({ name }) => name === device);
      case "POST /v1/points/{device}/{point}/read":
        return point();
      case "POST /v1/points/{device}/{point}/write":
        return this.#write(point(), body.value);
      default:
        throw new TypeError(`the fake gateway has no ${route}`);
    }
  }
  #retained(filter) {
    return [...this.#topics.values()].filter(({ topic, retained }) => retained && topicMatches(filter, topic)).map(({ topic, at }) => {
      const text = '{"v":71.4,"q":"good"}';
      return { topic, text, bytes: text.length, qos: 0, retain: true, stored: true, origin: "device", at: at ?? 0 };
    });
  }
  #write({ device, point }, value) {
    const at = this.#clock.now();
    switch (this.writeAnswer) {
      case "verified":
        this.#values.set(`${device}/${point}`, value);
        this.#emit({
          kind: "points",
          data: this.points().filter((view) => view.device === device && view.point === point)
        });
        return { status: "verified", device, point, value, at };
      case "refused":
        throw fakeError("WRITE_REFUSED", "the controller is in local mode");
      case "throw":
        throw fakeError("API_CONNECTION_LOST", "the gateway closed the connection");
      case "failed":
      case "unknown":
        return { status: this.writeAnswer, device, point, value: null, at, error: timeout };
    }
  }
  async *events(options) {
    if (!this.isUp) this.refusals++;
    if (!this.isUp) throw fakeError("API_UNREACHABLE", "nothing listens on unix:/run/hpmq/control.sock");
    const stream = { options, queue: [this.#snapshot(options)], wake: () => {
    }, error: void 0 };
    this.#send(stream, { kind: "messages", data: { items: this.#retained(options.filter ?? "#"), dropped: 0 } });
    const onAbort = () => stream.wake();
    options.signal.addEventListener("abort", onAbort);
    this.#streams.add(stream);
    try {
      while (!options.signal.aborted) {
        const event = stream.queue.shift();
        if (event !== void 0) yield event;
        else if (stream.error !== void 0) throw stream.error;
        else await new Promise((resolve) => stream.wake = resolve);
      }
    } finally {
      this.#streams.delete(stream);
      options.signal.removeEventListener("abort", onAbort);
    }
  }
  #snapshot({ kinds, filter = "#" }) {
    return {
      kind: "snapshot",
      data: {
        ...kinds.includes("status") ? { status: this.status() } : {},
        ...kinds.includes("devices") ? { devices: this.devices() } : {},
        ...kinds.includes("points") ? { points: this.points() } : {},
        ...kinds.includes("links") ? { links: this.links() } : {},
        ...kinds.includes("logs") ? { logs: [...this.#logs] } : {},
        ...kinds.includes("topics") ? { topics: [...this.#topics.values()].filter(({ topic }) => topicMatches(filter, topic)) } : {}
      }
    };
  }
  #emit(event) {
    for (const stream of this.#streams) this.#send(stream, event);
  }
  #send(stream, event) {
    if (event.kind === "snapshot" || !stream.options.kinds.includes(event.kind)) return;
    stream.queue.push(event);
    stream.wake();
  }
}
export {
  FakeGateway,
  fakeError,
  fakeErrors
};
//# sourceMappingURL=fake-gateway.js.map
