/** Foreign parts of a run: a libmodbus slave in its own process. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, repoRoot } from '../../support/peers.js';

/** A folder that goes with the scope. */
export function temporaryFolder(stack: AsyncDisposableStack): string {
  const folder = mkdtempSync(join(tmpdir(), 'hpmq-bus-'));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** @returns the program; needs gcc and libmodbus (test/peers/install) */
export function compileSlave(stack: AsyncDisposableStack): string {
  const program = join(temporaryFolder(stack), 'modbus-slave');
  const flags = execFileSync('pkg-config', ['--cflags', '--libs', 'libmodbus'], { encoding: 'utf8' }).trim();
  const source = join(repoRoot, 'test/peers/modbus-slave.c');
  execFileSync('gcc', ['-O1', '-Wall', source, ...flags.split(/\s+/), '-o', program]);
  return program;
}

export interface ForeignSlave {
  /** One line to its stdin, and the line it says to that. */
  tell(line: string): Promise<string>;
}

async function start(stack: AsyncDisposableStack, program: string, args: readonly string[]): Promise<ForeignSlave> {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  stack.defer(() => void child.kill('SIGKILL'));
  const lines: string[] = [];
  const waiting: ((line: string) => void)[] = [];
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop()!;
    for (const line of parts) {
      const next = waiting.shift();
      if (next === undefined) lines.push(line);
      else next(line);
    }
  });
  const ended = new Promise<never>((_resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => reject(new Error(`the slave ended with ${code}`)));
  });
  ended.catch(() => {});
  const read = (): Promise<string> => {
    const line = lines.shift();
    if (line !== undefined) return Promise.resolve(line);
    return Promise.race([new Promise<string>((resolve) => waiting.push(resolve)), ended]);
  };
  if ((await read()) !== 'ready') throw new Error('the slave is not ready');
  return {
    tell(line) {
      child.stdin.write(`${line}\n`);
      return read();
    },
  };
}

export async function tcpSlave(
  stack: AsyncDisposableStack,
  program: string,
): Promise<ForeignSlave & { readonly port: number }> {
  const port = await freePort();
  return { ...(await start(stack, program, ['tcp', String(port), '1'])), port };
}

/** @param path - its end of the line */
export function rtuSlave(
  stack: AsyncDisposableStack,
  program: string,
  path: string,
  unit: number,
): Promise<ForeignSlave> {
  return start(stack, program, ['rtu', path, '19200', 'N', String(unit)]);
}
