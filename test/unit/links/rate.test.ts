import t from 'tap';
import { Rate } from '../../../src/links/rate.js';
import { ManualClock } from '../../support/manual-clock.js';

t.test('events per second over the last ten seconds', async (t) => {
  const clock = new ManualClock();
  const rate = new Rate(clock);
  t.equal(rate.perSecond(), 0);
  for (let i = 0; i < 20; i++) rate.add();
  t.equal(rate.perSecond(), 20, 'the first second counts as one');
  await clock.advance(4_000);
  t.equal(rate.perSecond(), 5);
  await clock.advance(5_500);
  rate.add();
  t.equal(rate.perSecond(), 21 / 9.5);
  await clock.advance(500);
  t.equal(rate.perSecond(), 0.1, 'the burst is out of the window');
  await clock.advance(3_600_000);
  t.equal(rate.perSecond(), 0);
  t.equal(rate.total, 21);
});
