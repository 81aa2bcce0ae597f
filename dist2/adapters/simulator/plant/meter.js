const NOMINAL_VOLTAGE = 230;
const BASE_LOAD = 3.5;
const DAY_LOAD = 14;
const BURNER_LOAD = 0.4;
const PUMP_LOAD = 2.2;
const POWER_FACTOR = 0.94;
const PHASE_SHARE = [0.36, 0.33, 0.31];
const NOISE_TIME = 20;
class Meter {
  #random;
  #noise = 0;
  #sag = 0;
  #power = BASE_LOAD;
  #energy = 48211.5;
  constructor(random) {
    this.#random = random;
  }
  /** V of phases 1 to 3: the grid wanders, and load pulls it down a little. */
  get voltages() {
    const volts = (phase) => NOMINAL_VOLTAGE + 1.5 * this.#sag - 0.15 * this.#power * PHASE_SHARE[phase] + (phase - 1) * 0.7;
    return [volts(0), volts(1), volts(2)];
  }
  /** A of phases 1 to 3. */
  get currents() {
    const [u1, u2, u3] = this.voltages;
    const amperes = (phase, volts) => this.#power * 1e3 * PHASE_SHARE[phase] / (volts * POWER_FACTOR);
    return [amperes(0, u1), amperes(1, u2), amperes(2, u3)];
  }
  /** kW, all phases. */
  get power() {
    return this.#power;
  }
  get powerFactor() {
    return POWER_FACTOR;
  }
  /** Hz */
  get frequency() {
    return 50 + 0.02 * this.#sag;
  }
  /** kWh since it was installed; never falls. */
  get energy() {
    return this.#energy;
  }
  /** Wh as the 32-bit counter of such meters holds it: starts again at 0 after 2³² − 1. */
  get energyCounter() {
    return Math.floor(this.#energy * 1e3) % 2 ** 32;
  }
  /**
   * @param dt - s
   * @param unixSeconds - the day has its hours in UTC
   */
  advance(dt, unixSeconds, burner, pump) {
    const follow = 1 - Math.exp(-dt / NOISE_TIME);
    this.#noise += (2 * this.#random() - 1 - this.#noise) * follow;
    this.#sag += (2 * this.#random() - 1 - this.#sag) * follow;
    const load = BASE_LOAD + DAY_LOAD * workAt(unixSeconds / 3600 % 24) + (burner ? BURNER_LOAD : 0) + (pump ? PUMP_LOAD : 0);
    this.#power = load * (1 + 0.15 * this.#noise);
    this.#energy += this.#power * dt / 3600;
  }
}
function workAt(hour) {
  const shift = 1 / (1 + Math.exp(-(hour - 6) * 2)) - 1 / (1 + Math.exp(-(hour - 18) * 2));
  const lunch = 0.35 * Math.exp(-(((hour - 12.25) / 0.5) ** 2));
  return Math.max(0, shift - lunch);
}
export {
  Meter
};
//# sourceMappingURL=meter.js.map
