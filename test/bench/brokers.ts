/** The brokers that are compared: each a process of its own, started by a command line. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, hasProgram, listening, repoRoot } from '../support/peers.js';
import { runtimeCommand } from '../support/runtime-flags.js';
import { ROOT, USER } from './client.js';
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
      const users = join(folder, 'users.yaml');
      const input = `${USER.password}\n`;
      execFileSync(process.execPath, [hpmq, 'user', 'add', USER.username, '--users-file', users], {
        input,
        stdio: 'pipe',
      });
      // What the clients ask for is within the limits, as it is with the others.
      const lines = [
        'gateway: { id: bench, data: data }',
        'broker:',
        '  listeners:',
        `    - { type: tcp, host: 127.0.0.1, port: ${port} }`,
        '  auth:',
        `    users: ${users}`,
        `    rules: [{ users: [${USER.username}], allow: all, topics: '${ROOT}/#' }]`,
        '  limits:',
        '    connections: 50000',
        '    connectRate: 0',
        '    connectRatePerAddress: 0',
        '    receiveMaximum: 1000',
        '    queuedMessages: 1000000',
        '    queuedBytes: 4GB',
        '    pendingBytes: 8GB',
        `api: { socket: ${join(folder, 'c.sock')} }`,
        'log: { level: error }',
      ];
      writeFileSync(file, `${lines.join('\n')}\n`);
      return [...runtimeCommand(hpmq), hpmq, 'run', '-c', file];
    },
  },
  {
    name: 'mosquitto',
    absent: () => (hasProgram('mosquitto') ? undefined : 'not installed: test/peers/install'),
    command: (port, folder) => {
      const file = join(folder, 'mosquitto.conf');
      const passwords = join(folder, 'passwords');
      const rules = join(folder, 'rules');
      execFileSync('mosquitto_passwd', ['-b', '-c', passwords, USER.username, USER.password], { stdio: 'ignore' });
      writeFileSync(rules, `user ${USER.username}\ntopic readwrite ${ROOT}/#\n`);
      const lines = [
        `listener ${port} 127.0.0.1`,
        'allow_anonymous false',
        `password_file ${passwords}`,
        `acl_file ${rules}`,
        'log_type error',
        'max_queued_messages 0',
        'max_inflight_messages 1000',
        'persistence true',
        `persistence_location ${folder}/`,
        'user root',
      ];
      writeFileSync(file, `${lines.join('\n')}\n`);
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
  /** Where a gateway of ours would have its control socket. */
  readonly socket: string;
}

/** Starts the broker on its core; throws with its last words when it does not listen. */
export async function startBroker(broker: Broker): Promise<RunningBroker> {
  const folder = mkdtempSync(join(tmpdir(), 'hpmq-bench-'));
  const port = await freePort();
  const command = broker.command(port, folder);
  const pinned = pinning === undefined ? command : ['taskset', '-c', String(pinning.broker), ...command];
  // Ten thousand connections are ten thousand files.
  const line = ['sh', '-c', 'ulimit -n 65536 2>/dev/null; exec "$0" "$@"', ...pinned];
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
  return { pid: child.pid!, port, socket: join(folder, 'c.sock'), [Symbol.asyncDispose]: stop };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}
