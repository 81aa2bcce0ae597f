/** Foreign programs that tests talk to. Absent on a user's machine: the test is skipped with the reason; in CI: it fails. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { accessSync, constants, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Test } from 'tap';

/** The checkout; compiled tests lie in dist/test. */
export const repoRoot = join(import.meta.dirname, '..', '..', '..');

const required = process.env.HPMQ_REQUIRE_PEERS === 'true';
/**
 * How many times as long as on a quiet machine to wait for what must come: the gate runs on machines that are busy with other
 * things, and what comes late there is not wrong.
 */
export const PATIENCE = required ? 6 : 1;

export function hasProgram(name: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Options of a tap test that needs these programs: `t.test('…', needs('mosquitto_sub'), async (t) => …)`. */
export function needs(...programs: readonly string[]): { skip?: string } {
  const absent = programs.filter((name) => !hasProgram(name));
  if (absent.length === 0) return {};
  if (required) throw new Error(`peers are absent: ${absent.join(', ')}; run test/peers/install`);
  return { skip: `not installed: ${absent.join(', ')} (test/peers/install installs them)` };
}

export interface Peer {
  readonly child: ChildProcess;
  readonly pid: number;
  /** All of stdout so far. */
  stdout(): string;
  /** All of stderr so far. */
  stderr(): string;
  /** Resolves with the match as soon as stdout or stderr contains it; rejects when the peer ends or time is out. */
  sees(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray>;
  write(text: string): void;
  /** Exit code, or the signal's name. */
  readonly ended: Promise<number | string>;
  kill(signal?: NodeJS.Signals): Promise<number | string>;
}

/**
 * The command that runs a program, and what it starts, without what tap hangs into every Node process below a test: that makes
 * their start take more than twice as long. The process identifier stays the program's.
 */
export function withoutHooks(program: string, args: readonly string[]): readonly [string, string[]] {
  return ['env', ['-u', 'NODE_OPTIONS', program, ...args]];
}

const stateFolders = new WeakMap<Test, string>();

function stateFolder(t: Test): string {
  let folder = stateFolders.get(t);
  if (folder === undefined) {
    folder = join(tmpdir(), `hpmq-state-${randomUUID()}`);
    stateFolders.set(t, folder);
    const path = folder;
    t.teardown(() => rmSync(path, { recursive: true, force: true }));
  }
  return folder;
}

/** Starts a program and kills it at the end of the test. */
export function startPeer(
  t: Test,
  program: string,
  args: readonly string[],
  options: { env?: Record<string, string>; cwd?: string } = {},
): Peer {
  const child = spawn(...withoutHooks(program, args), {
    stdio: ['pipe', 'pipe', 'pipe'],
    cwd: options.cwd ?? repoRoot,
    // What a gateway keeps must not outlive its test, nor be another's.
    env: { ...process.env, XDG_STATE_HOME: stateFolder(t), ...options.env },
  });
  let stdout = '';
  let stderr = '';
  const changed = new Set<() => void>();
  const tell = () => {
    for (const listener of [...changed]) listener();
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    tell();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    tell();
  });
  child.stdin.on('error', () => {});
  let over = false;
  const ended = new Promise<number | string>((resolve) => {
    child.on('error', (error) => {
      stderr += String(error);
      over = true;
      resolve(-1);
      tell();
    });
    child.on('close', (code, signal) => {
      over = true;
      resolve(code ?? signal ?? -1);
      tell();
    });
  });
  const kill = async (signal: NodeJS.Signals = 'SIGKILL') => {
    child.kill(signal);
    return ended;
  };
  t.teardown(() => kill());
  const sees = (pattern: RegExp, timeoutMs = 10_000) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const done = () => {
        clearTimeout(timer);
        changed.delete(check);
      };
      const fail = (why: string) => {
        done();
        reject(
          new Error(
            `${program} ${why} before ${pattern}; stdout: ${stdout.slice(-2_000)} stderr: ${stderr.slice(-2_000)}`,
          ),
        );
      };
      const check = () => {
        const match = pattern.exec(stdout) ?? pattern.exec(stderr);
        if (match !== null) {
          done();
          resolve(match);
        } else if (over) fail('ended');
      };
      const timer = setTimeout(() => fail(`said nothing for ${timeoutMs * PATIENCE} ms`), timeoutMs * PATIENCE);
      changed.add(check);
      check();
    });
  return {
    child,
    pid: child.pid ?? -1,
    stdout: () => stdout,
    stderr: () => stderr,
    sees,
    write: (text) => void child.stdin.write(text),
    ended,
    kill,
  };
}

/** A TCP port that was free a moment ago, for peers that cannot choose one themselves. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** Waits until something accepts on the port. */
export async function listening(port: number, timeoutMs = 10_000): Promise<void> {
  const deadline = Date.now() + timeoutMs * PATIENCE;
  for (;;) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.on('connect', () => {
        socket.destroy();
        resolve(true);
      });
      socket.on('error', () => resolve(false));
    });
    if (open) return;
    if (Date.now() > deadline) throw new Error(`nothing listens on port ${port} after ${timeoutMs * PATIENCE} ms`);
    await sleep(25);
  }
}

/** Polls a condition of a foreign process until it holds. */
export async function eventually<T>(
  check: () => T | undefined | false | Promise<T | undefined | false>,
  timeoutMs = 10_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs * PATIENCE;
  for (;;) {
    const value = await check();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > deadline) throw new Error(`not so after ${timeoutMs * PATIENCE} ms: ${check}`);
    await sleep(20);
  }
}
