import { errorView } from "../core/errors.js";
const REFUSAL_SHOWN = 5 * 6e4;
class LinkStatus {
  #clock;
  #log;
  #state = "connecting";
  #since;
  #error;
  /** Unix ms of the next attempt. */
  #nextTryAt;
  /** Attempts that failed since the link was up. */
  #failures = 0;
  #refused;
  constructor(clock, log) {
    this.#clock = clock;
    this.#log = log;
    this.#since = clock.now();
  }
  get state() {
    return this.#state;
  }
  get since() {
    return this.#since;
  }
  /** @param refused - the far side granted the connection but not all subscriptions */
  connected(refused) {
    const facts = { failures: this.#failures };
    if (refused !== void 0)
      this.#log.warn({ ...facts, code: refused.code, reason: refused.message }, "link degraded");
    else this.#log.info(facts, "link up");
    this.#failures = 0;
    this.#change(refused === void 0 ? "up" : "degraded", refused);
  }
  lost(error, nextTryAt) {
    const facts = { code: error.code, reason: error.message, hint: error.hint };
    if (this.#failures === 0 || this.#error?.code !== error.code) this.#log.warn(facts, "link down");
    else this.#log.debug(facts, "link still down");
    this.#failures++;
    this.#change("down", error);
    this.#nextTryAt = nextTryAt;
  }
  trying() {
    this.#nextTryAt = void 0;
  }
  stopped() {
    this.#change("down", void 0);
  }
  refused(error) {
    const now = this.#clock.now();
    if (this.#refused === void 0 || now - this.#refused.at >= REFUSAL_SHOWN) {
      this.#log.warn({ code: error.code, reason: error.message }, "far side refused a message");
    }
    this.#refused = { error, at: now };
  }
  view() {
    return {
      state: this.#state,
      since: this.#since,
      ...this.#error === void 0 ? {} : { error: errorView(this.#error) },
      ...this.#nextTryAt === void 0 ? {} : { nextTryAt: this.#nextTryAt }
    };
  }
  service(name) {
    const state = this.#state === "connecting" ? "starting" : this.#state;
    const view = { name, state, since: this.#since };
    return this.#error === void 0 ? view : { ...view, reason: this.#error.message, hint: this.#error.hint };
  }
  alarms(subject) {
    const alarms = [];
    if (this.#error !== void 0) {
      const severity = this.#state === "degraded" ? "warn" : "error";
      alarms.push({ severity, subject, since: this.#since, error: errorView(this.#error) });
    }
    if (this.#refused !== void 0 && this.#clock.now() - this.#refused.at < REFUSAL_SHOWN) {
      const { at, error } = this.#refused;
      alarms.push({ severity: "warn", subject, since: at, error: errorView(error) });
    }
    return alarms;
  }
  #change(state, error) {
    if (state !== this.#state) this.#since = this.#clock.now();
    this.#state = state;
    this.#error = error;
    this.#nextTryAt = void 0;
  }
}
export {
  LinkStatus
};
//# sourceMappingURL=status.js.map
