/**
 * `npm run build`: the self-contained executables dist/hpmq-linux-x64 and dist/hpmq-linux-arm64 (names as arguments
 * build only those architectures). Same sources and lockfile, same bytes.
 *
 *   bin/hpmq.ts ── bundle ──▶ program.cjs ── code cache (by the target's own Node) ──▶ program.cache
 *   package-lock.json ──▶ Node of the target ─┐
 *   prebuilt serialport addon, yoga's wasm ───┴── pkg (SEA blob, injection) ──▶ executable
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  bundleConfigWorker,
  bundleFunctionWorker,
  bundleProgram,
  bundleStart,
  bundleStoreWorker,
} from './executable/bundle.mjs';
import { writeCodeCache } from './executable/code-cache.mjs';
import { root } from './executable/lockfile.mjs';
import { nodeBinary } from './executable/node-binary.mjs';
import { seal } from './executable/seal.mjs';
import { serialportAddon } from './executable/serialport-addon.mjs';

const architectures = ['x64', 'arm64'];
const wanted = process.argv.length > 2 ? process.argv.slice(2) : architectures;
for (const arch of wanted) {
  if (!architectures.includes(arch)) throw new Error(`unknown architecture ${arch}: ${architectures.join(' or ')}`);
}

const work = join(root, 'dist', '.build');
rmSync(work, { recursive: true, force: true });
mkdirSync(work, { recursive: true });

const { program, yogaWasm } = await bundleProgram(work);
const storeWorker = await bundleStoreWorker(work);
const configWorker = await bundleConfigWorker(work);
const functionWorker = await bundleFunctionWorker(work);
const start = await bundleStart(work);
console.log(`program    ${megabytes(program)}`);

for (const arch of wanted) {
  const node = nodeBinary(arch);
  const cache = join(work, `program-${arch}.cache`);
  const cached = writeCodeCache(node, program, cache);
  if (!cached)
    console.log(
      `${arch.padEnd(10)} without code cache (slower start): its Node does not run here, with qemu-user and binfmt it would`,
    );
  const output = join(root, 'dist', `hpmq-linux-${arch}`);
  await seal({
    arch,
    node,
    start,
    output,
    assets: {
      'program.cjs': program,
      ...(cached ? { 'program.cache': cache } : {}),
      'serialport.node': serialportAddon(arch),
      'yoga.wasm': yogaWasm,
      'store-worker.cjs': storeWorker,
      'config-worker.cjs': configWorker,
      'function-worker.cjs': functionWorker,
    },
  });
  const sha256 = createHash('sha256').update(readFileSync(output)).digest('hex');
  console.log(`${arch.padEnd(10)} ${megabytes(output)}  sha256 ${sha256}  dist/hpmq-linux-${arch}`);
}
rmSync(work, { recursive: true });

function megabytes(file) {
  return `${(statSync(file).size / 1e6).toFixed(1)} MB`;
}
