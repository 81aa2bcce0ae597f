import t from 'tap';
import type { Clock, TimeQuality } from '../../../src/core/clock.js';
import type { GatewayError } from '../../../src/core/errors.js';
import type { HistorySample, HistoryValue } from '../../../src/core/history.js';
import { historyError } from '../../../src/history/errors.js';
import { Recorder } from '../../../src/history/recorder.js';
import { ManualClock, settle } from '../../support/manual-clock.js';

const START = Date.UTC(2026, 0, 1);

function sample(point: string, at: number, value: HistoryValue = at): HistorySample {
  return { device: 'boiler', point, unit: undefined, value, quality: 'good', at };
}

class Disk {
  readonly batches: (readonly HistorySample[])[] = [];
  /** Of every attempt. */
  readonly names: string[] = [];
  isFull = false;
  trouble: GatewayError | undefined;

  times(): readonly number[] {
    return this.batches.flat().map(({ at }) => at - START);
  }

  /** Codes, `ok` for none. */
  readonly states: string[] = [];
  readonly write = async (samples: readonly HistorySample[], name: string) => {
    this.names.push(name);
    if (this.isFull) throw historyError('HISTORY_FULL', 'full');
    this.batches.push(samples);
    return this.trouble;
  };
}

function recorder(disk: Disk, points: readonly string[] = ['*'], clock = new ManualClock(START)) {
  const made = new Recorder({
    points,
    keep: 30 * 86_400_000,
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
  t.strictSame(disk.times(), [0, 1, 2]);
  t.equal(disk.batches.length, 1);
  t.equal(made.recorded, 3);
  await clock.advance(10_000);
  t.strictSame(disk.batches[1], [], 'nothing came since: what was written is forced to the disk');
  await clock.advance(60_000);
  t.equal(disk.batches.length, 2);
});

t.test('what is wrong although the samples were taken is told, and they are not given again', async (t) => {
  const disk = new Disk();
  disk.trouble = historyError('HISTORY_FAILED', 'a page');
  const { made, clock } = recorder(disk);
  made.record(sample('temperature', START));
  await clock.advance(1_000);
  t.match(made, { recorded: 1, waiting: 0 });
  t.equal(disk.states.at(-1), 'HISTORY_FAILED');
});

t.test('with nothing to write it is time to tidy up, now and then', async (t) => {
  const disk = new Disk();
  const { clock } = recorder(disk);
  await clock.advance(15 * 60_000);
  t.strictSame(disk.batches, [[], [], []]);
  t.equal(clock.pending, 1);
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

t.test('what is told again is one; that it is stale by now is another, of now', async (t) => {
  const disk = new Disk();
  const { made, clock } = recorder(disk);
  made.record(sample('temperature', START, 7));
  made.record(sample('temperature', START, 7));
  clock.pass(500);
  made.record({ ...sample('temperature', START, 7), quality: 'stale' });
  await clock.advance(1_000);
  t.strictSame(
    disk.batches.flat().map(({ at, quality }) => [at - START, quality]),
    [
      [0, 'good'],
      [500, 'stale'],
    ],
  );
});

t.test('times that no device can mean are now, others are whole', async (t) => {
  const disk = new Disk();
  const { made, clock } = recorder(disk);
  const day = 86_400_000;
  const times = [START + 0.4, Number.NaN, -1, 0, 1e300, Number.POSITIVE_INFINITY, START + 2 * day, START - 31 * day];
  for (const [i, at] of times.entries()) made.record(sample(`p${i}`, at, 1));
  made.record(sample('ahead', START + 3_600_000));
  await clock.advance(1_000);
  t.strictSame(disk.times(), [0, 0, 0, 0, 0, 0, 0, 0, 3_600_000]);
});

t.test(
  'a disk that takes nothing: the same is given again, less and less often, then what came after it',
  async (t) => {
    const disk = new Disk();
    disk.isFull = true;
    const { made, clock } = recorder(disk);
    made.record(sample('temperature', START));
    await clock.advance(1_000);
    made.record(sample('temperature', START + 1_000));
    await clock.advance(1_000);
    t.equal(made.waiting, 2);
    t.equal(disk.states.at(-1), 'HISTORY_FULL');
    await clock.advance(300_000);
    t.ok(disk.names.length < 20, `${disk.names.length} attempts`);
    t.equal(new Set(disk.names).size, 1, 'one batch');
    disk.isFull = false;
    await clock.advance(30_000);
    t.strictSame(disk.times(), [0, 1_000]);
    t.equal(disk.states.at(-1), 'ok');
    t.match(made, { recorded: 2, dropped: 0, waiting: 0 });
    t.equal(new Set(disk.names).size, 2);
    made.record(sample('temperature', START + 2_000));
    await clock.advance(1_000);
    t.equal(made.recorded, 3, 'as quick as before');
  },
);

t.test('beyond the limit the oldest go, and are counted', async (t) => {
  const disk = new Disk();
  disk.isFull = true;
  const { made, clock } = recorder(disk);
  const all = 170_000;
  for (let i = 0; i < all; i++) made.record(sample('temperature', START + i));
  await clock.advance(1_000);
  disk.isFull = false;
  await clock.advance(2_000);
  t.equal(made.recorded + made.dropped, all, 'the books balance');
  t.ok(made.dropped > 0 && made.recorded >= 100_000, `${made.dropped} dropped`);
  t.equal(disk.batches.flat().at(-1)?.at, START + all - 1, 'the newest is there');
});

t.test('long texts count for what they take', async (t) => {
  const disk = new Disk();
  disk.isFull = true;
  const { made } = recorder(disk);
  for (let i = 0; i < 1_000; i++) made.record(sample('frame', START + i, `${i}`.padEnd(64 * 1024)));
  t.ok(made.waiting < 400, `${made.waiting} wait`);
  t.equal(made.waiting + made.dropped, 1_000);
});

t.test('times of a clock that was not set are marked, and right as soon as it is', async (t) => {
  const disk = new Disk();
  const clock = new ManualClock(START);
  let isKnown = false;
  const guarded: Clock = Object.assign(clock, {
    quality: (): TimeQuality => (isKnown ? 'synced' : 'unsynced'),
    rebased: (at: number, isUnsynced?: boolean) => (isKnown && isUnsynced ? at + 1_000_000.25 : at),
  });
  const { made } = recorder(disk, ['*'], guarded as ManualClock);
  const unsynced = (at: number) => ({ ...sample('temperature', START + at), isUnsynced: true });
  made.record(unsynced(0));
  await clock.advance(1_000);
  made.record(unsynced(1_000));
  isKnown = true;
  made.record({ ...sample('temperature', START + 1_500), isUnsynced: false });
  // Told again, now with the time that is known.
  made.record({ ...unsynced(2_000), point: 'other' });
  made.record({ ...sample('other', START + 1_002_000.25, START + 2_000), isUnsynced: false });
  await clock.advance(1_000);
  t.strictSame(
    disk.batches.flat().map(({ at, isUnsynced }) => [at - START, isUnsynced]),
    [
      [0, true],
      [1_001_000, false],
      [1_500, false],
      [1_002_000, false],
    ],
  );
});

t.test('at the end what waits is written; what the disk does not take is counted', async (t) => {
  const disk = new Disk();
  const { made, clock } = recorder(disk);
  made.record(sample('temperature', START));
  await made[Symbol.asyncDispose]();
  t.equal(disk.batches.flat().length, 1);
  made.record(sample('temperature', START + 1));
  await settle();
  t.equal(made.waiting, 0, 'takes nothing any more');
  t.equal(clock.pending, 0);

  disk.isFull = true;
  const second = recorder(disk);
  for (let i = 0; i < 12_000; i++) second.made.record(sample('temperature', START + i));
  const attempts = disk.names.length;
  await second.made[Symbol.asyncDispose]();
  t.match(second.made, { recorded: 0, dropped: 12_000, waiting: 0 });
  t.equal(disk.names.length, attempts + 1, 'tried once');
  t.equal(second.clock.pending, 0);
});
