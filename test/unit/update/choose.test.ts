import { chmodSync, chownSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { choose, isRunnable } from '../../../src/update/choose.js';
import { isAfterFallback } from '../../../src/update/open-updater.js';
import {
  type BoxState,
  initialState,
  readState,
  type Version,
  versionFile,
  writeState,
} from '../../../src/update/state.js';
import { tempFolder } from '../../support/gateway.js';

const BASE = '1.0.0 100 1';
const trial = { starts: 0, windowMs: 60_000, links: [] };

function program(folder: string, version: string): Version {
  const text = `#!/bin/sh\necho ${version}\n`;
  const one = { version, sha256: version.replaceAll('.', '').padEnd(64, '0'), bytes: text.length };
  const file = versionFile(folder, one);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  chmodSync(file, 0o755);
  return one;
}

function start(t: Test, state: (folder: string) => Partial<BoxState>) {
  const folder = join(tempFolder(t), 'update');
  writeState(folder, { ...initialState(BASE), ...state(folder) });
  const said: string[] = [];
  const once = (base = BASE) => choose(folder, base, 5, (text) => void said.push(text))?.id;
  return { folder, said, once };
}

t.test('a box that was never updated runs what is installed', async (t) => {
  t.equal(choose(join(tempFolder(t), 'none'), BASE, 0, t.fail), undefined);
  const { once } = start(t, () => ({}));
  t.equal(once(), undefined);
});

t.test('a version on trial has three starts, then the one before runs, and why is kept', async (t) => {
  const { folder, once, said } = start(t, (folder) => ({
    current: program(folder, '3.0.0'),
    previous: program(folder, '2.0.0'),
    trial,
  }));
  t.strictSame([once(), once(), once()], Array(3).fill('3.0.0-300000000000'));
  t.equal(once(), '2.0.0-200000000000');
  t.match(readState(folder), { trial: null, last: { version: '3.0.0', outcome: 'failed', reason: /3 times/, at: 5 } });
  t.match(said, [/^version 3.0.0 is given up/]);
  t.equal(once(), '2.0.0-200000000000', 'a version that is not on trial is not counted');
});

t.test('a program that is gone, cut short, not executable or none is given up for the next that runs', async (t) => {
  const breakages: readonly ((file: string) => void)[] = [
    (file) => rmSync(file),
    (file) => writeFileSync(file, '#!'),
    (file) => chmodSync(file, 0o644),
    (file) => writeFileSync(file, '\u007fELF but not of this machine'.padEnd(20 + 3)),
  ];
  for (const breakIt of breakages) {
    const { folder, once } = start(t, (folder) => ({ current: program(folder, '3.0.0'), previous: null }));
    breakIt(versionFile(folder, readState(folder)!.current!));
    t.equal(once(), undefined);
    t.match(readState(folder), { current: null, last: { version: '3.0.0', outcome: 'failed' } });
  }
});

t.test('what a package manager installs later counts, unless it is older', async (t) => {
  for (const base of ['4.0.0 100 2', '3.0.0 100 2']) {
    const { folder, once } = start(t, (folder) => ({ current: program(folder, '3.0.0') }));
    t.equal(once(base), undefined);
    t.match(readState(folder), { base, current: null, last: { version: '3.0.0', outcome: 'rolled-back' } });
    t.equal(once(base), undefined);
    t.ok(isAfterFallback({ HPMQ_UPDATE_DIR: folder }), 'what 3.0.0 made of the store may be taken back');
  }
});

t.test('an installed program that is older than the version that runs does not take its place', async (t) => {
  const { folder, once, said } = start(t, (folder) => ({
    current: program(folder, '3.0.0'),
    previous: program(folder, '1.5.0'),
  }));
  t.equal(once('2.0.0 100 2'), '3.0.0-300000000000', 'it could not read the store of 3.0.0');
  t.match(said, [/replaced by an older one: version 3.0.0 goes on/]);
  t.match(readState(folder), { base: '2.0.0 100 2', trial: null, previous: null, last: null });
  t.equal(once('2.0.0 100 2'), '3.0.0-300000000000');
  t.equal(said.length, 1);

  const trying = start(t, (folder) => ({
    current: program(folder, '3.0.0'),
    previous: program(folder, '2.5.0'),
    trial,
  }));
  const ids = Array.from({ length: 4 }, () => trying.once('2.0.0 100 2'));
  t.strictSame(ids, [...Array(3).fill('3.0.0-300000000000'), '2.5.0-250000000000'], 'a trial goes on and ends as ever');
});

const unreadable = ['', '{', '[]', '{"format":2,"base":"x"}', '\u0000\u0000'];

t.test('a state that cannot be read is replaced by its copy', async (t) => {
  const { folder, once } = start(t, (folder) => ({ current: program(folder, '3.0.0') }));
  for (const text of [undefined, ...unreadable]) {
    if (text === undefined) rmSync(join(folder, 'state.json'));
    else writeFileSync(join(folder, 'state.json'), text);
    t.equal(once(), '3.0.0-300000000000', `state.json is ${JSON.stringify(text)}`);
  }
});

t.test(
  'without any state the installed program runs, and may take back what a version made of the store',
  async (t) => {
    for (const text of [undefined, ...unreadable]) {
      const { folder, once } = start(t, (folder) => ({
        current: program(folder, '3.0.0'),
        previous: program(folder, '2.0.0'),
      }));
      for (const name of ['state.json', 'state.copy.json']) {
        if (text === undefined) rmSync(join(folder, name));
        else writeFileSync(join(folder, name), text);
      }
      t.equal(once(), undefined);
      t.match(readState(folder), { current: null, last: { version: '3.0.0', outcome: 'failed', reason: /was lost/ } });
      t.ok(isAfterFallback({ HPMQ_UPDATE_DIR: folder }));
    }
  },
);

t.test('a start on trial that cannot be noted is not made', async (t) => {
  const { folder, once } = start(t, (folder) => ({ current: program(folder, '3.0.0'), trial }));
  rmSync(join(folder, 'state.json'));
  mkdirSync(join(folder, 'state.json'));
  t.equal(once(), undefined, 'else it could be tried for ever');
});

const asRoot = process.getuid?.() === 0 ? {} : { skip: 'only root can be asked for more than it should do' };

t.test('root neither runs nor writes what is in the folder of somebody else', asRoot, async (t) => {
  const { folder, once, said } = start(t, (folder) => ({ current: program(folder, '3.0.0'), trial }));
  const before = readFileSync(join(folder, 'state.json'));
  chownSync(folder, 65_534, 65_534);
  t.equal(once(), undefined);
  t.match(said, [/can be changed by others than root/]);
  t.strictSame(readFileSync(join(folder, 'state.json')), before, 'no start is counted');
});

t.test('root does not run a program that others can replace, in a folder of its own', asRoot, async (t) => {
  for (const opened of ['hpmq', '.', '..']) {
    const { folder, once } = start(t, (folder) => ({ current: program(folder, '3.0.0') }));
    const file = versionFile(folder, readState(folder)!.current!);
    chmodSync(opened === 'hpmq' ? file : join(dirname(file), opened), 0o777);
    t.equal(once(), undefined, opened);
    t.match(readState(folder), { current: null, last: { reason: /can be changed by others/ } });
  }
});

t.test('what is written beside follows no link that somebody left there', async (t) => {
  const { folder } = start(t, () => ({}));
  const other = join(folder, '..', 'shadow');
  writeFileSync(other, 'secret');
  for (const name of ['state.json.new', 'state.json']) {
    rmSync(join(folder, name), { force: true });
    symlinkSync(other, join(folder, name));
  }
  writeState(folder, initialState(BASE));
  t.equal(readFileSync(other, 'utf8'), 'secret');
  t.match(readState(folder), { base: BASE });
});

t.test('programs of other processors are told by their header', async (t) => {
  const elf = (machine: number) => {
    const head = Buffer.alloc(20);
    head.write('\u007fELF', 'latin1');
    head.writeUInt16LE(machine, 18);
    return head;
  };
  t.ok(isRunnable(elf(62), 'x64'));
  t.ok(isRunnable(elf(183), 'arm64'));
  t.notOk(isRunnable(elf(62), 'arm64'));
  t.notOk(isRunnable(Buffer.alloc(20)));
});
