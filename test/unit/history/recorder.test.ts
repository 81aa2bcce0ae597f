import t from 'tap';
import type { HistorySample } from '../../../src/core/history.js';
import { historyError } from '../../../src/history/errors.js';
import { Recorder } from '../../../src/history/recorder.js';
import { ManualClock, settle } from '../../support/manual-clock.js';

const START = Date.UTC(2026, 0, 1);

function sample(point: string, at: number, value = 1): HistorySample {
  return { device: 'boiler', point, unit: undefined, value, quality: 'good', at };
}

class Disk {
  readonly batches: (readonly HistorySample[])[] = [];
  isFull = false;
  /** Codes, `ok` for none. */
  readonly states: string[] = [];
  readonly write = async (samples: readonly HistorySample[]) => {
    if (this.isFull) throw historyError('HISTORY_FULL', 'full');
    this.batches.push(samples);
  };
}

function recorder(disk: Disk, points: readonly string[] = ['*'], clock = new ManualClock(START)) {
  const made = new Recorder({
    points,
    clock,
    write: disk.write,
    onState: (error) => disk.states.push(error?.code ?? 'ok'),
  });
  return { made, clock };
}

t.test('gathers for a second, and writes once', async (t) => {
  const disk = new Disk();
  const { made, clock } = recorder(disk);
  for (let i = 0; i < 3; i++) made.record(sample('temperature', START + i));
  await clock.advance(999);
  t.equal(disk.batches.length, 0);
  await clock.advance(1);
  t.strictSame(
    disk.batches.map((batch) => batch.map(({ at }) => at - START)),
    [[0, 1, 2]],
  );
  t.equal(made.recorded, 3);
  t.equal(clock.pending, 0, 'nothing to do, no timer');
});

t.test('records what the patterns name', async (t) => {
  const disk = new Disk();
  const { made, clock } = recorder(disk, ['boiler/temp*', 'meter/*']);
  for (const point of ['temperature', 'setpoint', 'temp']) made.record(sample(point, START));
  made.record({ ...sample('power', START), device: 'meter' });
  await clock.advance(1_000);
  t.strictSame(
    disk.batches.flat().map(({ device, point }) => `${device}/${point}`),
    ['boiler/temperature', 'boiler/temp', 'meter/power'],
  );
});

t.test('a disk that takes nothing: what waits is written later, in order; the state is told', async (t) => {
  const disk = new Disk();
  disk.isFull = true;
  const { made, clock } = recorder(disk);
  made.record(sample('temperature', START));
  await clock.advance(1_000);
  made.record(sample('temperature', START + 1_000));
  await clock.advance(1_000);
  t.equal(made.waiting, 2);
  t.equal(disk.states.at(-1), 'HISTORY_FULL');
  disk.isFull = false;
  await clock.advance(1_000);
  t.strictSame(
    disk.batches.flat().map(({ at }) => at - START),
    [0, 1_000],
  );
  t.equal(disk.states.at(-1), 'ok');
  t.match(made, { recorded: 2, dropped: 0, waiting: 0 });
});

t.test('beyond the limit the oldest go, and are counted', async (t) => {
  const disk = new Disk();
  disk.isFull = true;
  const { made, clock } = recorder(disk);
  const all = 170_000;
  for (let i = 0; i < all; i++) made.record(sample('temperature', START + i));
  await clock.advance(1_000);
  disk.isFull = false;
  await clock.advance(1_000);
  t.equal(made.recorded + made.dropped, all, 'the books balance');
  t.ok(made.dropped > 0 && made.recorded >= 100_000, `${made.dropped} dropped`);
  t.equal(disk.batches.flat().at(-1)?.at, START + all - 1, 'the newest is there');
});

t.test('a clock that is not right yet: nothing is written until it is, then with the right times', async (t) => {
  const disk = new Disk();
  const clock = new ManualClock(START) as ManualClock & { quality: () => string; rebased: (at: number) => number };
  let isKnown = false;
  Object.assign(clock, {
    quality: () => (isKnown ? 'synced' : 'unsynced'),
    rebased: (at: number) => (isKnown ? at + 1_000_000 : at),
  });
  const { made } = recorder(disk, ['*'], clock);
  made.record(sample('temperature', START));
  await clock.advance(5_000);
  t.equal(disk.batches.length, 0);
  isKnown = true;
  await clock.advance(1_000);
  t.strictSame(
    disk.batches.flat().map(({ at }) => at),
    [START + 1_000_000],
  );
});

t.test('at the end what waits is written; what the disk does not take is counted', async (t) => {
  const disk = new Disk();
  const { made, clock } = recorder(disk);
  made.record(sample('temperature', START));
  await made[Symbol.asyncDispose]();
  t.equal(disk.batches.flat().length, 1);
  made.record(sample('temperature', START));
  await settle();
  t.equal(made.waiting, 0, 'takes nothing any more');
  t.equal(clock.pending, 0);

  disk.isFull = true;
  const second = recorder(disk).made;
  second.record(sample('temperature', START));
  await second[Symbol.asyncDispose]();
  t.match(second, { recorded: 0, dropped: 1 });
});
