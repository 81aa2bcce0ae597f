/** What links need of the store beyond what sessions do: labels, a survey of them, and a release that is taken back. */
import t from 'tap';
import { systemClock } from '../../../src/core/clock.js';
import { silentLog } from '../../../src/core/log.js';
import { createMessage } from '../../../src/core/message.js';
import { MAX_LABEL } from '../../../src/core/store.js';
import { openStore } from '../../../src/store/store.js';

t.test('labels are kept, surveyed and asked for; a release is taken back', async (t) => {
  const folder = t.testdir();
  const open = () => openStore({ folder, durability: 'strict', tables: [], log: silentLog, clock: systemClock });
  const store = await open();
  const queue = store.queue('link:a');
  const labels = [0, 5, 5, MAX_LABEL, 16];
  const stored = labels.map((label, i) =>
    queue.append({
      message: createMessage({ topic: `t/${i}`, payload: 'x', origin: 'client:a', receivedAt: i }),
      qos: 2,
      retain: i === 1,
      identifiers: [],
      share: 'tag',
      label,
    }),
  );
  queue.release(stored[0]!);
  await store.commit();
  await store[Symbol.asyncDispose]();

  await using again = await open();
  const found = again.queue('link:a');
  const read = await found.read(0, 10);
  t.strictSame(
    read.map(({ label, qos, retain, share }) => ({ label, qos, retain, share })),
    labels.map((label, i) => ({ label, qos: 2, retain: i === 1, share: 'tag' })),
  );
  const { lastSequence, labels: surveyed } = await found.survey(1, 3);
  t.equal(lastSequence, 4);
  t.match(surveyed, [
    { label: 5, messages: 2, lastSequence: 3 },
    { label: MAX_LABEL, messages: 1, lastSequence: 4 },
  ]);
  t.strictSame(await found.survey(5, 3), { lastSequence: 0, labels: [] });
  const some = await found.read(0, 10, { mask: 15, value: 5 });
  t.strictSame(
    some.map(({ sequence }) => sequence),
    [2, 3],
  );
  t.match(await found.readReleased(10, 0, 10), [{ sequence: 1 }]);
  found.unrelease(read[0]!);
  t.strictSame(await found.readReleased(10, 0, 10), []);
  t.equal((await found.read(0, 1))[0]!.released, 0);
});
