const FULL = 100;
const HIGH_SWITCH = 85;
const LOW_SWITCH = 15;
const INFLOW = 0.5;
const OUTFLOW = 0.18;
class Tank {
  #pump = false;
  #level = 55;
  /** The pump runs. A full tank stops it, whatever was asked. */
  get pump() {
    return this.#pump;
  }
  set pump(on) {
    this.#pump = on && this.#level < FULL;
  }
  /** % */
  get level() {
    return this.#level;
  }
  /** The level switch near the top is wet. */
  get isHigh() {
    return this.#level >= HIGH_SWITCH;
  }
  /** The level switch near the bottom is dry. */
  get isLow() {
    return this.#level <= LOW_SWITCH;
  }
  /** @param dt - s */
  advance(dt) {
    const out = OUTFLOW * Math.min(1, this.#level / 10);
    this.#level = Math.min(FULL, Math.max(0, this.#level + (this.#pump ? INFLOW : 0) * dt - out * dt));
    if (this.#level >= FULL) this.#pump = false;
  }
}
export {
  Tank
};
//# sourceMappingURL=tank.js.map
