import t from "tap";
import { defineAdapter } from "../../../src/core/adapter.js";
import { silentLog } from "../../../src/core/log.js";
import { Port } from "../../../src/devices/port.js";
import { openMemory } from "../../../src/devices/transport/memory.js";
import { ManualClock, settle } from "../../support/manual-clock.js";
import { FakeWorld, fakeError, lineConfig } from "./support.js";
async function rig(options = {}) {
  const clock = options.clock ?? new ManualClock();
  const world = new FakeWorld();
  for (const name of ["a", "b", "c"]) world.add(name);
  const events = [];
  const wires = [];
  const port = new Port({
    config: { ...lineConfig, ...options.config },
    adapter: options.adapter ?? world.adapter,
    devices: new Map(["a", "b", "c"].map((id) => [id, { id }])),
    openTransport: async (endpoint, signal) => {
      const wire = await (options.open ?? (async () => openMemory()))(endpoint, signal);
      wires.push(wire);
      return wire;
    },
    clock,
    log: silentLog,
    random: () => 0.999999,
    onUp: () => events.push("up"),
    onDown: (error) => events.push(`down ${error.code}`)
  });
  port.start();
  await settle();
  return {
    port,
    clock,
    events,
    wires,
    ask: (exchange) => port.exchange({ device: "a", priority: "poll", ...exchange })
  };
}
const tcp = { type: "tcp", host: "127.0.0.1", port: 502 };
t.test("one exchange at a time, with the pause between two", async (t2) => {
  const { port, clock, ask } = await rig({ config: { pause: 50 } });
  const starts = [];
  let busy = 0;
  const run = async () => {
    t2.equal(++busy, 1);
    starts.push(clock.monotonic());
    await clock.sleep(20);
    busy--;
  };
  const all = Promise.all(["a", "b", "c", "a"].map((device) => ask({ device, run })));
  await clock.advance(1e3);
  t2.ok((await all).every(({ ok }) => ok));
  t2.strictSame(starts, [0, 70, 140, 210]);
  await port[Symbol.asyncDispose]();
  t2.equal(clock.pending, 0);
});
t.test("commands before asks before polls; devices take turns", async (t2) => {
  const { port, clock, ask } = await rig();
  const order = [];
  const job = (device, priority, name) => ask({
    device,
    priority,
    run: async () => {
      order.push(name);
      await clock.sleep(10);
    }
  });
  const first = job("a", "poll", "first");
  await settle();
  const rest = [
    job("a", "poll", "poll a1"),
    job("a", "poll", "poll a2"),
    job("b", "poll", "poll b"),
    job("a", "ask", "ask a"),
    job("a", "command", "command a1"),
    job("a", "command", "command a2"),
    job("c", "command", "command c")
  ];
  await clock.advance(500);
  await Promise.all([first, ...rest]);
  t2.strictSame(order, ["first", "command a1", "command c", "command a2", "ask a", "poll a1", "poll b", "poll a2"]);
  await port[Symbol.asyncDispose]();
});
t.test("the deadline aborts the signal; the adapter\u2019s own error is kept", async (t2) => {
  const { port, clock, ask } = await rig({ config: { timeout: 300 } });
  const reasons = [];
  const own = ask({
    run: (_device, signal) => new Promise(
      (_resolve, reject) => signal.addEventListener("abort", () => {
        reasons.push(signal.reason);
        reject(fakeError("FAKE_TIMEOUT", "no answer"));
      })
    )
  });
  await clock.advance(300);
  t2.match(await own, { ok: false, timedOut: true, sent: true, lost: false, ms: 300, error: { code: "FAKE_TIMEOUT" } });
  t2.match(reasons, [{ code: "DEVICE_TIMEOUT", message: "a did not answer within 300 ms" }]);
  await port[Symbol.asyncDispose]();
});
t.test("an adapter that does not end an exchange loses the wire, not the port", async (t2) => {
  const { port, clock, events, ask } = await rig({ config: { timeout: 300 } });
  const stuck = ask({ run: () => new Promise(() => {
  }) });
  await clock.advance(1900);
  t2.match(await stuck, { ok: false, timedOut: true, lost: true, error: { code: "ADAPTER_STUCK", fault: "bug" } });
  await clock.advance(1e3);
  t2.match(await ask({ run: async () => "works" }), { ok: true, value: "works" });
  t2.strictSame(events, ["up", "down ADAPTER_STUCK", "up"]);
  await port[Symbol.asyncDispose]();
});
t.test("the wire closes: the exchange in flight fails at once, what waits goes on on the next wire", async (t2) => {
  const { port, clock, wires, events, ask } = await rig();
  await ask({ run: async () => 1 });
  const signals = [];
  const inFlight = ask({
    run: (_device, signal) => {
      signals.push(signal);
      return new Promise(() => {
      });
    }
  });
  const waiting = ask({ device: "b", run: async () => 2 });
  await settle();
  wires[0].destroy(Object.assign(new Error("reset"), { code: "ECONNRESET" }));
  await settle();
  t2.match(await inFlight, { ok: false, lost: true, error: { code: "PORT_CLOSED", message: /ECONNRESET/ } });
  t2.ok(signals[0].aborted);
  t2.match(await waiting, { ok: true, value: 2 });
  t2.equal(wires.length, 2);
  t2.equal(clock.monotonic(), 0, "opened again at once, because it had worked");
  t2.strictSame(events, ["up", "up"]);
  await port[Symbol.asyncDispose]();
});
t.test("a far side that hangs up at every request: growing delays, and the port is down between", async (t2) => {
  const opened = [];
  const clock = new ManualClock();
  const { port, wires, events, ask } = await rig({
    clock,
    open: async () => {
      opened.push(clock.monotonic());
      return openMemory();
    }
  });
  for (let i = 0; i < 4; i++) {
    const asked = ask({ run: () => new Promise(() => {
    }) });
    await settle();
    wires.at(-1).destroy();
    t2.match(await asked, { ok: false, lost: true });
    await settle();
    await clock.advance(port.nextTryAt - clock.now());
  }
  t2.strictSame(opened, [0, 250, 750, 1750, 3750]);
  t2.equal(events.filter((event) => event === "down PORT_CLOSED").length, 4);
  await port[Symbol.asyncDispose]();
});
t.test("an unused connection that the far side closes is opened again without an alarm", async (t2) => {
  const { port, clock, wires, events } = await rig();
  for (let i = 0; i < 3; i++) {
    wires.at(-1).push(null);
    wires.at(-1).resume();
    await clock.advance(5e3);
  }
  t2.equal(wires.length, 4);
  t2.strictSame(events, ["up", "up", "up", "up"]);
  await port[Symbol.asyncDispose]();
});
t.test("opening fails: delays from 0.25 s to 5 s, the reason in the view, retry tries at once", async (t2) => {
  const attempts = [];
  const clock = new ManualClock();
  let broken = true;
  const { port, events } = await rig({
    clock,
    open: async () => {
      attempts.push(clock.monotonic());
      if (broken) throw fakeError("FAKE_WIRE", "no cable");
      return openMemory();
    }
  });
  await clock.advance(2e4);
  t2.strictSame(attempts, [0, 250, 750, 1750, 3750, 7750, 12750, 17750]);
  t2.match(port.view(), {
    name: "port:line",
    state: "down",
    reason: "no cable",
    hint: "plug it in",
    since: clock.now() - 2e4
  });
  t2.match(await port.exchange({ device: "a", priority: "ask", run: async () => 1 }), {
    ok: false,
    sent: false,
    error: { code: "FAKE_WIRE" }
  });
  broken = false;
  port.retry();
  await settle();
  t2.equal(attempts.length, 9);
  t2.equal(events.at(-1), "up");
  t2.equal(port.error, void 0);
  t2.equal(port.nextTryAt, void 0);
  await port[Symbol.asyncDispose]();
});
t.test("connecting that takes too long is given up, and a wire that comes late is closed", async (t2) => {
  const late = [];
  const { port, clock, events } = await rig({ open: () => new Promise((resolve) => void late.push(resolve)) });
  await clock.advance(5e3);
  t2.strictSame(events, ["down PORT_CONNECT_TIMEOUT"]);
  const wire = openMemory();
  late[0](wire);
  await settle();
  t2.ok(wire.destroyed);
  await port[Symbol.asyncDispose]();
  t2.equal(clock.pending, 0);
});
t.test("an adapter that cannot open its bus: the wire is freed; its bus that comes late is disposed", async (t2) => {
  const clock = new ManualClock();
  let disposed = 0;
  const late = [];
  let mode = "fail";
  const adapter = {
    ...new FakeWorld().adapter,
    open: () => mode === "fail" ? Promise.reject(fakeError("FAKE_WIRE", "not this protocol")) : new Promise((resolve) => void late.push(resolve))
  };
  const { port, wires, events } = await rig({ adapter, clock });
  t2.strictSame(events, ["down FAKE_WIRE"]);
  t2.ok(wires[0].destroyed);
  mode = "late";
  await clock.advance(6e3);
  t2.strictSame(events, ["down FAKE_WIRE", "down PORT_CONNECT_TIMEOUT"]);
  late[0]({ device: () => ({}), [Symbol.asyncDispose]: async () => void disposed++ });
  await settle();
  t2.equal(disposed, 1);
  await port[Symbol.asyncDispose]();
  t2.ok(wires.every((wire) => wire.destroyed));
});
t.test("TCP: after three unanswered exchanges in a row the connection is made anew", async (t2) => {
  const { port, clock, wires, events, ask } = await rig({ config: { endpoint: tcp, timeout: 100 } });
  const silent = (_device, signal) => new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  await ask({ run: async () => 1 });
  for (let i = 0; i < 3; i++) {
    t2.equal(wires.length, 1);
    const asked = ask({ run: silent });
    await clock.advance(100);
    t2.match(await asked, { ok: false, timedOut: true, lost: false, error: { code: "DEVICE_TIMEOUT" } });
  }
  await settle();
  t2.equal(wires.length, 2);
  t2.ok(wires[0].destroyed);
  t2.strictSame(events, ["up", "up"], "the port itself is not down: the device is");
  await port[Symbol.asyncDispose]();
});
t.test("a request that is taken back leaves the queue; on the wire it goes on", async (t2) => {
  const { port, clock, ask } = await rig();
  const controller = new AbortController();
  const onWire = ask({ signal: controller.signal, run: () => clock.sleep(100).then(() => "done") });
  await settle();
  let ran = false;
  const waiting = ask({
    signal: controller.signal,
    run: async () => {
      ran = true;
    }
  });
  controller.abort();
  t2.match(await waiting, { ok: false, sent: false, error: { code: "COMMAND_CANCELLED" } });
  await clock.advance(200);
  t2.match(await onWire, { ok: true, value: "done" });
  t2.notOk(ran);
  t2.match(await ask({ signal: controller.signal, run: async () => 1 }), { ok: false, sent: false });
  await port[Symbol.asyncDispose]();
});
t.test("the lane of a device is bounded, and can be cancelled", async (t2) => {
  const { port, clock, ask } = await rig();
  const blocker = ask({ run: () => clock.sleep(400) });
  await settle();
  const many = Array.from({ length: 101 }, () => ask({ device: "b", priority: "ask", run: async () => 1 }));
  t2.match(await many[100], { ok: false, sent: false, error: { code: "COMMAND_QUEUE_FULL", fault: "limit" } });
  port.cancel("b", fakeError("FAKE_WIRE", "gone"));
  t2.ok((await Promise.all(many)).every((outcome) => !outcome.ok && !outcome.sent));
  await clock.advance(500);
  t2.ok((await blocker).ok);
  await port[Symbol.asyncDispose]();
});
t.test("closing fails what is in flight and what waits, and refuses what comes after", async (t2) => {
  const { port, clock, wires, ask } = await rig();
  const inFlight = ask({ run: () => new Promise(() => {
  }) });
  const waiting = ask({ run: async () => 1 });
  await settle();
  await port[Symbol.asyncDispose]();
  t2.match(await inFlight, { ok: false, sent: true, error: { code: "STOPPED" } });
  t2.match(await waiting, { ok: false, sent: false, error: { code: "STOPPED" } });
  t2.match(await ask({ run: async () => 1 }), { ok: false, error: { code: "STOPPED" } });
  t2.ok(wires[0].destroyed);
  t2.equal(clock.pending, 0);
  t2.equal(port.view().state, "stopping");
});
t.test("a bus that never closes does not hold the port", async (t2) => {
  const clock = new ManualClock();
  const adapter = defineAdapter({
    ...new FakeWorld().adapter,
    open: async () => ({ device: () => ({}), [Symbol.asyncDispose]: () => new Promise(() => {
    }) })
  });
  const { port, wires } = await rig({ adapter, clock });
  const closing = port[Symbol.asyncDispose]();
  await clock.advance(2e3);
  await closing;
  t2.ok(wires[0].destroyed);
});
//# sourceMappingURL=port.test.js.map
