/** Puts the system's files in place. One that cannot be written does not keep the others from it. */
import { existsSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ConfigProblem } from '../config/errors.js';
import { makeFolder, writeWhole } from './files.js';
import { problem, reasonOf } from './problem.js';
import type { Settings } from './settings.js';
import { DEFAULT_HOSTNAME, SYSTEM, SYSTEM_FILES, systemFiles } from './system-files.js';

/** @returns what could not be written */
export function writeSystem(root: string, settings: Settings): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const attempt = (path: string, work: () => void) => {
    try {
      work();
    } catch (error) {
      const hint = 'run this as root, on a machine with memory left; the rest was written';
      problems.push(problem(path, `cannot be written: ${reasonOf(error)}`, hint));
    }
  };
  const shadow = join(root, 'usr', 'share', 'hpmq', 'shadow');
  let image: { readonly text: string; readonly gid: number } | undefined;
  attempt(shadow, () => {
    image = { text: readFileSync(shadow, 'utf8'), gid: statSync(shadow).gid };
  });
  const files = systemFiles(settings, image?.text ?? '');
  for (const path of SYSTEM_FILES) {
    if (files.some((file) => file.path === path)) continue;
    attempt(join(root, path), () => rmSync(join(root, path), { force: true }));
  }
  for (const { path, content, mode, group } of files) {
    const target = join(root, path);
    // The one that systemd-tmpfiles has put there holds.
    if (group === 'shadow' && image === undefined) continue;
    attempt(target, () => {
      makeFolder(dirname(target), 0o755);
      writeWhole(target, content, { mode, gid: group === 'shadow' ? (image?.gid ?? 0) : 0 });
    });
  }
  const zone = join(root, SYSTEM, 'localtime');
  attempt(zone, () => {
    rmSync(`${zone}.new`, { force: true });
    symlinkSync(join('/usr/share/zoneinfo', settings.timezone ?? 'Etc/UTC'), `${zone}.new`);
    renameSync(`${zone}.new`, zone);
  });
  // proc(5); a folder of a test has none.
  const kernel = join(root, 'proc/sys/kernel/hostname');
  if (existsSync(kernel)) attempt(kernel, () => writeFileSync(kernel, settings.hostname ?? DEFAULT_HOSTNAME));
  return problems;
}
