import t from "tap";
import simulator from "../../../../adapters/simulator/index.js";
import { waveAt } from "../../../../adapters/simulator/waves.js";
import { silentLog } from "../../../../src/adapter.js";
import { openMemory } from "../../../../src/devices/transport/memory.js";
import { ManualClock } from "../../../support/manual-clock.js";
const wave = { period: 1e4, min: 10, max: 20 };
t.test("waves are functions of time within their limits", async (t2) => {
  t2.equal(waveAt("sine", wave, 0, "k"), 15);
  t2.equal(waveAt("sine", wave, 2500, "k"), 20);
  t2.equal(waveAt("sine", wave, 7500, "k"), 10);
  t2.equal(waveAt("square", wave, 4999, "k"), 20);
  t2.equal(waveAt("square", wave, 5e3, "k"), 10);
  t2.equal(waveAt("triangle", wave, 5e3, "k"), 20);
  t2.equal(waveAt("triangle", wave, 7500, "k"), 15);
  t2.equal(waveAt("counter", wave, 109999, "k"), 20);
  t2.equal(waveAt("counter", wave, 11e4, "k"), 10, "starts again after max");
  for (const shape of ["sine", "square", "triangle", "random", "counter"]) {
    for (let at = 0; at < 1e6; at += 777) {
      const value = waveAt(shape, wave, at, "k");
      if (!(value >= 10 && value <= 20)) t2.fail(`${shape} at ${at}: ${value}`);
      if (waveAt(shape, wave, at, "k") !== value) t2.fail(`${shape} at ${at} is not one value`);
    }
  }
});
t.test("random differs between turns and between points", async (t2) => {
  const values = new Set(Array.from({ length: 100 }, (_, turn) => waveAt("random", wave, turn * 1e4, "a")));
  t2.ok(values.size > 90);
  t2.not(waveAt("random", wave, 0, "a"), waveAt("random", wave, 0, "b"));
});
t.test("the adapter reads waves and keeps what was written to a constant", async (t2) => {
  const clock = new ManualClock(0);
  const wire = openMemory();
  const bus = await simulator.open(wire, {}, { log: silentLog, clock, endpoint: { type: "memory" } });
  const device = bus.device(simulator.device.parse({}));
  const point = (id, address) => ({
    id,
    address: simulator.address.parse(address),
    writable: true
  });
  const sine = point("sine", { wave: "sine", period: "10s", min: 10, max: 20 });
  const setpoint = point("setpoint", { wave: "constant", value: 42 });
  const signal = new AbortController().signal;
  t2.match(await device.read([sine, setpoint], signal), [
    { point: "sine", value: 15, quality: "good", at: 0 },
    { point: "setpoint", value: 42 }
  ]);
  await device.write(setpoint, 43.5, signal);
  t2.match(await device.read([setpoint], signal), [{ value: 43.5 }]);
  await t2.rejects(device.write(setpoint, "hot", signal), { code: "SIMULATOR_TYPE", fault: "caller" });
  await t2.rejects(device.write(sine, 1, signal), { code: "SIMULATOR_READ_ONLY", fault: "caller" });
  t2.equal(simulator.readOnly(setpoint.address), void 0);
  t2.type(simulator.readOnly(sine.address), "string");
  await bus[Symbol.asyncDispose]();
  wire.destroy();
});
t.test("the schema refuses what is no wave and no period", async (t2) => {
  t2.notOk(simulator.address.safeParse({ wave: "tsunami" }).success);
  t2.notOk(simulator.address.safeParse({ wave: "sine", period: "0s" }).success);
  t2.equal(simulator.address.parse({ wave: "sine", period: "1.5s" }).period, 1500);
});
//# sourceMappingURL=index.test.js.map
