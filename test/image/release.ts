/** Releases to update to, made from the committed sources under another version, and bundles that nobody should take. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repoRoot } from '../support/peers.js';
import { say } from './boot.js';

export interface Release {
  readonly version: string;
  /** Files over the root file system, by their paths. */
  readonly overlay?: Readonly<Record<string, string>>;
}

const run = (program: string, args: readonly string[], cwd = repoRoot) =>
  execFileSync(program, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 10_000_000 });

export const bundleName = ({ version }: Pick<Release, 'version'>) => `hpmq-${version}-arm64.raucb`;

/**
 * Signed bundles of these releases. What was made before from the same commit and for the same authority is taken again.
 *
 * @param keys - of images/keys, those of the image
 * @returns their folder
 */
export function makeReleases(keys: string, releases: readonly Release[]): string {
  const commit = run('git', ['rev-parse', '--short=12', 'HEAD']).trim();
  const cache = process.env.HPMQ_IMAGE_CACHE ?? '/var/cache/hpmq-image';
  const folder = join(cache, 'test-releases', commit);
  const authority = readFileSync(join(keys, 'ca.pem'), 'utf8');
  const known = join(folder, 'ca.pem');
  if (!existsSync(known) || readFileSync(known, 'utf8') !== authority) rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(known, authority);
  for (const release of releases)
    if (!existsSync(join(folder, bundleName(release)))) makeRelease(keys, release, folder);
  return folder;
}

function makeRelease(keys: string, { version, overlay = {} }: Release, output: string): void {
  const work = mkdtempSync(join(tmpdir(), 'hpmq-release-'));
  try {
    const tree = join(work, 'tree');
    run('git', ['clone', '--quiet', '--shared', repoRoot, tree]);
    const current = (JSON.parse(readFileSync(join(tree, 'package.json'), 'utf8')) as { version: string }).version;
    for (const [file, before, after] of [
      ['package.json', `"version": "${current}"`, `"version": "${version}"`],
      ['src/version.ts', `version = '${current}'`, `version = '${version}'`],
    ] as const) {
      const text = readFileSync(join(tree, file), 'utf8');
      assert.ok(text.includes(before), `${file} has no ${before}`);
      writeFileSync(join(tree, file), text.replace(before, after));
    }
    symlinkSync(join(repoRoot, 'node_modules'), join(tree, 'node_modules'));
    const downloads = join(repoRoot, 'dist/.cache');
    if (existsSync(downloads)) cpSync(downloads, join(tree, 'dist/.cache'), { recursive: true });
    run('node', ['images/compile.mjs'], tree);
    run('node', ['images/build.mjs', 'arm64'], tree);
    run('node', ['images/package.mjs', 'arm64', '--no-oci', '--compression', 'none'], tree);
    const over = join(work, 'overlay');
    mkdirSync(over);
    for (const [path, content] of Object.entries(overlay)) {
      mkdirSync(join(over, path, '..'), { recursive: true });
      writeFileSync(join(over, path), content);
    }
    const args = ['--keys', keys, '--fast', '--bundle-only', '--overlay', over, '--output', join(work, 'out')];
    run(join(tree, 'images/build-image'), args, tree);
    const made = join(output, `.${bundleName({ version })}`);
    copyFileSync(join(work, 'out', bundleName({ version })), made);
    renameSync(made, join(output, bundleName({ version })));
    say(
      `made ${bundleName({ version })}, ${Math.round(statSync(join(output, bundleName({ version }))).size / 1e6)} MB`,
    );
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** A copy with one bit changed in the middle of what was signed. */
export function tamper(bundle: string, copy: string): void {
  copyFileSync(bundle, copy);
  const at = Math.floor(statSync(copy).size / 2);
  const file = openSync(copy, 'r+');
  try {
    const byte = Buffer.alloc(1);
    readSync(file, byte, 0, 1, at);
    byte[0]! ^= 1;
    writeSync(file, byte, 0, 1, at);
  } finally {
    closeSync(file);
  }
}

/** As our own, but nobody has signed it. */
export function makeUnsigned(version: string, output: string): void {
  const work = mkdtempSync(join(tmpdir(), 'hpmq-unsigned-'));
  try {
    const content = join(work, 'content');
    mkdirSync(content);
    writeFileSync(join(content, 'rootfs.squashfs'), randomBytes(65_536));
    const manifest = `[update]\ncompatible=hpmq-arm64\nversion=${version}\n\n[bundle]\nformat=verity\n\n[image.rootfs]\nfilename=rootfs.squashfs\n`;
    writeFileSync(join(content, 'manifest.raucm'), manifest);
    run('mksquashfs', [content, output, '-noappend', '-quiet', '-no-progress']);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Signed, by somebody whom no box of ours knows. */
export function makeForeign(version: string, output: string): void {
  const work = mkdtempSync(join(tmpdir(), 'hpmq-foreign-'));
  try {
    writeFileSync(join(work, 'rootfs'), randomBytes(65_536));
    run(join(repoRoot, 'images/keys'), [join(work, 'keys')]);
    run(join(repoRoot, 'images/make-bundle'), [join(work, 'rootfs'), version, join(work, 'keys'), output]);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** A FAT file system with these files in its top folder: a disk for the machine, or a stick. */
export function diskOf(files: readonly string[], output: string): void {
  const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0);
  run('truncate', ['--size', `${Math.ceil(bytes / 2 ** 20) + 64}M`, output]);
  run('mkfs.vfat', ['-F', '32', output]);
  run('mcopy', ['-i', output, ...files, '::']);
}
