const THROTTLE_STEP = 20;
class Throttle {
  #clock;
  #waiting = [];
  #timer;
  #timerDue = Number.POSITIVE_INFINITY;
  constructor(clock) {
    this.#clock = clock;
  }
  /** How many wait. */
  get size() {
    return this.#waiting.length;
  }
  /** Calls `goOn` once, after `ms` or up to {@link THROTTLE_STEP} later. */
  wait(ms, goOn) {
    const due = this.#clock.monotonic() + ms;
    this.#waiting.push({ due, goOn });
    if (this.#timer === void 0 || due < this.#timerDue - THROTTLE_STEP) this.#arm(due);
  }
  [Symbol.dispose]() {
    this.#timer?.cancel();
    this.#waiting = [];
  }
  #arm(due) {
    this.#timer?.cancel();
    this.#timerDue = due + THROTTLE_STEP;
    this.#timer = this.#clock.after(Math.max(0, this.#timerDue - this.#clock.monotonic()), () => this.#fire());
  }
  #fire() {
    this.#timer = void 0;
    this.#timerDue = Number.POSITIVE_INFINITY;
    const now = this.#clock.monotonic();
    const waiting = this.#waiting;
    this.#waiting = [];
    let next = Number.POSITIVE_INFINITY;
    for (const one of waiting) {
      if (one.due > now) {
        this.#waiting.push(one);
        next = Math.min(next, one.due);
      } else one.goOn();
    }
    if (next < Number.POSITIVE_INFINITY && next + THROTTLE_STEP < this.#timerDue) this.#arm(next);
  }
}
export {
  THROTTLE_STEP,
  Throttle
};
//# sourceMappingURL=throttle.js.map
