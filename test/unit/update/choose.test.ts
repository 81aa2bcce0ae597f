import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { choose, isRunnable } from '../../../src/update/choose.js';
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

t.test('what a package manager installs later counts', async (t) => {
  const { folder, once } = start(t, (folder) => ({ current: program(folder, '3.0.0') }));
  t.equal(once('4.0.0 100 2'), undefined);
  t.match(readState(folder), { base: '4.0.0 100 2', current: null });
  t.equal(once('4.0.0 100 2'), undefined);
});

t.test('a state that cannot be read is as if there was none', async (t) => {
  const { folder, once } = start(t, (folder) => ({ current: program(folder, '3.0.0') }));
  for (const text of ['', '{', '[]', '{"format":2,"base":"x"}', '\u0000\u0000']) {
    writeFileSync(join(folder, 'state.json'), text);
    t.equal(once(), undefined);
  }
});

t.test('a start on trial that cannot be noted is not made', async (t) => {
  const { folder, once } = start(t, (folder) => ({ current: program(folder, '3.0.0'), trial }));
  mkdirSync(join(folder, 'state.json.new'));
  t.equal(once(), undefined, 'else it could be tried for ever');
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
