/**
 * The Node that goes into an executable. npm installed the one of this machine; that of another architecture is fetched
 * by npm too, with the integrity of our lockfile, and kept in dist/.cache.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { locked, root } from './lockfile.mjs';

/** Path of the Node binary for linux on `arch`, of exactly the version that runs this script. */
export function nodeBinary(arch) {
  const name = `node-linux-${arch}`;
  const { version } = locked(name);
  // The format of a SEA blob belongs to one exact version, and this process writes it.
  if (process.version !== `v${version}`)
    throw new Error(`run me with Node ${version} (npm run build), not ${process.version}`);
  const installed = join(root, 'node_modules', name);
  const cache = join(root, 'dist', '.cache', `${name}-${version}`);
  const cached = join(cache, 'node_modules', name);
  if (!has(installed, version) && !has(cached, version)) fetch(name, cache);
  return join(has(installed, version) ? installed : cached, 'bin', 'node');
}

function has(folder, version) {
  const manifest = join(folder, 'package.json');
  return existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).version === version;
}

/** `npm ci` of a project that has only this package, as our lockfile has it. Optional: npm refuses any other for a foreign architecture. */
function fetch(name, folder) {
  const { version, integrity, resolved, cpu, os } = locked(name);
  const project = { name: 'runtime', version: '0.0.0', private: true, optionalDependencies: { [name]: version } };
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify(project));
  writeFileSync(
    join(folder, 'package-lock.json'),
    JSON.stringify({
      name: project.name,
      version: project.version,
      lockfileVersion: 3,
      packages: { '': project, [`node_modules/${name}`]: { version, integrity, resolved, cpu, os, optional: true } },
    }),
  );
  const target = [`--cpu=${[cpu].flat()[0]}`, `--os=${[os].flat()[0]}`, '--libc=glibc'];
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', ...target], {
    cwd: folder,
    stdio: 'inherit',
  });
  if (!has(join(folder, 'node_modules', name), version)) throw new Error(`npm could not fetch ${name}@${version}`);
}
