import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { GRACE, tidyRemoved } from '../../../src/functions/removed-functions.js';
import { ManualClock } from '../../support/manual-clock.js';

function versions(data: string, name: string): string {
  const folder = join(data, 'functions', name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'state.json'), '{}');
  writeFileSync(join(folder, `${'ab'.repeat(32)}.wasm`), 'x');
  return folder;
}

t.test('versions of a function that is not configured any more go after a week', async (t) => {
  const data = t.testdir();
  const clock = new ManualClock();
  const [kept, removed] = [versions(data, 'kept'), versions(data, 'removed')];
  const tidy = (...names: readonly string[]) => tidyRemoved(data, new Set(names), clock);
  t.strictSame(await tidy('kept', 'removed'), []);
  await clock.advance(GRACE * 2);
  t.strictSame(await tidy('kept'), [], 'from the first start without it');
  await clock.advance(GRACE - 1);
  t.strictSame(await tidy('kept'), []);
  t.ok(existsSync(join(removed, 'state.json')));
  t.strictSame(await tidy('kept', 'removed'), [], 'it is back');
  await clock.advance(GRACE);
  t.strictSame(await tidy('kept'), [], 'and counts anew');
  await clock.advance(GRACE);
  t.strictSame(await tidy('kept'), ['removed']);
  t.notOk(existsSync(removed));
  t.strictSame(readdirSync(kept).length, 2);
});

t.test('a mark of the future begins anew, and a clock that is not known removes nothing', async (t) => {
  const data = t.testdir();
  const folder = versions(data, 'f');
  const clock = new ManualClock();
  writeFileSync(join(folder, 'removed-at'), `${clock.now() + GRACE * 9}\n`);
  t.strictSame(await tidyRemoved(data, new Set(), clock), []);
  await clock.advance(GRACE);
  const unsynced = Object.assign(Object.create(clock) as ManualClock, {
    quality: () => 'unsynced' as const,
    now: () => clock.now(),
  });
  t.strictSame(await tidyRemoved(data, new Set(), unsynced), []);
  t.strictSame(await tidyRemoved(data, new Set(), clock), ['f']);
});

t.test('what somebody else put there stays', async (t) => {
  const data = t.testdir();
  const clock = new ManualClock();
  const folder = versions(data, 'f');
  writeFileSync(join(folder, 'notes.txt'), 'mine');
  const foreign = join(data, 'functions', 'foreign');
  mkdirSync(foreign);
  writeFileSync(join(foreign, 'x'), '');
  await tidyRemoved(data, new Set(), clock);
  await clock.advance(GRACE);
  t.strictSame(await tidyRemoved(data, new Set(), clock), []);
  t.strictSame(readdirSync(folder), ['notes.txt']);
  t.strictSame(readdirSync(foreign), ['x']);
  t.strictSame(await tidyRemoved(join(data, 'nothing'), new Set(), clock), []);
});
