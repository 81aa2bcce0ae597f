/** A small disk of its own for one test, in a mount namespace of its own: needs root; other tests skip with the reason. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { hpmqEntry, type Outcome, type RunningGateway, runHpmq, tempFolder } from './gateway.js';
import { needs, type Peer, startPeer } from './peers.js';

/** Options of a tap test that mounts something. */
export function mounting(...programs: readonly string[]): { skip?: string } {
  if (process.getuid?.() !== 0) return { skip: 'mounting needs root' };
  return needs('unshare', 'nsenter', ...programs);
}

export class SmallDisk {
  readonly folder: string;
  readonly #t: Test;
  readonly #keeper: Peer;

  private constructor(t: Test, folder: string, keeper: Peer) {
    this.#t = t;
    this.folder = folder;
    this.#keeper = keeper;
  }

  /** @param mount - a shell command that mounts on `$1`; its folder has a file `image` beside it, if it needs one */
  static async create(t: Test, mount: string): Promise<SmallDisk> {
    const folder = join(tempFolder(t), 'disk');
    mkdirSync(folder);
    const script = `${mount} && echo mounted && exec sleep 600`;
    const keeper = startPeer(t, 'unshare', ['-m', '--propagation', 'private', 'sh', '-c', script, 'sh', folder]);
    await keeper.sees(/mounted/);
    return new SmallDisk(t, folder, keeper);
  }

  /** A shell command that sees the disk; `$1` is its folder. @returns stdout */
  run(script: string): string {
    const args = ['-t', String(this.#keeper.pid), '-m', 'sh', '-c', script, 'sh', this.folder];
    return execFileSync('nsenter', args, { encoding: 'utf8' });
  }

  /** `hpmq run` with its data on the disk. */
  async startGateway(yaml: readonly string[]): Promise<RunningGateway> {
    const folder = tempFolder(this.#t);
    const file = join(folder, 'hpmq.yaml');
    const socket = join(folder, 'c.sock');
    const lines = [`gateway: { id: disk, data: ${join(this.folder, 'data')} }`, ...yaml];
    writeFileSync(file, `${lines.join('\n')}\n`);
    const hpmq = [process.execPath, hpmqEntry, 'run', '-c', file, '--socket', socket];
    const peer = startPeer(this.#t, 'nsenter', ['-t', String(this.#keeper.pid), '-m', ...hpmq]);
    const [, port] = await peer.sees(/"listeners":\["[^"]*:(\d+)"/, 15_000);
    return {
      process: peer,
      mqttPort: Number(port),
      socket,
      hpmq: (...args: readonly string[]): Promise<Outcome> => runHpmq(['--socket', socket, ...args]),
    };
  }
}
