/** Builds the ready functions with clang, and writes them into src/functions/library.ts; `--check` only says whether it is up to date. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = import.meta.dirname;
const target = join(folder, '../../src/functions/library.ts');
const work = mkdtempSync(join(tmpdir(), 'hpmq-library-'));
const flags = '--target=wasm32 -Os -mbulk-memory -ffreestanding -nostdlib -Wall -Wextra -Werror -Wno-unused-function';
const link = '-Wl,--no-entry -Wl,--strip-all -Wl,-z,stack-size=16384';

const lines = [];
try {
  const names = readdirSync(folder, { withFileTypes: true }).filter((one) => one.isDirectory());
  for (const name of names.map((one) => one.name).sort()) {
    const output = join(work, `${name}.wasm`);
    const source = join(folder, name, `${name}.c`);
    execFileSync('clang', [...`${flags} ${link}`.split(' '), '-I', join(folder, '../c'), source, '-o', output]);
    const chunks = readFileSync(output).toString('base64').match(/.{1,220}/g);
    lines.push(`  '${name}': [\n${chunks.map((chunk) => `    '${chunk}',\n`).join('')}  ],\n`);
  }
} finally {
  rmSync(work, { recursive: true });
}
const text = `// Written by functions-sdk/library/build.mjs: do not edit.
/** The ready functions, in base64: \`file: builtin:NAME\`. */
const modules: Readonly<Record<string, readonly string[]>> = {
${lines.join('')}};

export const libraryNames: readonly string[] = Object.keys(modules);

/** undefined: there is none of this name. */
export function libraryModule(name: string): Buffer | undefined {
  return Object.hasOwn(modules, name) ? Buffer.from(modules[name]!.join(''), 'base64') : undefined;
}
`;
if (!process.argv.includes('--check')) writeFileSync(target, text);
else if (readFileSync(target, 'utf8') !== text) {
  process.stderr.write('src/functions/library.ts is not what the sources give: run functions-sdk/library/build.mjs\n');
  process.exitCode = 1;
}
