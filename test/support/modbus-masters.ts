/** Foreign Modbus masters: mbpoll, and libmodbus driven line by line. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Test } from 'tap';
import { tempFolder } from './gateway.js';
import { repoRoot, startPeer } from './peers.js';

/**
 * Runs mbpoll once, addresses from 0.
 *
 * @param wire - place first, then its options
 */
export async function mbpoll(
  t: Test,
  [place = '', ...options]: readonly string[],
  what: readonly string[],
  values: readonly string[] = [],
): Promise<{ readonly code: number | string; readonly text: string }> {
  const peer = startPeer(t, 'mbpoll', [...options, '-0', '-1', '-o', '2', ...what, place, ...values]);
  const code = await peer.ended;
  return { code, text: peer.stdout() + peer.stderr() };
}

/** @returns the program */
export function compileLibmodbusMaster(t: Test): string {
  const program = join(tempFolder(t), 'modbus-master');
  const flags = execFileSync('pkg-config', ['--cflags', '--libs', 'libmodbus'], { encoding: 'utf8' }).trim();
  const source = join(repoRoot, 'test/peers/modbus-master.c');
  execFileSync('gcc', ['-O1', '-Wall', source, ...flags.split(/\s+/), '-o', program]);
  return program;
}

/** Connects. @returns asks one line, such as `read holding 0 2`, and resolves with the answer */
export async function libmodbusMaster(
  t: Test,
  program: string,
  args: readonly string[],
): Promise<(line: string) => Promise<string>> {
  const peer = startPeer(t, program, args);
  await peer.sees(/^ready$/m);
  return async (line) => {
    const before = peer.stdout().length;
    peer.write(`${line}\n`);
    const match = await peer.sees(new RegExp(`^[\\s\\S]{${before}}(.*)\\n`));
    return match[1]!;
  };
}
