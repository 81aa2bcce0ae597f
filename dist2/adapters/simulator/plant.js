import { Boiler } from "./plant/boiler.js";
import { Meter } from "./plant/meter.js";
import { Tank } from "./plant/tank.js";
const MAX_STEP_S = 0.5;
const MAX_GAP_S = 6 * 3600;
function createPlant({ clock, random }) {
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
      let seconds = Math.min(MAX_GAP_S, (now - last) / 1e3);
      last = now;
      const end = clock.now() / 1e3;
      while (seconds > 0) {
        const dt = Math.min(MAX_STEP_S, seconds);
        seconds -= dt;
        boiler.advance(dt);
        tank.advance(dt);
        meter.advance(dt, end - seconds, boiler.isFiring, tank.pump);
      }
    }
  };
}
export {
  createPlant
};
//# sourceMappingURL=plant.js.map
