/** The executables as `npm run build` makes them: nothing of the checkout is needed to run them. */
import { execFile, execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { type Outcome, tempFolder } from './gateway.js';
import { works } from './modbus-peers.js';
import { PATIENCE, type Peer, repoRoot, startPeer } from './peers.js';

export type Arch = 'x64' | 'arm64';

const required = process.env.HPMQ_REQUIRE_PEERS === 'true';

export class Executable {
  readonly arch: Arch;
  readonly file: string;
  /** Emulated, everything takes some ten times as long. */
  readonly isNative: boolean;

  /** @param file - default: as it was built */
  constructor(arch: Arch, file = join(repoRoot, 'dist', `hpmq-linux-${arch}`)) {
    this.arch = arch;
    this.file = file;
    this.isNative = arch === process.arch;
  }

  /** Options of tests: skipped with the reason when it is not there or nothing here runs it; in CI they fail. */
  needed(): { skip?: string } {
    if (!existsSync(this.file)) return this.#absent(`${this.file} does not exist; npm run build makes it`);
    if (!works(this.file, ['--version']))
      return this.#absent(`${this.file} does not run here: qemu-user-static and binfmt run it`);
    return {};
  }

  #absent(reason: string): { skip: string } {
    // The gate builds first. Emulation is the machine's, not ours: a kernel without binfmt_misc is no defect.
    if (required && (this.isNative || !existsSync(this.file))) throw new Error(reason);
    return { skip: reason };
  }

  /** A copy in that folder of which nothing is in memory, as after a boot: what was just written is mapped in larger pieces. */
  unread(folder: string): Executable {
    const file = join(folder, 'hpmq');
    copyFileSync(this.file, file);
    execFileSync('sync', [file]);
    execFileSync('dd', [`if=${file}`, 'iflag=nocache', 'count=0', 'status=none']);
    return new Executable(this.arch, file);
  }

  /** Runs it with nothing but a home folder of its own. */
  run(folder: string, ...args: readonly string[]): Promise<Outcome> {
    const env = { HOME: folder, PATH: '/usr/bin:/bin' };
    const timeout = 30_000 * this.patience * PATIENCE;
    return new Promise((resolve) => {
      execFile(this.file, args, { cwd: folder, env, timeout }, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr }),
      );
    });
  }

  async start(t: Test, yaml: string, env: Record<string, string> = {}): Promise<RunningExecutable> {
    const folder = tempFolder(t);
    const runtime = join(folder, 'run');
    mkdirSync(runtime);
    const file = join(folder, 'hpmq.yaml');
    const socket = join(folder, 'c.sock');
    writeFileSync(file, yaml);
    const options = { cwd: folder, env: { RUNTIME_DIRECTORY: runtime, ...env } };
    const peer = startPeer(t, this.file, ['run', '-c', file, '--socket', socket], options);
    const [, mqttPort = ''] = await peer.sees(/"listeners":\["[^"]*:(\d+)"/, 15_000 * this.patience);
    return { process: peer, mqttPort: Number(mqttPort), runtime, socket };
  }

  get patience(): number {
    return this.isNative ? 1 : 4;
  }
}

export interface RunningExecutable {
  readonly process: Peer;
  /** TCP port of the first MQTT listener. */
  readonly mqttPort: number;
  /** Its $RUNTIME_DIRECTORY. */
  readonly runtime: string;
  readonly socket: string;
}
