/** One .deb, by dpkg-deb: the executable, unit, udev rules, configuration, completions and manual pages. */
import { execFileSync } from 'node:child_process';
import { createHash, createPublicKey } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { root } from '../executable/lockfile.mjs';
import { generated } from './generated.mjs';

const here = import.meta.dirname;
/** Who makes the release. */
const MAINTAINER = process.env.HPMQ_MAINTAINER ?? 'The HPMQ authors <hpmq@localhost>';

/** @returns the file */
export async function buildDeb({ arch, version, epoch, executable, work, output, compression }) {
  const tree = join(work, 'deb');
  const put = (path, content, mode = 0o644) => {
    const file = join(tree, path);
    mkdirSync(dirname(file), { recursive: true, mode: 0o755 });
    writeFileSync(file, content);
    chmodSync(file, mode);
  };
  mkdirSync(join(tree, 'usr/bin'), { recursive: true });
  copyFileSync(executable, join(tree, 'usr/bin/hpmq'));
  chmodSync(join(tree, 'usr/bin/hpmq'), 0o755);
  const texts = await generated({ version, epoch });
  put('etc/hpmq/hpmq.yaml', texts.config);
  const conffiles = ['/etc/hpmq/hpmq.yaml'];
  // Without a key of the release, `hpmq update` trusts what the owner of the box puts there.
  mkdirSync(join(tree, 'etc/hpmq/update-keys'), { mode: 0o755 });
  if (process.env.HPMQ_RELEASE_KEY) {
    const key = createPublicKey(readFileSync(process.env.HPMQ_RELEASE_KEY));
    put('etc/hpmq/update-keys/release.pem', key.export({ type: 'spki', format: 'pem' }));
    conffiles.push('/etc/hpmq/update-keys/release.pem');
  }
  put('lib/systemd/system/hpmq.service', texts.unit);
  put('lib/udev/rules.d/60-hpmq.rules', texts.rules);
  put('usr/share/bash-completion/completions/hpmq', texts.bash);
  put('usr/share/zsh/vendor-completions/_hpmq', texts.zsh);
  put('usr/share/fish/vendor_completions.d/hpmq.fish', texts.fish);
  put('usr/share/man/man1/hpmq.1.gz', gzip(texts.commandsPage));
  put('usr/share/man/man5/hpmq.yaml.5.gz', gzip(texts.configPage));
  put('usr/share/doc/hpmq/hpmq.example.yaml', readFileSync(join(root, 'hpmq.example.yaml')));
  put('usr/share/doc/hpmq/copyright', readFileSync(join(here, 'copyright')));
  put('usr/share/doc/hpmq/changelog.gz', gzip(changelog(version, epoch)));
  put('usr/share/lintian/overrides/hpmq', readFileSync(join(here, 'lintian-overrides')));

  for (const script of ['postinst', 'prerm', 'postrm'])
    put(`DEBIAN/${script}`, readFileSync(join(here, script)), 0o755);
  put('DEBIAN/conffiles', conffiles.map((path) => `${path}\n`).join(''));
  const files = filesOf(tree).filter((path) => !path.startsWith('DEBIAN/'));
  put(
    'DEBIAN/md5sums',
    files
      .filter((path) => !path.startsWith('etc/'))
      .map((path) => `${md5(join(tree, path))}  ${path}\n`)
      .join(''),
  );
  const kibibytes = files.reduce((sum, path) => sum + Math.ceil(lstatSync(join(tree, path)).size / 1024), 0);
  put('DEBIAN/control', control(arch, version, kibibytes));
  touch(tree, epoch);

  const file = join(output, `hpmq_${version}_${arch}.deb`);
  // One thread: with more, the number of them would be seen in the bytes.
  const args = ['--root-owner-group', `-Z${compression}`, '--threads-max=1', '--build', tree, file];
  execFileSync('dpkg-deb', args, {
    env: { ...process.env, SOURCE_DATE_EPOCH: String(epoch) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return file;
}

function control(arch, version, kibibytes) {
  return `Package: hpmq
Version: ${version}
Architecture: ${arch}
Maintainer: ${MAINTAINER}
Section: net
Priority: optional
Installed-Size: ${kibibytes}
Depends: libc6 (>= 2.28), libstdc++6 (>= 8), libgcc-s1 | libgcc1, adduser, init-system-helpers (>= 1.54)
Recommends: systemd, udev
Suggests: mosquitto-clients
Description: edge gateway from field devices to MQTT
 HPMQ reads field devices (Modbus, CoAP, serial lines), serves their values
 from an MQTT broker of its own, links upstream with an outbox on disk, runs
 functions on the traffic, and is managed on the box from the command line
 and a terminal interface.
 .
 The service hpmq.service listens on 127.0.0.1:1883 until it is told otherwise.
`;
}

/** Debian's form; what changed is in CHANGELOG.md of the sources. */
function changelog(version, epoch) {
  const date = new Date(epoch * 1000).toUTCString().replace('GMT', '+0000');
  return `hpmq (${version}) unstable; urgency=medium

  * Release ${version}.

 -- ${MAINTAINER}  ${date}
`;
}

/** Without a time and a name inside: gzip -9n. */
function gzip(text) {
  return gzipSync(text, { level: 9 });
}

function md5(file) {
  return createHash('md5').update(readFileSync(file)).digest('hex');
}

function filesOf(tree) {
  return readdirSync(tree, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(tree, join(entry.parentPath, entry.name)))
    .toSorted();
}

/** All of it has the time of the sources, and folders are open to all. */
function touch(tree, epoch) {
  for (const entry of [...readdirSync(tree, { recursive: true, withFileTypes: true })].reverse()) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) chmodSync(path, 0o755);
    utimesSync(path, epoch, epoch);
  }
  chmodSync(tree, 0o755);
  utimesSync(tree, epoch, epoch);
}
