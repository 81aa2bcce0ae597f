import t from 'tap';
import { Rates } from '../../src/rates.js';
import { ManualClock } from '../support/manual-clock.js';

t.test('per second over the last five seconds, 0 before there are two samples', async (t) => {
  const clock = new ManualClock();
  let messages = 1_000;
  const rates = new Rates(clock, () => ({ messages }));
  t.equal(rates.perSecond('messages'), 0);
  await clock.advance(0);
  t.equal(rates.perSecond('messages'), 0);
  messages += 10;
  await clock.advance(1_000);
  t.equal(rates.perSecond('messages'), 10);
  for (let i = 0; i < 5; i++) {
    messages += 2;
    await clock.advance(1_000);
  }
  t.equal(rates.perSecond('messages'), 2, 'the first second is forgotten');
  rates[Symbol.dispose]();
  t.equal(clock.pending, 0);
});
