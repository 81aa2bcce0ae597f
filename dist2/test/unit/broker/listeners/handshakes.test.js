import { Socket } from "node:net";
import t, {} from "tap";
import { Handshakes } from "../../../../src/broker/listeners/handshakes.js";
import { ManualClock } from "../../../support/manual-clock.js";
function setUp(t2, atOnce) {
  const clock = new ManualClock();
  const failed = [];
  const handshakes = new Handshakes({
    limits: { timeout: 1e4, atOnce },
    clock,
    onFailed: (_socket, reason) => failed.push(reason)
  });
  const enter = () => {
    const socket = new Socket();
    const entry = { socket, handshake: void 0 };
    t2.teardown(() => socket.destroy());
    handshakes.enter(socket, (handshake) => {
      entry.handshake = handshake;
    });
    return entry;
  };
  return { clock, failed, handshakes, enter };
}
t.test("one that gets through leaves no timer", async (t2) => {
  const { clock, failed, handshakes, enter } = setUp(t2, 2);
  const { handshake, socket } = enter();
  t2.equal(handshake?.done(), true);
  t2.equal(clock.pending, 0);
  socket.destroy();
  await new Promise((resolve) => socket.once("close", resolve));
  t2.same([failed, handshakes.running], [[], 0]);
});
t.test("the deadline ends it, and done() says so", async (t2) => {
  const { clock, failed, enter } = setUp(t2, 2);
  const { handshake, socket } = enter();
  await clock.advance(1e4);
  t2.ok(socket.destroyed);
  t2.equal(handshake?.done(), false);
  t2.same(failed, ["not done within 10000 ms"]);
});
t.test("a refusal in words closes later; the reason is kept, and the deadline holds on", async (t2) => {
  const { clock, failed, enter } = setUp(t2, 2);
  const first = enter();
  first.handshake?.refuse("wrong path");
  t2.notOk(first.socket.destroyed);
  first.socket.destroy();
  await new Promise((resolve) => first.socket.once("close", resolve));
  const second = enter();
  second.handshake?.refuse("wrong path");
  await clock.advance(1e4);
  t2.ok(second.socket.destroyed);
  t2.same(failed, ["wrong path", "not done within 10000 ms"]);
});
t.test("more than the limit wait in line, first come first served", async (t2) => {
  const { handshakes, enter } = setUp(t2, 2);
  const [a, b, c, d] = [enter(), enter(), enter(), enter()];
  t2.same([c.handshake, d.handshake, handshakes.waiting], [void 0, void 0, 2]);
  a.handshake?.done();
  t2.ok(c.handshake);
  t2.notOk(d.handshake);
  b.handshake?.fail("x");
  t2.ok(d.handshake);
  t2.same([handshakes.running, handshakes.waiting], [2, 0]);
});
t.test("the line has an end, and who waits in it has the same deadline", async (t2) => {
  const { clock, failed, handshakes, enter } = setUp(t2, 1);
  const entries = Array.from({ length: 10 }, enter);
  t2.same([handshakes.running, handshakes.waiting], [1, 8]);
  t2.ok(entries[9]?.socket.destroyed);
  t2.same(failed, ["too many handshakes at a time"]);
  await clock.advance(1e4);
  t2.ok(entries.every(({ socket }) => socket.destroyed));
  t2.same([handshakes.running, handshakes.waiting, clock.pending], [0, 0, 0]);
});
t.test("silent connections give their place to newcomers", async (t2) => {
  const { clock, failed, enter } = setUp(t2, 2);
  const silent = [enter(), enter()];
  await clock.advance(3001);
  const client = enter();
  t2.ok(client.handshake, "it is served at once");
  t2.ok(silent[0]?.socket.destroyed);
  t2.notOk(silent[1]?.socket.destroyed);
  t2.same(failed, ["slow, and others wait"]);
});
t.test("the end: all of them are closed", async (t2) => {
  const { clock, handshakes, enter } = setUp(t2, 1);
  const entries = [enter(), enter(), enter()];
  handshakes[Symbol.dispose]();
  t2.ok(entries.every(({ socket }) => socket.destroyed));
  t2.equal(clock.pending, 0);
});
//# sourceMappingURL=handshakes.test.js.map
