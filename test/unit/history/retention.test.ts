/** What is kept for how long: by age, by size, and with a clock that cannot be believed. */
import t from 'tap';
import { HOUR, MINUTE } from '../../../src/history/periods.js';
import { Retention } from '../../../src/history/retention.js';
import { open, START, sample, type TestHistory } from './test-history.js';

const DAY = 24 * HOUR;

function hours(history: TestHistory, count: number): void {
  history.put(...Array.from({ length: count }, (_, hour) => sample(START + hour * HOUR, hour)));
  history.settler.settle();
}

const look = (retention: Retention, at: number, times = 1) => {
  for (let i = 0; i < times; i++) retention.removeOld(at + i * MINUTE);
};

t.test('samples go after their time, sums of hours later', async (t) => {
  const history = open(t);
  const retention = new Retention(history, { keep: DAY, keepHours: 10 * DAY, maxBytes: 1e9 });
  look(retention, START + 15 * DAY);
  hours(history, 20 * 24);
  const now = START + 20 * DAY;
  look(retention, now, 10);
  t.equal(history.samplesOf()[0]!.at, now - DAY);
  t.equal(history.periodsOf({ every: MINUTE })[0]!.at, now - DAY);
  t.equal(history.periodsOf({ every: HOUR })[0]!.at, now - 10 * DAY);
  t.equal(history.list()[0]!.samples, 24);
  t.equal(retention.shortened(now), undefined, 'nothing went before its time');
});

t.test('sums of hours are kept as long as the samples are, however short keepHours is', async (t) => {
  const history = open(t);
  const retention = new Retention(history, { keep: 3 * DAY, keepHours: DAY, maxBytes: 1e9 });
  hours(history, 5 * 24);
  const now = START + 5 * DAY;
  look(retention, now, 10);
  t.equal(history.samplesOf()[0]!.at, now - 3 * DAY);
  t.equal(history.periodsOf({ every: HOUR })[0]!.at, now - 3 * DAY);
});

t.test('a sample that comes when those of its hour are gone changes nothing, settled or not', async (t) => {
  const history = open(t);
  const retention = new Retention(history, { keep: DAY, keepHours: 10 * DAY, maxBytes: 1e9 });
  hours(history, 48);
  look(retention, START + 2 * DAY);
  const before = history.periodsOf({ every: HOUR });
  t.equal(before.length, 48);
  history.put(sample(START + HOUR + 1, 1_000), sample(START + 40 * HOUR + 1, 2_000));
  const expected = before.map((period, hour) =>
    hour === 40 ? { ...period, count: 2, max: 2_000, mean: 1_020, last: 2_000 } : period,
  );
  t.strictSame(history.periodsOf({ every: HOUR }), expected);
  history.settler.settle();
  t.strictSame(history.periodsOf({ every: HOUR }), expected);
});

t.test('a time that nobody can mean hides nothing', async (t) => {
  const history = open(t);
  hours(history, 72);
  history.put(sample(0, 1));
  t.equal(history.periodsOf({ every: HOUR, from: START }).length, 72);
  t.equal(history.periodsOf({ every: HOUR }).length, 73);
});

t.test('a series of which nothing is left is forgotten', async (t) => {
  const history = open(t);
  const retention = new Retention(history, { keep: DAY, keepHours: 2 * DAY, maxBytes: 1e9 });
  history.put(sample(START, 1, { point: 'old' }));
  history.settler.settle();
  for (let day = 0; day <= 4; day++) {
    history.put(sample(START + day * DAY, day));
    history.settler.settle();
    look(retention, START + day * DAY);
  }
  t.strictSame(
    history.list().map(({ point }) => point),
    ['temperature'],
  );
  t.equal(history.find('boiler', 'old'), undefined);
  history.put(sample(START + 4 * DAY, 1, { point: 'old' }));
  t.equal(history.list().length, 2, 'and known again when it is back');
});

t.test('much that is too old goes a little at a time, in whole hours', async (t) => {
  const history = open(t);
  history.put(...Array.from({ length: 9_000 }, (_, i) => sample(START + i * 1_000, i)));
  history.settler.settle();
  const retention = new Retention(history, { keep: HOUR, keepHours: DAY, maxBytes: 1e9 });
  const left: number[] = [];
  for (let i = 0; i < 4; i++) {
    retention.removeOld(START + 5 * DAY + i * 1_000);
    left.push(history.samplesOf().length);
  }
  t.strictSame(left, [5_400, 1_800, 0, 0]);
});

t.test('a clock that leaps years ahead takes nothing; a day later it is believed', async (t) => {
  const history = open(t);
  hours(history, 24);
  const options = { keep: 2 * DAY, keepHours: 4 * DAY, maxBytes: 1e9 };
  const now = START + DAY;
  look(new Retention(history, options), now);
  const wrong = now + 3_650 * DAY;
  const leapt = new Retention(history, options);
  look(leapt, wrong);
  look(leapt, wrong + 20 * HOUR);
  t.equal(history.samplesOf().length, 24);
  t.equal(leapt.heldUntil, wrong + DAY);
  look(leapt, now + HOUR);
  t.equal(leapt.heldUntil, undefined, 'right again');
  t.equal(history.samplesOf().length, 24);
  // Or it was the truth: the gateway was off for long.
  look(leapt, wrong);
  const later = new Retention(history, options);
  look(later, wrong + DAY - MINUTE);
  t.equal(history.samplesOf().length, 24, 'the wait goes on over a start');
  look(later, wrong + DAY);
  t.equal(history.samplesOf().length, 0);
  t.equal(later.heldUntil, undefined);
});

t.test('nor does it take the sums of hours where there are no samples any more', async (t) => {
  const history = open(t);
  hours(history, 24);
  const options = { keep: DAY, keepHours: 100 * DAY, maxBytes: 1e9 };
  const retention = new Retention(history, options);
  look(retention, START + 3 * DAY);
  t.equal(history.samplesOf().length, 0);
  look(retention, START + 3_650 * DAY);
  t.ok(retention.heldUntil);
  t.equal(history.periodsOf({ every: HOUR }).length, 24);
});

t.test('what is recorded after a clock was ahead for a while is kept', async (t) => {
  const history = open(t);
  const retention = new Retention(history, { keep: HOUR, keepHours: 30 * DAY, maxBytes: 1e9 });
  look(retention, START + 10 * 365 * DAY);
  look(retention, START);
  history.put(sample(START, 1));
  history.settler.settle();
  look(retention, START + MINUTE);
  t.equal(history.samplesOf().length, 1);
  look(retention, START + 2 * DAY);
  history.put(sample(START + 2 * HOUR, 2));
  history.settler.settle();
  look(retention, START + 2 * HOUR);
  t.equal(history.samplesOf().length, 1);
});

t.test('where nothing would go, no leap is told', async (t) => {
  const history = open(t);
  const retention = new Retention(history, { keep: DAY, keepHours: 2 * DAY, maxBytes: 1e9 });
  hours(history, 2);
  look(retention, START + 300 * DAY);
  t.equal(retention.heldUntil, undefined, 'the first look');
  history.put(sample(START + 400 * DAY, 1));
  history.settler.settle();
  look(retention, START + 400 * DAY);
  t.equal(retention.heldUntil, undefined);
  t.equal(history.samplesOf().length, 1);
});

t.test('days of being off are no leap', async (t) => {
  const history = open(t);
  hours(history, 24);
  const options = { keep: DAY, keepHours: 30 * DAY, maxBytes: 1e9 };
  look(new Retention(history, options), START + DAY);
  const weekend = new Retention(history, options);
  look(weekend, START + 4 * DAY);
  t.equal(weekend.heldUntil, undefined);
  t.equal(history.samplesOf().length, 0);
});

t.test('maxBytes: the oldest hours go, it is said since when, and the sums stay', async (t) => {
  const history = open(t);
  const limits = { keep: 1_000 * DAY, keepHours: 1_000 * DAY, maxBytes: 1e6 };
  const retention = new Retention(history, limits);
  const steps = 12;
  for (let step = 0; step < steps; step++) {
    retention.makeRoom();
    history.put(...Array.from({ length: 6_000 }, (_, i) => sample(START + step * HOUR + i * 600, i + 0.5)));
    history.settler.settle();
  }
  const now = START + steps * HOUR;
  retention.makeRoom();
  t.ok(history.pages().used <= 1e6, `${history.pages().used} bytes`);
  const first = history.samplesOf()[0]!.at;
  t.ok(first > START && first < now, 'the newest are there');
  t.equal(retention.shortened(now), first);
  const sums = history.periodsOf({ every: HOUR });
  t.equal(sums.length, steps);
  t.ok(sums.every(({ count }) => count === 6_000));
  const again = new Retention(history, limits);
  t.equal(again.shortened(now), first, 'known after another start');
  t.equal(again.shortened(first + 1_001 * DAY), undefined, 'until it would have gone anyway');
});

t.test(
  'maxBytes that an hour fills: what comes in the rest of it is kept, and its sums are of what is kept',
  async (t) => {
    const history = open(t);
    const retention = new Retention(history, { keep: 1_000 * DAY, keepHours: 1_000 * DAY, maxBytes: 1e6 });
    for (let step = 0; step < 20; step++) {
      retention.makeRoom();
      history.put(...Array.from({ length: 5_000 }, (_, i) => sample(START + step * 150_000 + i * 30, i + 0.5)));
      history.settler.settle();
    }
    const kept = history.samplesOf({ limit: 1_000_000 });
    t.ok(kept.length >= 5_000, `${kept.length} kept`);
    t.ok(history.pages().used < 3e6);
    t.match(history.periodsOf({ every: HOUR }), [{ count: kept.length }]);
  },
);

t.test('maxBytes: of very many points the last day of samples is worth more than old sums of hours', async (t) => {
  const history = open(t);
  const retention = new Retention(history, { keep: DAY, keepHours: 1_000 * DAY, maxBytes: 6e5 });
  const points = Array.from({ length: 40 }, (_, i) => `p${i}`);
  const all = 30 * 24;
  for (let hour = 0; hour < all; hour += 24) {
    const drawn = points.flatMap((point) =>
      Array.from({ length: 24 }, (_, i) => sample(START + (hour + i) * HOUR, i, { point })),
    );
    history.put(...drawn);
    history.settler.settle();
    look(retention, START + (hour + 24) * HOUR, 2);
  }
  for (let i = 0; i < 30; i++) retention.makeRoom();
  t.ok(history.pages().used <= 6e5, `${history.pages().used} bytes`);
  t.equal(history.samplesOf({ point: 'p0' }).length, 24);
  const sums = history.periodsOf({ point: 'p0', every: HOUR });
  t.ok(sums.length > 24 && sums.length < all, `${sums.length} hours`);
});

t.test('room that is not used any more goes back to the disk', async (t) => {
  const history = open(t);
  for (let i = 0; i < 20; i++) {
    history.put(...Array.from({ length: 50_000 }, (_, j) => sample(START + (i * 50_000 + j) * 100, j + 0.5)));
    history.settler.settle();
  }
  const before = history.pages();
  const retention = new Retention(history, { keep: 1_000 * DAY, keepHours: 1_000 * DAY, maxBytes: 2e6 });
  for (let i = 0; i < 60; i++) {
    retention.makeRoom();
    retention.removeOld(START + 30 * HOUR + i * 1_000);
  }
  const after = history.pages();
  t.ok(before.used > 20e6, `${before.used} bytes`);
  t.ok(after.used + after.free < before.used * 0.8, `${after.used} and ${after.free} free`);
  t.match(history.database.prepare('PRAGMA integrity_check').get(), { integrity_check: 'ok' });
});

t.test('what fails leaves what is known as it was', async (t) => {
  const history = open(t);
  hours(history, 48);
  const retention = new Retention(history, { keep: DAY, keepHours: 10 * DAY, maxBytes: 1e9 });
  const exec = history.database.exec.bind(history.database);
  history.database.exec = (sql) => {
    if (sql === 'COMMIT') throw new Error('no room');
    exec(sql);
  };
  t.throws(() => look(retention, START + 2 * DAY), /no room/);
  t.throws(() => history.put(sample(START, 1, { unit: 'K' }), sample(START, 1, { point: 'new' })), /no room/);
  history.database.exec = exec;
  t.equal(history.samplesOf().length, 48);
  t.equal(history.find('boiler', 'new'), undefined);
  t.equal(history.find('boiler', 'temperature')?.unit, '°C');
  look(retention, START + 2 * DAY);
  t.equal(history.samplesOf().length, 24, 'tried again at once');
});
