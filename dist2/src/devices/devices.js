import { errorView } from "../core/errors.js";
import { CommandTopics, pointOf } from "./command-topics.js";
import { Commands, DEFAULT_DEADLINE_MS } from "./commands.js";
import { DevicePoint } from "./device-point.js";
import { devicesError, didYouMean } from "./errors.js";
import { Port } from "./port.js";
import { Publisher } from "./publisher.js";
import { Shadow, viewValue } from "./shadow.js";
import { Supervisor } from "./supervisor.js";
import { alarmViews, deviceView } from "./views.js";
import { devicesErrors } from "./errors.js";
import { openTransport } from "./transport/open.js";
function createDevices(options) {
  return new RunningDevices(options);
}
class RunningDevices {
  name = "devices";
  #log;
  #shadow = new Shadow();
  #publisher;
  #ports;
  #targets = /* @__PURE__ */ new Map();
  #topics;
  #createdAt;
  #started = false;
  #stopping = false;
  constructor(o) {
    const log = o.log;
    const random = o.random ?? Math.random;
    this.#log = log;
    this.#createdAt = o.clock.now();
    this.#publisher = new Publisher(o.gatewayId, o.router, o.clock, log);
    for (const device of Object.values(o.devices)) {
      if (o.ports[device.port] === void 0) {
        const message = `device ${device.name} uses port ${device.port}, which does not exist`;
        throw devicesError("PORT_UNKNOWN", message, didYouMean(device.port, Object.keys(o.ports)));
      }
    }
    this.#ports = Object.values(o.ports).map((config) => this.#createPort(config, { ...o, log, random }));
    for (const port of this.#ports) {
      for (const supervisor of port.supervisors) {
        this.#targets.set(supervisor.config.name, { supervisor, commands: port.commands, port });
      }
    }
    this.#topics = new CommandTopics({ ...o, log, publisher: this.#publisher, targets: this.#targets });
  }
  async start(signal) {
    signal.throwIfAborted();
    this.#started = true;
    this.#topics.start();
    for (const { port, supervisors } of this.#ports) {
      for (const supervisor of supervisors) supervisor.start();
      port?.start();
    }
    this.#log.info({ ports: this.#ports.length, devices: this.#targets.size }, "polling");
  }
  status() {
    const supervisors = [...this.#targets.values()].map(({ supervisor }) => supervisor);
    const newest = Math.max(this.#createdAt, ...supervisors.map((supervisor) => supervisor.since));
    if (this.#stopping) return { state: "stopping", since: newest };
    if (!this.#started) return { state: "starting", since: this.#createdAt };
    const count = (state) => supervisors.filter((supervisor) => supervisor.state === state).length;
    const [offline, degraded] = [count("offline"), count("degraded")];
    if (offline + degraded === 0) return { state: "up", since: newest };
    const reason = `${offline} of ${supervisors.length} devices offline, ${degraded} degraded`;
    return { state: "degraded", since: newest, reason };
  }
  devices() {
    return [...this.#targets.values()].map(({ supervisor, port }) => deviceView(supervisor, port.config));
  }
  points() {
    return this.#shadow.views();
  }
  pointsChangedSince(revision) {
    return this.#shadow.changedSince(revision);
  }
  async read(device, point, signal) {
    const { supervisor } = this.#target(device);
    const found = pointOf(supervisor, point);
    if (supervisor.unavailable !== void 0) throw supervisor.unavailable;
    const outcome = await supervisor.readNow(found, "ask", signal);
    if (!outcome.ok && !outcome.sent) throw outcome.error;
    return found.shadow.view();
  }
  async write(device, point, request, signal) {
    const { supervisor, commands } = this.#target(device);
    const found = pointOf(supervisor, point);
    const { value, timeoutMs: withinMs = DEFAULT_DEADLINE_MS } = request;
    const result = await commands.submit({ target: supervisor, point: found, value, withinMs, signal });
    const view = { status: result.status, device, point, value: viewValue(result.value), at: result.at };
    return result.error === void 0 ? view : { ...view, error: errorView(result.error) };
  }
  pause(device) {
    this.#target(device).supervisor.pause();
  }
  resume(device) {
    this.#target(device).supervisor.resume();
  }
  retry(device) {
    this.#target(device).supervisor.retry();
  }
  services() {
    return this.#ports.map(
      ({ port, config }) => port === void 0 ? { name: `port:${config.name}`, state: "up", since: this.#createdAt, reason: "no device uses it" } : port.view()
    );
  }
  alarms() {
    return alarmViews(this.#ports);
  }
  /**
   * All parts stop at once, because each waits for exchanges that only the end of the wires ends. The publisher is last:
   * the results of commands that were on the wire still go out.
   */
  async [Symbol.asyncDispose]() {
    this.#stopping = true;
    const parts = this.#ports.flatMap(({ port, supervisors, commands }) => [...supervisors, commands, port]);
    const closing = [this.#topics, ...parts].map((part) => part?.[Symbol.asyncDispose]());
    const outcomes = await Promise.allSettled(closing);
    outcomes.push(...await Promise.allSettled([this.#publisher[Symbol.asyncDispose]()]));
    const errors = outcomes.flatMap((outcome) => outcome.status === "rejected" ? [outcome.reason] : []);
    if (errors.length > 0) throw new AggregateError(errors, "the devices could not close cleanly");
  }
  #target(device) {
    const target = this.#targets.get(device);
    if (target !== void 0) return target;
    throw devicesError("DEVICE_UNKNOWN", `there is no device ${device}`, didYouMean(device, this.#targets.keys()));
  }
  #createPort(config, o) {
    const { clock, log, openTransport: openTransport2, random } = o;
    const members = Object.values(o.devices).filter((device) => device.port === config.name);
    const commands = new Commands(clock, log);
    const first = members[0];
    if (first === void 0) return { config, port: void 0, commands, supervisors: [] };
    const stranger = members.find((device) => device.adapter !== first.adapter);
    if (stranger !== void 0) {
      throw devicesError(
        "PORT_SHARED",
        `port ${config.name} has devices of ${first.adapter} (${first.name}) and of ${stranger.adapter} (${stranger.name})`
      );
    }
    const adapter = o.adapters.get(first.adapter);
    if (adapter === void 0) {
      const hint = didYouMean(first.adapter, o.adapters.keys());
      throw devicesError("ADAPTER_UNKNOWN", `device ${first.name} wants the adapter ${first.adapter}`, hint);
    }
    if (!adapter.endpoints.includes(config.endpoint.type)) {
      const message = `the adapter ${adapter.type} cannot use port ${config.name} of type ${config.endpoint.type}`;
      throw devicesError("ADAPTER_ENDPOINT", message, { hint: `use one of ${adapter.endpoints.join(", ")}` });
    }
    const supervisors = [];
    const port = new Port({
      config,
      adapter,
      devices: new Map(members.map((device) => [device.name, device.options])),
      openTransport: openTransport2,
      clock,
      log,
      random,
      onUp: () => {
        for (const supervisor of supervisors) supervisor.onPortUp();
      },
      onDown: (error) => {
        for (const supervisor of supervisors) supervisor.onPortDown(error);
      }
    });
    for (const [index, device] of members.entries()) {
      const points = Object.values(device.points).map((point) => {
        const topic = this.#publisher.topics.point(device.name, point.id);
        return new DevicePoint(device.name, point, adapter, this.#shadow, topic);
      });
      const options = { config: device, port, points, publisher: this.#publisher, clock, log, random };
      supervisors.push(new Supervisor(options, (index + 1) / members.length));
    }
    return { config, port, commands, supervisors };
  }
}
export {
  createDevices,
  devicesErrors,
  openTransport
};
//# sourceMappingURL=devices.js.map
