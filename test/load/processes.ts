/** The processes of a load run: one gateway, and workers that make the load. All end with their scope. */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpuSeconds, residentBytes } from '../bench/process.js';
import { repoRoot } from '../support/peers.js';
import { runtimeCommand } from '../support/runtime-flags.js';
import type { Options, Result, RoleName } from './worker.js';

/** Those who measure have one core, as the gateway has: threads that collect for them would only take turns with them. */
const WORKER_FLAGS = ['--single-threaded-gc'];

export interface LoadGateway {
  readonly pid: number;
  readonly port: number;
  /** Of the control API. */
  readonly socket: string;
  /** Of its configuration. */
  readonly folder: string;
  /** What it wrote to its log so far. */
  log(): string;
  cpuSeconds(): number;
  residentBytes(): number;
}

/** What a signal that ends this process ends, too: scopes close with results and errors only. */
const onSignal = new Set<() => void>();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    for (const end of onSignal) end();
    process.kill(process.pid, signal);
  });
}

/** A real `hpmq run`. @param entry - `dist/bin/hpmq.js` of another build, to compare */
export async function startGateway(
  stack: AsyncDisposableStack,
  yaml: string,
  files: Readonly<Record<string, string | Buffer>> = {},
  entry = join(repoRoot, 'dist', 'bin', 'hpmq.js'),
): Promise<LoadGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'hpmq-load-'));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const config = join(folder, 'hpmq.yaml');
  const socket = join(folder, 'c.sock');
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o600 });
  writeFileSync(config, yaml);
  // As many descriptors as are allowed: one for each client.
  const command = 'unset NODE_OPTIONS; ulimit -n "$(ulimit -Hn)"; exec "$@"';
  const args = ['-c', command, 'sh', ...runtimeCommand(entry), entry];
  const child = spawn('sh', [...args, 'run', '-c', config, '--socket', socket], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, XDG_STATE_HOME: join(folder, 'state') },
  });
  const end = () => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  onSignal.add(end);
  stack.defer(async () => {
    await ended(child, 'SIGTERM');
    onSignal.delete(end);
  });
  let log = '';
  const port = await new Promise<number>((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      log += text;
      const match = /"listeners":\["[^"]*:(\d+)"/.exec(log);
      if (match !== null) resolve(Number(match[1]));
    });
    child.on('exit', (code) => reject(new Error(`the gateway ended with ${code}:\n${log}`)));
  });
  const pid = child.pid!;
  return {
    pid,
    port,
    socket,
    folder,
    log: () => log,
    cpuSeconds: () => cpuSeconds(pid),
    residentBytes: () => residentBytes(pid),
  };
}

export interface Worker<R extends RoleName> {
  readonly pid: number;
  /** Resolves when it has said the word. */
  hear(word: string): Promise<void>;
  /** The next word, whatever it is. */
  next(): Promise<string>;
  say(word: string): void;
  readonly result: Promise<Result<R>>;
}

export function startWorker<R extends RoleName>(stack: AsyncDisposableStack, role: R, options: Options<R>): Worker<R> {
  const child = fork(join(import.meta.dirname, 'worker.js'), { execArgv: WORKER_FLAGS, stdio: 'inherit' });
  stack.defer(() => ended(child, 'SIGKILL'));
  const words: string[] = [];
  let listener: ((word: string) => void) | undefined;
  let fail: (error: Error) => void = () => {};
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  failed.catch(() => {});
  const result = new Promise<Result<R>>((resolve) => {
    child.on('message', (message: { word?: string; result?: Result<R>; error?: string }) => {
      if (message.error !== undefined) fail(new Error(`${role}: ${message.error}`));
      else if (message.word === undefined) resolve(message.result!);
      else if (listener === undefined) words.push(message.word);
      else listener(message.word);
    });
  });
  child.on('exit', (code) => fail(new Error(`${role} ended with ${code}`)));
  child.send({ role, options });
  const next = (): Promise<string> => {
    const word = words.shift();
    if (word !== undefined) return Promise.resolve(word);
    const said = new Promise<string>((resolve) => {
      listener = (text) => {
        listener = undefined;
        resolve(text);
      };
    });
    return Promise.race([said, failed]);
  };
  const outcome = Promise.race([result, failed]);
  outcome.catch(() => {});
  return {
    pid: child.pid!,
    async hear(word) {
      while ((await next()) !== word);
    },
    next,
    say: (word) => void child.send({ word }),
    result: outcome,
  };
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill(signal);
  const killed = setTimeout(() => child.kill('SIGKILL'), 15_000);
  await exit;
  clearTimeout(killed);
}
