/** What a build says of itself. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './lockfile.mjs';

/**
 * The commit is that of the checkout, with `+changes` when files differ from it, or $HPMQ_COMMIT where there is no checkout, else `unknown`.
 * The moment is $SOURCE_DATE_EPOCH, or that of the commit: never the clock, so that two builds are the same.
 *
 * @returns version, commit and moment in Unix s (undefined: that of src/version.ts)
 */
export function buildFacts(env = process.env) {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const commit = env.HPMQ_COMMIT ?? commitOfCheckout() ?? 'unknown';
  const moment = env.SOURCE_DATE_EPOCH ?? git('log', '-1', '--format=%ct');
  if (moment !== undefined && !/^\d+$/.test(moment)) throw new Error(`SOURCE_DATE_EPOCH is not in seconds: ${moment}`);
  return { version, commit, moment: moment === undefined ? undefined : Number(moment) };
}

function commitOfCheckout() {
  const commit = git('rev-parse', '--short=12', 'HEAD');
  if (commit === undefined) return undefined;
  return git('status', '--porcelain', '--untracked-files=no') === '' ? commit : `${commit}+changes`;
}

function git(...args) {
  try {
    return execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return undefined;
  }
}
