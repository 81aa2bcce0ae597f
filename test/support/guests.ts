/** WebAssembly guests of test/guests, compiled when they are needed. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FunctionLimits, HostCalls } from '../../src/core/function.js';
import { createMessage, type MessageInit } from '../../src/core/message.js';
import { repoRoot } from './peers.js';

const folder = join(repoRoot, 'test', 'guests');
const built = new Map<string, Buffer>();

/** Compiles one C source of test/guests with Debian's clang; needs('clang', 'wasm-ld'). */
export function cGuest(source: string, flags: readonly string[] = ['-O2']): Buffer {
  return make(`${source} ${flags.join(' ')}`, (_work, output) => {
    const link = ['--target=wasm32', '-nostdlib', '-mbulk-memory', '-Wl,--no-entry', '-Wl,-z,stack-size=16384'];
    execFileSync('clang', [...link, ...flags, '-o', output, join(folder, source)], { stdio: 'pipe' });
  });
}

const peers = '/opt/hpmq-test-peers/wasm-guests/node_modules';

/** Options of a tap test that needs AssemblyScript and the waPC library for it, from npm. */
export function needsAssemblyScript(): { skip?: string } {
  if (existsSync(join(peers, 'assemblyscript'))) return {};
  if (process.env.HPMQ_REQUIRE_PEERS === 'true') throw new Error('AssemblyScript is absent; run test/peers/install');
  return { skip: 'not installed: AssemblyScript (test/peers/install installs it)' };
}

/** Compiles an AssemblyScript source of test/guests. */
export function assemblyScriptGuest(source: string, flags: readonly string[] = []): Buffer {
  return make(`${source} ${flags.join(' ')}`, (work, output) => {
    copyFileSync(join(folder, source), join(work, 'index.ts'));
    const options = ['--baseDir', work, '--path', peers, '-O3', '--runtime', 'incremental', ...flags, '-o', output];
    execFileSync(process.execPath, [join(peers, 'assemblyscript/bin/asc.js'), 'index.ts', ...options], {
      stdio: 'pipe',
    });
  });
}

export function wapcAssemblyScriptGuest(): Buffer {
  return assemblyScriptGuest('wapc-guest.assemblyscript', ['--use', 'abort=index/abort']);
}

function make(key: string, compile: (work: string, output: string) => void): Buffer {
  let bytes = built.get(key);
  if (bytes === undefined) {
    const work = mkdtempSync(join(tmpdir(), 'hpmq-guest-'));
    const output = join(work, 'guest.wasm');
    try {
      compile(work, output);
      bytes = readFileSync(output);
    } finally {
      rmSync(work, { recursive: true });
    }
    built.set(key, bytes);
  }
  return bytes;
}

export const guestLimits: FunctionLimits = {
  fuel: 2_000_000,
  memory: 4 * 1024 * 1024,
  deadline: 1_000,
  queue: 1_000,
  outputs: 100,
  outputBytes: 1024 * 1024,
  rate: 1_000,
};

/** A host that grants nothing and keeps the log. */
export function quietHost(lines: string[] = []): HostCalls {
  return { log: (_level, text) => void lines.push(text), now: () => 1_700_000_000_000, config: () => undefined };
}

export function guestMessage(init: Partial<MessageInit> = {}) {
  return createMessage({ topic: 'a/b', payload: 'hello', origin: 'client:line-3', receivedAt: 0, ...init });
}
