import t from 'tap';
import { Beats } from '../../../src/devices/poll.js';
import { ManualClock } from '../../support/manual-clock.js';

t.test('beats keep their grid without drift', async (t) => {
  const clock = new ManualClock();
  const beats: number[] = [];
  const poll = new Beats(clock, 1_000, 0.5, () => beats.push(clock.monotonic()));
  poll.start();
  poll.start();
  await clock.advance(3_600);
  t.strictSame(beats, [500, 1_500, 2_500, 3_500]);
  poll.stop();
  await clock.advance(5_000);
  t.equal(beats.length, 4);
  t.equal(clock.pending, 0);
});

/** As a process that was busy: timers come late. */
class LateClock extends ManualClock {
  late = 0;
  override monotonic(): number {
    return super.monotonic() + this.late;
  }
}

t.test('beats that are missed are skipped and told, and the grid stays', async (t) => {
  const clock = new LateClock();
  const beats: [number, number][] = [];
  const poll = new Beats(clock, 1_000, 1, (skipped) => beats.push([clock.monotonic(), skipped]));
  poll.start();
  await clock.advance(500);
  clock.late = 3_700;
  await clock.advance(500);
  t.strictSame(beats, [[4_700, 3]], 'one beat for four');
  await clock.advance(300);
  t.strictSame(beats.at(-1), [5_000, 0]);
  poll.stop();
});

t.test('a period longer than a timer can hold does not beat at once', async (t) => {
  const clock = new ManualClock();
  let beats = 0;
  const poll = new Beats(clock, 40 * 86_400_000, 1, () => beats++);
  poll.start();
  await clock.advance(39 * 86_400_000);
  t.equal(beats, 0);
  await clock.advance(86_400_000);
  t.equal(beats, 1);
  poll.stop();
});
