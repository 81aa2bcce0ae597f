import t from 'tap';
import { Recorder } from '../../../src/devices/recorder.js';
import { ManualClock } from '../../support/manual-clock.js';

t.test('what was carried comes back in order, with times and directions', async (t) => {
  const clock = new ManualClock();
  const recorder = new Recorder(clock);
  recorder.add(true, Buffer.from('ask'));
  await clock.advance(12.345);
  recorder.add(false, Buffer.from('answer'));
  const [ask, answer] = recorder.after(0, 10);
  t.match(ask, { sequence: 1, sent: true });
  t.match(answer, { sequence: 2, sent: false });
  t.equal(`${ask?.bytes} ${answer?.bytes}`, 'ask answer');
  t.ok(answer!.at > ask!.at && Number.isInteger(answer!.at), 'in microseconds');
  t.equal(recorder.after(1, 10).length, 1);
  t.equal(recorder.after(0, 1).length, 1);
});

t.test('it keeps the newest, and never more than its buffers', async (t) => {
  const recorder = new Recorder(new ManualClock());
  const chunk = Buffer.alloc(700, 1);
  for (let i = 0; i < 5_000; i++) recorder.add(i % 2 === 0, chunk);
  const kept = recorder.after(0, 10_000);
  t.equal(kept.at(-1)?.sequence, 5_000, 'the newest is there');
  const bytes = kept.reduce((sum, { bytes }) => sum + bytes.length, 0);
  t.ok(bytes <= 256 * 1024 && bytes > 200 * 1024, `${bytes} bytes`);
  t.strictSame(
    kept.map(({ sequence }) => sequence),
    kept.map((_, index) => kept[0]!.sequence + index),
    'without holes',
  );
  recorder.add(false, Buffer.alloc(100_000, 7));
  const long = recorder.after(5_000, 100);
  t.equal(Buffer.concat(long.map((one) => one.bytes)).length, 100_000, 'a long chunk is several records');
});
