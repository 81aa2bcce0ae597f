import t from 'tap';
import { createPlant } from '../../../../adapters/simulator/plant.js';
import { ManualClock } from '../../../support/manual-clock.js';

/** A generator of numbers that look random and are the same in each run. */
function pseudoRandom(): () => number {
  let state = 12_345;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state / 0x80000000;
  };
}

async function minutes(clock: ManualClock, plant: ReturnType<typeof createPlant>, count: number): Promise<void> {
  await clock.advance(count * 60_000);
  plant.step();
}

t.test('the boiler follows its set-point with inertia and holds it by switching the flame', async (t) => {
  const clock = new ManualClock();
  const plant = createPlant({ clock, random: pseudoRandom() });
  const { boiler } = plant;
  await minutes(clock, plant, 10);
  t.ok(Math.abs(boiler.temperature - 60) < 3, `${boiler.temperature} near 60`);
  boiler.setpoint = 75;
  await clock.advance(1_000);
  plant.step();
  t.ok(boiler.temperature < 65, 'not at once');
  await minutes(clock, plant, 10);
  t.ok(Math.abs(boiler.temperature - 75) < 3, `${boiler.temperature} near 75`);
  const seen = new Set<boolean>();
  for (let i = 0; i < 600; i++) {
    await clock.advance(1_000);
    plant.step();
    seen.add(boiler.isFiring);
  }
  t.equal(seen.size, 2, 'the flame goes on and off');
  t.ok(boiler.pressure > 1.5 && boiler.pressure < 2.5);
  boiler.burner = false;
  await minutes(clock, plant, 120);
  t.ok(boiler.temperature < 20, 'cold without the burner');
  t.ok(boiler.pressure < 1.3);
  t.equal(boiler.flow, 0);
  boiler.setpoint = 500;
  t.equal(boiler.setpoint, 90, 'the controller has its limits');
});

t.test('the meter: energy is the integral of power, the day draws more than the night', async (t) => {
  const clock = new ManualClock(Date.UTC(2026, 0, 1, 2));
  const plant = createPlant({ clock, random: pseudoRandom() });
  const { meter } = plant;
  const before = meter.energy;
  let sum = 0;
  let last = before;
  for (let i = 0; i < 60; i++) {
    await minutes(clock, plant, 1);
    t.ok(meter.energy >= last);
    last = meter.energy;
    sum += meter.power / 60;
  }
  const night = meter.energy - before;
  t.ok(Math.abs(night - sum) / sum < 0.2, `${night} kWh, ${sum} by sampling`);
  clock.setWall(Date.UTC(2026, 0, 1, 9));
  const morning = meter.energy;
  await minutes(clock, plant, 60);
  t.ok(meter.energy - morning > 2 * night);
  for (const volts of meter.voltages) t.ok(volts > 220 && volts < 240);
  const [i1, i2, i3] = meter.currents;
  const [u1, u2, u3] = meter.voltages;
  const power = ((i1 * u1 + i2 * u2 + i3 * u3) * meter.powerFactor) / 1_000;
  t.ok(Math.abs(power - meter.power) < 1e-9, 'currents and voltages make the power');
  t.equal(meter.energyCounter, Math.floor(meter.energy * 1_000));
});

t.test('the tank empties, its pump fills it, its switches follow, and full stops the pump', async (t) => {
  const clock = new ManualClock();
  const plant = createPlant({ clock, random: pseudoRandom() });
  const { tank } = plant;
  await minutes(clock, plant, 5);
  t.ok(tank.isLow && !tank.isHigh, `${tank.level} %`);
  await minutes(clock, plant, 600);
  t.ok(tank.level >= 0);
  tank.pump = true;
  await minutes(clock, plant, 4);
  t.ok(tank.isHigh || tank.level > 60);
  await minutes(clock, plant, 10);
  t.equal(tank.pump, false);
});

t.test('step depends on time alone: many small steps are one large one', async (t) => {
  const [a, b] = [new ManualClock(), new ManualClock()];
  const one = createPlant({ clock: a, random: () => 0.5 });
  const many = createPlant({ clock: b, random: () => 0.5 });
  for (const plant of [one, many]) plant.tank.pump = true;
  await a.advance(60_000);
  one.step();
  for (let i = 0; i < 240; i++) {
    await b.advance(250);
    many.step();
  }
  t.ok(Math.abs(one.boiler.temperature - many.boiler.temperature) < 0.3);
  t.ok(Math.abs(one.tank.level - many.tank.level) < 1e-6);
  t.ok(Math.abs(one.meter.energy - many.meter.energy) < 1e-3);
  const { temperature } = one.boiler;
  one.step();
  t.equal(one.boiler.temperature, temperature, 'no time, no change');
});
