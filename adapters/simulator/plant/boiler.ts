/** °C of the room and of the water that comes back. */
const AMBIENT = 18;
/** °C either side of the set-point between which the flame stays as it is. */
const HYSTERESIS = 1.5;
/** °C per s that a burning flame adds. */
const HEATING = 0.22;
/** Share of the difference to the room that is lost per s. */
const LOSS = 0.001_4;
/** s in which the sensor follows the water. */
const SENSOR_DELAY = 6;
/** bar of the cold system, and what each °C adds. */
const COLD_PRESSURE = 1.2;
const PRESSURE_PER_DEGREE = 0.012;
/** m³/h of the circulation pump. */
const NOMINAL_FLOW = 4.2;

/** A hot-water boiler: the flame switches around the set-point, the water follows with inertia. */
export class Boiler {
  /** Released by the operator; the flame burns only then. */
  burner = true;
  readonly #random: () => number;
  #setpoint = 60;
  #water = 42;
  #measured = 42;
  #firing = true;
  #noise = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** °C */
  get setpoint(): number {
    return this.#setpoint;
  }

  /** The controller holds what is sent within its limits of 10 to 90 °C. */
  set setpoint(celsius: number) {
    this.#setpoint = Math.min(90, Math.max(10, celsius));
  }

  /** °C of the water, as the sensor says it. */
  get temperature(): number {
    return this.#measured + 0.1 * this.#noise;
  }

  /** bar: warm water expands. */
  get pressure(): number {
    return COLD_PRESSURE + PRESSURE_PER_DEGREE * (this.#water - AMBIENT) + 0.01 * this.#noise;
  }

  /** m³/h */
  get flow(): number {
    return this.burner ? NOMINAL_FLOW + 0.05 * this.#noise : 0;
  }

  /** The flame burns now. */
  get isFiring(): boolean {
    return this.#firing;
  }

  /** @param dt - s */
  advance(dt: number): void {
    if (!this.burner || this.#water > this.#setpoint + HYSTERESIS) this.#firing = false;
    else if (this.#water < this.#setpoint - HYSTERESIS) this.#firing = true;
    const heat = this.#firing ? HEATING : 0;
    this.#water += (heat - LOSS * (this.#water - AMBIENT)) * dt;
    this.#measured += (this.#water - this.#measured) * (1 - Math.exp(-dt / SENSOR_DELAY));
    this.#noise = 2 * this.#random() - 1;
  }
}
