import t from 'tap';
import { CommitMeter } from '../../../src/store/commit-meter.js';

t.test('rates are of the last ten whole seconds, latencies of the last thousand commits', async (t) => {
  const meter = new CommitMeter();
  t.same([meter.perSecond(0), meter.took, meter.changesPerCommit], [0, { p50: null, p99: null }, 0]);
  for (let i = 0; i < 100; i++) meter.committed(i * 100, i, 2);
  t.equal(meter.perSecond(10_000), 10);
  t.equal(meter.perSecond(15_000), 5, 'older ones do not count');
  t.equal(meter.perSecond(1_000_000), 0);
  t.same(meter.took, { p50: 50, p99: 99 });
  t.equal(meter.commits, 100);
  for (let i = 0; i < 1_024; i++) meter.committed(20_000, 7, 4);
  t.same(meter.took, { p50: 7, p99: 7 });
  t.equal(meter.changesPerCommit, 4);
});

t.test('bytes written are counted for a day', async (t) => {
  const hour = 3_600_000;
  const meter = new CommitMeter();
  meter.wrote(0, 100);
  meter.wrote(1, 150);
  meter.wrote(hour, 250);
  t.equal(meter.writtenLastDay(hour), 250);
  t.equal(meter.writtenLastDay(24 * hour), 100, 'the first hour is over');
  meter.wrote(24 * hour, 300);
  t.equal(meter.writtenLastDay(24 * hour), 150);
  t.equal(meter.writtenLastDay(100 * hour), 0);
});
