/**
 * The Node that goes into an executable. npm installed the one of this machine; that of another architecture is fetched
 * by npm too, with the integrity of our lockfile, and kept in dist/.cache.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { locked, root } from './lockfile.mjs';

/** Path of the Node binary for linux on `arch`, of exactly the version that runs this script. */
export function nodeBinary(arch) {
  const name = `node-linux-${arch}`;
  const { version } = locked(name);
  // The format of a SEA blob belongs to one exact version, and this process writes it.
  if (process.version !== `v${version}`) throw new Error(`npm run build needs Node ${version}, not ${process.version}`);
  const installed = join(root, 'node_modules', name, 'bin', 'node');
  if (arch === process.arch && existsSync(installed)) return installed;
  const cached = join(root, 'dist', '.cache', `${name}-${version}`);
  if (!existsSync(cached)) fetch(name, cached);
  return cached;
}

/** `npm ci` of a project that has only this package. As an optional one: npm refuses any other of a foreign architecture. */
function fetch(name, file) {
  const { version, integrity, resolved, cpu, os } = locked(name);
  const project = { name: 'runtime', version: '0.0.0', private: true, optionalDependencies: { [name]: version } };
  const lockfile = {
    name: project.name,
    version: project.version,
    lockfileVersion: 3,
    packages: { '': project, [`node_modules/${name}`]: { version, integrity, resolved, cpu, os, optional: true } },
  };
  const folder = `${file}.npm`;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify(project));
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(lockfile));
  const target = [`--cpu=${cpu}`, `--os=${os}`, '--libc=glibc'];
  execFileSync('npm', ['ci', '--ignore-scripts', ...target], { cwd: folder, stdio: 'inherit' });
  const fetched = join(folder, 'node_modules', name, 'bin', 'node');
  if (!existsSync(fetched))
    throw new Error(`npm did not install ${name}@${version} with the integrity of package-lock.json`);
  renameSync(fetched, file);
  rmSync(folder, { recursive: true });
}
