/** Who may do what in the folder of updates: another user's folder, two who write at once, two gateways of one version. */
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import type { GatewayError } from '../../../src/core/errors.js';
import { BoxUpdater } from '../../../src/update/box-updater.js';
import { choose } from '../../../src/update/choose.js';
import { lockInstallation } from '../../../src/update/lock.js';
import { type BoxState, initialState, readState, writeState } from '../../../src/update/state.js';
import { Box } from '../../support/update.js';

const BASE = '0.1.0 100 1';
const NOBODY = 65_534;
const asRoot = process.getuid?.() === 0 ? {} : { skip: 'only root can be asked for more than it should do' };

function updaterOf(box: Box, mayActAsOwner = true): BoxUpdater {
  const folder = box.updates;
  return new BoxUpdater({
    ...{ folder, base: BASE, baseVersion: '0.1.0', env: box.env, now: () => 5, mayActAsOwner },
  });
}

const install = (updater: BoxUpdater, source: string, onProgress = () => {}) =>
  updater.install({
    ...{ source, allowDowngrade: false, facts: { links: [] }, windowMs: 60_000, onProgress },
    signal: new AbortController().signal,
  });

/** A version that had its first start. */
function onTrial(t: Test): { readonly box: Box; readonly updater: BoxUpdater } {
  const box = new Box(t);
  const version = { version: '9.1.0', sha256: 'a'.repeat(64), bytes: 1 };
  const state: BoxState = {
    ...initialState(BASE),
    ...{ current: version, trial: { starts: 1, windowMs: 60_000, links: [] } },
  };
  writeState(box.updates, state);
  return { box, updater: updaterOf(box) };
}

/** A folder of updates that another user owns, as the service does. */
function foreign(t: Test): Box {
  const box = new Box(t);
  chmodSync(box.folder, 0o755);
  mkdirSync(box.updates);
  chownSync(box.updates, NOBODY, NOBODY);
  return box;
}

t.test(
  'root installs into the folder of somebody else as that one: the program is tried without root',
  asRoot,
  async (t) => {
    const box = foreign(t);
    const groups = process.getgroups!();
    const told = join(box.updates, 'who');
    const bundle = box.bundle('9.1.0', { tries: `{ id -u; id -G; grep ^Uid /proc/self/status; } > '${told}'` });
    chmodSync(bundle, 0o600);
    await install(updaterOf(box), bundle);
    t.match(
      readFileSync(told, 'utf8'),
      new RegExp(`^${NOBODY}\n(${NOBODY})?\nUid:(\\s+${NOBODY}){4}\n`),
      'real, effective and saved user, and no group of root',
    );
    t.equal(process.geteuid!(), 0, 'afterwards it is root again');
    t.strictSame(process.getgroups!(), groups);
    const { current } = readState(box.updates)!;
    const file = join(box.updates, 'versions', `9.1.0-${current!.sha256.slice(0, 12)}`, 'hpmq');
    for (const one of [file, dirname(file), join(box.updates, 'state.json')]) t.equal(statSync(one).uid, NOBODY, one);
  },
);

t.test('links that the owner left there lead root nowhere', asRoot, async (t) => {
  const box = foreign(t);
  const bundle = box.bundle('9.1.0');
  const precious = join(box.folder, 'precious');
  mkdirSync(precious, { mode: 0o755 });
  writeFileSync(join(precious, 'shadow'), 'secret', { mode: 0o600 });
  symlinkSync(precious, join(box.updates, 'versions'));
  symlinkSync(join(precious, 'shadow'), join(box.updates, 'state.json.new'));
  const { code } = await install(updaterOf(box), bundle).then(
    () => ({ code: 'installed' }),
    (error: GatewayError) => error,
  );
  t.equal(code, 'UPDATE_NO_PERMISSION');
  t.strictSame(readdirSync(precious), ['shadow'], 'nothing is removed, nothing is made');
  t.equal(readFileSync(join(precious, 'shadow'), 'utf8'), 'secret');
  t.notOk(existsSync(join(box.updates, 'state.json')));
});

t.test('a gateway of root does not install into the folder of somebody else', asRoot, async (t) => {
  const box = foreign(t);
  await t.rejects(install(updaterOf(box, false), box.bundle('9.1.0')), { code: 'UPDATE_NO_PERMISSION' });
  t.equal(process.geteuid!(), 0);
});

t.test('of two who decide at once one does', async (t) => {
  const { box, updater } = onTrial(t);
  const outcomes = await Promise.allSettled([
    updater.markGood(),
    updaterOf(box).giveUp('failed', 'late'),
    updater.markGood(),
  ]);
  const codes = outcomes.map((one) => (one.status === 'fulfilled' ? 'done' : (one.reason as GatewayError).code));
  t.strictSame(codes.toSorted(), ['UPDATE_NOTHING', 'UPDATE_NOTHING', 'done']);
  t.strictSame(
    readdirSync(box.updates).toSorted(),
    ['state.copy.json', 'state.json'],
    'nothing is left of those that were not first',
  );
  const { current, last } = readState(box.updates)!;
  t.equal(current === null, last?.outcome === 'failed', 'what is current is what was decided');
});

t.test('nothing is decided while an installation writes', async (t) => {
  const { box, updater } = onTrial(t);
  await using _lock = await lockInstallation(box.updates);
  const before = readState(box.updates);
  const decisions = [updater.markGood(), updater.rollback(), updater.giveUp('failed', 'late')];
  for (const one of await Promise.allSettled(decisions)) t.match(one, { reason: { code: 'UPDATE_BUSY' } });
  t.strictSame(readState(box.updates), before);
});

t.test('a start while the next version is written is not forgotten', async (t) => {
  const box = new Box(t);
  const updater = updaterOf(box);
  await install(updater, box.bundle('9.1.0'));
  const next = box.bundle('9.2.0');
  let id: string | undefined;
  const onProgress = () => {
    id ??= choose(box.updates, BASE, 5, () => {})?.id;
  };
  await t.rejects(install(updater, next, onProgress), { code: 'UPDATE_BUSY' });
  t.match(id, /^9\.1\.0-/);
  t.match(readState(box.updates), { current: { version: '9.1.0' }, trial: { starts: 1 } });
  t.strictSame(readdirSync(join(box.updates, 'versions')), [id]);
});

t.test('the gateway that came up first decides on a version; others do not, nor do their starts count', async (t) => {
  const { box, updater } = onTrial(t);
  t.ok(await updater.claim('/var/lib/hpmq'));
  const state = readState(box.updates)!;
  writeState(box.updates, { ...state, trial: { ...state.trial!, starts: 2 } });
  t.notOk(await updater.claim('/tmp/another'));
  t.match(readState(box.updates), { trial: { starts: 1, data: '/var/lib/hpmq' } });
  t.ok(await updater.claim('/var/lib/hpmq'));
});
