/** The engine that is in the repository is what its sources give. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { needs, repoRoot } from '../../../support/peers.js';

const quickjs = '/opt/hpmq-test-peers/wasm-guests/node_modules/qjsc/deps/quickjs_2021_03_27';

function withSources(): { skip?: string } {
  if (existsSync(quickjs)) return needs('clang', 'wasm-ld');
  if (process.env.HPMQ_REQUIRE_PEERS === 'true') throw new Error('QuickJS is absent; run test/peers/install');
  return { skip: 'not installed: the sources of QuickJS (test/peers/install installs them)' };
}

t.test("Debian's clang builds engine.wasm to the byte", { ...withSources(), timeout: 600_000 }, async (t) => {
  const folder = join(repoRoot, 'functions-sdk/js/engine');
  const output = join(t.testdir(), 'engine.wasm');
  execFileSync(join(folder, 'build'), [quickjs, output], { stdio: 'pipe' });
  const digest = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');
  t.equal(digest(output), digest(join(folder, 'engine.wasm')));
});
