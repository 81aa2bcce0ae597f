import { appendFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { FileWatch, LOOK_INTERVAL } from '../../../src/core/file-watch.js';
import { tempFolder } from '../../support/gateway.js';
import { ManualClock } from '../../support/manual-clock.js';
import { eventually } from '../../support/peers.js';

t.test('every way to replace a file is noticed once it stands still', async (t) => {
  const folder = tempFolder(t);
  const [a, b, link] = [join(folder, 'a'), join(folder, 'b'), join(folder, 'link')];
  writeFileSync(a, 'one');
  writeFileSync(b, 'one');
  symlinkSync(a, link);
  const clock = new ManualClock();
  let changes = 0;
  let looks = 0;
  using watch = new FileWatch(
    [link, join(folder, 'absent')],
    clock,
    () => changes++,
    () => looks++,
  );
  watch.start();
  /** Files are looked at in the background of Node. */
  const look = async () => {
    const before = looks;
    await clock.advance(LOOK_INTERVAL);
    await eventually(() => looks > before);
  };
  await look();
  t.equal(changes, 0);
  for (const [what, change] of [
    ['written in place', () => writeFileSync(a, 'longer')],
    ['replaced by renaming', () => renameSync(b, a)],
    [
      'the link points elsewhere',
      () => {
        writeFileSync(join(folder, 'c'), 'one');
        symlinkSync(join(folder, 'c'), `${link}-new`);
        renameSync(`${link}-new`, link);
      },
    ],
    ['removed', () => rmSync(link)],
    ['back again', () => symlinkSync(a, link)],
    ['another one comes', () => writeFileSync(join(folder, 'absent'), 'here')],
  ] as const) {
    changes = 0;
    change();
    await look();
    t.equal(changes, 0, `${what}: seen, not yet believed`);
    await look();
    t.equal(changes, 1, what);
    await look();
    t.equal(changes, 1, 'told once');
  }
  changes = 0;
  for (let i = 0; i < 3; i++) {
    appendFileSync(a, 'x');
    await look();
  }
  t.equal(changes, 0, 'it does not stand still');
  await look();
  t.equal(changes, 1);
  watch[Symbol.dispose]();
  t.equal(clock.pending, 0);
});
