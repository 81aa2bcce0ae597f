import { z } from "zod";
import { defineAdapter } from "../../../src/core/adapter.js";
import { errorsOf } from "../../../src/core/errors.js";
import { silentLog } from "../../../src/core/log.js";
import { createMessage } from "../../../src/core/message.js";
import { topicMatches } from "../../../src/core/topic.js";
import { createDevices } from "../../../src/devices/devices.js";
import { openMemory } from "../../../src/devices/transport/memory.js";
import { ManualClock, settle } from "../../support/manual-clock.js";
const fakeError = errorsOf({
  FAKE_REFUSED: { fault: "device", hint: "ask for another point" },
  FAKE_TIMEOUT: { fault: "device", hint: "check the fake" },
  FAKE_VALUE: { fault: "caller", hint: "send a number" },
  FAKE_WIRE: { fault: "device", hint: "plug it in" }
});
class FakeRouter {
  messages = [];
  /** What publish() returns, as a router with a durable receiver would. */
  stored;
  #sinks = /* @__PURE__ */ new Map();
  publish(message) {
    this.messages.push(message);
    for (const [sink, subscriptions] of this.#sinks) {
      const match = subscriptions.find(({ filter }) => topicMatches(filter, message.topic));
      if (match !== void 0 && sink.origin !== message.origin) sink.deliver(message, match);
    }
    return this.stored;
  }
  attach(sink) {
    const subscriptions = [];
    this.#sinks.set(sink, subscriptions);
    return {
      subscribe: (subscription) => {
        subscriptions.push(subscription);
        return [];
      },
      unsubscribe: () => false,
      arrived: () => {
      },
      [Symbol.dispose]: () => void this.#sinks.delete(sink)
    };
  }
  retained() {
    return [];
  }
  counters() {
    return { received: 0, delivered: 0, dropped: 0, unmatched: 0, retained: 0, subscriptions: this.#sinks.size };
  }
  on(topic) {
    return this.messages.filter((message) => message.topic === topic).map((message) => message.payload.toString());
  }
  last(topic) {
    const text = this.on(topic).at(-1);
    if (text === void 0) throw new Error(`nothing was published to ${topic}: ${this.messages.map((m) => m.topic)}`);
    return JSON.parse(text);
  }
}
class FakeDevice {
  /** Register → what it says. A register that is not there is refused. */
  registers = /* @__PURE__ */ new Map();
  /** No answer to anything. */
  dead = false;
  /** How a write ends. */
  onWrite = "store";
  /** ms an exchange takes on the wire. */
  latency = 0;
  /** `read 0,1` and `write 0=5`, in the order of the wire. */
  log = [];
  constructor(registers) {
    for (const [register, value] of Object.entries(registers)) this.registers.set(Number(register), value);
  }
}
class FakeWorld {
  devices = /* @__PURE__ */ new Map();
  /** All exchanges of all devices, in the order of the wire. */
  log = [];
  /** undefined: opening works. */
  openError;
  opened = 0;
  disposed = 0;
  wire;
  /** Exchanges on the wire now, and the most there ever were. */
  busy = 0;
  mostBusy = 0;
  openTransport = async () => {
    if (this.openError !== void 0) throw this.openError;
    this.opened++;
    this.wire = openMemory();
    return this.wire;
  };
  add(name, registers = { 0: 1 }) {
    const device = new FakeDevice(registers);
    this.devices.set(name, device);
    return device;
  }
  cut() {
    this.wire?.destroy();
  }
  adapter = defineAdapter({
    type: "fake",
    title: "a fake",
    endpoints: ["tcp", "memory"],
    port: z.strictObject({}),
    device: z.strictObject({ id: z.string() }),
    address: z.strictObject({ register: z.int(), readOnly: z.boolean().default(false) }),
    readOnly: (address) => address.readOnly ? "this register is read-only" : void 0,
    span: ({ register }) => ({ space: "registers", start: register, length: 1, limit: 8 }),
    open: async (_wire, _config, { clock }) => ({
      device: ({ id }) => {
        const device = this.devices.get(id);
        if (device === void 0) throw new TypeError(`no fake ${id}`);
        return {
          read: async (points, signal) => {
            await this.#exchange(id, `read ${points.map((point) => point.address.register).join(",")}`, clock, signal);
            const silent = points.some(({ address }) => device.registers.get(address.register) === "silent");
            if (device.dead || silent) await timeout(signal);
            const refused = points.some(({ address }) => {
              const answer = device.registers.get(address.register);
              return answer === void 0 || answer === "refuse";
            });
            const at = clock.now();
            const error = fakeError("FAKE_REFUSED", "no such register");
            return points.map((point) => {
              if (refused) {
                return { point: point.id, value: void 0, quality: "bad", at, error };
              }
              return { point: point.id, value: device.registers.get(point.address.register), quality: "good", at };
            });
          },
          write: async (point, value, signal) => {
            if (typeof value === "string") throw fakeError("FAKE_VALUE", "registers hold numbers");
            await this.#exchange(id, `write ${point.address.register}=${value}`, clock, signal);
            if (device.dead || device.onWrite === "silent") await timeout(signal);
            if (device.onWrite === "refuse") throw fakeError("FAKE_REFUSED", "exception 3");
            if (device.onWrite === "store") device.registers.set(point.address.register, value);
          }
        };
      },
      [Symbol.asyncDispose]: async () => void this.disposed++
    })
  });
  async #exchange(id, what, clock, signal) {
    const device = this.devices.get(id);
    device.log.push(what);
    this.log.push(`${id} ${what}`);
    this.mostBusy = Math.max(this.mostBusy, ++this.busy);
    try {
      if (device.latency > 0) await clock.sleep(device.latency, signal);
    } catch {
      throw fakeError("FAKE_TIMEOUT", "no answer");
    } finally {
      this.busy--;
    }
  }
}
function timeout(signal) {
  return new Promise((_resolve, reject) => {
    const fail = () => reject(fakeError("FAKE_TIMEOUT", "no answer", { cause: signal.reason }));
    if (signal.aborted) fail();
    else signal.addEventListener("abort", fail, { once: true });
  });
}
function pointConfig(id, register, changes = {}) {
  return {
    id,
    address: { register, readOnly: false },
    scale: 1,
    offset: 0,
    decimals: void 0,
    unit: void 0,
    every: 1e3,
    report: { mode: "always", deadband: 0, maxSilence: 6e4 },
    retain: true,
    qos: 1,
    write: void 0,
    ...changes
  };
}
const writable = { min: void 0, max: void 0, step: void 0, verify: true, critical: false };
function deviceConfig(name, points, changes = {}) {
  return {
    name,
    adapter: "fake",
    port: "line",
    encoding: "json",
    options: { id: name },
    points: Object.fromEntries(points.map((point) => [point.id, point])),
    ...changes
  };
}
const lineConfig = {
  name: "line",
  endpoint: { type: "memory" },
  timeout: 500,
  pause: 0,
  options: {}
};
async function quiet(world) {
  let before;
  do {
    before = world.log.length;
    await settle();
  } while (world.log.length > before);
}
async function startBench(world, configs, port = {}, clock = new ManualClock()) {
  const router = new FakeRouter();
  const audits = [];
  const devices = createDevices({
    ports: { line: { ...lineConfig, ...port } },
    devices: Object.fromEntries(configs.map((config) => [config.name, config])),
    gatewayId: "gw",
    adapters: /* @__PURE__ */ new Map([["fake", world.adapter]]),
    router,
    openTransport: world.openTransport,
    log: silentLog,
    audit: (record) => void audits.push(record),
    clock,
    random: () => 0.999999
  });
  await devices.start(new AbortController().signal);
  await quiet(world);
  return {
    clock,
    world,
    router,
    devices,
    audits,
    publish: (topic, payload, more = {}) => void router.publish(createMessage({ topic, payload, origin: "client:test", receivedAt: clock.now(), ...more })),
    state: (device) => devices.devices().find(({ name }) => name === device).state,
    [Symbol.asyncDispose]: () => devices[Symbol.asyncDispose]()
  };
}
export {
  FakeDevice,
  FakeRouter,
  FakeWorld,
  deviceConfig,
  fakeError,
  lineConfig,
  pointConfig,
  quiet,
  startBench,
  writable
};
//# sourceMappingURL=support.js.map
