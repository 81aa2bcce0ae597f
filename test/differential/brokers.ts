/** The two brokers under comparison, as processes, with the same limits. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, listening } from '../support/peers.js';
import { ALIASES, PACKET_BYTES } from './judge.js';

/** Announced and enforced by both. */
export const RECEIVE_MAXIMUM = 20;

export interface RunningBroker extends AsyncDisposable {
  readonly port: number;
  /** Set once the process has ended by itself. */
  readonly crash: () => string | undefined;
}

export async function startMosquitto(): Promise<RunningBroker> {
  const folder = mkdtempSync(join(tmpdir(), 'hpmq-differential-'));
  const port = await freePort();
  const settings = [
    `listener ${port} 127.0.0.1`,
    `max_topic_alias ${ALIASES}`,
    'allow_anonymous true',
    'persistence false',
    'sys_interval 0',
    'log_dest none',
    'set_tcp_nodelay true',
    `max_packet_size ${PACKET_BYTES}`,
    `max_inflight_messages ${RECEIVE_MAXIMUM}`,
    'max_queued_messages 1000',
  ];
  const file = join(folder, 'mosquitto.conf');
  writeFileSync(file, `${settings.join('\n')}\n`);
  const running = watch(spawn('mosquitto', ['-c', file], { stdio: ['pipe', 'ignore', 'pipe'] }), port, () =>
    rmSync(folder, { recursive: true, force: true }),
  );
  await listening(port);
  return running;
}

/** HPMQ's broker in a process of its own; it ends with the pipe to its standard input. */
export async function startOurs(): Promise<RunningBroker> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'our-broker.js')], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout.setEncoding('utf8').once('data', (line: string) => resolve(Number(line)));
    child.once('exit', (code) => reject(new Error(`our broker ended with ${code}`)));
  });
  return watch(child, port, () => {});
}

function watch(child: ChildProcess, port: number, onEnd: () => void): RunningBroker {
  let stderr = '';
  let isStopping = false;
  let crash: string | undefined;
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-4_000);
  });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      if (!isStopping) crash = `ended with ${code ?? signal}: ${stderr}`;
      onEnd();
      resolve();
    });
  });
  return {
    port,
    crash: () => crash,
    async [Symbol.asyncDispose]() {
      isStopping = true;
      child.kill('SIGTERM');
      await ended;
    },
  };
}
