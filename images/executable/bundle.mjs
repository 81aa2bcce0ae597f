/**
 * esbuild: the program, its threads and everything they import as scripts that share what they have in common, so that a
 * process holds only what it uses. An executable of Node 24 runs CommonJS only and `splitting` makes ES modules only:
 * they are split first and each part is converted then.
 *
 *   bin/hpmq.ts, threads ── build (esm, splitting) ──▶ parts ── transform (cjs) ──▶ part/NAME.cjs
 */
import { basename, extname, join } from 'node:path';
import { build, transform } from 'esbuild';
import { root } from './lockfile.mjs';
import { buildFacts, deviceProfiles, functionSdk, nativeAddon, withoutTopLevelAwait } from './plugins.mjs';

const runtime = join(import.meta.dirname, 'runtime');

/** Name of a part → where it begins. */
const entryPoints = {
  program: 'bin/hpmq.ts',
  'store-worker': 'src/store/worker.ts',
  'config-worker': 'src/config-worker.ts',
  'history-worker': 'src/history/worker.ts',
  'function-worker': 'src/functions/engine/isolate/worker.ts',
};

const short = {
  // Identifiers stay: a stack trace in a bug report must name our functions. Short lines: Node prints the line of a fatal error.
  minifyWhitespace: true,
  minifySyntax: true,
  lineLimit: 160,
  legalComments: 'none',
  charset: 'ascii',
  target: 'node24',
  logLevel: 'warning',
};

const common = { ...short, absWorkingDir: root, bundle: true, platform: 'node', write: false };

/**
 * @param facts - version, commit and moment of this build (build-facts.mjs)
 * @param yogaWasm - where the WebAssembly of the layout engine is written to
 * @returns name of a part → its text, sorted by name
 */
export async function bundleParts(facts, yogaWasm) {
  const { outputFiles } = await build({
    ...common,
    entryPoints,
    outdir: join(root, 'dist'),
    format: 'esm',
    splitting: true,
    chunkNames: 'part-[hash]',
    jsx: 'automatic',
    // The names of modules are part of the output: the same wherever node_modules really lies.
    preserveSymlinks: true,
    // The program may set NODE_ENV for React when it runs unbundled; here it is a constant.
    logOverride: { 'assign-to-define': 'silent' },
    define: { 'process.env.NODE_ENV': '"production"', 'process.env.DEV': '"false"' },
    plugins: [
      buildFacts(facts),
      nativeAddon(runtime),
      deviceProfiles(),
      functionSdk(runtime),
      withoutTopLevelAwait(runtime, yogaWasm),
    ],
  });
  const parts = new Map();
  for (const { path, text } of outputFiles.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    parts.set(basename(path, extname(path)), await toCommonJs(text));
  }
  return parts;
}

/** start.ts calls this function. `import()` becomes `require`, and stays lazy: it has no meaning in a script of node:vm. */
async function toCommonJs(text) {
  const { code } = await transform(text.replace(/^#!.*/, ''), {
    ...short,
    format: 'cjs',
    platform: 'node',
    supported: { 'dynamic-import': false },
    // import.meta is where the threads are found unbundled (src/store/start-worker.ts).
    logOverride: { 'empty-import-meta': 'silent' },
  });
  if (/[^\0-\x7f]/.test(code)) throw new Error('the bundle is not ASCII: load-part.ts reads it as Latin-1');
  return `(function(require,module,exports,__filename,__dirname){${code}${named(text)}})`;
}

/** A package in CommonJS that is loaded by `import()`: Node names what it exports, esbuild has it as the default only. */
function named(text) {
  if (!/\bexport default require_\w+\(\);/.test(text)) return '';
  return 'const all=module.exports.default;module.exports={...all,default:all,__esModule:true};';
}

/** What runs first, in the executable (`program`) or in one of its threads: loads that part. */
export async function bundleStart(part) {
  const { outputFiles } = await build({
    ...common,
    format: 'cjs',
    entryPoints: [join(runtime, part === 'program' ? 'start.ts' : 'start-thread.ts')],
    outfile: join(root, 'dist', 'start.cjs'),
    define: { PART: JSON.stringify(part) },
  });
  return outputFiles[0].text;
}

/** The names of the threads' parts. */
export const threads = Object.keys(entryPoints).filter((name) => name !== 'program');
