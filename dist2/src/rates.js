import { Ring } from "./core/ring.js";
const SAMPLE_MS = 1e3;
const WINDOW_SAMPLES = 6;
class Rates {
  #clock;
  #read;
  #samples = new Ring(WINDOW_SAMPLES);
  #timer;
  constructor(clock, read) {
    this.#clock = clock;
    this.#read = read;
    this.#timer = clock.after(0, () => this.#sample());
  }
  /** Per second over the last five seconds; 0 before the second sample. */
  perSecond(key) {
    const samples = [...this.#samples];
    const first = samples[0];
    const last = samples.at(-1);
    if (first === void 0 || last === void 0 || last.at === first.at) return 0;
    return (last.counters[key] - first.counters[key]) * 1e3 / (last.at - first.at);
  }
  [Symbol.dispose]() {
    this.#timer.cancel();
  }
  #sample() {
    this.#samples.push({ at: this.#clock.monotonic(), counters: this.#read() });
    this.#timer = this.#clock.after(SAMPLE_MS, () => this.#sample());
  }
}
export {
  Rates
};
//# sourceMappingURL=rates.js.map
