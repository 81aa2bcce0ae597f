import t from "tap";
import { ExchangeStats } from "../../../src/devices/stats.js";
import { ManualClock } from "../../support/manual-clock.js";
t.test("percentiles over the last exchanges; null before the first", async (t2) => {
  const stats = new ExchangeStats(new ManualClock());
  t2.strictSame(stats.exchangeMs(), { p50: null, p95: null });
  for (let ms = 1; ms <= 100; ms++) stats.answered(ms);
  t2.strictSame(stats.exchangeMs(), { p50: 50, p95: 95 });
  for (let i = 0; i < 128; i++) stats.answered(7);
  t2.strictSame(stats.exchangeMs(), { p50: 7, p95: 7 });
  t2.equal(stats.requests, 228);
});
t.test("errors per minute slide out of the window", async (t2) => {
  const clock = new ManualClock();
  const stats = new ExchangeStats(clock);
  for (let i = 0; i < 30; i++) {
    stats.failed(i % 3 === 0);
    await clock.advance(1e3);
  }
  t2.equal(stats.errorsPerMinute(), 30);
  t2.equal(stats.timeouts, 10);
  t2.equal(stats.errors, 30);
  await clock.advance(45e3);
  t2.equal(stats.errorsPerMinute(), 14);
  await clock.advance(864e5);
  t2.equal(stats.errorsPerMinute(), 0);
  stats.error();
  t2.equal(stats.errorsPerMinute(), 1);
});
//# sourceMappingURL=stats.test.js.map
