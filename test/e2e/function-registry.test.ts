/** Images of functions against Debian's docker-registry, with skopeo and openssl as witnesses. */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { runHpmq, tempFolder } from '../support/gateway.js';
import { cGuest } from '../support/guests.js';
import { needs } from '../support/peers.js';
import { certificateOf, PASSWORD, type RegistryKind, startRegistry, USER } from '../support/registry.js';

const run = promisify(execFile);
const peers = needs('docker-registry', 'skopeo', 'htpasswd', 'openssl', 'clang', 'wasm-ld');

/** A folder with a module in it, and `hpmq function …` in it, without settings of the machine. */
function workshop(t: Test) {
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'echo.wasm'), cGuest('echo.c'));
  writeFileSync(join(folder, 'password'), `${PASSWORD}\n`);
  const env = { HOME: folder, XDG_CONFIG_HOME: folder, DOCKER_CONFIG: join(folder, '.docker') };
  const call = (...args: readonly string[]) => runHpmq(['function', ...args], { cwd: folder, env });
  /** The JSON of a command that must succeed. */
  const json = async (...args: readonly string[]) => {
    const outcome = await call(...args, '--json');
    if (outcome.code !== 0) throw new Error(`${args.join(' ')}: ${outcome.code} ${outcome.stdout} ${outcome.stderr}`);
    return JSON.parse(outcome.stdout);
  };
  /** The code of the error of a command that must fail. */
  const refusal = async (...args: readonly string[]) => {
    const outcome = await call(...args, '--json');
    return outcome.code === 0 ? 'succeeded' : (JSON.parse(outcome.stdout).error.code as string);
  };
  return { folder, call, json, refusal, file: (name: string) => join(folder, name) };
}

const logins: Readonly<Record<RegistryKind, readonly string[]>> = {
  open: [],
  tls: [],
  basic: ['--username', USER, '--password-file', 'password'],
  token: ['--username', USER, '--password-file', 'password'],
};

for (const kind of ['open', 'basic', 'token'] as const) {
  t.test(
    `a registry that is ${kind}: push, skopeo looks at it and copies it, pull by tag and by digest`,
    peers,
    async (t) => {
      const { host } = await startRegistry(t, kind);
      const { json, file, folder, refusal } = workshop(t);
      const login = logins[kind];
      const image = `${host}/fn/echo:1.0`;
      const pushed = await json('push', image, 'echo.wasm', '--trigger', 'upstream=raw/#', ...login);
      const again = await json('push', image, 'echo.wasm', '--trigger', 'upstream=raw/#', ...login);
      t.equal(again.digest, pushed.digest, 'the same module is the same image');

      const credentials = kind === 'open' ? [] : ['--creds', `${USER}:${PASSWORD}`];
      const skopeo = async (...args: readonly string[]) => (await run('skopeo', [...args])).stdout;
      const raw = JSON.parse(
        await skopeo('inspect', '--tls-verify=false', ...credentials, '--raw', `docker://${image}`),
      );
      t.equal(raw.mediaType, 'application/vnd.oci.image.manifest.v1+json');
      t.equal(raw.config.mediaType, 'application/vnd.wasm.config.v0+json');
      t.equal(raw.layers[0].mediaType, 'application/wasm');
      t.match(raw.annotations, {
        'hpmq.function.abi': 'hpmq-fn/1',
        'hpmq.function.hooks': 'on_message',
        'hpmq.function.triggers': 'upstream=raw/#',
      });
      const tags = JSON.parse(
        await skopeo('list-tags', '--tls-verify=false', ...credentials, `docker://${host}/fn/echo`),
      );
      t.strictSame(tags.Tags, ['1.0']);
      const source = kind === 'open' ? [] : ['--src-creds', `${USER}:${PASSWORD}`];
      await skopeo('copy', '--src-tls-verify=false', ...source, `docker://${image}`, `dir:${file('dir')}`);
      const module = readFileSync(file('echo.wasm'));
      t.ok(
        readFileSync(join(folder, 'dir', raw.layers[0].digest.slice(7))).equals(module),
        'skopeo has the same module',
      );
      await skopeo('copy', '--src-tls-verify=false', ...source, `docker://${image}`, `oci:${file('layout')}:1.0`);
      const copied = await json('push', `${host}/fn/copy:2`, 'layout', ...login);
      t.equal(copied.digest, pushed.digest, 'what skopeo wrote as a layout can be pushed');

      for (const wanted of [image, `${host}/fn/echo@${pushed.digest}`]) {
        const pulled = await json('pull', wanted, '-o', 'out.wasm', ...login);
        t.match(pulled, { digest: pushed.digest, layout: 'wasm', from: 'registry' });
        t.ok(readFileSync(file('out.wasm')).equals(module));
      }
      t.equal(await refusal('pull', `${host}/fn/echo:none`, ...login), 'FUNCTION_IMAGE_UNKNOWN');
      if (kind === 'open') return;
      writeFileSync(file('wrong'), 'not it\n');
      t.equal(
        await refusal('push', image, 'echo.wasm', '--username', USER, '--password-file', 'wrong'),
        'FUNCTION_REGISTRY_DENIED',
      );
      t.equal(
        await refusal('push', image, 'echo.wasm'),
        'FUNCTION_REGISTRY_DENIED',
        'nobody in particular may not push',
      );
      if (kind === 'token') t.match(await json('pull', image), { digest: pushed.digest }, 'and may pull');
      mkdirSync(file('.docker'));
      const auth = Buffer.from(`${USER}:${PASSWORD}`).toString('base64');
      writeFileSync(file('.docker/config.json'), JSON.stringify({ auths: { [host]: { auth } } }));
      t.match(await json('push', image, 'echo.wasm'), { bytes: Number }, 'what docker login wrote is enough');
    },
  );
}

t.test(
  'a registry with TLS is spoken to with the authority that the configuration names, and with no other',
  peers,
  async (t) => {
    const registry = await startRegistry(t, 'tls');
    const { json, file, refusal } = workshop(t);
    const image = `${registry.host}/fn/echo:1`;
    t.equal(await refusal('push', image, 'echo.wasm'), 'FUNCTION_REGISTRY_UNREACHABLE');
    writeFileSync(file('hpmq.yaml'), `functionRegistry: { ca: ${certificateOf(registry)} }\ngateway: { data: data }\n`);
    t.match(await json('push', image, 'echo.wasm'), { bytes: Number });
    t.match(await json('pull', image), { from: 'registry' });
  },
);

t.test('layouts of others: ordinary image and HPMQ 1, as skopeo and other builders push them', peers, async (t) => {
  const { host } = await startRegistry(t, 'open');
  const { json, file } = workshop(t);
  const module = readFileSync(file('echo.wasm'));
  await json('push', `${host}/fn/compat:1`, 'echo.wasm', '--compat');
  const { stdout } = await run('skopeo', ['inspect', '--tls-verify=false', `docker://${host}/fn/compat:1`]);
  t.match(JSON.parse(stdout), { Architecture: 'wasm', Layers: [String] }, 'for skopeo an image like any other');
  t.match(await json('pull', `${host}/fn/compat:1`, '-o', 'compat.wasm'), { layout: 'image' });
  t.ok(readFileSync(file('compat.wasm')).equals(module));

  writeFileSync(file('hpmq'), 'FROM scratch\nKIND wasi\nCOPY echo.wasm /\nCMD /echo.wasm\n');
  const built = await json('build', '-f', 'hpmq', '-o', 'built', '-t', '3');
  await run('skopeo', ['copy', '--dest-tls-verify=false', `oci:${file('built')}:3`, `docker://${host}/fn/built:3`]);
  t.match(await json('pull', `${host}/fn/built:3`, '-o', 'built.wasm'), { digest: built.digest, layout: 'wasm' });
  t.ok(readFileSync(file('built.wasm')).equals(module));
});

t.test(
  'signatures: openssl agrees, and unsigned, other keys and signatures of other images are refused',
  peers,
  async (t) => {
    const registry = await startRegistry(t, 'open');
    const { host } = registry;
    const { json, file, call, refusal } = workshop(t);
    writeFileSync(file('phrase'), 'correct horse\n');
    await json('keygen', '-o', 'ours', '--passphrase-file', 'phrase');
    await json('keygen', '-o', 'theirs', '--no-passphrase');
    t.match(readFileSync(file('ours.key'), 'utf8'), /BEGIN ENCRYPTED PRIVATE KEY/);
    t.equal(await refusal('keygen', '-o', 'ours', '--no-passphrase'), 'FUNCTION_KEY', 'a key is never overwritten');
    writeFileSync(
      file('hpmq.yaml'),
      `gateway: { data: data }\nfunctionRegistry: { trust: [{ prefix: ${host}/fn, keys: [ours.pub] }] }\n`,
    );
    const image = `${host}/fn/echo:1`;
    const pushed = await json('push', image, 'echo.wasm');
    t.equal(await refusal('pull', image), 'FUNCTION_IMAGE_UNSIGNED');
    await json('sign', image, '--key', 'theirs.key');
    t.equal(await refusal('pull', image), 'FUNCTION_IMAGE_SIGNATURE', 'signed with another key');
    t.equal((await call('verify', image)).code, 1);
    t.equal(await refusal('sign', image, '--key', 'ours.key', '--passphrase-file', 'password'), 'FUNCTION_KEY');
    await json('sign', image, '--key', 'ours.key', '--passphrase-file', 'phrase');
    t.match(await json('verify', image), { valid: true, signedBy: [file('ours.pub')] });
    t.match(await json('verify', image, '--key', 'theirs.pub'), { valid: true }, 'both signatures are there');
    t.match(await json('pull', image), { digest: pushed.digest, from: 'registry' });

    const tag = `sha256-${pushed.digest.slice(7)}.sig`;
    await run('skopeo', ['copy', '--src-tls-verify=false', `docker://${host}/fn/echo:${tag}`, `dir:${file('sig')}`]);
    const manifest = JSON.parse(readFileSync(file('sig/manifest.json'), 'utf8'));
    const layer = manifest.layers.at(-1);
    writeFileSync(file('signature'), Buffer.from(layer.annotations['dev.cosignproject.cosign/signature'], 'base64'));
    const openssl = (pub: string) =>
      run('openssl', [
        'dgst',
        '-sha256',
        '-verify',
        file(pub),
        '-signature',
        file('signature'),
        file(`sig/${layer.digest.slice(7)}`),
      ]);
    t.match((await openssl('ours.pub')).stdout, /Verified OK/);
    await t.rejects(openssl('theirs.pub'));

    // Another image under the signature of this one.
    const other = await json('push', `${host}/fn/echo:2`, 'echo.wasm', '--annotation', 'other=image');
    t.not(other.digest, pushed.digest);
    const otherTag = `sha256-${other.digest.slice(7)}.sig`;
    const docker = (name: string) => `docker://${host}/fn/echo:${name}`;
    await run('skopeo', ['copy', '--src-tls-verify=false', '--dest-tls-verify=false', docker(tag), docker(otherTag)]);
    t.equal(await refusal('pull', `${host}/fn/echo:2`), 'FUNCTION_IMAGE_SIGNATURE', 'a signature of another image');
  },
);

t.test('a blob that was changed on the disk of the registry is refused', peers, async (t) => {
  const registry = await startRegistry(t, 'open');
  const { json, file, refusal } = workshop(t);
  const image = `${registry.host}/fn/echo:1`;
  await json('push', image, 'echo.wasm');
  const { manifest } = await json('inspect', image);
  const blob = registry.blobFile(manifest.layers[0].digest);
  const bytes = readFileSync(blob);
  bytes[bytes.length - 1]! ^= 1;
  writeFileSync(blob, bytes);
  t.equal(await refusal('pull', image, '-o', 'out.wasm'), 'FUNCTION_IMAGE_DAMAGED');
  t.throws(() => readFileSync(file('out.wasm')));
});
