import t from 'tap';
import { Breather } from '../../../src/broker/fast/breather.js';
import type { Clock } from '../../../src/core/clock.js';

/** Plays turns and counts the rests between them; a rest takes no time here. */
function turns(count: number, pause: number, duration: number): number {
  let at = 0;
  let rests = 0;
  const breather = new Breather({ monotonic: () => at } as Clock, () => rests++);
  for (let turn = 0; turn < count; turn++) {
    at += pause;
    breather.began(at);
    at += duration;
    breather.ended();
  }
  return rests;
}

t.test('many small turns, one right behind the other: it rests after each', async (t) => {
  t.equal(turns(16, 0.01, 0.03), 0, 'a burst is over before it would help');
  t.equal(turns(116, 0.01, 0.03), 100);
});

t.test('who waits for an answer leaves a pause: no rest', async (t) => {
  t.equal(turns(200, 0.04, 0.03), 0);
});

t.test('a turn with much to do needs no rest', async (t) => {
  t.equal(turns(200, 0.01, 0.2), 0);
});

t.test('one pause, and it begins to count again', async (t) => {
  let at = 0;
  let rests = 0;
  const breather = new Breather({ monotonic: () => at } as Clock, () => rests++);
  for (let turn = 1; turn <= 320; turn++) {
    at += turn % 16 === 0 ? 1 : 0.01;
    breather.began(at);
    at += 0.01;
    breather.ended();
  }
  t.equal(rests, 0);
});
