/** A Debian system that boots its own systemd in a container: the package is installed, started and removed there. */
import { execFileSync, type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a plain Debian has, what the package depends on, and a foreign client. */
const PACKAGES = ['systemd', 'systemd-sysv', 'dbus', 'udev', 'libstdc++6', 'adduser', 'mosquitto-clients', 'man-db'];

export interface Box extends AsyncDisposable {
  /** Runs a shell command in the system, as root; output of both kinds, and the exit code. */
  sh(command: string): { readonly code: number; readonly text: string };
}

/** The file system as a tar file, made once: HPMQ_BOX_CACHE, or /var/cache/hpmq-box. */
export function boxTar(suite: string): string {
  const cache = process.env.HPMQ_BOX_CACHE ?? '/var/cache/hpmq-box';
  const file = join(cache, `${suite}-${PACKAGES.length}.tar`);
  if (existsSync(file)) return file;
  mkdirSync(cache, { recursive: true });
  console.log(`building ${file}, once`);
  const options = ['--quiet', '--variant=minbase', `--include=${PACKAGES.join(',')}`, suite, `${file}.new.tar`];
  execFileSync('mmdebstrap', options, { stdio: 'inherit' });
  renameSync(`${file}.new.tar`, file);
  return file;
}

/** @param folders - of this machine → where they are seen, read-only, in the box */
export async function startBox(suite: string, folders: Readonly<Record<string, string>>): Promise<Box> {
  const tar = boxTar(suite);
  const folder = mkdtempSync(join(tmpdir(), 'hpmq-box-'));
  const root = join(folder, 'root');
  mkdirSync(root);
  execFileSync('tar', ['-C', root, '-xf', tar]);
  const binds = Object.entries(folders).map(([from, to]) => `--bind-ro=${from}:${to}`);
  const container = spawn(
    'systemd-nspawn',
    ['--quiet', '--register=no', '--keep-unit', '--private-network', '--console=pipe', ...binds, '-b', '-D', root],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let console_ = '';
  for (const stream of [container.stdout, container.stderr]) stream.on('data', (text) => (console_ += text));
  const ended = new Promise((resolve) => container.on('exit', resolve));
  const leader = await eventually('the container has a first process', () => {
    const children = readFileSync(`/proc/${container.pid}/task/${container.pid}/children`, 'utf8').trim();
    return children === '' ? undefined : children.split(' ')[0];
  });
  const run = (command: string): SpawnSyncReturns<string> =>
    spawnSync('nsenter', ['-t', leader, '-m', '-u', '-i', '-n', '-p', '-r', '-w', 'sh', '-c', command], {
      encoding: 'utf8',
      timeout: 120_000,
      env: {
        PATH: '/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        LANG: 'C.UTF-8',
        HOME: '/root',
        DEBIAN_FRONTEND: 'noninteractive',
      },
    });
  const sh = (command: string) => {
    const { status, stdout, stderr } = run(command);
    return { code: status ?? -1, text: `${stdout}${stderr}`.trim() };
  };
  const box: Box = {
    sh,
    async [Symbol.asyncDispose]() {
      sh('systemctl --force --force poweroff');
      const timer = setTimeout(() => container.kill('SIGKILL'), 15_000);
      await ended;
      clearTimeout(timer);
      rmSync(folder, { recursive: true, force: true });
    },
  };
  try {
    await eventually('systemd is up', () => /^(running|degraded)/.test(sh('systemctl is-system-running').text));
  } catch (error) {
    await box[Symbol.asyncDispose]();
    throw new Error(`the box does not boot: ${console_.slice(-2_000)}`, { cause: error });
  }
  return box;
}

/** Polls until the answer is neither undefined nor false. */
export async function eventually<T>(what: string, check: () => T | undefined | false, ms = 60_000): Promise<T> {
  const deadline = Date.now() + ms;
  for (;;) {
    let found: T | undefined | false;
    try {
      found = check();
    } catch {
      found = undefined;
    }
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`not within ${ms} ms: ${what}`);
    await sleep(200);
  }
}
