/** A machine in QEMU that boots an image: its console, its ports on 127.0.0.1, its end. Bounded waits everywhere. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

export type Mode = 'direct' | 'efi' | 'pi3';

export interface BootOptions {
  readonly mode: Mode;
  readonly image: string;
  /** images/ of the checkout. */
  readonly images: string;
  /** direct: the slot. */
  readonly slot?: 'a' | 'b';
  /** direct: more of the kernel's command line. */
  readonly append?: string;
  /** More arguments for qemu, such as a USB stick. */
  readonly more?: readonly string[];
}

export interface Command {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export class Machine {
  readonly #run: string;
  #over = false;
  #seen = 0;
  #keyboard: Socket | undefined;

  private constructor(qemu: ChildProcess, run: string) {
    this.#run = run;
    qemu.on('exit', () => {
      this.#over = true;
    });
  }

  static boot({ mode, image, images, slot = 'a', append = '', more = [] }: BootOptions): Machine {
    const run = mkdtempSync(join(tmpdir(), 'hpmq-vm-'));
    const log = openSync(join(run, 'qemu.log'), 'w');
    const qemu = spawn(join(images, 'boot'), [mode, image, ...more], {
      env: { ...process.env, RUN: run, SLOT: slot, APPEND: append },
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    return new Machine(qemu, run);
  }

  /** All that the serial console said. */
  console(): string {
    const file = join(this.#run, 'serial.log');
    return existsSync(file) ? readFileSync(file, 'latin1') : '';
  }

  /** Types at the serial console. */
  type(text: string): void {
    if (this.#keyboard === undefined) {
      this.#keyboard = connect(join(this.#run, 'console.sock'));
      // What comes is in the log, too; the end of the machine is no fault.
      this.#keyboard.on('error', () => {}).resume();
    }
    this.#keyboard.write(text);
  }

  /** Waits until the console says it, after what the call before saw. */
  async says(pattern: RegExp, timeoutMs = 420_000): Promise<RegExpExecArray> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const text = this.console().slice(this.#seen);
      const match = pattern.exec(text);
      if (match !== null) {
        this.#seen += match.index + match[0].length;
        return match;
      }
      const why = this.#over ? 'qemu ended' : Date.now() > deadline ? `${timeoutMs / 1_000} s went by` : undefined;
      if (why !== undefined) {
        throw new Error(
          `${why} before ${pattern}\n${readFileSync(join(this.#run, 'qemu.log'), 'utf8')}\n${text.slice(-4_000)}`,
        );
      }
      await sleep(250);
    }
  }

  /** The port on 127.0.0.1 that leads to one of the machine. */
  async port(guest: 22 | 1883): Promise<number> {
    const table = await this.#monitor('info usernet');
    const row = table.split('\n').find((line) => new RegExp(`HOST_FORWARD\\].*\\s${guest}\\s`).test(line));
    const port = Number(/127\.0\.0\.1\s+(\d+)/.exec(row ?? '')?.[1]);
    if (!Number.isInteger(port)) throw new Error(`port ${guest} is not forwarded:\n${table}`);
    return port;
  }

  /** Connects a device that was not there at the start, as `driver,property=…`. */
  async plugIn(device: string): Promise<void> {
    const said = await this.#monitor(`device_add ${device}`);
    if (said.trim() !== '') throw new Error(`device_add ${device}: ${said}`);
  }

  /**
   * Runs a command as root over SSH.
   *
   * @param attempts - `once`: for what ends the connection; else it is repeated while nobody answers
   */
  async ssh(key: string, command: string, timeoutMs = 180_000, attempts?: 'once'): Promise<Command> {
    const port = await this.port(22);
    const options = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'BatchMode=yes', 'ConnectTimeout=30'];
    const args = ['-q', '-i', key, '-p', String(port), ...options.flatMap((one) => ['-o', one])];
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const result = await execute('ssh', [...args, 'root@127.0.0.1', command], timeoutMs);
      // 255: of ssh itself.
      if (result.code !== 255 || attempts === 'once' || this.#over || Date.now() > deadline) return result;
      await sleep(2_000);
    }
  }

  /** As if the plug were pulled. */
  async cut(): Promise<void> {
    const file = join(this.#run, 'qemu.pid');
    if (!this.#over && existsSync(file)) process.kill(Number(readFileSync(file, 'utf8')), 'SIGKILL');
    while (!this.#over) await sleep(50);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#keyboard?.destroy();
    await this.cut();
    rmSync(this.#run, { recursive: true, force: true });
  }

  /** One command of QEMU's human monitor, through QMP. */
  #monitor(command: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect(join(this.#run, 'qmp.sock'));
      socket.setTimeout(30_000, () => socket.destroy(new Error('QEMU does not answer')));
      socket.on('error', reject);
      const send = (execute: string, more: object = {}) => socket.write(`${JSON.stringify({ execute, ...more })}\n`);
      createInterface(socket).on('line', (line) => {
        const message = JSON.parse(line) as { QMP?: unknown; return?: unknown };
        if (message.QMP !== undefined) send('qmp_capabilities');
        else if (typeof message.return === 'string') {
          socket.end();
          resolve(message.return);
        } else if (message.return !== undefined) {
          send('human-monitor-command', { arguments: { 'command-line': command } });
        }
      });
    });
  }
}

export function execute(program: string, args: readonly string[], timeoutMs = 60_000): Promise<Command> {
  return new Promise((resolve) => {
    execFile(program, args, { timeout: timeoutMs, maxBuffer: 10_000_000 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 255;
      resolve({ code, stdout, stderr });
    });
  });
}
