import t from 'tap';
import { ExchangeStats } from '../../../src/devices/stats.js';
import { ManualClock } from '../../support/manual-clock.js';
import { fakeError } from './support.js';

t.test('percentiles over the last exchanges; null before the first', async (t) => {
  const stats = new ExchangeStats(new ManualClock());
  t.strictSame(stats.exchangeMs(), { p50: null, p95: null, p99: null });
  for (let ms = 1; ms <= 100; ms++) stats.answered(ms);
  t.strictSame(stats.exchangeMs(), { p50: 50, p95: 95, p99: 99 });
  for (let i = 0; i < 256; i++) stats.answered(7);
  t.strictSame(stats.exchangeMs(), { p50: 7, p95: 7, p99: 7 });
  t.equal(stats.requests, 356);
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

t.test('refusals by exception code, wrong checksums, and what a device beyond reason sends', async (t) => {
  const stats = new ExchangeStats(new ManualClock());
  stats.error(fakeError('FAKE_REFUSED', 'no', { details: { exceptionCode: 2 } }));
  stats.error(fakeError('FAKE_REFUSED', 'no', { details: { exceptionCode: 2 } }));
  stats.failed(true, 500, fakeError('FAKE_TIMEOUT', 'damaged', { details: { crc: true } }));
  t.strictSame([...stats.exceptions], [[2, 2]]);
  t.equal(stats.crcErrors, 1);
  for (let code = 10; code < 100; code++)
    stats.error(fakeError('FAKE_REFUSED', '', { details: { exceptionCode: code } }));
  t.ok(stats.exceptions.size <= 33);
  t.equal(
    [...stats.exceptions.values()].reduce((a, b) => a + b),
    92,
  );
});

t.test('the share of the wire of the last minute', async (t) => {
  const clock = new ManualClock();
  const stats = new ExchangeStats(clock);
  t.equal(stats.busyShare(), 0);
  await clock.advance(10_000);
  for (let i = 0; i < 10; i++) stats.answered(100);
  t.equal(stats.busyShare(), 0.1, 'of the time it has run');
  for (let i = 0; i < 120; i++) {
    stats.answered(250);
    await clock.advance(1_000);
  }
  t.ok(Math.abs(stats.busyShare() - 0.25) < 0.01, String(stats.busyShare()));
});

t.test('the latency is the median of the last reads, once there are some', async (t) => {
  const stats = new ExchangeStats(new ManualClock());
  for (const ms of [5, 6, 400]) stats.tookLonger(ms);
  t.equal(stats.latencyMs, undefined);
  stats.tookLonger(6);
  t.equal(stats.latencyMs, 6);
});
