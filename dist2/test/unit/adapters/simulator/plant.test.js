import t from "tap";
import { createPlant } from "../../../../adapters/simulator/plant.js";
import { ManualClock } from "../../../support/manual-clock.js";
function pseudoRandom() {
  let state = 12345;
  return () => {
    state = Math.imul(state, 1103515245) + 12345 & 2147483647;
    return state / 2147483648;
  };
}
async function minutes(clock, plant, count) {
  await clock.advance(count * 6e4);
  plant.step();
}
t.test("the boiler follows its set-point with inertia and holds it by switching the flame", async (t2) => {
  const clock = new ManualClock();
  const plant = createPlant({ clock, random: pseudoRandom() });
  const { boiler } = plant;
  await minutes(clock, plant, 10);
  t2.ok(Math.abs(boiler.temperature - 60) < 3, `${boiler.temperature} near 60`);
  boiler.setpoint = 75;
  await clock.advance(1e3);
  plant.step();
  t2.ok(boiler.temperature < 65, "not at once");
  await minutes(clock, plant, 10);
  t2.ok(Math.abs(boiler.temperature - 75) < 3, `${boiler.temperature} near 75`);
  const seen = /* @__PURE__ */ new Set();
  for (let i = 0; i < 600; i++) {
    await clock.advance(1e3);
    plant.step();
    seen.add(boiler.isFiring);
  }
  t2.equal(seen.size, 2, "the flame goes on and off");
  t2.ok(boiler.pressure > 1.5 && boiler.pressure < 2.5);
  boiler.burner = false;
  await minutes(clock, plant, 120);
  t2.ok(boiler.temperature < 20, "cold without the burner");
  t2.ok(boiler.pressure < 1.3);
  t2.equal(boiler.flow, 0);
  boiler.setpoint = 500;
  t2.equal(boiler.setpoint, 90, "the controller has its limits");
});
t.test("the meter: energy is the integral of power, the day draws more than the night", async (t2) => {
  const clock = new ManualClock(Date.UTC(2026, 0, 1, 2));
  const plant = createPlant({ clock, random: pseudoRandom() });
  const { meter } = plant;
  const before = meter.energy;
  let sum = 0;
  let last = before;
  for (let i = 0; i < 60; i++) {
    await minutes(clock, plant, 1);
    t2.ok(meter.energy >= last);
    last = meter.energy;
    sum += meter.power / 60;
  }
  const night = meter.energy - before;
  t2.ok(Math.abs(night - sum) / sum < 0.2, `${night} kWh, ${sum} by sampling`);
  clock.setWall(Date.UTC(2026, 0, 1, 9));
  const morning = meter.energy;
  await minutes(clock, plant, 60);
  t2.ok(meter.energy - morning > 2 * night);
  for (const volts of meter.voltages) t2.ok(volts > 220 && volts < 240);
  const [i1, i2, i3] = meter.currents;
  const [u1, u2, u3] = meter.voltages;
  const power = (i1 * u1 + i2 * u2 + i3 * u3) * meter.powerFactor / 1e3;
  t2.ok(Math.abs(power - meter.power) < 1e-9, "currents and voltages make the power");
  t2.equal(meter.energyCounter, Math.floor(meter.energy * 1e3));
});
t.test("the tank empties, its pump fills it, its switches follow, and full stops the pump", async (t2) => {
  const clock = new ManualClock();
  const plant = createPlant({ clock, random: pseudoRandom() });
  const { tank } = plant;
  await minutes(clock, plant, 5);
  t2.ok(tank.isLow && !tank.isHigh, `${tank.level} %`);
  await minutes(clock, plant, 600);
  t2.ok(tank.level >= 0);
  tank.pump = true;
  await minutes(clock, plant, 4);
  t2.ok(tank.isHigh || tank.level > 60);
  await minutes(clock, plant, 10);
  t2.equal(tank.pump, false);
});
t.test("step depends on time alone: many small steps are one large one", async (t2) => {
  const [a, b] = [new ManualClock(), new ManualClock()];
  const one = createPlant({ clock: a, random: () => 0.5 });
  const many = createPlant({ clock: b, random: () => 0.5 });
  for (const plant of [one, many]) plant.tank.pump = true;
  await a.advance(6e4);
  one.step();
  for (let i = 0; i < 240; i++) {
    await b.advance(250);
    many.step();
  }
  t2.ok(Math.abs(one.boiler.temperature - many.boiler.temperature) < 0.3);
  t2.ok(Math.abs(one.tank.level - many.tank.level) < 1e-6);
  t2.ok(Math.abs(one.meter.energy - many.meter.energy) < 1e-3);
  const { temperature } = one.boiler;
  one.step();
  t2.equal(one.boiler.temperature, temperature, "no time, no change");
});
//# sourceMappingURL=plant.test.js.map
