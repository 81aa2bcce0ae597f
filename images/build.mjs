/**
 * `npm run build`: the self-contained executables dist/hpmq-linux-x64 and dist/hpmq-linux-arm64 (names as arguments
 * build only those architectures), what is inside (dist/hpmq-VERSION.cdx.json) and checksums. Same sources and lockfile, same bytes.
 *
 *   bin/hpmq.ts, threads ── bundle ──▶ parts ── code cache (by the target's own Node) ──▶ packed
 *   package-lock.json ──▶ Node of the target, stripped ──┐
 *   prebuilt serialport addon, WebAssembly modules ──────┴── pkg (SEA blob, injection) ──▶ executable
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeChecksums } from './checksums.mjs';
import { buildFacts } from './executable/build-facts.mjs';
import { acceptBuiltinCaches } from './executable/builtin-caches.mjs';
import { bundleParts, bundleStart, threads } from './executable/bundle.mjs';
import { writeCodeCaches } from './executable/code-cache.mjs';
import { root } from './executable/lockfile.mjs';
import { nodeBinary } from './executable/node-binary.mjs';
import { packParts } from './executable/pack.mjs';
import { placeParts } from './executable/place.mjs';
import { writeSbom } from './executable/sbom.mjs';
import { runtimeFlags, seal } from './executable/seal.mjs';
import { serialportAddon } from './executable/serialport-addon.mjs';
import { strip } from './executable/strip.mjs';

const architectures = ['x64', 'arm64'];
const wanted = process.argv.length > 2 ? process.argv.slice(2) : architectures;
for (const arch of wanted) {
  if (!architectures.includes(arch)) throw new Error(`unknown architecture ${arch}: ${architectures.join(' or ')}`);
}

const facts = buildFacts();
const work = join(root, 'dist', '.build');
rmSync(work, { recursive: true, force: true });
mkdirSync(work, { recursive: true });

/** @returns path of a file with that text */
function write(name, text) {
  const file = join(work, name);
  writeFileSync(file, text);
  return file;
}

const yogaWasm = join(work, 'yoga.wasm');
const parts = await bundleParts(facts, yogaWasm);
const assets = { 'yoga.wasm': yogaWasm, 'engine.wasm': join(root, 'functions-sdk', 'js', 'engine', 'engine.wasm') };
for (const [name, text] of parts) write(`${name}.cjs`, text);
for (const name of threads) assets[`${name}.cjs`] = write(`${name}.start.cjs`, await bundleStart(name));
const start = write('start.cjs', await bundleStart('program'));
const bytes = [...parts.values()].reduce((sum, text) => sum + text.length, 0);
console.log(`program    ${megabytes(bytes)} in ${parts.size} parts`);

for (const arch of wanted) {
  const node = nodeBinary(arch);
  const caches = writeCodeCaches(node, work, [...parts.keys()], runtimeFlags());
  if (caches.size === 0)
    console.log(
      `${arch.padEnd(10)} without code cache (slower start): its Node does not run here, with qemu-user and binfmt it would`,
    );
  const stripped = join(work, `node-${arch}`);
  strip(node, stripped);
  if (caches.size > 0) acceptBuiltinCaches(stripped, caches.get('program'));
  const output = join(root, 'dist', `hpmq-linux-${arch}`);
  const { packed, index } = packParts(parts, caches);
  await seal({
    arch,
    node: stripped,
    start,
    output,
    assets: {
      ...assets,
      parts: write(`parts-${arch}`, packed),
      'parts.json': write(`parts-${arch}.json`, index),
      'serialport.node': serialportAddon(arch),
    },
  });
  placeParts(output, packed, threads.length + 1);
  const sha256 = createHash('sha256').update(readFileSync(output)).digest('hex');
  console.log(`${arch.padEnd(10)} ${megabytes(statSync(output).size)}  sha256 ${sha256}  dist/hpmq-linux-${arch}`);
}
rmSync(work, { recursive: true });
writeSbom(facts);
console.log(writeChecksums(join(root, 'dist')));

function megabytes(count) {
  return `${(count / 1e6).toFixed(1)} MB`;
}
