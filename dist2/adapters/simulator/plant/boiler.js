const AMBIENT = 18;
const HYSTERESIS = 1.5;
const HEATING = 0.22;
const LOSS = 14e-4;
const SENSOR_DELAY = 6;
const COLD_PRESSURE = 1.2;
const PRESSURE_PER_DEGREE = 0.012;
const NOMINAL_FLOW = 4.2;
class Boiler {
  /** Released by the operator; the flame burns only then. */
  burner = true;
  #random;
  #setpoint = 60;
  #water = 42;
  #measured = 42;
  #firing = true;
  #noise = 0;
  constructor(random) {
    this.#random = random;
  }
  /** °C */
  get setpoint() {
    return this.#setpoint;
  }
  /** The controller holds what is sent within its limits of 10 to 90 °C. */
  set setpoint(celsius) {
    this.#setpoint = Math.min(90, Math.max(10, celsius));
  }
  /** °C of the water, as the sensor says it. */
  get temperature() {
    return this.#measured + 0.1 * this.#noise;
  }
  /** bar: warm water expands. */
  get pressure() {
    return COLD_PRESSURE + PRESSURE_PER_DEGREE * (this.#water - AMBIENT) + 0.01 * this.#noise;
  }
  /** m³/h */
  get flow() {
    return this.burner ? NOMINAL_FLOW + 0.05 * this.#noise : 0;
  }
  /** The flame burns now. */
  get isFiring() {
    return this.#firing;
  }
  /** @param dt - s */
  advance(dt) {
    if (!this.burner || this.#water > this.#setpoint + HYSTERESIS) this.#firing = false;
    else if (this.#water < this.#setpoint - HYSTERESIS) this.#firing = true;
    const heat = this.#firing ? HEATING : 0;
    this.#water += (heat - LOSS * (this.#water - AMBIENT)) * dt;
    this.#measured += (this.#water - this.#measured) * (1 - Math.exp(-dt / SENSOR_DELAY));
    this.#noise = 2 * this.#random() - 1;
  }
}
export {
  Boiler
};
//# sourceMappingURL=boiler.js.map
