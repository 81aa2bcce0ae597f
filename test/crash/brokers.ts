/** The brokers under test as processes that are started on a folder, killed, and started on it again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, statSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from '../../src/api/client.js';
import type { LedgerView, LinkView } from '../../src/core/views.js';
import { repoRoot, withoutHooks } from '../support/peers.js';
import { runtimeCommand } from '../support/runtime-flags.js';

/** Time to be ready, ms. */
const READY = 30_000;

export interface RunningBroker {
  readonly pid: number;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGTERM. */
  stop(): Promise<void>;
  /** SIGSTOP, SIGCONT. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void;
  /** Its own books; undefined: it has none. */
  ledger(): Promise<LedgerView | undefined>;
}

export interface RunningGateway extends RunningBroker {
  links(): Promise<readonly LinkView[]>;
}

export interface BrokerKind {
  readonly name: string;
  start(folder: string, port: number): Promise<RunningBroker>;
  /** Cuts so many bytes off the end of what is written last; does nothing where there is no such file. */
  cut(folder: string, bytes: number): void;
}

/** @param more - lines of the configuration, whole sections */
export async function startHpmq(
  folder: string,
  port: number,
  more: readonly string[] = [],
  id = 'crash',
): Promise<RunningGateway> {
  const file = join(folder, 'hpmq.yaml');
  const socket = join(folder, 'c.sock');
  const lines = [
    `gateway: { id: ${id}, data: data }`,
    'broker:',
    `  listeners: [{ type: tcp, host: 127.0.0.1, port: ${port} }]`,
    '  limits: { queuedMessages: 1000000, queuedBytes: 1GB }',
    '  sysInterval: 0s',
    'log: { level: warn }',
    ...more,
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  const entry = join(repoRoot, 'dist', 'bin', 'hpmq.js');
  const [program, ...options] = runtimeCommand(entry);
  const running = await started(program!, [...options, entry, 'run', '-c', file, '--socket', socket], port);
  const api = createClient({ socket });
  return {
    ...running,
    ledger: () => api.request('GET /v1/ledger'),
    links: async () => (await api.request('GET /v1/links')).items,
  };
}

export const hpmqBroker: BrokerKind = {
  name: 'hpmq',
  start: startHpmq,
  cut(folder, bytes) {
    const log = join(folder, 'data', 'store.sqlite-wal');
    const size = statSync(log, { throwIfNoEntry: false })?.size ?? 0;
    if (size === 0) return;
    const handle = openSync(log, 'r+');
    ftruncateSync(handle, Math.max(0, size - bytes));
    closeSync(handle);
  },
};

/** @param more - lines of the configuration, after those of its listener */
export async function startMosquitto(
  folder: string,
  port: number,
  more: readonly string[] = [],
): Promise<RunningBroker> {
  const file = join(folder, 'mosquitto.conf');
  const lines = [
    `listener ${port} 127.0.0.1`,
    'allow_anonymous true',
    'persistence true',
    `persistence_location ${folder}/`,
    // The shortest that it offers.
    'autosave_interval 1',
    // With 0, no limit, version 2.0.11 also forgets how many messages may be in flight, and its bridge stalls.
    'max_queued_messages 1000000',
    'log_type error',
    ...(process.getuid?.() === 0 ? ['user root'] : []),
    ...more,
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  const running = await started('mosquitto', ['-c', file], port);
  return { ...running, ledger: async () => undefined };
}

export const mosquittoBroker: BrokerKind = {
  name: 'mosquitto',
  start: startMosquitto,
  cut() {},
};

async function started(program: string, args: readonly string[], port: number): Promise<Omit<RunningBroker, 'ledger'>> {
  const child = spawn(...withoutHooks(program, args), { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log = (log + text).slice(-4_000);
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const end = performance.now() + READY;
  while (!(await isListening(port))) {
    if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}:\n${log}`);
    if (performance.now() > end) throw new Error(`${program} does not listen:\n${log}`);
    await sleep(10);
  }
  const signal = async (name: NodeJS.Signals) => {
    child.kill(name);
    await ended;
  };
  return {
    pid: child.pid!,
    kill: () => signal('SIGKILL'),
    stop: () => stopped(child, ended),
    signal: (name) => void child.kill(name),
  };
}

async function stopped(child: ChildProcess, ended: Promise<void>): Promise<void> {
  child.kill('SIGTERM');
  await ended;
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
