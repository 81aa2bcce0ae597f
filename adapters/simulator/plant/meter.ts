/** V between phase and neutral. */
const NOMINAL_VOLTAGE = 230;
/** kW: always on, added by the day's work, and drawn by the machines of the plant. */
const BASE_LOAD = 3.5;
const DAY_LOAD = 14;
const BURNER_LOAD = 0.4;
const PUMP_LOAD = 2.2;
const POWER_FACTOR = 0.94;
/** Share of the load on each phase: no plant is balanced. */
const PHASE_SHARE = [0.36, 0.33, 0.31] as const;
/** s in which the noise of the load wanders. */
const NOISE_TIME = 20;

/** A three-phase energy meter. */
export class Meter {
  readonly #random: () => number;
  #noise = 0;
  #sag = 0;
  #power = BASE_LOAD;
  #energy = 48_211.5;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** V of phases 1 to 3: the grid wanders, and load pulls it down a little. */
  get voltages(): readonly [number, number, number] {
    const volts = (phase: number) =>
      NOMINAL_VOLTAGE + 1.5 * this.#sag - 0.15 * this.#power * PHASE_SHARE[phase]! + (phase - 1) * 0.7;
    return [volts(0), volts(1), volts(2)];
  }

  /** A of phases 1 to 3. */
  get currents(): readonly [number, number, number] {
    const [u1, u2, u3] = this.voltages;
    const amperes = (phase: number, volts: number) =>
      (this.#power * 1_000 * PHASE_SHARE[phase]!) / (volts * POWER_FACTOR);
    return [amperes(0, u1), amperes(1, u2), amperes(2, u3)];
  }

  /** kW, all phases. */
  get power(): number {
    return this.#power;
  }

  get powerFactor(): number {
    return POWER_FACTOR;
  }

  /** Hz */
  get frequency(): number {
    return 50 + 0.02 * this.#sag;
  }

  /** kWh since it was installed; never falls. */
  get energy(): number {
    return this.#energy;
  }

  /** Wh as the 32-bit counter of such meters holds it: starts again at 0 after 2³² − 1. */
  get energyCounter(): number {
    return Math.floor(this.#energy * 1_000) % 2 ** 32;
  }

  /**
   * @param dt - s
   * @param unixSeconds - the day has its hours in UTC
   */
  advance(dt: number, unixSeconds: number, burner: boolean, pump: boolean): void {
    const follow = 1 - Math.exp(-dt / NOISE_TIME);
    this.#noise += (2 * this.#random() - 1 - this.#noise) * follow;
    this.#sag += (2 * this.#random() - 1 - this.#sag) * follow;
    const load =
      BASE_LOAD + DAY_LOAD * workAt((unixSeconds / 3_600) % 24) + (burner ? BURNER_LOAD : 0) + (pump ? PUMP_LOAD : 0);
    this.#power = load * (1 + 0.15 * this.#noise);
    this.#energy += (this.#power * dt) / 3_600;
  }
}

/** Share of the day's work at an hour, 0 to 1: begins at 6, rests at noon, ends at 18. */
function workAt(hour: number): number {
  const shift = 1 / (1 + Math.exp(-(hour - 6) * 2)) - 1 / (1 + Math.exp(-(hour - 18) * 2));
  const lunch = 0.35 * Math.exp(-(((hour - 12.25) / 0.5) ** 2));
  return Math.max(0, shift - lunch);
}
