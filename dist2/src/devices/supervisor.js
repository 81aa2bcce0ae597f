import { Scope } from "../core/scope.js";
import { readAll } from "./device-point.js";
import { DeviceStatus } from "./device-status.js";
import { devicesError } from "./errors.js";
import { PollGroups } from "./poll-groups.js";
import { Probe } from "./probe.js";
import { Readings } from "./readings.js";
import { ExchangeStats } from "./stats.js";
const OFFLINE_AFTER = 2;
class Supervisor {
  config;
  points;
  stats;
  #port;
  #status;
  #scope;
  #groups;
  #probe;
  #readings;
  #mode = "waiting";
  /** Results of exchanges begun in an earlier epoch are not applied. */
  #epoch = 0;
  #busy = false;
  /** After an unanswered exchange, until the next beat. */
  #resting = false;
  /** A beat came since the last read began. */
  #beaten = false;
  /** Unanswered exchanges in a row. */
  #failures = 0;
  #error;
  /** @param phase - of the device's beats among those of its port, above 0 to 1 */
  constructor(o, phase) {
    this.config = o.config;
    this.points = new Map(o.points.map((point) => [point.id, point]));
    this.stats = new ExchangeStats(o.clock);
    this.#port = o.port;
    const log = o.log.child({ device: o.config.name });
    this.#status = new DeviceStatus(o.config.name, o.publisher, o.clock, log);
    this.#scope = new Scope((error) => log.error({ err: error }, "reading a device ended by a defect"));
    this.#readings = new Readings(o.config, o.points, o.publisher, o.clock);
    this.#probe = new Probe(o.clock, o.random, () => this.#kick());
    this.#groups = new PollGroups(o.points, o.clock, phase, () => {
      this.#resting = false;
      this.#beaten = true;
      this.#kick();
    });
  }
  get state() {
    return this.#status.state;
  }
  /** Unix ms. */
  get since() {
    return this.#status.since;
  }
  /** What is wrong with it; undefined when nothing is. */
  get error() {
    return this.#status.error;
  }
  get overruns() {
    return this.#groups.overruns;
  }
  /** Unix ms of the next attempt while offline. */
  get nextTryAt() {
    return this.#mode === "waiting" ? this.#port.nextTryAt : this.#probe.nextTryAt;
  }
  /** Why nothing can be sent to it now; undefined when something can. */
  get unavailable() {
    const name = this.config.name;
    if (this.state === "paused")
      return devicesError("DEVICE_PAUSED", `${name} is paused`, { details: { device: name } });
    if (this.state !== "offline") return void 0;
    const cause = this.#error;
    const why = cause === void 0 ? "" : `: ${cause.message}`;
    const details = { device: name, code: cause?.code };
    return devicesError("DEVICE_OFFLINE", `${name} is offline${why}`, { cause, details, ...hintOf(cause) });
  }
  /** Makes the first state known; before that nothing is published. */
  start() {
    this.#status.publish();
  }
  onPortUp() {
    if (this.#mode !== "waiting") return;
    this.#mode = "probing";
    this.#probe.reset();
    this.#probe.now();
    if (this.#groups.empty) this.#answered();
    this.#update();
  }
  onPortDown(error) {
    if (this.#mode === "paused") return;
    this.#halt("waiting");
    this.#failures = Math.max(this.#failures, OFFLINE_AFTER);
    this.#error = error;
    this.#readings.faultAll(error);
    this.#update();
  }
  pause() {
    if (this.#mode === "paused") return;
    this.#halt("paused");
    this.#failures = 0;
    this.#error = void 0;
    this.#port.cancel(this.config.name, devicesError("DEVICE_PAUSED", `${this.config.name} was paused`));
    this.#readings.stale();
    this.#update();
  }
  resume() {
    if (this.#mode !== "paused") return;
    this.#mode = "waiting";
    this.#update();
    if (this.#port.isUp) this.onPortUp();
    else if (this.#port.error !== void 0) this.onPortDown(this.#port.error);
  }
  /** Tries now what would be tried later. */
  retry() {
    switch (this.#mode) {
      case "waiting":
        this.#port.retry();
        break;
      case "probing":
        this.#probe.now();
        break;
      case "polling":
        this.#groups.allDue();
        this.#resting = false;
        this.#kick();
        break;
      case "paused":
        throw devicesError("DEVICE_PAUSED", `${this.config.name} is paused`);
    }
  }
  /** Reads the point soon: something was done that may have changed it. */
  refresh(point) {
    if (this.#mode !== "polling") return;
    this.#groups.due(point);
    this.#kick();
  }
  /**
   * Reads one point now, through the queue of the wire. The shadow and the topic get what came.
   *
   * @returns the outcome; when it is ok the reading may still be bad, because the device refused
   */
  async readNow(point, priority, signal) {
    const epoch = this.#epoch;
    const outcome = await this.#exchange(priority, (device, s) => readAll(device, [point], s), signal);
    const reading = outcome.ok ? outcome.value[0] : void 0;
    if (epoch === this.#epoch) {
      if (reading !== void 0) {
        this.#answered();
        this.#readings.take(point, reading, true);
        this.#update();
      } else if (!outcome.ok && outcome.sent) {
        this.#failed([point], outcome.error);
      }
    }
    return outcome.ok ? { ...outcome, value: reading } : outcome;
  }
  /** Writes a raw value. Confirmed, refused or without an answer: the outcome says. */
  async write(run, signal) {
    const epoch = this.#epoch;
    const outcome = await this.#exchange("command", run, signal);
    if (epoch !== this.#epoch) return outcome;
    if (outcome.ok) this.#answered();
    else if (outcome.sent && (outcome.timedOut || outcome.lost)) this.#unanswered(outcome.error);
    this.#update();
    return outcome;
  }
  async [Symbol.asyncDispose]() {
    this.#halt("waiting");
    await this.#scope[Symbol.asyncDispose]();
  }
  /** Whatever is ready next goes to the port; one at a time. */
  #kick() {
    if (this.#busy || this.#scope.signal.aborted) return;
    const entry = this.#nextEntry();
    if (entry === void 0) return;
    this.#busy = true;
    this.#scope.run(async () => {
      try {
        await this.#read(entry);
      } finally {
        this.#busy = false;
        this.#kick();
      }
    });
  }
  #nextEntry() {
    if (this.#mode === "polling") return this.#resting ? void 0 : this.#groups.next();
    return this.#mode === "probing" && this.#probe.take() ? this.#groups.nextProbe() : void 0;
  }
  async #read(entry) {
    const epoch = this.#epoch;
    const { points } = entry.piece;
    this.#beaten = false;
    const outcome = await this.#exchange("poll", (device, signal) => readAll(device, points, signal));
    this.#groups.done(entry);
    if (epoch !== this.#epoch) return;
    if (outcome.ok) {
      this.#groups.answered(entry);
      this.#answered(entry);
      this.#apply(entry, outcome.value);
      this.#update();
    } else if (!outcome.sent) {
      if (this.#mode === "probing") this.#probe.later();
    } else {
      this.#groups.failed(entry);
      this.#failed(points, outcome.error);
    }
  }
  /** An attempt to read these points failed. */
  #failed(points, error) {
    if (error.fault === "caller") {
      this.#answered();
      this.#readings.fault(points, error);
      this.#update();
    } else {
      this.#readings.fault(points, error);
      this.#unanswered(error);
    }
  }
  /** Puts an exchange on the wire and counts it. */
  async #exchange(priority, run, signal) {
    const outcome = await this.#port.exchange({ device: this.config.name, priority, run, signal });
    if (outcome.ok) this.stats.answered(outcome.ms);
    else if (outcome.sent && outcome.error.fault !== "caller") this.stats.failed(outcome.timedOut);
    return outcome;
  }
  #apply(entry, readings) {
    const { points } = entry.piece;
    const refusal = refusalOf(readings);
    if (refusal !== void 0) {
      this.stats.error();
      if (refusal.details.busy !== true && this.#groups.refused(entry)) return;
    } else {
      entry.group.plan.answered(entry.piece);
    }
    for (let i = 0; i < points.length; i++) this.#readings.take(points[i], readings[i]);
  }
  /** The device is there. After an absence everything is read at once, except what was read just now. */
  #answered(entry) {
    this.#failures = 0;
    this.#error = void 0;
    if (this.#mode !== "probing") return;
    this.#mode = "polling";
    this.#resting = false;
    this.#probe.stop();
    this.#readings.forget();
    this.#groups.start(entry);
    this.#kick();
  }
  #unanswered(error) {
    this.#failures++;
    this.#error = error;
    if (this.#failures >= OFFLINE_AFTER) {
      if (this.#mode === "polling") {
        this.#halt("probing");
        this.#probe.reset();
      }
      this.#readings.faultAll(error);
    }
    if (this.#mode === "polling") this.#resting = !this.#beaten;
    if (this.#mode === "probing") this.#probe.later();
    this.#update();
    const { unavailable } = this;
    if (unavailable !== void 0) this.#port.cancel(this.config.name, unavailable);
  }
  #halt(mode) {
    this.#epoch++;
    this.#mode = mode;
    this.#resting = false;
    this.#groups.stop();
    this.#probe.stop();
  }
  #update() {
    const { trouble } = this.#readings;
    if (this.#mode === "paused") this.#status.set("paused", void 0);
    else if (this.#mode !== "polling") {
      this.#status.set(this.#failures >= OFFLINE_AFTER ? "offline" : "starting", this.#error);
    } else if (this.#failures > 0) this.#status.set("degraded", this.#error);
    else this.#status.set(trouble === void 0 ? "online" : "degraded", trouble);
  }
}
function refusalOf(readings) {
  const error = readings[0]?.error;
  const isRefusal = error?.fault === "device" && readings.every((reading) => reading.error === error);
  return isRefusal ? error : void 0;
}
function hintOf(error) {
  return error === void 0 ? {} : { hint: error.hint };
}
export {
  Supervisor
};
//# sourceMappingURL=supervisor.js.map
