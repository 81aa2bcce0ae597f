/** What a durable load asks of the disk, and what that does to the event loop: beside its figures. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasProgram } from '../support/peers.js';

export interface DiskFigures {
  /** fsync and fdatasync, as strace counts them, per second; NaN: there is no strace. */
  readonly syncsPerSecond: number;
  /** Messages per second while strace looks on, which slows the broker down. */
  readonly publishedPerSecond: number;
}

const COUNTED_MS = 1_000;

/** Counts them for a second, after the measurement. */
export async function countSyncs(pid: number, published: () => number): Promise<DiskFigures> {
  const none = { syncsPerSecond: Number.NaN, publishedPerSecond: Number.NaN };
  if (!hasProgram('strace')) return none;
  const strace = spawn('strace', ['-c', '-f', '-e', 'trace=fsync,fdatasync', '-p', String(pid)]);
  let text = '';
  const attached = new Promise<void>((resolve) => {
    strace.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (/attached/.test(text)) resolve();
    });
    strace.on('close', () => resolve());
  });
  const closed = new Promise((resolve) => strace.on('close', resolve));
  await attached;
  const before = published();
  const startedAt = performance.now();
  await sleep(COUNTED_MS);
  strace.kill('SIGINT');
  const seconds = (performance.now() - startedAt) / 1_000;
  const publishedPerSecond = (published() - before) / seconds;
  await closed;
  let calls = 0;
  // % time, seconds, usecs/call, calls, errors, syscall
  for (const [, count] of text.matchAll(/^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+.*(?:fsync|fdatasync)$/gm))
    calls += Number(count);
  return { syncsPerSecond: calls / seconds, publishedPerSecond };
}

/** How late the event loop was since it was asked last, 99th percentile, ms; NaN: this broker does not say. */
export function loopDelay(socketPath: string): Promise<number> {
  if (!existsSync(socketPath)) return Promise.resolve(Number.NaN);
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path: '/metrics' }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => {
        const seconds = /^hpmq_event_loop_delay_p99_seconds (\S+)$/m.exec(text)?.[1];
        resolve(Number(seconds ?? Number.NaN) * 1_000);
      });
    });
    asked.on('error', reject);
    asked.end();
  });
}
