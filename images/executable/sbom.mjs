/**
 * dist/hpmq-VERSION.cdx.json: what is inside the executables (CycloneDX 1.5): the packages that package-lock.json pins, Node with the libraries
 * inside it, and what is in the repository in compiled form. `npm sbom --omit dev` is not asked: it leaves out packages that tools need, too.
 */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { locked, packages, root } from './lockfile.mjs';

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
  const self = `hpmq@${version}`;
  const added = [node(), quickjs()];
  const components = new Map(added.map((one) => [one['bom-ref'], one]));
  const dependencies = new Map(added.map((one) => [one['bom-ref'], []]));
  for (const [path, entry] of Object.entries(packages)) {
    if (!isInside(path)) continue;
    const component = library(path, entry);
    components.set(component['bom-ref'], component);
    dependencies.set(component['bom-ref'], needed(path, entry));
  }
  dependencies.set(self, [...needed('', packages['']), ...added.map((one) => one['bom-ref'])]);
  const document = {
    $schema: 'http://cyclonedx.org/schema/bom-1.5.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
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
        licenses: [{ expression: 'Apache-2.0' }],
        properties: [{ name: 'hpmq:commit', value: commit }],
      },
    },
    components: sorted(components).map(([, component]) => component),
    dependencies: sorted(dependencies).map(([ref, refs]) => ({ ref, dependsOn: [...new Set(refs)].toSorted() })),
  };
  const file = join(root, 'dist', `hpmq-${version}.cdx.json`);
  writeFileSync(file, `${JSON.stringify(document, undefined, 2)}\n`);
  return file;
}

function sorted(map) {
  return [...map].toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function nameOf(path) {
  return path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
}

/** Tools of the build are not; Node is told in another way. */
function isInside(path) {
  const entry = packages[path];
  return (
    path !== '' &&
    entry?.version !== undefined &&
    !entry.dev &&
    !entry.devOptional &&
    !/^node-linux-/.test(nameOf(path))
  );
}

function library(path, { version, integrity, license, optional }) {
  const name = nameOf(path);
  return {
    'bom-ref': `${name}@${version}`,
    type: 'library',
    name,
    version,
    scope: optional ? 'optional' : 'required',
    purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
    hashes: [{ alg: 'SHA-512', content: Buffer.from(integrity.replace('sha512-', ''), 'base64').toString('hex') }],
    ...(license === undefined ? {} : { licenses: [{ expression: license }] }),
  };
}

/** References of what a package needs, each found as Node finds it: in its own folder, then in those above. */
function needed(path, { dependencies = {}, optionalDependencies = {} }) {
  return Object.keys({ ...dependencies, ...optionalDependencies }).flatMap((name) => {
    for (let at = path; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
      const found = `${at === '' ? '' : `${at}/`}node_modules/${name}`;
      if (isInside(found)) return [`${name}@${packages[found].version}`];
      if (at === '') return [];
    }
  });
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
    licenses: [{ expression: 'MIT' }],
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
    licenses: [{ expression: 'MIT' }],
    hashes: [{ alg: 'SHA-256', content }],
  };
}
