/**
 * dist/hpmq-VERSION.cdx.json: what is inside the executables (CycloneDX 1.5). npm lists the packages; Node with the libraries inside
 * it, and what is in the repository in compiled form, are added. No clock and no chance: the same lockfile, the same bytes.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { locked, root } from './lockfile.mjs';

/** Parts of Node by their names in process.versions, where these name a library and not an interface. */
const LIBRARIES = [
  'acorn',
  'ada',
  'amaro',
  'ares',
  'brotli',
  'cjs_module_lexer',
  'icu',
  'llhttp',
  'merve',
  'nbytes',
  'ncrypto',
].concat(['nghttp2', 'openssl', 'simdjson', 'simdutf', 'sqlite', 'undici', 'uv', 'uvwasi', 'v8', 'zlib', 'zstd']);

/** @returns path of the file */
export function writeSbom({ version, commit, moment }) {
  const text = execFileSync('npm', ['sbom', '--sbom-format', 'cyclonedx', '--omit', 'dev'], {
    cwd: root,
    encoding: 'utf8',
  });
  const listed = JSON.parse(text);
  const self = `hpmq@${version}`;
  const isRuntime = (reference) => /^node-linux-\w+@/.test(reference);
  const added = [node(), quickjs()];
  const components = [...listed.components.filter((one) => !isRuntime(one['bom-ref'])), ...added];
  const dependencies = listed.dependencies
    .filter(({ ref }) => !isRuntime(ref))
    .map(({ ref, dependsOn = [] }) => {
      const more = ref === self ? added.map((one) => one['bom-ref']) : [];
      return { ref, dependsOn: [...dependsOn.filter((one) => !isRuntime(one)), ...more].toSorted() };
    });
  if (!dependencies.some(({ ref }) => ref === self)) throw new Error(`npm sbom does not know ${self}`);
  const document = {
    $schema: listed.$schema,
    bomFormat: 'CycloneDX',
    specVersion: listed.specVersion,
    version: 1,
    metadata: {
      ...(moment === undefined ? {} : { timestamp: new Date(moment * 1000).toISOString() }),
      lifecycles: [{ phase: 'build' }],
      component: {
        'bom-ref': self,
        type: 'application',
        name: 'hpmq',
        version,
        purl: `pkg:npm/${self}`,
        licenses: [{ license: { id: 'Apache-2.0' } }],
        properties: [{ name: 'hpmq:commit', value: commit }],
      },
    },
    components: components.toSorted(byReference),
    dependencies: dependencies.concat(added.map((one) => ({ ref: one['bom-ref'], dependsOn: [] }))).toSorted(byRef),
  };
  const file = join(root, 'dist', `hpmq-${version}.cdx.json`);
  writeFileSync(file, `${JSON.stringify(document, undefined, 2)}\n`);
  return file;
}

function node() {
  const { versions } = process;
  const reference = `node@${versions.node}`;
  return {
    'bom-ref': reference,
    type: 'platform',
    name: 'node',
    version: versions.node,
    purl: `pkg:generic/${reference}`,
    licenses: [{ license: { id: 'MIT' } }],
    // The integrity that npm checks, of the package for each architecture.
    properties: ['x64', 'arm64'].map((arch) => {
      return { name: `hpmq:integrity:linux-${arch}`, value: locked(`node-linux-${arch}`).integrity };
    }),
    components: LIBRARIES.filter((name) => versions[name] !== undefined).map((name) => ({
      'bom-ref': `${reference}/${name}`,
      type: 'library',
      name,
      version: versions[name],
    })),
  };
}

/** The engine of functions in JavaScript, compiled to WebAssembly in functions-sdk/js/engine. */
function quickjs() {
  const folder = join(root, 'functions-sdk', 'js', 'engine');
  const [version] = /\d{4}-\d{2}-\d{2}/.exec(readFileSync(join(folder, 'NOTICE'), 'utf8'));
  const content = createHash('sha256')
    .update(readFileSync(join(folder, 'engine.wasm')))
    .digest('hex');
  return {
    'bom-ref': `quickjs@${version}`,
    type: 'library',
    name: 'quickjs',
    version,
    purl: `pkg:generic/quickjs@${version}`,
    licenses: [{ license: { id: 'MIT' } }],
    hashes: [{ alg: 'SHA-256', content }],
  };
}

function byReference(a, b) {
  return a['bom-ref'] < b['bom-ref'] ? -1 : 1;
}

function byRef(a, b) {
  return a.ref < b.ref ? -1 : 1;
}
