/** % of the height. */
const FULL = 100;
const HIGH_SWITCH = 85;
const LOW_SWITCH = 15;
/** % per s that the pump brings and that the process takes. */
const INFLOW = 0.5;
const OUTFLOW = 0.18;

/** A tank that the process empties and a pump fills. */
export class Tank {
  #pump = false;
  #level = 55;

  /** The pump runs. A full tank stops it, whatever was asked. */
  get pump(): boolean {
    return this.#pump;
  }

  set pump(on: boolean) {
    this.#pump = on && this.#level < FULL;
  }

  /** % */
  get level(): number {
    return this.#level;
  }

  /** The level switch near the top is wet. */
  get isHigh(): boolean {
    return this.#level >= HIGH_SWITCH;
  }

  /** The level switch near the bottom is dry. */
  get isLow(): boolean {
    return this.#level <= LOW_SWITCH;
  }

  /** @param dt - s */
  advance(dt: number): void {
    // The less there is, the less runs out.
    const out = OUTFLOW * Math.min(1, this.#level / 10);
    this.#level = Math.min(FULL, Math.max(0, this.#level + (this.#pump ? INFLOW : 0) * dt - out * dt));
    if (this.#level >= FULL) this.#pump = false;
  }
}
