import t from "tap";
import { Beats } from "../../../src/devices/poll.js";
import { ManualClock } from "../../support/manual-clock.js";
t.test("beats keep their grid without drift", async (t2) => {
  const clock = new ManualClock();
  const beats = [];
  const poll = new Beats(clock, 1e3, 0.5, () => beats.push(clock.monotonic()));
  poll.start();
  poll.start();
  await clock.advance(3600);
  t2.strictSame(beats, [500, 1500, 2500, 3500]);
  poll.stop();
  await clock.advance(5e3);
  t2.equal(beats.length, 4);
  t2.equal(clock.pending, 0);
});
class LateClock extends ManualClock {
  late = 0;
  monotonic() {
    return super.monotonic() + this.late;
  }
}
t.test("beats that are missed are skipped and told, and the grid stays", async (t2) => {
  const clock = new LateClock();
  const beats = [];
  const poll = new Beats(clock, 1e3, 1, (skipped) => beats.push([clock.monotonic(), skipped]));
  poll.start();
  await clock.advance(500);
  clock.late = 3700;
  await clock.advance(500);
  t2.strictSame(beats, [[4700, 3]], "one beat for four");
  await clock.advance(300);
  t2.strictSame(beats.at(-1), [5e3, 0]);
  poll.stop();
});
t.test("a period longer than a timer can hold does not beat at once", async (t2) => {
  const clock = new ManualClock();
  let beats = 0;
  const poll = new Beats(clock, 40 * 864e5, 1, () => beats++);
  poll.start();
  await clock.advance(39 * 864e5);
  t2.equal(beats, 0);
  await clock.advance(864e5);
  t2.equal(beats, 1);
  poll.stop();
});
//# sourceMappingURL=poll.test.js.map
