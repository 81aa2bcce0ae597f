/** The brokers that are compared: each a process of its own, started by a command line. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, hasProgram, listening, repoRoot } from '../support/peers.js';
import { pinning } from './process.js';

export interface Broker {
  readonly name: string;
  /** Why it cannot run here; undefined: it can. */
  absent(): string | undefined;
  /** @param folder - for its configuration; removed afterwards */
  command(port: number, folder: string): readonly string[];
}

const hpmq = join(repoRoot, 'dist', 'bin', 'hpmq.js');

export const brokers: readonly Broker[] = [
  {
    name: 'hpmq',
    absent: () => (existsSync(hpmq) ? undefined : 'not compiled: npm run compile'),
    command: (port, folder) => {
      const file = join(folder, 'hpmq.yaml');
      const lines = [
        'gateway: { id: bench, data: data }',
        'broker:',
        '  listeners:',
        `    - { type: tcp, host: 127.0.0.1, port: ${port} }`,
        `api: { socket: ${join(folder, 'c.sock')} }`,
        'log: { level: error }',
      ];
      writeFileSync(file, `${lines.join('\n')}\n`);
      return [process.execPath, hpmq, 'run', '-c', file];
    },
  },
  {
    name: 'mosquitto',
    absent: () => (hasProgram('mosquitto') ? undefined : 'not installed: test/peers/install'),
    command: (port, folder) => {
      const file = join(folder, 'mosquitto.conf');
      writeFileSync(file, `listener ${port} 127.0.0.1\nallow_anonymous true\nlog_type error\n`);
      return ['mosquitto', '-c', file];
    },
  },
  {
    name: 'aedes',
    absent: () => (existsSync(join(repoRoot, 'node_modules', 'aedes')) ? undefined : 'not installed: npm install'),
    command: (port) => [process.execPath, join(import.meta.dirname, 'aedes-broker.js'), String(port)],
  },
];

/** A broker from the command line: `name=program argument … {port} …`. */
export function customBroker(text: string): Broker {
  const [, name, line] = /^([\w.-]+)=(.+)$/.exec(text) ?? [];
  if (name === undefined || line === undefined || !line.includes('{port}')) {
    throw new Error(`--broker "${text}" is not of the form "name=command with {port}"`);
  }
  return {
    name,
    absent: () => undefined,
    command: (port) =>
      line
        .split(' ')
        .filter((word) => word !== '')
        .map((word) => word.replaceAll('{port}', String(port))),
  };
}

export interface RunningBroker extends AsyncDisposable {
  readonly pid: number;
  readonly port: number;
}

/** Starts the broker on its core; throws with its last words when it does not listen. */
export async function startBroker(broker: Broker): Promise<RunningBroker> {
  const folder = mkdtempSync(join(tmpdir(), 'hpmq-bench-'));
  const port = await freePort();
  const command = broker.command(port, folder);
  const line = pinning === undefined ? command : ['taskset', '-c', String(pinning.broker), ...command];
  const child = spawn(line[0]!, line.slice(1), { stdio: ['ignore', 'ignore', 'pipe'] });
  let words = '';
  child.stderr.on('data', (chunk: Buffer) => {
    words = (words + chunk.toString()).slice(-2_000);
  });
  const stop = async () => {
    await end(child);
    rmSync(folder, { recursive: true, force: true });
  };
  const early = new Promise<never>((_, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      reject(new Error(`${broker.name} ended (${code ?? signal}): ${words.trim().split('\n').at(-1) ?? ''}`));
    });
  });
  early.catch(() => {});
  try {
    await Promise.race([listening(port), early]);
  } catch (error) {
    await stop();
    throw error;
  }
  return { pid: child.pid!, port, [Symbol.asyncDispose]: stop };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}
