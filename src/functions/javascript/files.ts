/** A function's file as the bytes of its module: a WebAssembly module as it is, JavaScript and TypeScript built. */
import { readFileSync } from 'node:fs';
import { basename, dirname, join, normalize, sep } from 'node:path';
import { functionError } from '../errors.js';
import { buildJavaScript } from './build.js';

const SCRIPT = /\.[cm]?[jt]s$/;
/** What an import may leave out. */
const ENDINGS = ['', '.js', '.ts', '/index.js', '/index.ts'];

export function isScript(path: string): boolean {
  return SCRIPT.test(path);
}

/**
 * Modules that a script imports are looked for below its folder only.
 *
 * @throws GatewayError FUNCTION_FILE, FUNCTION_SOURCE
 */
export async function readFunctionFile(path: string): Promise<Buffer> {
  const bytes = read(path);
  if (bytes === undefined) throw functionError('FUNCTION_FILE', `cannot read ${path}`);
  if (!isScript(path)) return bytes;
  const folder = dirname(path);
  return buildJavaScript({
    name: basename(path),
    text: bytes.toString('utf8'),
    read(name) {
      const inside = normalize(name);
      if (inside.startsWith('..') || inside.startsWith(sep)) return undefined;
      for (const ending of ENDINGS) {
        const found = isScript(inside + ending) ? read(join(folder, inside + ending)) : undefined;
        if (found !== undefined) return found.toString('utf8');
      }
      return undefined;
    },
  });
}

function read(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}
