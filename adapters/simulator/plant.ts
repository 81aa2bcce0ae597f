/**
 * A small plant whose values move believably: a boiler that follows its set-point, an energy meter under a load that
 * has a day, a tank with a pump. Physics in engineering units and no protocol: whoever simulates a device maps these
 * onto its registers. Time comes from the clock alone, so a test can live through a day in a moment.
 */
import type { Clock } from '../../src/adapter.js';
import { Boiler } from './plant/boiler.js';
import { Meter } from './plant/meter.js';
import { Tank } from './plant/tank.js';

/** The physics is computed in steps of at most this, s; larger ones would make the burner's switching coarse. */
const MAX_STEP_S = 0.5;
/** A gap longer than this (a sleeping laptop) is not computed through, s. */
const MAX_GAP_S = 6 * 3_600;

export interface PlantOptions {
  readonly clock: Clock;
  /** Returns a number in [0, 1): the noise of the sensors. */
  readonly random: () => number;
}

export interface Plant {
  readonly boiler: Boiler;
  readonly meter: Meter;
  readonly tank: Tank;
  /** Computes everything up to the present moment of the clock. */
  step(): void;
}

export function createPlant({ clock, random }: PlantOptions): Plant {
  const boiler = new Boiler(random);
  const meter = new Meter(random);
  const tank = new Tank();
  let last = clock.monotonic();
  return {
    boiler,
    meter,
    tank,
    step() {
      const now = clock.monotonic();
      let seconds = Math.min(MAX_GAP_S, (now - last) / 1_000);
      last = now;
      // Seconds before now: the load of the meter depends on the time of day.
      const end = clock.now() / 1_000;
      while (seconds > 0) {
        const dt = Math.min(MAX_STEP_S, seconds);
        seconds -= dt;
        boiler.advance(dt);
        tank.advance(dt);
        meter.advance(dt, end - seconds, boiler.isFiring, tank.pump);
      }
    },
  };
}
