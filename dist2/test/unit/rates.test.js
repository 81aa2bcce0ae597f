import t from "tap";
import { Rates } from "../../src/rates.js";
import { ManualClock } from "../support/manual-clock.js";
t.test("per second over the last five seconds, 0 before there are two samples", async (t2) => {
  const clock = new ManualClock();
  let messages = 1e3;
  const rates = new Rates(clock, () => ({ messages }));
  t2.equal(rates.perSecond("messages"), 0);
  await clock.advance(0);
  t2.equal(rates.perSecond("messages"), 0);
  messages += 10;
  await clock.advance(1e3);
  t2.equal(rates.perSecond("messages"), 10);
  for (let i = 0; i < 5; i++) {
    messages += 2;
    await clock.advance(1e3);
  }
  t2.equal(rates.perSecond("messages"), 2, "the first second is forgotten");
  rates[Symbol.dispose]();
  t2.equal(clock.pending, 0);
});
//# sourceMappingURL=rates.test.js.map
