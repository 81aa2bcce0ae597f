import t from "tap";
import { Rate } from "../../../src/links/rate.js";
import { ManualClock } from "../../support/manual-clock.js";
t.test("events per second over the last ten seconds", async (t2) => {
  const clock = new ManualClock();
  const rate = new Rate(clock);
  t2.equal(rate.perSecond(), 0);
  for (let i = 0; i < 20; i++) rate.add();
  t2.equal(rate.perSecond(), 20, "the first second counts as one");
  await clock.advance(4e3);
  t2.equal(rate.perSecond(), 5);
  await clock.advance(5500);
  rate.add();
  t2.equal(rate.perSecond(), 21 / 9.5);
  await clock.advance(500);
  t2.equal(rate.perSecond(), 0.1, "the burst is out of the window");
  await clock.advance(36e5);
  t2.equal(rate.perSecond(), 0);
  t2.equal(rate.total, 21);
});
//# sourceMappingURL=rate.test.js.map
