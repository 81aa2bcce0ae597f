const MAX_TIMER_MS = 2 ** 31 - 1;
class Beats {
  #clock;
  #every;
  #phase;
  #onBeat;
  #next = 0;
  #timer;
  /**
   * @param every - ms between two beats
   * @param phase - when the first beat comes, as a share of `every`, above 0 to 1, so that groups do not beat together
   * @param onBeat - told how many beats were skipped before this one because the process was late
   */
  constructor(clock, every, phase, onBeat) {
    this.#clock = clock;
    this.#every = every;
    this.#phase = phase;
    this.#onBeat = onBeat;
  }
  start() {
    if (this.#timer !== void 0) return;
    this.#next = this.#clock.monotonic() + this.#every * this.#phase;
    this.#arm();
  }
  stop() {
    this.#timer?.cancel();
    this.#timer = void 0;
  }
  #arm() {
    const wait = Math.min(MAX_TIMER_MS, Math.max(0, this.#next - this.#clock.monotonic()));
    this.#timer = this.#clock.after(wait, () => {
      const late = this.#clock.monotonic() - this.#next;
      if (late < 0) return this.#arm();
      const skipped = Math.floor(late / this.#every);
      this.#next += (skipped + 1) * this.#every;
      this.#arm();
      this.#onBeat(skipped);
    });
  }
}
export {
  Beats
};
//# sourceMappingURL=poll.js.map
