/** What is kept for how long: by age, by size, and with a clock that cannot be believed. */
import t from 'tap';
import { HOUR, MINUTE } from '../../../src/history/periods.js';
import { Retention } from '../../../src/history/retention.js';
import { open, START, sample, type TestHistory } from './test-history.js';

const DAY = 24 * HOUR;

function hours(history: TestHistory, count: number): void {
  history.put(...Array.from({ length: count }, (_, hour) => sample(START + hour * HOUR, hour)));
  history.settler.settle(0);
}

t.test('samples go after their time, sums of hours later', async (t) => {
  const history = open(t);
  const retention = new Retention(history, { keep: DAY, keepHours: 10 * DAY, maxBytes: 1e9 });
  retention.apply(START + 15 * DAY);
  hours(history, 20 * 24);
  const now = START + 20 * DAY;
  for (let i = 0; i < 10; i++) retention.apply(now + i * MINUTE);
  t.equal(history.samplesOf()[0]!.at, now - DAY);
  t.equal(history.periodsOf({ every: MINUTE })[0]!.at, now - DAY);
  t.equal(history.periodsOf({ every: HOUR })[0]!.at, now - 10 * DAY);
  t.equal(history.list()[0]!.samples, 24);
  t.equal(retention.shortened(now), undefined, 'nothing went before its time');
  t.equal(retention.floor, now - DAY);
  history.put(sample(now - 2 * DAY, 1), sample(now, 2));
  history.settler.settle(retention.floor);
  t.equal(history.samplesOf()[0]!.at, now - DAY, 'what comes too late is not kept');
});

t.test('a series of which nothing is left is forgotten', async (t) => {
  const history = open(t);
  const retention = new Retention(history, { keep: DAY, keepHours: 2 * DAY, maxBytes: 1e9 });
  history.put(sample(START, 1, { point: 'old' }));
  history.settler.settle(0);
  for (let day = 0; day <= 4; day++) {
    history.put(sample(START + day * DAY, day));
    history.settler.settle(retention.floor);
    retention.apply(START + day * DAY);
  }
  t.strictSame(
    history.list().map(({ point }) => point),
    ['temperature'],
  );
  t.equal(history.find('boiler', 'old'), undefined);
  history.put(sample(START + 4 * DAY, 1, { point: 'old' }));
  t.equal(history.list().length, 2, 'and known again when it is back');
});

t.test('much that is too old goes a little at a time', async (t) => {
  const history = open(t);
  history.put(...Array.from({ length: 9_000 }, (_, i) => sample(START + i * 1_000, i)));
  history.settler.settle(0);
  const retention = new Retention(history, { keep: HOUR, keepHours: DAY, maxBytes: 1e9 });
  const left: number[] = [];
  for (let i = 0; i < 5; i++) {
    retention.apply(START + 10 * DAY + i * 1_000);
    left.push(history.samplesOf().length);
  }
  t.strictSame(left, [7_000, 5_000, 3_000, 1_000, 0]);
});

t.test('a clock that leaps years ahead takes nothing; a day later it is believed', async (t) => {
  const history = open(t);
  hours(history, 24);
  const options = { keep: 2 * DAY, keepHours: 4 * DAY, maxBytes: 1e9 };
  const now = START + DAY;
  new Retention(history, options).apply(now);
  const wrong = now + 3_650 * DAY;
  const leapt = new Retention(history, options);
  leapt.apply(wrong);
  leapt.apply(wrong + 20 * HOUR);
  t.equal(history.samplesOf().length, 24);
  t.equal(leapt.heldUntil, wrong + DAY);
  leapt.apply(now + HOUR);
  t.equal(leapt.heldUntil, undefined, 'right again');
  t.equal(history.samplesOf().length, 24);
  // Or it was the truth: the gateway was off for long.
  leapt.apply(wrong);
  const later = new Retention(history, options);
  later.apply(wrong + DAY - MINUTE);
  t.equal(history.samplesOf().length, 24, 'the wait goes on over a start');
  later.apply(wrong + DAY);
  t.equal(history.samplesOf().length, 0);
  t.equal(later.heldUntil, undefined);
});

t.test('with a time that is not known nothing goes for its age, and what it becomes is no leap', async (t) => {
  const history = open(t);
  const retention = new Retention(history, { keep: DAY, keepHours: 2 * DAY, maxBytes: 1e9 });
  hours(history, 2);
  retention.apply(undefined);
  t.equal(retention.floor, 0);
  retention.apply(START + 300 * DAY);
  t.equal(retention.heldUntil, undefined);
  t.equal(history.samplesOf().length, 0);
  // Nor is it one where nothing would go.
  history.put(sample(START + 400 * DAY, 1));
  history.settler.settle(retention.floor);
  retention.apply(START + 400 * DAY);
  t.equal(retention.heldUntil, undefined);
  t.equal(history.samplesOf().length, 1);
});

t.test('days of being off are no leap', async (t) => {
  const history = open(t);
  hours(history, 24);
  const options = { keep: DAY, keepHours: 30 * DAY, maxBytes: 1e9 };
  new Retention(history, options).apply(START + DAY);
  const weekend = new Retention(history, options);
  weekend.apply(START + 4 * DAY);
  t.equal(weekend.heldUntil, undefined);
  t.equal(history.samplesOf().length, 0);
});

t.test('maxBytes: the oldest hours go, it is said since when, and the sums stay', async (t) => {
  const history = open(t);
  const limits = { keep: 1_000 * DAY, keepHours: 1_000 * DAY, maxBytes: 1e6 };
  const retention = new Retention(history, limits);
  const steps = 12;
  for (let step = 0; step < steps; step++) {
    retention.apply(START + step * HOUR);
    history.put(...Array.from({ length: 6_000 }, (_, i) => sample(START + step * HOUR + i * 600, i + 0.5)));
    history.settler.settle(retention.floor);
  }
  const now = START + steps * HOUR;
  retention.apply(now);
  t.ok(history.pages().used <= 1e6, `${history.pages().used} bytes`);
  const first = history.samplesOf()[0]!.at;
  t.ok(first > START && first < now, 'the newest are there');
  t.equal(retention.shortened(now), first);
  t.equal(history.periodsOf({ every: HOUR }).length, steps);
  const again = new Retention(history, limits);
  t.equal(again.shortened(now), first, 'known after another start');
  t.equal(again.shortened(first + 1_001 * DAY), undefined, 'until it would have gone anyway');
});

t.test('room that is not used any more goes back to the disk', async (t) => {
  const history = open(t);
  for (let i = 0; i < 20; i++) {
    history.put(...Array.from({ length: 50_000 }, (_, j) => sample(START + (i * 50_000 + j) * 100, j + 0.5)));
    history.settler.settle(0);
  }
  const before = history.pages();
  const retention = new Retention(history, { keep: 1_000 * DAY, keepHours: 1_000 * DAY, maxBytes: 2e6 });
  for (let i = 0; i < 60; i++) retention.apply(START + 30 * HOUR + i * 1_000);
  const after = history.pages();
  t.ok(before.used > 20e6, `${before.used} bytes`);
  t.ok(after.used + after.free < before.used * 0.8, `${after.used} and ${after.free} free`);
  t.match(history.database.prepare('PRAGMA integrity_check').get(), { integrity_check: 'ok' });
});
