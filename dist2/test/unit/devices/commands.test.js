import t from "tap";
import { deviceConfig, FakeWorld, fakeError, pointConfig, startBench, writable } from "./support.js";
const noSignal = new AbortController().signal;
const setpoint = (changes = {}) => pointConfig("setpoint", 0, { scale: 0.1, write: { ...writable, min: 10, max: 90, step: 0.5 }, ...changes });
async function boilerBench(changes = {}) {
  const world = new FakeWorld();
  const boiler = world.add("boiler", { 0: 420, 5: false });
  const points = [setpoint(changes), pointConfig("burner", 5, { write: writable }), pointConfig("fixed", 5)];
  const bench = await startBench(world, [deviceConfig("boiler", points)]);
  return { bench, boiler, world };
}
const set = "hpmq/gw/boiler/setpoint/set";
const result = `${set}/result`;
t.test("a command is written, read back, and its result says verified; the topic gets the read value", async (t2) => {
  const { bench, boiler } = await boilerBench();
  bench.publish(set, "42.5", {
    properties: { responseTopic: "client/answers", correlationData: Buffer.from("c-1") }
  });
  await bench.clock.advance(0);
  t2.equal(boiler.registers.get(0), 425);
  t2.strictSame(bench.router.last(result), { status: "verified", v: 42.5, t: bench.clock.now(), correlation: "c-1" });
  t2.strictSame(bench.router.last("client/answers"), bench.router.last(result));
  const answer = bench.router.messages.find(({ topic }) => topic === "client/answers");
  t2.equal(String(answer.properties?.correlationData), "c-1");
  t2.equal(answer.retain, false);
  t2.match(bench.router.last("hpmq/gw/boiler/setpoint"), { v: 42.5, q: "good" });
  await bench[Symbol.asyncDispose]();
});
t.test("forms of a value", async (t2) => {
  const { bench, boiler } = await boilerBench();
  for (const [payload, raw] of [
    ["42", 420],
    ['{"v":43}', 430],
    ['{"v": 43.5, "unknown": 1}', 435],
    ['"44"', 440],
    [" 4.5e1 ", 450]
  ]) {
    bench.publish(set, payload);
    await bench.clock.advance(0);
    t2.equal(boiler.registers.get(0), raw, payload);
    t2.equal(bench.router.last(result).status, "verified", payload);
  }
  for (const [payload, raw] of [
    ["true", true],
    ["0", false],
    ["on", true],
    ['{"v":"off"}', false]
  ]) {
    bench.publish("hpmq/gw/boiler/burner/set", payload);
    await bench.clock.advance(0);
    t2.equal(boiler.registers.get(5), raw, payload);
  }
  await bench[Symbol.asyncDispose]();
});
t.test("what may not be written is refused and never reaches the wire", async (t2) => {
  const { bench, boiler } = await boilerBench();
  boiler.log.length = 0;
  for (const [payload, code] of [
    ["9", "POINT_OUT_OF_RANGE"],
    ["90.5", "POINT_OUT_OF_RANGE"],
    ["42.3", "POINT_OFF_STEP"],
    ["hot", "POINT_WRONG_TYPE"],
    ["true", "POINT_WRONG_TYPE"],
    ["NaN", "POINT_WRONG_TYPE"],
    ["1e999", "POINT_WRONG_TYPE"],
    ["null", "COMMAND_MALFORMED"],
    ["[1]", "COMMAND_MALFORMED"],
    ['{"v":', "COMMAND_MALFORMED"],
    ["{}", "COMMAND_MALFORMED"],
    ["", "COMMAND_MALFORMED"],
    ["x".repeat(7e4), "COMMAND_MALFORMED"]
  ]) {
    bench.publish(set, payload);
    await bench.clock.advance(0);
    const last = bench.router.last(result);
    t2.match(last, { status: "refused", v: null, code }, payload.slice(0, 10));
    t2.type(last.hint, "string");
  }
  bench.publish(set, "42", { payload: Buffer.from([255, 254]) });
  await bench.clock.advance(0);
  t2.match(bench.router.last(result), { status: "refused", code: "COMMAND_MALFORMED" });
  bench.publish("hpmq/gw/boiler/fixed/set", "1");
  await bench.clock.advance(0);
  t2.match(bench.router.last("hpmq/gw/boiler/fixed/set/result"), { status: "refused", code: "POINT_READ_ONLY" });
  bench.publish("hpmq/gw/boiler/setpont/set", "1");
  await bench.clock.advance(0);
  t2.match(bench.router.last("hpmq/gw/boiler/setpont/set/result"), {
    status: "refused",
    code: "POINT_UNKNOWN",
    hint: "did you mean setpoint?"
  });
  bench.publish("hpmq/gw/boler/setpoint/set", "1");
  await bench.clock.advance(0);
  t2.match(bench.router.last("hpmq/gw/boler/setpoint/set/result"), { status: "refused", code: "DEVICE_UNKNOWN" });
  t2.equal(boiler.log.length, 0);
  await bench[Symbol.asyncDispose]();
});
t.test("a retained command is refused; clearing it is not a command", async (t2) => {
  const { bench, boiler } = await boilerBench();
  bench.publish(set, "42", { retain: true });
  await bench.clock.advance(0);
  t2.match(bench.router.last(result), { status: "refused", code: "COMMAND_RETAINED" });
  bench.publish(set, "", { retain: true });
  await bench.clock.advance(0);
  t2.equal(bench.router.on(result).length, 1);
  t2.equal(boiler.registers.get(0), 420);
  await bench[Symbol.asyncDispose]();
});
t.test("several points in one object: one result with each; one refused value refuses all", async (t2) => {
  const { bench, boiler } = await boilerBench();
  bench.publish("hpmq/gw/boiler/set", '{"setpoint":50,"burner":{"v":true}}');
  await bench.clock.advance(0);
  const topic = "hpmq/gw/boiler/set/result";
  t2.match(bench.router.last(topic), {
    status: "verified",
    points: { setpoint: { status: "verified", v: 50 }, burner: { status: "verified", v: true } }
  });
  bench.publish("hpmq/gw/boiler/set", '{"setpoint":99,"burner":false}');
  await bench.clock.advance(0);
  t2.match(bench.router.last(topic), {
    status: "refused",
    points: { setpoint: { code: "POINT_OUT_OF_RANGE" }, burner: { code: "COMMAND_NOT_TRIED" } }
  });
  t2.equal(boiler.registers.get(5), true);
  for (const garbage of ["42", "{}", '{"__proto__":1}', "no"]) {
    bench.publish("hpmq/gw/boiler/set", garbage);
    await bench.clock.advance(0);
    t2.equal(bench.router.last(topic).status, "refused", garbage);
  }
  await bench[Symbol.asyncDispose]();
});
t.test("time-out is unknown, exception is failed, another value read back is failed with that value", async (t2) => {
  const { bench, boiler } = await boilerBench();
  const write = async (value) => {
    const [outcome] = await Promise.all([
      bench.devices.write("boiler", "setpoint", { value }, noSignal),
      bench.clock.advance(600)
    ]);
    return outcome;
  };
  boiler.onWrite = "refuse";
  t2.match(await write(50), { status: "failed", value: null, error: { code: "FAKE_REFUSED" } });
  t2.equal(bench.state("boiler"), "online", "a device that refuses is there");
  boiler.onWrite = "ignore";
  t2.match(await write(50), { status: "failed", value: 42, error: { code: "COMMAND_NOT_VERIFIED" } });
  boiler.onWrite = "silent";
  t2.match(await write(50), { status: "unknown", value: null, error: { code: "FAKE_TIMEOUT" } });
  boiler.onWrite = "store";
  t2.match(await write(50), { status: "verified", value: 50 });
  await bench[Symbol.asyncDispose]();
});
t.test(
  "an adapter that refuses a value before sending is `refused`, and says nothing against the device",
  async (t2) => {
    const world = new FakeWorld();
    world.add("plc", { 0: "text" });
    await using bench = await startBench(world, [
      deviceConfig("plc", [pointConfig("name", 0, { write: { ...writable, verify: false } })])
    ]);
    const outcome = await bench.devices.write("plc", "name", { value: "abc" }, noSignal);
    t2.match(outcome, { status: "refused", error: { code: "FAKE_VALUE" } });
    t2.match(bench.devices.devices(), [{ state: "online", errors: 0 }]);
  }
);
t.test("without verify the result is written, and the value is read soon", async (t2) => {
  const { bench, boiler } = await boilerBench({ write: { ...writable, verify: false }, every: 36e5 });
  bench.publish(set, "77");
  await bench.clock.advance(0);
  t2.match(bench.router.last(result), { status: "written", v: 77 });
  t2.equal(boiler.registers.get(0), 770);
  t2.match(bench.router.last("hpmq/gw/boiler/setpoint"), { v: 77, q: "good" });
  await bench[Symbol.asyncDispose]();
});
t.test("writes go before reads, and one at a time", async (t2) => {
  const world = new FakeWorld();
  for (const name of ["a", "b", "c"]) world.add(name, { 0: 1, 9: 0 }).latency = 100;
  const point = pointConfig("w", 9, { every: 36e5, write: { ...writable, verify: false } });
  const configs = ["a", "b", "c"].map((name) => deviceConfig(name, [pointConfig("x", 0), point]));
  await using bench = await startBench(world, configs);
  await bench.clock.advance(2500);
  world.log.length = 0;
  const busy = bench.clock.advance(1010);
  const writes = ["a", "b", "c"].map((name) => bench.devices.write(name, "w", { value: 5 }, noSignal));
  await busy;
  await bench.clock.advance(1e3);
  t2.strictSame(
    (await Promise.all(writes)).map(({ status }) => status),
    ["written", "written", "written"]
  );
  t2.equal(world.mostBusy, 1);
  const order = world.log.filter((what) => what.includes("write"));
  t2.strictSame(order, ["a write 9=5", "b write 9=5", "c write 9=5"]);
  t2.ok(world.log.indexOf("c write 9=5") <= 3, `writes were first: ${world.log}`);
});
t.test("a flood of writes does not silence the readings", async (t2) => {
  const world = new FakeWorld();
  world.add("a", { 0: 1, 9: 0 }).latency = 20;
  const point = pointConfig("w", 9, { every: 36e5, write: { ...writable, verify: false } });
  await using bench = await startBench(world, [deviceConfig("a", [pointConfig("x", 0, { every: 200 }), point])]);
  await bench.clock.advance(1e3);
  const writes = Array.from({ length: 100 }, () => bench.devices.write("a", "w", { value: 5 }, noSignal));
  world.log.length = 0;
  await bench.clock.advance(2e3);
  const reads = world.log.filter((what) => what.includes("read 0")).length;
  t2.ok(reads >= 5, `${reads} reads among ${world.log.length} exchanges`);
  await bench.clock.advance(2e3);
  t2.ok((await Promise.all(writes)).every(({ status }) => status === "written"));
});
t.test("the queue of a device is bounded; a command that waits too long fails without being sent", async (t2) => {
  const world = new FakeWorld();
  const plc = world.add("plc", { 0: 1 });
  const point = pointConfig("x", 0, { every: 36e5, write: { ...writable, verify: false } });
  await using bench = await startBench(world, [deviceConfig("plc", [point])]);
  plc.latency = 300;
  const many = Array.from({ length: 105 }, (_, i) => bench.devices.write("plc", "x", { value: i }, noSignal));
  await bench.clock.advance(6e4);
  const results = await Promise.all(many);
  const full = results.filter(({ error }) => error?.code === "COMMAND_QUEUE_FULL");
  const expired = results.filter(({ error }) => error?.code === "COMMAND_EXPIRED");
  t2.equal(full.length, 4, "one on the wire, a hundred wait");
  t2.ok(full.every(({ status, error }) => status === "refused" && error?.fault === "limit"));
  t2.ok(expired.length > 80 && expired.every(({ status }) => status === "failed"));
  t2.equal(
    results.filter(({ status }) => status === "written").length,
    plc.log.filter((w) => w.includes("write")).length
  );
});
t.test("Message Expiry is the deadline", async (t2) => {
  const { bench, boiler } = await boilerBench();
  bench.publish(set, "42", { expiresAt: bench.clock.now() - 1 });
  await bench.clock.advance(0);
  t2.match(bench.router.last(result), { status: "failed", code: "COMMAND_EXPIRED" });
  bench.publish(set, "55", { expiresAt: bench.clock.now() + 1e3 * 86400 * 365 });
  await bench.clock.advance(0);
  t2.equal(boiler.registers.get(0), 550);
  await bench[Symbol.asyncDispose]();
});
t.test("a command to an offline device fails at once and costs the wire nothing", async (t2) => {
  const { bench, boiler } = await boilerBench();
  boiler.dead = true;
  await bench.clock.advance(5e3);
  boiler.log.length = 0;
  bench.publish(set, "42");
  await bench.clock.advance(0);
  t2.match(bench.router.last(result), { status: "failed", code: "DEVICE_OFFLINE", hint: "check the fake" });
  t2.equal(boiler.log.length, 0);
  await bench[Symbol.asyncDispose]();
});
t.test("the wire is cut during a write: unknown; a port that does not open: failed", async (t2) => {
  const { bench, boiler, world } = await boilerBench();
  boiler.onWrite = "silent";
  const write = bench.devices.write("boiler", "setpoint", { value: 50 }, noSignal);
  await bench.clock.advance(0);
  world.openError = fakeError("FAKE_WIRE", "no cable");
  world.cut();
  await bench.clock.advance(0);
  t2.match(await write, { status: "unknown", error: { code: "PORT_CLOSED" } });
  const after = await bench.devices.write("boiler", "setpoint", { value: 50 }, noSignal);
  t2.match(after, { status: "failed", error: { code: "DEVICE_OFFLINE", hint: "plug it in" } });
  await bench[Symbol.asyncDispose]();
});
t.test("a result is never taken for a command, even with a Response Topic that is one", async (t2) => {
  const { bench, boiler } = await boilerBench();
  bench.publish(set, "42", { properties: { responseTopic: set } });
  bench.publish(set, "43", { properties: { responseTopic: "bad/#/topic" } });
  await bench.clock.advance(0);
  t2.equal(bench.router.on(result).length, 2);
  t2.equal(boiler.registers.get(0), 430);
  await bench[Symbol.asyncDispose]();
});
t.test("a client that goes away takes back its waiting write", async (t2) => {
  const world = new FakeWorld();
  const plc = world.add("plc", { 0: 1 });
  const point = pointConfig("x", 0, { every: 36e5, write: { ...writable, verify: false } });
  await using bench = await startBench(world, [deviceConfig("plc", [point])]);
  plc.latency = 300;
  const first = bench.devices.write("plc", "x", { value: 1 }, noSignal);
  const gone = new AbortController();
  const second = bench.devices.write("plc", "x", { value: 2 }, gone.signal);
  gone.abort();
  await bench.clock.advance(1e3);
  t2.equal((await first).status, "written");
  t2.match(await second, { status: "refused", error: { code: "COMMAND_CANCELLED" } });
  t2.equal(plc.registers.get(0), 1);
});
t.test("each write over MQTT is in the audit log: who, which point, how it ended; no value", async (t2) => {
  const { bench } = await boilerBench();
  bench.publish(set, "42.5");
  await bench.clock.advance(0);
  bench.publish(set, "9999");
  await bench.clock.advance(0);
  bench.publish("hpmq/gw/boiler/nonesuch/set", "1");
  bench.publish("hpmq/gw/boiler/set", '{"burner":true,"fixed":true}');
  await bench.clock.advance(0);
  t2.strictSame(
    bench.audits.map(({ who, action, target, outcome }) => [who, action, target, outcome].join(" ")),
    [
      "client:test write point boiler.setpoint verified",
      "client:test write point boiler.setpoint refused POINT_OUT_OF_RANGE",
      "client:test write point boiler.nonesuch refused POINT_UNKNOWN",
      "client:test write point boiler.burner refused COMMAND_NOT_TRIED",
      "client:test write point boiler.fixed refused POINT_READ_ONLY"
    ]
  );
  await bench[Symbol.asyncDispose]();
});
//# sourceMappingURL=commands.test.js.map
