/** Mutated WebAssembly modules, judged in a process of their own: a crash of the engine is one of the things looked for. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Choice } from '../../support/random.js';
import { wapcCorpus, wasmCorpus } from './corpus.js';
import type { Sum } from './judge.js';
import { mutateModule } from './mutate.js';

export interface WasmSum extends Sum {
  modules: number;
  /** What went wrong, with the file that the module was written to. */
  readonly failures: string[];
}

const MODULES_PER_CHILD = 20_000;
/** Longest that one module may take. */
const PATIENCE_MS = 30_000;
const MAX_FAILURES = 10;

export async function fuzzModules(options: {
  readonly modules: number;
  readonly seed: number;
  /** Number of the first one, to go on with a run that was left. */
  readonly from?: number;
  readonly onProgress?: (judged: number) => void;
}): Promise<WasmSum> {
  const { modules, seed } = options;
  const work = mkdtempSync(join(tmpdir(), 'hpmq-wasm-fuzz-'));
  const folder = mkdtempSync(join(work, 'corpus-'));
  const corpus = [...wasmCorpus(), ...wapcCorpus()];
  corpus.forEach((bytes, index) => void writeFileSync(join(folder, `${String(index).padStart(2, '0')}.wasm`), bytes));
  const sum: WasmSum = {
    modules: 0,
    refused: 0,
    trapped: 0,
    answered: 0,
    hostCalls: 0,
    traps: {},
    refusals: {},
    failures: [],
  };
  try {
    let from = options.from ?? 0;
    while (from < modules && sum.failures.length < MAX_FAILURES) {
      const to = Math.min(modules, from + MODULES_PER_CHILD);
      const outcome = await runChild(folder, join(work, 'position'), seed, from, to);
      if (outcome.sum !== undefined) {
        add(sum, outcome.sum);
        from = to;
      } else {
        const path = join(tmpdir(), `hpmq-wasm-${seed}-${outcome.at}.wasm`);
        writeFileSync(path, mutateModule(corpus, new Choice(seed * 0x9e3779b1 + outcome.at)));
        sum.failures.push(`module ${outcome.at} (${path}): ${outcome.why}`);
        from = outcome.at + 1;
      }
      sum.modules = from - (options.from ?? 0);
      options.onProgress?.(from);
    }
  } finally {
    rmSync(work, { recursive: true });
  }
  return sum;
}

interface Outcome {
  readonly sum: Sum | undefined;
  readonly at: number;
  readonly why: string;
}

function runChild(folder: string, position: string, seed: number, from: number, to: number): Promise<Outcome> {
  const file = join(import.meta.dirname, 'child.js');
  const args = ['--expose-gc', '--enable-source-maps', file, folder, position, String(seed), String(from), String(to)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-2_000);
  });
  const where = () => {
    try {
      return readFileSync(position).readDoubleLE();
    } catch {
      return from;
    }
  };
  let last = -1;
  let isStuck = false;
  const watch = setInterval(() => {
    const now = where();
    isStuck = now === last;
    last = now;
    if (isStuck) child.kill('SIGKILL');
  }, PATIENCE_MS);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearInterval(watch);
      const at = where();
      if (code === 0) resolve({ sum: JSON.parse(stdout), at, why: '' });
      else resolve({ sum: undefined, at, why: isStuck ? 'it does not end' : `${signal ?? `exit ${code}`}: ${stderr}` });
    });
  });
}

function add(sum: WasmSum, more: Sum): void {
  sum.refused += more.refused;
  sum.trapped += more.trapped;
  sum.answered += more.answered;
  sum.hostCalls += more.hostCalls;
  for (const [name, count] of Object.entries(more.traps)) sum.traps[name] = (sum.traps[name] ?? 0) + count;
  for (const [name, count] of Object.entries(more.refusals)) sum.refusals[name] = (sum.refusals[name] ?? 0) + count;
}
