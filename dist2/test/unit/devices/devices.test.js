import t from "tap";
import { deviceConfig, FakeWorld, pointConfig, startBench, writable } from "./support.js";
t.test("a value is published with quality, sample time and unit, and again when it changes", async (t2) => {
  const world = new FakeWorld();
  const boiler = world.add("boiler", { 0: 714 });
  const point = pointConfig("temperature", 0, { scale: 0.1, unit: "\xB0C" });
  await using bench = await startBench(world, [deviceConfig("boiler", [point])]);
  const topic = "hpmq/gw/boiler/temperature";
  t2.strictSame(bench.router.last(topic), { v: 71.4, q: "good", t: bench.clock.now(), u: "\xB0C" });
  t2.match(
    bench.router.messages.find((message) => message.topic === topic),
    {
      qos: 1,
      retain: true,
      origin: "device:boiler"
    }
  );
  boiler.registers.set(0, 715);
  await bench.clock.advance(1e3);
  t2.strictSame(bench.router.last(topic), { v: 71.5, q: "good", t: bench.clock.now(), u: "\xB0C" });
  t2.strictSame(bench.router.last("hpmq/gw/boiler/$state"), {
    state: "online",
    since: bench.clock.now() - 1e3
  });
});
t.test("after dispose nothing is pending and the bus is disposed", async (t2) => {
  const world = new FakeWorld();
  world.add("a");
  world.add("b").dead = true;
  const bench = await startBench(world, [
    deviceConfig("a", [pointConfig("x", 0, { write: writable })]),
    deviceConfig("b", [pointConfig("x", 0)])
  ]);
  await bench.clock.advance(3200);
  const write = bench.devices.write("a", "x", { value: 3 }, new AbortController().signal);
  await bench.devices[Symbol.asyncDispose]();
  await write;
  t2.equal(bench.clock.pending, 0);
  t2.equal(world.disposed, 1);
});
t.test("a store that fails to take a reading does not stop polling", async (t2) => {
  const world = new FakeWorld();
  const plc = world.add("plc");
  await using bench = await startBench(world, [deviceConfig("plc", [pointConfig("x", 0)])]);
  bench.router.stored = Promise.reject(new Error("disk full"));
  bench.router.stored.catch(() => {
  });
  plc.registers.set(0, 2);
  await bench.clock.advance(3e3);
  t2.equal(bench.router.on("hpmq/gw/plc/x").length, 4);
  t2.equal(bench.state("plc"), "online");
});
t.test("a signal that is aborted already starts nothing", async (t2) => {
  const world = new FakeWorld();
  world.add("plc");
  const bench = await startBench(world, [deviceConfig("plc", [pointConfig("x", 0)])]);
  await t2.rejects(bench.devices.start(AbortSignal.abort(new Error("no"))), { message: "no" });
  await bench.devices[Symbol.asyncDispose]();
  await bench.devices[Symbol.asyncDispose]();
  t2.equal(bench.devices.status().state, "stopping");
  const after = await bench.devices.write("plc", "x", { value: 1 }, new AbortController().signal);
  t2.match(after, { status: "refused", error: { code: "STOPPED" } });
});
//# sourceMappingURL=devices.test.js.map
