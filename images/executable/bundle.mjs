/** esbuild: the program and everything it imports as one CommonJS file, the only format that a Node 24 executable runs. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { root } from './lockfile.mjs';
import { deviceProfiles, functionSdk, nativeAddon, withoutTopLevelAwait } from './plugins.mjs';

const runtime = join(import.meta.dirname, 'runtime');

const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'cjs',
  jsx: 'automatic',
  charset: 'ascii',
  // The names of modules are part of the output: the same wherever node_modules really lies.
  preserveSymlinks: true,
  // Identifiers stay: a stack trace in a bug report must name our functions. Short lines: Node prints the line of a fatal error.
  minifyWhitespace: true,
  minifySyntax: true,
  lineLimit: 160,
  legalComments: 'none',
  logLevel: 'warning',
};

/** Bundles bin/hpmq.ts; `import()` stays lazy: a module is evaluated when it is first asked for. */
export async function bundleProgram(folder) {
  const program = join(folder, 'program.cjs');
  const yogaWasm = join(folder, 'yoga.wasm');
  await build({
    ...common,
    entryPoints: ['bin/hpmq.ts'],
    outfile: program,
    // start.ts calls this function. Builtins are required: import() has no meaning in a script compiled by node:vm.
    banner: { js: '(function(require,module,exports,__filename,__dirname){' },
    footer: { js: '})' },
    supported: { 'dynamic-import': false },
    // import.meta is where the worker of the store is found unbundled (src/store/start-worker.ts). The program may set NODE_ENV for React when it runs unbundled; here it is a constant.
    logOverride: { 'assign-to-define': 'silent', 'empty-import-meta': 'silent' },
    define: { 'process.env.NODE_ENV': '"production"', 'process.env.DEV': '"false"' },
    plugins: [nativeAddon(runtime), deviceProfiles(), functionSdk(), withoutTopLevelAwait(runtime, yogaWasm)],
  });
  const text = readFileSync(program);
  if (text.some((byte) => byte > 0x7f)) throw new Error('the bundle is not ASCII: start.ts reads it as Latin-1');
  return { program, yogaWasm };
}

/** Bundles the worker of the store: Node runs it from its text (src/store/start-worker.ts). */
export async function bundleStoreWorker(folder) {
  const storeWorker = join(folder, 'store-worker.cjs');
  await build({ ...common, entryPoints: ['src/store/worker.ts'], outfile: storeWorker });
  return storeWorker;
}

/** Bundles the thread that reads the configuration (src/config-thread.ts). */
export async function bundleConfigWorker(folder) {
  const configWorker = join(folder, 'config-worker.cjs');
  await build({
    ...common,
    entryPoints: ['src/config-worker.ts'],
    outfile: configWorker,
    supported: { 'dynamic-import': false },
    logOverride: { 'empty-import-meta': 'silent' },
    plugins: [deviceProfiles()],
  });
  return configWorker;
}

/** Bundles the thread that checks large modules and runs isolated functions (src/functions/engine/isolate). */
export async function bundleFunctionWorker(folder) {
  const functionWorker = join(folder, 'function-worker.cjs');
  await build({
    ...common,
    entryPoints: ['src/functions/engine/isolate/worker.ts'],
    outfile: functionWorker,
    logOverride: { 'empty-import-meta': 'silent' },
  });
  return functionWorker;
}

/** Bundles what runs first in the executable. */
export async function bundleStart(folder) {
  const start = join(folder, 'start.cjs');
  await build({ ...common, entryPoints: [join(runtime, 'start.ts')], outfile: start });
  return start;
}
