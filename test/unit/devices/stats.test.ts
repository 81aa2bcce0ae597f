import t from 'tap';
import { ExchangeStats } from '../../../src/devices/stats.js';
import { ManualClock } from '../../support/manual-clock.js';

t.test('percentiles over the last exchanges; null before the first', async (t) => {
  const stats = new ExchangeStats(new ManualClock());
  t.strictSame(stats.exchangeMs(), { p50: null, p95: null });
  for (let ms = 1; ms <= 100; ms++) stats.answered(ms);
  t.strictSame(stats.exchangeMs(), { p50: 50, p95: 95 });
  for (let i = 0; i < 128; i++) stats.answered(7);
  t.strictSame(stats.exchangeMs(), { p50: 7, p95: 7 });
  t.equal(stats.requests, 228);
});

t.test('errors per minute slide out of the window', async (t) => {
  const clock = new ManualClock();
  const stats = new ExchangeStats(clock);
  for (let i = 0; i < 30; i++) {
    stats.failed(i % 3 === 0);
    await clock.advance(1_000);
  }
  t.equal(stats.errorsPerMinute(), 30);
  t.equal(stats.timeouts, 10);
  t.equal(stats.errors, 30);
  await clock.advance(45_000);
  t.equal(stats.errorsPerMinute(), 14);
  await clock.advance(86_400_000);
  t.equal(stats.errorsPerMinute(), 0);
  stats.error();
  t.equal(stats.errorsPerMinute(), 1);
});
