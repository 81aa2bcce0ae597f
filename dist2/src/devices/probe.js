import { backoffDelays } from "../core/backoff.js";
const BACKOFF = { first: 500, max: 3e4 };
class Probe {
  #clock;
  #random;
  #onDue;
  #delays;
  #due = false;
  #timer;
  #nextTryAt;
  constructor(clock, random, onDue) {
    this.#clock = clock;
    this.#random = random;
    this.#onDue = onDue;
    this.#delays = backoffDelays(BACKOFF, random);
  }
  /** Unix ms; undefined when none is planned. */
  get nextTryAt() {
    return this.#nextTryAt;
  }
  /** The next delay is the shortest again. */
  reset() {
    this.#delays = backoffDelays(BACKOFF, this.#random);
  }
  later() {
    this.stop();
    const ms = this.#delays.next().value;
    this.#nextTryAt = this.#clock.now() + ms;
    this.#timer = this.#clock.after(ms, () => this.now());
  }
  now() {
    this.stop();
    this.#due = true;
    this.#onDue();
  }
  stop() {
    this.#timer?.cancel();
    this.#timer = void 0;
    this.#due = false;
    this.#nextTryAt = void 0;
  }
  /** @returns whether an attempt is due; it is then taken */
  take() {
    const due = this.#due;
    this.#due = false;
    return due;
  }
}
export {
  Probe
};
//# sourceMappingURL=probe.js.map
