/** Foreign parts of a run: a libmodbus slave in its own process. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
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
  const flags = execFileSync('pkg-config', ['--cflags', '--libs', 'libmodbus'], { encoding: 'utf8' }).trim();
  return compile(stack, 'modbus-slave', flags.split(/\s+/));
}

export function compilePacedLine(stack: AsyncDisposableStack): string {
  return compile(stack, 'paced-line', []);
}

function compile(stack: AsyncDisposableStack, name: string, flags: readonly string[]): string {
  const program = join(temporaryFolder(stack), name);
  const source = join(repoRoot, 'test/peers', `${name}.c`);
  execFileSync('gcc', ['-O1', '-Wall', source, ...flags, '-o', program]);
  return program;
}

export interface ForeignSlave {
  /** One line to its stdin, and the line it says to that. */
  tell(line: string): Promise<string>;
}

/** One exchange as the wire saw it: ms from the first bit of the request, and from the last of the answer, on one clock. */
export interface Seen {
  readonly from: number;
  readonly to: number;
}

export interface WatchedWire {
  /** Since the last call. */
  seen(): readonly Seen[];
}

/** A line of this speed. @returns the path of the master's end and of the device's */
export async function pacedLine(
  stack: AsyncDisposableStack,
  program: string,
  baudRate: number,
  bits: number,
): Promise<WatchedWire & { readonly master: string; readonly device: string }> {
  const child = spawn(program, [String(baudRate), String(bits)], { stdio: ['pipe', 'pipe', 'inherit'] });
  stack.defer(() => void child.kill('SIGKILL'));
  const seen: Seen[] = [];
  let rest = '';
  const [master = '', device = ''] = await new Promise<readonly string[]>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => reject(new Error(`the line ended with ${code}`)));
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop()!;
      for (const line of lines) {
        const words = line.split(' ');
        if (words[0] === 'ready') resolve(words.slice(1));
        else seen.push({ from: Number(words[0]) / 1_000, to: Number(words[1]) / 1_000 });
      }
    });
  });
  return { master, device, seen: () => seen.splice(0) };
}

/** A TCP connection to this port of the machine that takes `rttMs` there and back. */
export async function slowConnection(
  stack: AsyncDisposableStack,
  port: number,
  rttMs: number,
): Promise<WatchedWire & { readonly port: number }> {
  const seen: Seen[] = [];
  const server = createServer((near) => {
    const far = connect({ port, host: '127.0.0.1', noDelay: true });
    near.setNoDelay(true);
    let from: number | undefined;
    near.on('data', (chunk) => {
      from ??= performance.now();
      setTimeout(() => far.write(chunk), rttMs / 2);
    });
    far.on('data', (chunk) =>
      setTimeout(() => {
        near.write(chunk);
        if (from !== undefined) seen.push({ from, to: performance.now() });
        from = undefined;
      }, rttMs / 2),
    );
    for (const [one, other] of [[near, far] as const, [far, near] as const]) {
      one.on('error', () => {});
      one.on('close', () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stack.defer(() => void server.close());
  return { port: (server.address() as AddressInfo).port, seen: () => seen.splice(0) };
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
