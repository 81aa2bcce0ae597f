/**
 * Runs parts of the program, each once per thread, with V8's code cache when the executable has one. Node's own option for a code cache is
 * not used because it covers the first script only, and warns on stderr at every start when V8 rejects the cache.
 */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { Script } from 'node:vm';
import { asset } from './assets.js';
import { readParts } from './parts.js';

type Part = (
  require: (name: string) => unknown,
  module: { exports: object },
  exports: object,
  filename: string,
  folder: string,
) => void;

const requireBuiltin = createRequire(process.execPath);
/** As images/executable/pack.mjs makes it. */
const index = JSON.parse(asset('parts.json').toString('latin1')) as Readonly<
  Record<string, readonly [start: number, length: number, cacheStart?: number, cacheLength?: number]>
>;
const loaded = new Map<string, { exports: object }>();

/** @param name - as images/executable/bundle.mjs names it, without folder and ending */
export function loadPart(name: string): object {
  const before = loaded.get(name);
  if (before !== undefined) return before.exports;
  const module = { exports: {} };
  loaded.set(name, module);
  const place = index[name];
  if (place === undefined) throw new Error(`the executable has no part ${name}`);
  const [start, length, cacheStart = start, cacheLength = 0] = place;
  // The code cache lies behind the text.
  const bytes = readParts(start, Math.max(length, cacheStart - start + cacheLength));
  const script = new Script(bytes.toString('latin1', 0, length), {
    filename: `hpmq/${name}`,
    ...(cacheLength > 0 ? { cachedData: bytes.subarray(cacheStart - start) } : {}),
  });
  const part = script.runInThisContext() as Part;
  part(requirePart, module, module.exports, process.execPath, dirname(process.execPath));
  return module.exports;
}

/** Parts name each other `./NAME.js`; everything else is Node's. */
function requirePart(name: string): unknown {
  return name.startsWith('./') ? loadPart(name.slice(2, -3)) : requireBuiltin(name);
}
