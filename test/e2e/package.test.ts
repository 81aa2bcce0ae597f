/** The Debian package and the OCI image, judged by Debian's own tools. `npm run package:check` installs and runs them. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { tempFolder } from '../support/gateway.js';
import { needs, repoRoot, startPeer } from '../support/peers.js';

const arch = process.arch === 'x64' ? 'amd64' : 'arm64';
const executable = join(repoRoot, 'dist', `hpmq-linux-${process.arch}`);
const built = existsSync(executable) ? {} : { skip: `${executable} does not exist; npm run build makes it` };
const { version } = JSON.parse(readFileSync(join(repoRoot, 'package.json'), 'utf8')) as { version: string };
const isRoot = process.getuid?.() === 0 ? {} : { skip: 'needs root' };

function run(program: string, ...args: readonly string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', maxBuffer: 64_000_000, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Not compressed: what is inside is the question, and xz takes a minute. */
function packaged(t: Test, ...options: readonly string[]): string {
  const folder = tempFolder(t);
  const script = join(repoRoot, 'images/package.mjs');
  const env = { ...process.env, SOURCE_DATE_EPOCH: '1790000000' };
  const args = [script, arch, '--compression', 'none', '--output', folder, ...options];
  execFileSync(process.execPath, args, { env, stdio: 'pipe' });
  return folder;
}

const debian = { ...needs('dpkg-deb', 'dpkg', 'man', 'systemd-analyze', 'sh'), ...built };

t.test('the package', debian, async (t) => {
  const folder = packaged(t, '--no-oci');
  const deb = join(folder, `hpmq_${version}_${arch}.deb`);
  const tree = join(folder, 'tree');
  run('dpkg-deb', '-R', deb, tree);

  t.test('everything is of root, at its place, and nobody else can write it', async (t) => {
    const lines = run('dpkg-deb', '-c', deb)
      .trim()
      .split('\n')
      .map((line) => line.split(/\s+/));
    t.strictSame(
      lines.filter(([mode, owner]) => owner !== 'root/root' || !/^(drwxr-xr-x|-rw-r--r--|-rwxr-xr-x)$/.test(mode!)),
      [],
    );
    t.strictSame(
      lines.filter(([mode]) => mode!.startsWith('-')).map((fields) => fields.at(-1)),
      [
        './etc/hpmq/hpmq.yaml',
        './lib/systemd/system/hpmq.service',
        './lib/udev/rules.d/60-hpmq.rules',
        './usr/bin/hpmq',
        './usr/share/bash-completion/completions/hpmq',
        './usr/share/doc/hpmq/changelog.gz',
        './usr/share/doc/hpmq/copyright',
        './usr/share/doc/hpmq/hpmq.example.yaml',
        './usr/share/fish/vendor_completions.d/hpmq.fish',
        './usr/share/lintian/overrides/hpmq',
        './usr/share/man/man1/hpmq.1.gz',
        './usr/share/man/man5/hpmq.yaml.5.gz',
        './usr/share/zsh/vendor-completions/_hpmq',
      ],
    );
    t.equal(
      run('dpkg-deb', '-f', deb, 'Package', 'Version', 'Architecture'),
      `Package: hpmq\nVersion: ${version}\nArchitecture: ${arch}\n`,
    );
    t.equal(run('dpkg-deb', '-I', deb, 'conffiles'), '/etc/hpmq/hpmq.yaml\n');
  });

  t.test('dpkg unpacks it into another root, and finds each file as it was packed', isRoot, async (t) => {
    const root = join(tempFolder(t), 'root');
    for (const part of ['var/lib/dpkg/info', 'var/lib/dpkg/updates']) mkdirSync(join(root, part), { recursive: true });
    run('touch', join(root, 'var/lib/dpkg/status'), join(root, 'var/lib/dpkg/available'));
    // No script runs at this step: they would not be in the other root.
    run('dpkg', `--root=${root}`, '--force-depends', '--force-architecture', '--unpack', deb);
    t.equal(
      run('dpkg', `--root=${root}`, '--verify', 'hpmq'),
      'missing   c /etc/hpmq/hpmq.yaml\n',
      'but what it asks about',
    );
    t.ok(existsSync(join(root, 'etc/hpmq/hpmq.yaml.dpkg-new')));
    t.match(
      run('dpkg-query', `--admindir=${root}/var/lib/dpkg`, '-W', '-f', '$'.concat('{Status}'), 'hpmq'),
      'ok unpacked',
    );
  });

  t.test('what it brings works: program, configuration, manual pages, scripts', async (t) => {
    const program = join(tree, 'usr/bin/hpmq');
    t.match(run(program, '--version'), version);
    const config = join(tree, 'etc/hpmq/hpmq.yaml');
    run(program, 'config', 'check', config);
    const { broker } = JSON.parse(run(program, 'config', 'show', config, '--json')).config;
    t.match(broker.listeners, [{ type: 'tcp', host: '127.0.0.1', port: 1883 }], 'this machine alone');
    for (const page of globSync('usr/share/man/*/*.gz', { cwd: tree })) {
      const { status, stdout, stderr } = spawnSync('man', ['--warnings', '-l', join(tree, page)], {
        encoding: 'utf8',
        env: { PATH: process.env.PATH, MANWIDTH: '200', LC_ALL: 'C.UTF-8' },
      });
      t.match({ status, stderr }, { status: 0, stderr: '' }, page);
      t.match(stdout, page.includes('man1') ? /hpmq service install/ : /broker\.listeners/);
    }
    for (const script of ['postinst', 'prerm', 'postrm']) run('sh', '-n', join(tree, 'DEBIAN', script));
  });

  t.test('the unit is hardened: systemd says no more than 2.5 of 10', async (t) => {
    const unit = join(tree, 'lib/systemd/system/hpmq.service');
    run('systemd-analyze', 'security', '--offline=true', '--threshold=25', '--no-pager', unit);
    t.match(readFileSync(unit, 'utf8'), /^Type=notify$/m);
    t.notMatch(readFileSync(unit, 'utf8'), /^MemoryDenyWriteExecute=/m, 'V8 could not compile');
  });

  t.test('lintian finds nothing', needs('lintian'), async (t) => {
    const { stdout } = spawnSync(
      'lintian',
      [
        '--allow-root',
        '--fail-on',
        'none',
        '--suppress-tags',
        'uses-no-compression-for-control-tarball,uses-no-compression-for-data-tarball',
        deb,
      ],
      { encoding: 'utf8' },
    );
    t.equal(stdout, '');
  });
});

t.test('the OCI image', { ...needs('skopeo', 'tar', 'unshare', 'chroot'), ...built, ...isRoot }, async (t) => {
  const folder = packaged(t);
  const again = packaged(t);
  for (const name of [`hpmq_${version}_${arch}.deb`, `hpmq-oci-${arch}.tar`]) {
    t.ok(readFileSync(join(folder, name)).equals(readFileSync(join(again, name))), `${name}: the same bytes each time`);
  }
  const file = join(folder, `hpmq-oci-${arch}.tar`);
  const expected = { Architecture: arch, Os: 'linux', Labels: { 'org.opencontainers.image.version': version } };
  t.match(JSON.parse(run('skopeo', 'inspect', `oci-archive:${file}`)), expected);
  t.match(JSON.parse(run('skopeo', 'inspect', `docker-archive:${file}`)), expected, 'and docker load reads it');
  const config = JSON.parse(run('skopeo', 'inspect', '--config', `oci-archive:${file}`));
  t.match(config.config, { User: '10001:10001', Entrypoint: ['/usr/bin/hpmq'], Cmd: ['run'] });

  const layers = join(folder, 'layers');
  run('skopeo', 'copy', '--quiet', `oci-archive:${file}`, `dir:${layers}`);
  const root = join(folder, 'root');
  mkdirSync(root);
  for (const { digest } of JSON.parse(readFileSync(join(layers, 'manifest.json'), 'utf8')).layers as {
    digest: string;
  }[]) {
    run('tar', '-C', root, '-xzf', join(layers, digest.replace('sha256:', '')));
  }
  t.equal(statSync(join(root, 'tmp')).mode & 0o7777, 0o1777, 'everybody may write to /tmp, and to what is his');
  const env = Object.fromEntries(
    (config.config.Env as string[]).map((one) => [one.slice(0, one.indexOf('=')), one.slice(one.indexOf('=') + 1)]),
  );
  const listener = { HPMQ_BROKER__LISTENERS__0__TYPE: 'tcp', HPMQ_BROKER__LISTENERS__0__PORT: '0' };
  // What a container is given: /proc.
  const enter = 'mount -t proc proc "$0/proc" && exec chroot --userspec=10001:10001 "$0" /usr/bin/hpmq run';
  const gateway = startPeer(t, 'unshare', ['--mount', 'sh', '-c', enter, root], {
    env: { ...env, ...listener, PATH: process.env.PATH ?? '', NODE_EXTRA_CA_CERTS: '' },
  });
  await gateway.sees(/gateway is up/, 20_000);
  t.ok(statSync(join(root, 'var/lib/hpmq/store.sqlite')).size > 0, 'its own user may write there');
  t.equal(await gateway.kill('SIGTERM'), 0);
});
