/**
 * The proof that the rows of the clause table are real: breaks the broker on purpose, one clause at a time, and demands that
 * a test which names the clause fails.
 *
 *   npm run mutants -- [how many, or all] [seed]
 *
 * Each breakage of mutants.json is made in a compiled copy in a temporary folder; the sources are not touched.
 */
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transform } from 'esbuild';
import { clausesOf, folder, type NamedTest, readTests } from './clauses.js';

export interface Mutant {
  /** `5.0 MQTT-3.8.3-4` */
  readonly clause: string;
  /** Source, from the root of the repository. */
  readonly file: string;
  /** Stands there once. */
  readonly find: string;
  readonly replace: string;
}

export interface Verdict {
  readonly mutant: Mutant;
  /** Titles of the tests of the clause that failed; none: the row proves nothing. */
  readonly failed: readonly string[];
}

const root = join(folder, '../..');
/** A test file that waits for what never comes, ms. */
const PATIENCE = 60_000;

export function readMutants(): Mutant[] {
  return JSON.parse(readFileSync(join(folder, 'mutants.json'), 'utf8')) as Mutant[];
}

/** So many of them, the same for the same seed. */
export function pick(mutants: readonly Mutant[], count: number, seed: number): Mutant[] {
  const left = [...mutants];
  const picked: Mutant[] = [];
  // Numerical Recipes' generator: any will do, as long as it can be repeated.
  let state = seed >>> 0;
  while (picked.length < count && left.length > 0) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    picked.push(...left.splice(Math.floor((state / 2 ** 32) * left.length), 1));
  }
  return picked;
}

/** Tries them one after the other on one copy. */
export async function tryMutants(mutants: readonly Mutant[], onVerdict: (verdict: Verdict) => void): Promise<void> {
  const copy = mkdtempSync(join(tmpdir(), 'hpmq-mutants-'));
  try {
    for (const part of ['src', 'test', 'adapters', 'bin']) {
      const to = join(copy, 'dist', part);
      cpSync(join(root, 'dist', part), to, { recursive: true, filter: (path) => !path.endsWith('.map') });
    }
    cpSync(join(root, 'package.json'), join(copy, 'package.json'));
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
    const tests = readTests();
    for (const mutant of mutants) onVerdict(await tryMutant(copy, mutant, tests));
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

async function tryMutant(copy: string, mutant: Mutant, tests: readonly NamedTest[]): Promise<Verdict> {
  const source = readFileSync(join(root, mutant.file), 'utf8');
  const broken = source.replace(mutant.find, () => mutant.replace);
  const compiled = join(copy, 'dist', mutant.file.replace(/\.ts$/, '.js'));
  const intact = readFileSync(compiled);
  const options = { loader: 'ts', format: 'esm', target: 'node24', supported: { using: true } } as const;
  writeFileSync(compiled, (await transform(broken, options)).code);
  try {
    const files = new Set(tests.filter(({ clauses }) => clauses.includes(mutant.clause)).map(({ file }) => file));
    const failed: string[] = [];
    for (const file of files) {
      const output = await run(join(copy, 'dist/test/conformance', file.replace(/\.ts$/, '.js')));
      failed.push(...failures(output).filter((title) => clausesOf(title).includes(mutant.clause)));
    }
    return { mutant, failed };
  } finally {
    writeFileSync(compiled, intact);
  }
}

/** @returns the TAP that the test printed */
function run(file: string): Promise<string> {
  // The copy is no part of the run of tests that may be going on.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('TAP')));
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [file], { env, stdio: ['ignore', 'pipe', 'ignore'], timeout: PATIENCE });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
    });
    child.on('error', reject);
    child.on('close', () => resolve(output));
  });
}

/** Titles of the tests that failed, of the outermost ones only. */
function failures(tap: string): string[] {
  return Array.from(tap.matchAll(/^not ok \d+ - (.*?)(?: # time=\S+)?$/gm), ([, title = '']) => title);
}

async function main(): Promise<void> {
  const [wanted = '20', seed = `${Date.now() % 100_000}`] = process.argv.slice(2);
  const mutants = readMutants();
  const picked = wanted === 'all' ? mutants : pick(mutants, Number(wanted), Number(seed));
  console.log(`${picked.length} of ${mutants.length} breakages, seed ${seed}`);
  const survivors: Mutant[] = [];
  await tryMutants(picked, ({ mutant, failed }) => {
    const shown = failed[0] ?? `NO TEST FAILS\n  ${mutant.find}\n  → ${mutant.replace}`;
    console.log(`${failed.length > 0 ? 'caught' : 'MISSED'}  ${mutant.clause}  ${mutant.file}\n  ${shown}`);
    if (failed.length === 0) survivors.push(mutant);
  });
  console.log(`${picked.length - survivors.length} caught, ${survivors.length} missed`);
  if (survivors.length > 0) process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
