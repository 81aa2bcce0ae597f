/** What lies beside the executables: what is inside, checksums, signature. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { tempFolder } from '../support/gateway.js';
import { works } from '../support/modbus-peers.js';
import { needs, repoRoot } from '../support/peers.js';

const dist = join(repoRoot, 'dist');
const { version } = JSON.parse(readFileSync(join(repoRoot, 'package.json'), 'utf8')) as { version: string };
const sbom = join(dist, `hpmq-${version}.cdx.json`);
const built = existsSync(join(dist, 'SHA256SUMS')) ? {} : { skip: 'npm run build has not run' };

/** Calls a function of images/ in a process of its own. */
function call(module: string, expression: string, env: Record<string, string> = {}): string {
  const script = `import * as it from ${JSON.stringify(join(repoRoot, 'images', module))}; console.log(${expression});`;
  const options = { encoding: 'utf8', env: { ...process.env, HPMQ_RELEASE_KEY: '', ...env }, stdio: 'pipe' } as const;
  return execFileSync(process.execPath, ['--input-type=module', '-e', script], options).trim();
}

t.test('SHA256SUMS are those of the files, for sha256sum', { ...needs('sha256sum'), ...built }, async (t) => {
  t.match(execFileSync('sha256sum', ['--check', 'SHA256SUMS'], { cwd: dist, encoding: 'utf8' }), /^(\S+: OK\n)+$/);
  const listed = readFileSync(join(dist, 'SHA256SUMS'), 'utf8');
  for (const name of [`hpmq-linux-${process.arch}`, `hpmq-${version}.cdx.json`])
    t.ok(listed.includes(`  ${name}\n`), name);
});

t.test(
  'the list of what is inside names every package, Node and what is in Node, and no moment of its own',
  built,
  async (t) => {
    const listed = JSON.parse(readFileSync(sbom, 'utf8')) as {
      components: { name: string; version: string; components?: { name: string }[] }[];
      dependencies: { ref: string; dependsOn: string[] }[];
    };
    const found = new Map(listed.components.map((one) => [one.name, one]));
    const lock = JSON.parse(readFileSync(join(repoRoot, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { version: string; dependencies?: Record<string, string> }>;
    };
    for (const name of Object.keys(lock.packages['']?.dependencies ?? {})) {
      const pinned = lock.packages[`node_modules/${name}`]?.version;
      t.ok(
        listed.components.some((one) => one.name === name && one.version === pinned),
        name,
      );
    }
    t.equal(found.get('node')?.version, process.versions.node);
    for (const name of ['openssl', 'v8', 'sqlite']) {
      t.ok(
        found.get('node')?.components?.some((one) => one.name === name),
        name,
      );
    }
    t.ok(found.get('quickjs'));
    t.notOk(found.has('typescript'), 'tools of the build are not inside');
    const references = new Set(listed.dependencies.map(({ ref }) => ref));
    for (const { dependsOn } of listed.dependencies) for (const one of dependsOn) t.ok(references.has(one), one);
    t.match(listed, { bomFormat: 'CycloneDX', specVersion: '1.5', serialNumber: undefined });
  },
);

t.test(
  'a signature is by the key of the release, for openssl; without a key there is none',
  needs('openssl', 'sha256sum'),
  async (t) => {
    const folder = tempFolder(t);
    const at = (name: string) => join(folder, name);
    const checksums = (key: string) =>
      call('checksums.mjs', `it.writeChecksums(${JSON.stringify(folder)})`, { HPMQ_RELEASE_KEY: key });
    const verify = ['dgst', '-sha256', '-verify', at('pub.pem'), '-signature', at('SHA256SUMS.sig'), at('SHA256SUMS')];
    writeFileSync(at('hpmq-linux-x64'), 'executable');
    writeFileSync(at('unrelated'), 'not released');

    execFileSync('openssl', ['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', at('key.pem')]);
    execFileSync('openssl', ['ec', '-in', at('key.pem'), '-pubout', '-out', at('pub.pem')], { stdio: 'pipe' });
    t.match(checksums(at('key.pem')), /is signed/);
    t.ok(works('openssl', verify));
    t.match(
      execFileSync('sha256sum', ['--check', 'SHA256SUMS'], { cwd: folder, encoding: 'utf8' }),
      'hpmq-linux-x64: OK',
    );
    t.notMatch(readFileSync(at('SHA256SUMS'), 'utf8'), /unrelated/);
    writeFileSync(at('SHA256SUMS'), readFileSync(at('SHA256SUMS'), 'utf8').replace('hpmq', 'HPMQ'));
    t.notOk(works('openssl', verify), 'a changed list is noticed');

    t.match(checksums(''), /is not signed: HPMQ_RELEASE_KEY names no key/);
    t.notOk(existsSync(at('SHA256SUMS.sig')), 'the signature of a build before is gone');
    execFileSync('openssl', ['ecparam', '-name', 'secp384r1', '-genkey', '-noout', '-out', at('other.pem')]);
    t.throws(() => checksums(at('other.pem')), /is not a key of ECDSA P-256/);
  },
);

t.test('what nobody caught prints its stack, and not the line of the source', async (t) => {
  const module = join(repoRoot, 'images/executable/runtime/fatal-error.ts');
  const script = join(tempFolder(t), 'long.mjs');
  const start = `import { printStackOnly } from ${JSON.stringify(module)}; printStackOnly();`;
  writeFileSync(
    script,
    `${start} const text = '${'x'.repeat(100_000)}'; function deep() { throw new Error(\`too long\`); } deep(text);\n`,
  );
  const run = () =>
    execFileSync(process.execPath, ['--disable-warning=ExperimentalWarning', script], { stdio: 'pipe' });
  try {
    run();
    t.fail('it went on');
  } catch (error) {
    const { status, stderr } = error as { status: number; stderr: Buffer };
    t.equal(status, 70);
    const text = String(stderr);
    t.match(text, /^Error: too long\n +at deep /);
    t.ok(text.length < 2_000, text.slice(0, 200));
  }
});

t.test('a build without symbols is the same program', needs('readelf'), async (t) => {
  const folder = tempFolder(t);
  const stripped = join(folder, 'node');
  call('executable/strip.mjs', `it.strip(process.execPath, ${JSON.stringify(stripped)})`);
  t.equal(execFileSync(stripped, ['-p', '40 + 2'], { encoding: 'utf8' }), '42\n');
  const sections = execFileSync('readelf', ['-SW', stripped], { encoding: 'utf8' });
  t.match(sections, /\.text/);
  t.notMatch(sections, /\.symtab/);
  t.ok(readFileSync(stripped).length < readFileSync(process.execPath).length - 10e6);
  t.throws(
    () => call('executable/strip.mjs', `it.strip(${JSON.stringify(stripped)}, '${folder}/twice')`),
    /stripped already/,
  );
  writeFileSync(join(folder, 'text'), 'not an executable');
  t.throws(
    () => call('executable/strip.mjs', `it.strip('${folder}/text', '${folder}/twice')`),
    /not a little-endian ELF64/,
  );
});

t.test('Node takes the code caches with the options of the executable', async (t) => {
  const folder = tempFolder(t);
  const lines = readFileSync(join(repoRoot, 'bin', 'hpmq.ts'), 'utf8').split('\n', 1);
  const flags = lines[0]?.match(/--\S+/g) ?? [];
  writeFileSync(join(folder, 'it.cjs'), `(function(){${'function f(x){return x+1}'.repeat(50)}})`);
  const made = call(
    'executable/code-cache.mjs',
    `it.writeCodeCaches(process.execPath, ${JSON.stringify(folder)}, ['it'], ${JSON.stringify(flags)}).size`,
  );
  t.equal(made, '1');
  const script = `const { Script } = require('node:vm'); const { readFileSync } = require('node:fs');
    const cachedData = readFileSync('it.cache');
    console.log(new Script(readFileSync('it.cjs', 'latin1'), { filename: 'hpmq/it', cachedData }).cachedDataRejected);`;
  const isRejected = (...options: string[]) =>
    execFileSync(process.execPath, [...options, '-e', script], { cwd: folder, encoding: 'utf8' });
  t.equal(isRejected(...flags), 'false\n');
  t.equal(isRejected(...flags, '--no-opt'), 'true\n', 'which is told');
});
