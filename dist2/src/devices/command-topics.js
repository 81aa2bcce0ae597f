import { GatewayError } from "../core/errors.js";
import { subscriptionTo } from "../core/router.js";
import { Scope } from "../core/scope.js";
import { topicNameFault } from "../core/topic.js";
import { checkWrite, DEFAULT_DEADLINE_MS } from "./commands.js";
import { devicesError, didYouMean } from "./errors.js";
import { correlationText, parseValue, parseValues, resultJson, resultsJson } from "./payload.js";
const MAX_DEADLINE_MS = 36e5;
const MAX_COMMANDS = 1e3;
class CommandTopics {
  id = "devices";
  kind = "device";
  origin;
  durable = false;
  #o;
  #scope;
  #attachment;
  #open = 0;
  constructor(options) {
    this.#o = options;
    this.origin = `gateway:${options.gatewayId}`;
    this.#scope = new Scope((error) => options.log.error({ err: error }, "a command over MQTT ended by a defect"));
  }
  start() {
    this.#attachment = this.#o.router.attach(this);
    const { prefix } = this.#o.publisher.topics;
    for (const filter of [`${prefix}/+/+/set`, `${prefix}/+/set`]) {
      for (const _ of this.#attachment.subscribe(subscriptionTo(filter, { retainHandling: 2 }))) ;
    }
  }
  deliver(message) {
    if (message.retain && message.payload.length === 0 || message.origin.startsWith("device:")) return true;
    const levels = message.topic.slice(this.#o.publisher.topics.prefix.length + 1).split("/");
    const device = levels[0] ?? "";
    if (device.startsWith("$")) return true;
    const point = levels.length === 3 ? levels[1] : void 0;
    const full = this.#open >= MAX_COMMANDS;
    this.#open++;
    this.#scope.run(async () => {
      try {
        if (full) {
          const error = devicesError("COMMAND_QUEUE_FULL", `${MAX_COMMANDS} commands are in work already`);
          this.#answer(message, device, this.#refusal(error));
        } else if (point === void 0) await this.#setMany(message, device);
        else await this.#setOne(message, device, point);
      } finally {
        this.#open--;
      }
    });
    return !full;
  }
  async [Symbol.asyncDispose]() {
    this.#attachment?.[Symbol.dispose]();
    await this.#scope[Symbol.asyncDispose]();
  }
  async #setOne(message, device, pointName) {
    let result;
    try {
      const target = this.#target(device);
      const point = pointOf(target.supervisor, pointName);
      const withinMs = this.#deadline(message);
      const value = parseValue(message.payload);
      result = await target.commands.submit({ target: target.supervisor, point, value, withinMs });
    } catch (error) {
      result = this.#refusal(error);
    }
    this.#record(message, `${device}.${pointName}`, result);
    this.#answer(message, device, result);
  }
  /** All values are checked before the first is sent: one that is refused refuses the whole command. */
  async #setMany(message, device) {
    let target;
    let withinMs;
    let values;
    try {
      target = this.#target(device);
      withinMs = this.#deadline(message);
      values = parseValues(message.payload);
    } catch (error) {
      return this.#answer(message, device, this.#refusal(error));
    }
    const { supervisor, commands } = target;
    const results = /* @__PURE__ */ new Map();
    const wishes = /* @__PURE__ */ new Map();
    for (const [name, value] of values) {
      try {
        const point = pointOf(supervisor, name);
        checkWrite(supervisor, point, value);
        wishes.set(name, { point, value });
      } catch (error) {
        results.set(name, this.#refusal(error));
      }
    }
    if (results.size > 0) {
      const refused = [...results.keys()].join(", ");
      for (const name of wishes.keys()) {
        const error = devicesError("COMMAND_NOT_TRIED", `${name} was not written because of ${refused}`);
        results.set(name, this.#refusal(error));
      }
    } else {
      const running = [...wishes].map(async ([name, wish]) => {
        results.set(name, await commands.submit({ target: supervisor, ...wish, withinMs }));
      });
      await Promise.all(running);
    }
    const ordered = new Map([...values.keys()].map((name) => [name, results.get(name)]));
    const status = worst([...ordered.values()].map((result) => result.status));
    const at = this.#o.clock.now();
    for (const [name, result] of ordered) this.#record(message, `${device}.${name}`, result);
    this.#send(message, device, (correlation) => resultsJson(status, at, ordered, correlation));
  }
  #target(device) {
    const target = this.#o.targets.get(device);
    if (target !== void 0) return target;
    throw devicesError("DEVICE_UNKNOWN", `there is no device ${device}`, didYouMean(device, this.#o.targets.keys()));
  }
  /** Time the command may wait, ms. */
  #deadline(message) {
    if (message.retain)
      throw devicesError("COMMAND_RETAINED", "a retained command would be done again by every restart");
    if (message.expiresAt === Number.POSITIVE_INFINITY) return DEFAULT_DEADLINE_MS;
    return Math.min(MAX_DEADLINE_MS, Math.max(0, message.expiresAt - this.#o.clock.now()));
  }
  #refusal(error) {
    if (!(error instanceof GatewayError)) throw error;
    return { status: "refused", value: void 0, at: this.#o.clock.now(), error };
  }
  #record(message, target, { status, error }) {
    const outcome = error === void 0 ? status : `${status} ${error.code}`;
    this.#o.audit?.({ who: message.origin, action: "write point", target, outcome });
  }
  #answer(message, device, result) {
    this.#send(message, device, (correlation) => resultJson(result, correlation));
  }
  #send(message, device, payload) {
    const { responseTopic, correlationData } = message.properties ?? {};
    const { publisher } = this.#o;
    const body = payload(correlationData === void 0 ? void 0 : correlationText(correlationData));
    const own = `${message.topic}/result`;
    publisher.result(device, own, body, correlationData);
    if (responseTopic !== void 0 && responseTopic !== own && topicNameFault(responseTopic) === void 0) {
      publisher.result(device, responseTopic, body, correlationData);
    }
  }
}
function pointOf(supervisor, name) {
  const point = supervisor.points.get(name);
  if (point !== void 0) return point;
  const device = supervisor.config.name;
  const hint = didYouMean(name, supervisor.points.keys());
  throw devicesError("POINT_UNKNOWN", `${device} has no point ${name}`, { ...hint, details: { device } });
}
const severity = ["verified", "written", "refused", "failed", "unknown"];
function worst(statuses) {
  return severity[Math.max(...statuses.map((status) => severity.indexOf(status)))] ?? "refused";
}
export {
  CommandTopics,
  pointOf
};
//# sourceMappingURL=command-topics.js.map
