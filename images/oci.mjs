/**
 * An OCI image as one tar file: the executable on the C and C++ libraries of Debian, nothing else: no shell, no package manager.
 * It is an OCI layout (skopeo, podman: oci-archive:FILE) and what `docker load` reads (docker-archive:FILE) at once.
 *
 * The libraries are those that this machine has installed for the architecture (libc6, libstdc++6, libgcc-s1); their versions
 * are in the labels of the image.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

/** Debian's name → where its libraries lie, and the loader that executables name. */
const PLATFORMS = {
  amd64: { triplet: 'x86_64-linux-gnu', loader: 'lib64/ld-linux-x86-64.so.2' },
  arm64: { triplet: 'aarch64-linux-gnu', loader: 'usr/lib/ld-linux-aarch64.so.1' },
};
/** What Node needs, and what the C library loads to find names. */
const LIBRARIES = {
  libc6: [
    'libc.so.6',
    'libm.so.6',
    'libdl.so.2',
    'libpthread.so.0',
    'librt.so.1',
    'libresolv.so.2',
    'libnss_dns.so.2',
    'libnss_files.so.2',
  ],
  'libstdc++6': ['libstdc++.so.6'],
  'libgcc-s1': ['libgcc_s.so.1'],
};
/** Beyond the users that systems give to people and services. */
const USER = 10_001;
/** Debian's dialout: whom a serial port belongs to that is handed in. */
const DIALOUT = 20;
const FOLDERS = ['var/lib/hpmq', 'var/cache/hpmq', 'run/hpmq', 'etc/hpmq'];

/** @returns the file */
export function buildOci({ arch, version, epoch, executable, work, output }) {
  const layout = join(work, 'oci');
  const blobs = join(layout, 'blobs/sha256');
  mkdirSync(blobs, { recursive: true });
  const blob = (bytes) => {
    const hash = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(join(blobs, hash), bytes);
    return { digest: `sha256:${hash}`, size: bytes.length };
  };
  const base = join(work, 'oci-base');
  const packages = libraries(base, arch);
  systemFiles(base);
  const program = join(work, 'oci-program');
  mkdirSync(join(program, 'usr/bin'), { recursive: true });
  copyFileSync(executable, join(program, 'usr/bin/hpmq'));
  chmodSync(join(program, 'usr/bin/hpmq'), 0o755);
  // The base first: it stays the same while the program changes.
  const layers = [base, program].map((folder) => {
    const tar = archive(folder, epoch, folder === base ? FOLDERS : []);
    const diffId = `sha256:${createHash('sha256').update(tar).digest('hex')}`;
    return { diffId, mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', ...blob(gzipSync(tar, { level: 6 })) };
  });

  const created = new Date(epoch * 1000).toISOString().replace('.000Z', 'Z');
  const labels = {
    'org.opencontainers.image.title': 'hpmq',
    'org.opencontainers.image.description': 'Edge gateway: field devices to MQTT',
    'org.opencontainers.image.version': version,
    'org.opencontainers.image.created': created,
    'org.opencontainers.image.licenses': 'Apache-2.0',
    'hpmq.base': packages.join(' '),
  };
  const config = {
    created,
    architecture: arch,
    ...(arch === 'arm64' && { variant: 'v8' }),
    os: 'linux',
    config: {
      User: `${USER}:${USER}`,
      Env: [
        'PATH=/usr/bin',
        'HOME=/var/lib/hpmq',
        'STATE_DIRECTORY=/var/lib/hpmq',
        'CACHE_DIRECTORY=/var/cache/hpmq',
        'RUNTIME_DIRECTORY=/run/hpmq',
        'MALLOC_ARENA_MAX=1',
      ],
      Entrypoint: ['/usr/bin/hpmq'],
      Cmd: ['run'],
      WorkingDir: '/var/lib/hpmq',
      Volumes: { '/var/lib/hpmq': {} },
      StopSignal: 'SIGTERM',
      Labels: labels,
    },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: [
      { created, created_by: `libraries of Debian: ${packages.join(' ')}` },
      { created, created_by: `hpmq ${version}` },
    ],
  };
  const json = (value) => Buffer.from(JSON.stringify(value));
  const configBlob = blob(json(config));
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = blob(
    json({
      schemaVersion: 2,
      mediaType,
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...configBlob },
      layers: layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })),
      annotations: labels,
    }),
  );
  const path = ({ digest }) => `blobs/sha256/${digest.slice('sha256:'.length)}`;
  const annotations = { 'org.opencontainers.image.ref.name': version };
  const index = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [{ mediaType, ...manifest, platform: { architecture: arch, os: 'linux' }, annotations }],
  };
  writeFileSync(join(layout, 'oci-layout'), json({ imageLayoutVersion: '1.0.0' }));
  writeFileSync(join(layout, 'index.json'), json(index));
  writeFileSync(
    join(layout, 'manifest.json'),
    json([{ Config: path(configBlob), RepoTags: [`hpmq:${version}`], Layers: layers.map(path) }]),
  );
  const file = join(output, `hpmq-oci-${arch}.tar`);
  writeFileSync(file, archive(layout, epoch, []));
  return file;
}

/** @returns `libc6=2.36-9` of each package whose files went in */
function libraries(base, arch) {
  const { triplet, loader } = PLATFORMS[arch];
  const folder = join(base, 'usr/lib', triplet);
  mkdirSync(folder, { recursive: true });
  mkdirSync(join(base, 'usr/lib64'), { recursive: true });
  for (const name of ['lib', 'lib64', 'bin']) symlinkSync(`usr/${name}`, join(base, name));
  const take = (name) => {
    const found = [`/usr/lib/${triplet}/${name}`, `/lib/${triplet}/${name}`].find(existsSync);
    if (found === undefined) {
      throw new Error(
        `no ${name} for ${arch} on this machine: apt-get install libc6:${arch} libstdc++6:${arch} (dpkg --add-architecture ${arch})`,
      );
    }
    copyFileSync(realpathSync(found), join(folder, name));
    chmodSync(join(folder, name), 0o755);
  };
  for (const name of Object.values(LIBRARIES).flat()) take(name);
  const linker = loader.split('/').at(-1);
  take(linker);
  symlinkSync(`/usr/lib/${triplet}/${linker}`, join(base, loader.replace(/^lib/, 'usr/lib')));
  return Object.keys(LIBRARIES).map((name) => {
    const notice = join(base, 'usr/share/doc', name, 'copyright');
    mkdirSync(dirname(notice), { recursive: true });
    // Debian keeps one notice for several packages behind links.
    copyFileSync(realpathSync(`/usr/share/doc/${name}/copyright`), notice);
    const version = /^Version: (.+)$/m.exec(
      execFileSync('dpkg-query', ['-s', `${name}:${arch}`], { encoding: 'utf8' }),
    )[1];
    return `${name}=${version}`;
  });
}

function systemFiles(base) {
  for (const folder of ['etc', 'tmp', 'dev', 'proc', 'sys', ...FOLDERS])
    mkdirSync(join(base, folder), { recursive: true });
  chmodSync(join(base, 'tmp'), 0o1777);
  const files = {
    'etc/passwd': `root:x:0:0:root:/root:/sbin/nologin\nhpmq:x:${USER}:${USER}:HPMQ:/var/lib/hpmq:/sbin/nologin\n`,
    'etc/group': `root:x:0:\ndialout:x:${DIALOUT}:hpmq\nhpmq:x:${USER}:\n`,
    'etc/nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\n',
  };
  for (const [path, text] of Object.entries(files)) writeFileSync(join(base, path), text, { mode: 0o644 });
}

/** @param own - folders of the user, not of root */
function archive(folder, epoch, own) {
  const file = `${folder}.tar`;
  // What everybody may write stays so.
  const open = ['tmp'].filter((path) => existsSync(join(folder, path)));
  const plain = '--mode=u+rwX,go+rX,go-w';
  const roots = ['--owner=0', '--group=0'];
  const common = [
    '--format=posix',
    '--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime',
    `--mtime=@${epoch}`,
    '--numeric-owner',
    '--sort=name',
    '-C',
    folder,
  ];
  execFileSync(
    'tar',
    [...common, plain, ...roots, ...[...own, ...open].map((path) => `--exclude=./${path}`), '-cf', file, '.'],
    QUIET,
  );
  if (open.length > 0)
    execFileSync('tar', [...common, '--mode=1777', ...roots, '-rf', file, ...open.map((path) => `./${path}`)], QUIET);
  if (own.length > 0)
    execFileSync(
      'tar',
      [...common, plain, `--owner=${USER}`, `--group=${USER}`, '-rf', file, ...own.map((path) => `./${path}`)],
      QUIET,
    );
  return readFileSync(file);
}

const QUIET = { stdio: ['ignore', 'ignore', 'inherit'] };
