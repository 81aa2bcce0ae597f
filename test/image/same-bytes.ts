/** Two builds from one base layer: which of their files have the same bytes. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createReadStream, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { execute } from './machine.js';

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

async function build(images: string, folder: string, name: string): Promise<ReadonlyMap<string, string>> {
  const output = join(folder, name);
  const args = ['--keys', join(folder, 'keys'), '--fast', '--output', output];
  const { code, stderr } = await execute(join(images, 'build-image'), args, 900_000);
  assert.equal(code, 0, stderr);
  const hashes = new Map<string, string>();
  for (const file of readdirSync(output).sort()) hashes.set(file, await hashOf(join(output, file)));
  rmSync(output, { recursive: true });
  return hashes;
}

export async function sameBytes(images: string): Promise<void> {
  // Else it is the time of the last commit, which may come between the two.
  process.env.SOURCE_DATE_EPOCH ??= '1763800000';
  const folder = mkdtempSync(join(tmpdir(), 'hpmq-same-'));
  try {
    const { code, stderr } = await execute(join(images, 'keys'), [join(folder, 'keys')]);
    assert.equal(code, 0, stderr);
    const first = await build(images, folder, 'first');
    const second = await build(images, folder, 'second');
    const other = [...first].filter(([file, hash]) => second.get(file) !== hash).map(([file]) => file);
    for (const [file, hash] of first)
      console.log(`  ${other.includes(file) ? 'differs' : 'same   '}  ${hash}  ${file}`);
    // A signature has the time of the signing in it; the sums have its hash.
    const allowed = other.filter((file) => !file.endsWith('.raucb') && file !== 'SHA256SUMS');
    assert.deepEqual(allowed, []);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
