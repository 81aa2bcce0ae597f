/** A folder that looks like the image, for `hpmq provision`. */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Test } from 'tap';
import { hpmq, plainEnv } from './cli.js';
import { hpmqEntry, type Outcome, tempFolder } from './gateway.js';
import { repoRoot, startPeer } from './peers.js';

export interface Machine {
  readonly root: string;
  readonly boot: string;
  /** Puts a file onto the boot partition. */
  put(name: string, content: string): void;
  read(path: string): string;
  change(path: string, content: string): void;
  /** As a start finds it. */
  forgetRun(): void;
  provision(...more: readonly string[]): ReturnType<typeof hpmq>;
  /** With strace between it and the kernel. @param inject - `rename:signal=SIGKILL:when=3` @param at - below the root: for these files only */
  faulty(inject: string, ...at: readonly string[]): Promise<Outcome & { readonly isKilled: boolean }>;
}

export function machine(t: Test): Machine {
  const root = tempFolder(t);
  const boot = join(root, 'boot/firmware');
  for (const folder of [
    'boot/firmware',
    'etc/hpmq',
    'data/system',
    'run',
    'proc/sys/kernel',
    'usr/share/zoneinfo/Europe',
  ])
    mkdirSync(join(root, folder), { recursive: true });
  cpSync(join(repoRoot, 'images/overlay/usr/share/hpmq'), join(root, 'usr/share/hpmq'), { recursive: true });
  writeFileSync(join(root, 'usr/share/zoneinfo/Europe/Berlin'), '');
  writeFileSync(join(root, 'usr/share/hpmq/shadow'), 'root:*:20000::::::\nadmin:*:20000::::::\n');
  writeFileSync(join(root, 'proc/sys/kernel/hostname'), 'hpmq');
  return {
    root,
    boot,
    put(name, content) {
      mkdirSync(dirname(join(boot, name)), { recursive: true });
      writeFileSync(join(boot, name), content);
    },
    read: (path) => readFileSync(join(root, path), 'utf8'),
    change: (path, content) => writeFileSync(join(root, path), content),
    forgetRun() {
      rmSync(join(root, 'run'), { recursive: true });
      mkdirSync(join(root, 'run'));
    },
    provision: (...more) => hpmq(t, ['provision', '--from', boot, '--root', root, ...more]),
    async faulty(inject, ...at) {
      const only = at.flatMap((path) => ['-P', join(root, path)]);
      const options = ['-f', '-qq', '-o', '/dev/null', ...only, '-e', `inject=${inject}`];
      const command = [process.execPath, hpmqEntry, 'provision', '--from', boot, '--root', root];
      const peer = startPeer(t, 'strace', [...options, ...command], { env: plainEnv });
      const code = await peer.ended;
      return {
        code: Number(code),
        stdout: peer.stdout(),
        stderr: peer.stderr(),
        isKilled: peer.child.signalCode === 'SIGKILL',
      };
    },
  };
}

export const CONFIG = `gateway: { id: plant-7 }
broker:
  listeners: [ { type: tcp, host: 0.0.0.0, port: 1883 } ]
  auth: { anonymous: false, users: users.yaml }
`;
export const USERS = 'users: { anna: { roles: [ operator ] } }\n';
export const SETTINGS = `hostname: plant-7
timezone: Europe/Berlin
network: { wifi: { ssid: plant, password: correct horse, country: DE } }
join: { token: to-ken-1 }
`;
