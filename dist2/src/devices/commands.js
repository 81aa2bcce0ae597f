import { coreError, GatewayError } from "../core/errors.js";
import { Scope } from "../core/scope.js";
import { devicesError } from "./errors.js";
import { FairQueue } from "./fair-queue.js";
import { sameRaw, toEngineering, toRaw } from "./point.js";
const QUEUE_LIMIT = 100;
const DEFAULT_DEADLINE_MS = 5e3;
function checkWrite(target, point, value) {
  const { readOnlyReason, kind } = point.shadow;
  if (readOnlyReason !== void 0) {
    const hint = readOnlyReason.startsWith("the configuration") ? {} : { hint: "choose a point that can be written" };
    throw devicesError("POINT_READ_ONLY", `${point.id} cannot be written: ${readOnlyReason}`, {
      details: { device: target.config.name, point: point.id },
      ...hint
    });
  }
  return toRaw(value, point.config, kind);
}
class Commands {
  #clock;
  #scope;
  #queue = new FairQueue(QUEUE_LIMIT);
  #busy = false;
  constructor(clock, log) {
    this.#clock = clock;
    this.#scope = new Scope((error) => log.error({ err: error }, "a command ended by a defect"));
  }
  /** Never rejects: whatever happens is the result. */
  submit(order) {
    const { target, point, signal } = order;
    return new Promise((resolve) => {
      const refuse = (error2) => resolve(this.#ended(error2, false));
      if (this.#scope.signal.aborted) return refuse(coreError("STOPPED", "the gateway is stopping"));
      const error = target.unavailable;
      if (error !== void 0) return refuse(error);
      let raw;
      try {
        raw = checkWrite(target, point, order.value);
      } catch (thrown) {
        if (thrown instanceof GatewayError) return refuse(thrown);
        throw thrown;
      }
      const controller = new AbortController();
      const expire = () => {
        const message = `the command did not get the wire within ${order.withinMs} ms; nothing was sent`;
        controller.abort(devicesError("COMMAND_EXPIRED", message));
      };
      const timer = this.#clock.after(order.withinMs, expire);
      if (order.withinMs <= 0) expire();
      const onAbort = () => controller.abort(devicesError("COMMAND_CANCELLED", "the command was taken back; nothing was sent"));
      const settle = (result) => {
        timer.cancel();
        signal?.removeEventListener("abort", onAbort);
        resolve(result);
      };
      const command = { ...order, raw, waiting: controller.signal, settle };
      const lane = target.config.name;
      controller.signal.addEventListener("abort", () => {
        if (this.#queue.remove(lane, command)) settle(this.#ended(controller.signal.reason, false));
      });
      if (signal?.aborted) onAbort();
      else signal?.addEventListener("abort", onAbort, { once: true });
      if (controller.signal.aborted) return settle(this.#ended(controller.signal.reason, false));
      if (!this.#queue.push(lane, command)) {
        return settle(
          this.#ended(devicesError("COMMAND_QUEUE_FULL", `${QUEUE_LIMIT} commands to ${lane} wait already`), false)
        );
      }
      this.#kick();
    });
  }
  async [Symbol.asyncDispose]() {
    const closed = this.#scope[Symbol.asyncDispose]();
    const stopped = coreError("STOPPED", "the gateway is stopping");
    for (const command of this.#queue.drainAll()) command.settle(this.#ended(stopped, false));
    await closed;
  }
  #kick() {
    if (this.#busy || this.#scope.signal.aborted) return;
    const command = this.#queue.shift();
    if (command === void 0) return;
    this.#busy = true;
    this.#scope.run(async () => {
      try {
        command.settle(await this.#execute(command));
      } finally {
        this.#busy = false;
        this.#kick();
      }
    });
  }
  async #execute(command) {
    const { target, point, raw, value } = command;
    const unavailable = target.unavailable;
    if (unavailable !== void 0) return this.#ended(unavailable, false);
    const outcome = await target.write(async (device, signal) => {
      if (device.write === void 0) {
        throw devicesError("POINT_READ_ONLY", `${point.id} cannot be written: the adapter of the device cannot write`);
      }
      await device.write(point.point, raw, signal);
    }, command.waiting);
    if (!outcome.ok) {
      const { sent } = outcome.error.details;
      return this.#ended(outcome.error, sent === void 0 ? outcome.timedOut || outcome.lost : sent === true);
    }
    if (point.config.write?.verify !== true) {
      target.refresh(point);
      return {
        status: "written",
        value: toEngineering(raw, point.config) ?? value,
        at: this.#clock.now(),
        error: void 0
      };
    }
    return this.#verify(command);
  }
  /** What the device says it has now is the truth, not what it was told. */
  async #verify({ target, point, raw, value }) {
    const outcome = await target.readNow(point, "command");
    const at = this.#clock.now();
    const reading = outcome.ok ? outcome.value : void 0;
    const sample = reading === void 0 ? void 0 : point.sampleOf(reading);
    if (reading?.value === void 0 || sample?.value === void 0) {
      return { status: "written", value, at, error: outcome.ok ? sample?.error : outcome.error };
    }
    if (sameRaw(raw, reading.value)) return { status: "verified", value: sample.value, at, error: void 0 };
    const error = devicesError("COMMAND_NOT_VERIFIED", `${point.id} has ${sample.value} after ${value} was written`, {
      details: { device: target.config.name, point: point.id }
    });
    return { status: "failed", value: sample.value, at, error };
  }
  #ended(error, perhapsDone) {
    return { status: statusOf(error, perhapsDone), value: void 0, at: this.#clock.now(), error };
  }
}
function statusOf(error, perhapsDone) {
  if (perhapsDone) return "unknown";
  return error.fault === "caller" || error.fault === "limit" ? "refused" : "failed";
}
export {
  Commands,
  DEFAULT_DEADLINE_MS,
  checkWrite
};
//# sourceMappingURL=commands.js.map
