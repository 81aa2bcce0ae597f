/** The far side of the bus: a pair of pseudo terminals, and ten foreign slaves in one process on one end of it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PYTHON } from '../support/modbus-peers.js';
import { repoRoot } from '../support/peers.js';

export interface BusLine {
  /** Our end. */
  readonly path: string;
  /** What the slaves were asked and did, by name. */
  figures(): Promise<Readonly<Record<string, number>>>;
}

export interface BusLineOptions {
  /** Of the master. */
  readonly timeoutMs: number;
  readonly seed: number;
  /** Units 8 to 10 misbehave; else nobody is there. */
  readonly bad: boolean;
}

export async function openBusLine(stack: AsyncDisposableStack, options: BusLineOptions): Promise<BusLine> {
  const { timeoutMs, seed, bad } = options;
  const folder = mkdtempSync(join(tmpdir(), 'hpmq-bus-'));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const [ours, theirs] = [join(folder, 'ours'), join(folder, 'theirs')];
  const socat = start(stack, 'socat', ['-d', '-d', `pty,raw,echo=0,link=${ours}`, `pty,raw,echo=0,link=${theirs}`]);
  await said(socat, 'stderr', /starting data transfer loop/);
  const program = join(repoRoot, 'test', 'peers', 'modbus-bus.py');
  const slaves = start(stack, PYTHON, [program, theirs, String(timeoutMs), String(seed), bad ? '1' : '0']);
  await said(slaves, 'stdout', /ready/);
  return {
    path: ours,
    figures: async () => {
      const answer = said(slaves, 'stdout', /asked=.*\n/);
      slaves.stdin!.write('figures\n');
      const pairs = (await answer).trim().split(' ');
      return Object.fromEntries(pairs.map((pair) => [pair.split('=')[0]!, Number(pair.split('=')[1])]));
    },
  };
}

function start(stack: AsyncDisposableStack, program: string, args: readonly string[]): ChildProcess {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const exit = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.stdin!.on('error', () => {});
  stack.defer(async () => {
    child.kill('SIGKILL');
    await exit;
  });
  return child;
}

/** @returns what was said, as far as it matched */
function said(child: ChildProcess, where: 'stdout' | 'stderr', pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const stream = child[where]!;
    const onData = (chunk: Buffer) => {
      text += chunk;
      const match = pattern.exec(text);
      if (match === null) return;
      stream.off('data', onData);
      child.off('exit', onExit);
      resolve(match[0]);
    };
    const onExit = (code: number | null) => reject(new Error(`${child.spawnargs[0]} ended with ${code}: ${text}`));
    stream.on('data', onData);
    child.once('exit', onExit);
  });
}
