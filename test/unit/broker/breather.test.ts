import t from 'tap';
import { Breather } from '../../../src/broker/fast/breather.js';
import type { Clock } from '../../../src/core/clock.js';

interface Turn {
  /** Before it, ms; of these the event loop waited. */
  readonly pause: number;
  readonly waited?: number;
  readonly duration: number;
  /** It is handled in the same round of the event loop as the turn before. */
  readonly isSameRound?: boolean;
}

/** Plays turns and counts the rests between them; a rest takes no time here. */
function rests(count: number, turnOf: (turn: number, rests: number) => Turn): number {
  let at = 0;
  let sum = 0;
  let waitedInAll = 0;
  let rounds = 0;
  const breather = new Breather({ monotonic: () => at } as Clock, {
    rest: () => sum++,
    loop: { waited: () => waitedInAll, rounds: () => rounds },
  });
  for (let turn = 1; turn <= count; turn++) {
    const { pause, waited = 0, duration, isSameRound = false } = turnOf(turn, sum);
    if (!isSameRound) rounds++;
    at += pause;
    waitedInAll += waited;
    at += duration;
    breather.ended();
  }
  return sum;
}

t.test('many small turns, one right behind the other: it rests after each', async (t) => {
  const turn = { pause: 0.01, duration: 0.03 };
  t.equal(
    rests(16, () => turn),
    0,
    'a burst is over before it would help',
  );
  t.equal(
    rests(80, () => turn),
    64,
  );
});

t.test('on a slow machine, too', async (t) => {
  t.equal(
    rests(80, () => ({ pause: 0.03, duration: 0.02 })),
    64,
  );
});

t.test('who waits for an answer lets the loop wait, however quick the answer is: no rest', async (t) => {
  t.equal(
    rests(1_000, () => ({ pause: 0.01, waited: 0.001, duration: 0.03 })),
    0,
  );
});

t.test('who waits for answers from now on is noticed, though what comes during a rest is not waited for', async (t) => {
  let resting = 0;
  let last = -1;
  const sum = rests(1_000, (turn, rests) => {
    const isAfterRest = rests !== last;
    last = rests;
    if (turn > 40 && isAfterRest) resting++;
    return { pause: 0.01, waited: turn > 40 && !isAfterRest ? 0.01 : 0, duration: 0.03 };
  });
  t.equal(sum, 64);
  t.ok(resting <= 64, `${resting} turns after a rest`);
});

t.test('a turn with much to do needs no rest, nor do others between them', async (t) => {
  t.equal(
    rests(200, () => ({ pause: 0.01, duration: 0.06 })),
    0,
  );
  t.equal(
    rests(200, () => ({ pause: 0.06, duration: 0.01 })),
    0,
  );
});

t.test('one pause, and it begins to count again', async (t) => {
  t.equal(
    rests(320, (turn) => ({ pause: turn % 16 === 0 ? 1 : 0.01, duration: 0.01 })),
    0,
  );
});

t.test('what many sent at the same time is there already: it rests once at most', async (t) => {
  const batch = (turn: number) => ({ pause: 0.03, duration: 0.02, isSameRound: turn > 1 });
  t.equal(rests(300, batch), 0);
  const after = (turn: number) => ({ pause: 0.03, duration: 0.02, isSameRound: turn > 17 });
  t.equal(rests(300, after), 1, 'after a stream');
});
