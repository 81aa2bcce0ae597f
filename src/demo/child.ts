/** A part of the demo in a process of its own: it ends with its parent, whatever happens to that. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { errorsOf } from '../core/errors.js';
import { selfCommand } from './self.js';

export const demoErrors = {
  DEMO_PART_FAILED: {
    fault: 'bug',
    hint: 'see the lines above; run the part by itself, e.g. `hpmq simulate modbus-tcp`, to see more',
  },
} as const;
const demoError = errorsOf(demoErrors);

/** Time for a part to become ready, ms. */
const READY_TIMEOUT = 15_000;
/** Time for a part to stop by itself, ms. */
const STOP_TIMEOUT = 11_000;

export interface Child extends AsyncDisposable {
  readonly pid: number;
  /** `host:port` as the part told when it was ready. */
  readonly address: string;
}

/**
 * Starts `hpmq ARGS` and waits until it says over IPC that it is ready.
 *
 * @param logFile - gets its stdout and stderr
 */
export function startChild(name: string, args: readonly string[], logFile: string): Promise<Child> {
  const [program, ...first] = selfCommand();
  const log = openSync(logFile, 'a');
  // A group of its own: Ctrl-C at the terminal reaches the demo, which then ends its parts in order.
  const child = spawn(program, [...first, ...args], { stdio: ['ignore', log, log, 'ipc'], detached: true });
  closeSync(log);
  return new Promise((resolve, reject) => {
    const fail = (what: string) => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      const tail = readFileSync(logFile, 'utf8').trim().split('\n').slice(-5).join('\n');
      reject(
        demoError('DEMO_PART_FAILED', `${name} ${what}${tail === '' ? '' : `:\n${tail}`}`, { details: { logFile } }),
      );
    };
    const timer = setTimeout(() => fail(`was not ready within ${READY_TIMEOUT / 1_000} s`), READY_TIMEOUT);
    child.once('error', (error) => fail(`could not start: ${error.message}`));
    child.once('exit', (code, signal) => fail(`ended with ${code ?? signal}`));
    child.once('message', (message: { addresses: readonly string[] }) => {
      clearTimeout(timer);
      child.removeAllListeners('exit');
      resolve({ pid: child.pid ?? -1, address: message.addresses[0] ?? '', [Symbol.asyncDispose]: () => stop(child) });
    });
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT);
  await ended;
  clearTimeout(timer);
}
