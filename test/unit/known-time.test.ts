/** A gateway without a battery-backed clock: what it knows of the time, what it marks, what it corrects. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { silentLog } from '../../src/core/log.js';
import { correctedTime } from '../../src/core/sample-time.js';
import { correctRetained, KnownTime } from '../../src/known-time.js';
import { FakeRouter } from '../support/fake-router.js';
import { tempFolder } from '../support/gateway.js';
import { ManualClock } from '../support/manual-clock.js';

const BUILT = Date.UTC(2026, 0, 1);
const TRUE = Date.UTC(2026, 5, 1);
const MINUTE = 60_000;

function start(t: Test, folder: string, wall: number) {
  const clock = new ManualClock(wall);
  const time = new KnownTime({ folder, clock, log: silentLog, builtAt: BUILT });
  t.teardown(() => time[Symbol.dispose]());
  return { clock, time };
}

t.test('a clock that is right is left alone', async (t) => {
  const folder = tempFolder(t);
  const { clock, time } = start(t, folder, TRUE);
  t.equal(time.clock.now(), TRUE);
  t.equal(time.clock.quality(), 'synced');
  t.strictSame(time.alarms(), []);
  await clock.advance(6 * MINUTE);
  t.equal(JSON.parse(readFileSync(join(folder, 'clock.json'), 'utf8')).last, TRUE + 5 * MINUTE);
  t.equal(time.clock.rebased(TRUE), TRUE);
  t.strictSame(time.clock.corrections(), []);
  time[Symbol.dispose]();
  t.equal(clock.pending, 0);
});

t.test('1970: times count on from the floor, are marked, and corrected once the clock is set', async (t) => {
  const { clock, time } = start(t, tempFolder(t), 12_000);
  t.match(time.alarms(), [{ subject: 'clock', severity: 'warn', error: { code: 'CLOCK_UNSYNCED' } }]);
  const first = time.clock.now();
  t.ok(first > BUILT && first < BUILT + 10 * MINUTE);
  await clock.advance(MINUTE);
  const second = time.clock.now();
  t.equal(second - first, MINUTE, 'by the monotonic clock');
  const payload = (at: number) => Buffer.from(`{"v":1,"q":"good","t":${at},"tq":"unsynced"}`);
  t.equal(correctedTime(payload(first), time.clock).toString(), payload(first).toString(), 'nothing to correct yet');
  let told = 0;
  time.onKnown = () => told++;
  await clock.advance(MINUTE);
  clock.setWall(TRUE);
  await clock.advance(1_000);
  t.equal(told, 1);
  t.equal(time.clock.now(), TRUE + 1_000);
  t.strictSame(time.alarms(), []);
  t.equal(time.clock.rebased(first), TRUE - 2 * MINUTE);
  t.equal(time.clock.rebased(second), TRUE - MINUTE);
  t.equal(time.clock.rebased(TRUE), TRUE, 'what is right stays');
  t.equal(
    correctedTime(payload(second), time.clock).toString(),
    `{"v":1,"q":"good","t":${TRUE - MINUTE},"tq":"rebased"}`,
  );
});

t.test('it is known at the first look, not only when the timer comes', async (t) => {
  const { clock, time } = start(t, tempFolder(t), 0);
  clock.setWall(TRUE);
  t.equal(time.clock.now(), TRUE);
});

t.test('a wrong clock that only runs on stays wrong', async (t) => {
  const { clock, time } = start(t, tempFolder(t), BUILT - MINUTE);
  clock.step(60 * MINUTE);
  t.equal(time.clock.quality(), 'unsynced');
});

t.test('over restarts: times never repeat, and what was corrected once still is', async (t) => {
  const folder = tempFolder(t);
  const one = start(t, folder, 5_000);
  await one.clock.advance(20 * MINUTE);
  const last = one.time.clock.now();
  // The power fails.
  const two = start(t, folder, 5_000);
  const next = two.time.clock.now();
  t.ok(next > last, 'beyond all that was said before');
  two.clock.setWall(TRUE);
  await two.clock.advance(1_000);
  const three = start(t, folder, TRUE + 10_000);
  t.equal(three.time.clock.rebased(next), TRUE);
  t.equal(three.time.clock.rebased(last), last, 'of the run that never knew: it stays marked');
  const four = start(t, folder, TRUE - 60 * MINUTE);
  t.equal(four.time.clock.quality(), 'unsynced', 'before a time that was known');
});

t.test(
  'a short cut of the power: the guess is ahead of the true time, which comes to it later and stays as it is',
  async (t) => {
    const folder = tempFolder(t);
    const one = start(t, folder, TRUE);
    await one.clock.advance(10 * MINUTE);
    // Off for ten seconds; the clock is set two minutes later.
    const two = start(t, folder, 5_000);
    const early = two.time.clock.now();
    t.ok(early > TRUE + 11 * MINUTE, 'ahead');
    await two.clock.advance(2 * MINUTE);
    const late = two.time.clock.now();
    const set = TRUE + 12 * MINUTE;
    two.clock.setWall(set);
    t.equal(two.time.clock.now(), set);
    t.equal(two.time.clock.rebased(early), set - 2 * MINUTE, 'a sample on its way just then');
    t.equal(two.time.clock.rebased(late), set);
    for (let minute = 0; minute < 15; minute++) {
      await two.clock.advance(MINUTE);
      const now = two.time.clock.now();
      t.equal(two.time.clock.rebased(now), now, `minute ${minute}`);
    }
    t.equal(two.time.clock.rebased(late, true), set, 'what is marked is corrected, however late');
    t.equal(
      correctedTime(Buffer.from(`{"t":${late},"tq":"unsynced"}`), two.time.clock).toString(),
      `{"t":${set},"tq":"rebased"}`,
    );
  },
);

t.test('a file that is broken or cannot be written is no reason not to start', async (t) => {
  const folder = tempFolder(t);
  for (const text of ['', '{', '[]', '{"last":"x"}', '{"last":1,"segments":[1,{"from":"x"}]}', 'null']) {
    writeFileSync(join(folder, 'clock.json'), text);
    const { time } = start(t, folder, TRUE);
    t.equal(time.clock.now(), TRUE);
  }
  t.equal(start(t, join(folder, 'clock.json', 'x'), TRUE).time.clock.now(), TRUE);
});

t.test('retained values are corrected, too', async (t) => {
  const { clock, time } = start(t, tempFolder(t), 0);
  const router = new FakeRouter();
  const at = time.clock.now();
  router.put('hpmq/p/d/x', `{"v":1,"q":"good","t":${at},"tq":"unsynced"}`, { retain: true, origin: 'device:d' });
  router.put('hpmq/p/d/y', `{"v":1,"q":"good","t":${at}}`, { retain: true, origin: 'device:d' });
  router.put('hpmq/p/d/z', '{"tq":"unsynced"', { retain: true, origin: 'device:d' });
  clock.setWall(TRUE);
  time.clock.now();
  correctRetained(router, 'p', time.clock);
  const texts = [...router.retained('hpmq/p/#')].map(({ payload }) => payload.toString());
  t.strictSame(texts, [
    `{"v":1,"q":"good","t":${TRUE},"tq":"rebased"}`,
    `{"v":1,"q":"good","t":${at}}`,
    '{"tq":"unsynced"',
  ]);
  t.equal(router.published.length, 4, 'only what changed is published again');
});
