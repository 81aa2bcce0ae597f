/** Release keys, signed bundles of stand-in programs, and a box that runs the gateway as a service manager does. */
import { execFileSync, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { appendFileSync, chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { hpmqEntry, type Outcome, runHpmq, tempFolder } from './gateway.js';
import { PATIENCE, repoRoot } from './peers.js';

/** What a stand-in does in place of `run`. */
export type Behaviour =
  | 'healthy'
  | 'crashes'
  | 'refuses its configuration'
  | { readonly config: string }
  /** A shell command beside `--version`. */
  | { readonly tries: string };

export class Box {
  readonly folder: string;
  readonly updates: string;
  readonly socket: string;
  readonly env: Record<string, string>;
  readonly #t: Test;
  #log = '';
  #starts = 0;
  #isStopping = false;

  constructor(t: Test) {
    this.#t = t;
    this.folder = tempFolder(t);
    this.updates = join(this.folder, 'update');
    this.socket = join(this.folder, 'c.sock');
    this.env = {
      HPMQ_UPDATE_DIR: this.updates,
      HPMQ_UPDATE_KEYS: join(this.folder, 'keys'),
      XDG_STATE_HOME: join(this.folder, 'state'),
    };
    mkdirSync(this.env.HPMQ_UPDATE_KEYS!);
    this.makeKey('release');
    execFileSync('cp', [join(this.folder, 'release.pub.pem'), join(this.env.HPMQ_UPDATE_KEYS!, 'release.pem')]);
  }

  /** An ECDSA P-256 key; only `release` is trusted. @returns its file */
  makeKey(name: string): string {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const file = join(this.folder, `${name}.pem`);
    writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }));
    writeFileSync(join(this.folder, `${name}.pub.pem`), publicKey.export({ type: 'spki', format: 'pem' }));
    return file;
  }

  /**
   * A program that is the gateway of these sources under another version, or a bad one.
   *
   * @param padding - bytes of noise behind it
   * @returns the file of its bundle
   */
  bundle(
    version: string,
    behaviour: Behaviour = 'healthy',
    { key = 'release', arch = process.arch as string, padding = 0 } = {},
  ): string {
    const program = join(this.folder, `program-${version}`);
    const gateway = `'${process.execPath}' ${behaviour === 'refuses its configuration' ? this.#breaking() : ''} '${hpmqEntry}'`;
    const args =
      typeof behaviour === 'object' && 'config' in behaviour
        ? `run '${behaviour.config}' --socket '${this.socket}'`
        : '"$@"';
    const act = behaviour === 'crashes' ? 'exit 70' : `exec ${gateway} ${args}`;
    const tried = typeof behaviour === 'object' && 'tries' in behaviour ? `${behaviour.tries}; ` : '';
    writeFileSync(program, `#!/bin/sh\n[ "$1" = --version ] && { ${tried}echo ${version}; exit 0; }\n${act}\nexit\n`);
    if (padding > 0)
      appendFileSync(
        program,
        execFileSync('head', ['-c', String(padding), '/dev/urandom'], { maxBuffer: 2 * padding }),
      );
    chmodSync(program, 0o755);
    const out = join(this.folder, `hpmq-${version}.hpmq`);
    const signed = key === 'none' ? 'none' : join(this.folder, `${key}.pem`);
    const options = ['--program', program, '--arch', arch, '--key', signed, '--version', version, '--out', out];
    execFileSync(process.execPath, [join(repoRoot, 'images', 'update-bundle.mjs'), ...options, '--level', '1']);
    return out;
  }

  /** The environment of this version alone has a setting that is refused. */
  #breaking(): string {
    const file = join(this.folder, 'breaking.mjs');
    writeFileSync(
      file,
      `const { execve } = process;
process.env.HPMQ_LOG__LEVEL = 'nonsense';
process.execve = (file, args, { HPMQ_LOG__LEVEL: _ours, ...env }) => execve.call(process, file, args, env);
`,
    );
    return `--import '${file}'`;
  }

  hpmq(...args: readonly string[]): Promise<Outcome> {
    return runHpmq(['--socket', this.socket, ...args], { env: this.env });
  }

  get log(): string {
    return this.#log;
  }

  get starts(): number {
    return this.#starts;
  }

  state(): Record<string, unknown> {
    return JSON.parse(readFileSync(join(this.updates, 'state.json'), 'utf8'));
  }

  /** Starts the installed program again whenever it ends, until the end of the test. */
  supervise(yaml: string): void {
    const file = join(this.folder, 'hpmq.yaml');
    writeFileSync(file, yaml);
    const start = () => {
      this.#starts++;
      const child = spawn(process.execPath, [hpmqEntry, 'run', file, '--socket', this.socket], {
        env: { ...process.env, ...this.env },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        this.#log += text;
      });
      child.once('exit', () => {
        if (!this.#isStopping) start();
      });
      this.#kill = () => void child.kill('SIGKILL');
    };
    start();
    this.#t.teardown(() => {
      this.#isStopping = true;
      this.#kill();
    });
  }

  #kill = (): void => {};

  kill(): void {
    this.#kill();
  }

  /** Asks until the gateway says so. @returns what `hpmq update status --json` said */
  async becomes(fits: (status: Status) => boolean, timeoutMs = 60_000): Promise<Status> {
    const end = Date.now() + timeoutMs * PATIENCE;
    let said = '';
    while (Date.now() < end) {
      const { stdout } = await this.hpmq('update', 'status', '--json');
      said = stdout;
      const status = stdout.startsWith('{') ? (JSON.parse(stdout) as Status) : undefined;
      const isRunning = status !== undefined && !status.missing?.includes('the gateway does not answer');
      if (isRunning && fits(status)) return status;
      await new Promise((next) => setTimeout(next, 200));
    }
    throw new Error(`it never came to that: ${said}\n${this.#log.slice(-3_000)}`);
  }
}

export interface Status {
  readonly version: string;
  readonly state: string;
  readonly slot: string;
  readonly missing?: readonly string[];
  readonly last: { readonly version: string; readonly outcome: string; readonly reason: string | null } | null;
}
