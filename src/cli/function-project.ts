/** The folder of a function's author: which file is the function, which are its cases, and how it is built. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isScript, readFunctionFile } from '../functions/javascript/files.js';
import { cliError } from './errors.js';

export interface Project {
  /** .wasm, .js or .ts */
  readonly file: string;
  /** *.test.yaml */
  readonly cases: readonly string[];
}

const CASES = '.test.yaml';

/** @param given - a folder, or the function's file, or what `function.wasm` beside it is made of */
export function openProject(given: string): Project {
  const path = /^function\.c$/.test(basename(given)) ? dirname(given) : given;
  const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  if (!isFolder && !existsSync(path)) throw cliError('CLI_BAD_MODULE', `there is no ${path}`);
  const folder = isFolder ? path : dirname(path);
  const cases = readdirSync(folder)
    .filter((name) => name.endsWith(CASES))
    .toSorted();
  const file = isFolder ? join(folder, functionIn(folder)) : path;
  const own = `${basename(file).replace(/\.[^.]+$/, '')}${CASES}`;
  const chosen = !isFolder && cases.includes(own) ? [own] : cases;
  return { file, cases: chosen.map((name) => join(folder, name)) };
}

function functionIn(folder: string): string {
  const names = readdirSync(folder);
  // function.ts beside package.json is AssemblyScript: hpmq.ts is its SDK.
  const isAssemblyScript = names.includes('hpmq.ts');
  const scripts = names.filter((name) => isScript(name) && !/\.d\.ts$/.test(name));
  if (!isAssemblyScript) {
    const script = ['function.ts', 'function.js'].find((name) => scripts.includes(name));
    if (script !== undefined) return script;
  }
  if (isAssemblyScript || ['function.c', 'Cargo.toml', 'go.mod'].some((name) => names.includes(name)))
    return 'function.wasm';
  const candidates = names.filter((name) => name.endsWith('.wasm')).concat(scripts);
  if (candidates.length === 1) return candidates[0]!;
  throw cliError('CLI_BAD_MODULE', `it is not clear which file in ${folder} is the function`, {
    hint: `name it: hpmq function test ${join(folder, candidates[0] ?? 'function.wasm')}`,
  });
}

const SOURCE = /\.([cm]?[jt]s|json|c|h|rs|toml|go|mod)$/;
const FOREIGN = new Set(['node_modules', 'target', 'image', 'dist']);
const MAX_SOURCES = 500;
const MAX_DEPTH = 4;

/** Files that the module and its cases are made of, sorted; a module that is built of them is none of them. */
export function sourcesOf(path: string): readonly string[] {
  const { file, cases } = openProject(path);
  const made = basename(file) === 'function.wasm' && commandOf(dirname(file), file) !== undefined ? file : undefined;
  const found = new Set([...cases, ...(made === undefined ? [file] : [])]);
  if (!file.endsWith('.wasm') || made !== undefined) collect(dirname(file), MAX_DEPTH, found);
  if (made !== undefined) found.delete(made);
  return [...found].toSorted();
}

function collect(folder: string, depth: number, found: Set<string>): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (found.size >= MAX_SOURCES) return;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (depth > 1 && !FOREIGN.has(entry.name) && !entry.name.startsWith('.')) collect(path, depth - 1, found);
    } else if (SOURCE.test(entry.name)) found.add(path);
  }
}

/** The bytes of the module; built anew where a source is newer than it. */
export async function moduleOf(file: string): Promise<Buffer> {
  const folder = dirname(file);
  if (basename(file) === 'function.wasm') {
    const build = commandOf(folder, file);
    if (
      build !== undefined &&
      isOlder(
        file,
        build.sources.map((name) => join(folder, name)),
      )
    )
      run(folder, build.command);
  }
  return readFunctionFile(file);
}

interface Build {
  readonly sources: readonly string[];
  readonly command: readonly string[];
}

function commandOf(folder: string, file: string): Build | undefined {
  const has = (name: string) => existsSync(join(folder, name));
  if (has('function.c')) {
    const flags = '--target=wasm32 -Xclang -Os -mbulk-memory -ffreestanding -nostdlib -Wl,--no-entry -Wl,--strip-all';
    const command = ['clang', ...flags.split(' '), '-o', 'function.wasm', 'function.c'];
    return { sources: ['function.c', 'hpmq-function.h'], command };
  }
  if (has('hpmq.ts') && has('function.ts')) {
    const local = join(folder, 'node_modules/.bin/asc');
    const command = [existsSync(local) ? 'node_modules/.bin/asc' : 'asc', 'function.ts', '-O3'];
    return {
      sources: ['function.ts', 'hpmq.ts'],
      command: [...command, '--runtime', 'incremental', '-o', 'function.wasm'],
    };
  }
  if (has('Cargo.toml')) {
    const name = /^name\s*=\s*"([^"]+)"/m.exec(readFileSync(join(folder, 'Cargo.toml'), 'utf8'))?.[1] ?? '';
    const made = `target/wasm32-unknown-unknown/release/${name.replaceAll('-', '_')}.wasm`;
    const build = 'cargo build --release --target wasm32-unknown-unknown && cp "$1" "$2"';
    return {
      sources: ['src/lib.rs', 'src/hpmq.rs', 'Cargo.toml'],
      command: ['sh', '-c', build, 'sh', made, basename(file)],
    };
  }
  if (has('go.mod')) {
    const build = 'GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -trimpath -ldflags="-s -w" -o function.wasm .';
    return { sources: ['function.go', 'hpmq/hpmq.go', 'go.mod'], command: ['sh', '-c', build] };
  }
  return undefined;
}

function isOlder(file: string, sources: readonly string[]): boolean {
  const made = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  if (made === undefined) return true;
  return sources.some((source) => (statSync(source, { throwIfNoEntry: false })?.mtimeMs ?? 0) > made);
}

function run(folder: string, [program = '', ...words]: readonly string[]): void {
  const { status, error, stdout, stderr } = spawnSync(program, words, { cwd: folder, encoding: 'utf8' });
  if (error !== undefined) {
    throw cliError('CLI_BUILD_FAILED', `cannot build the function: ${program}: ${error.message}`, { cause: error });
  }
  if (status !== 0) {
    throw cliError('CLI_BUILD_FAILED', `${program} did not build the function:\n${(stderr || stdout).trim()}`);
  }
}
