/**
 * What this process tells systemd: sd_notify(3). The socket takes datagrams, which Node cannot send to a Unix socket, so
 * systemd's own `systemd-notify` carries them; the unit allows it by NotifyAccess=all.
 */
import { spawn } from 'node:child_process';
import type { Clock } from '../core/clock.js';
import type { Log } from '../core/log.js';

/** Fields of sd_notify(3), `READY`, `STATUS`, `WATCHDOG`, …: each value is one line. */
export type Notification = Readonly<Record<string, string>>;

/** Sends one notification; rejects when it could not. */
export type Carrier = (notification: Notification) => Promise<void>;

export interface Supervision {
  readonly carry: Carrier;
  /** systemd wants to hear WATCHDOG=1 this often, ms; undefined: it does not watch. */
  readonly watchdogMs: number | undefined;
  /** The variables that were taken out of the environment: for a program that follows in the same process. */
  readonly environment: Readonly<Record<string, string>>;
}

/** systemd-notify that takes longer is ended, ms. */
const CARRY_DEADLINE = 10_000;

type Env = Record<string, string | undefined>;

/**
 * Takes the variables of sd_notify(3) and sd_watchdog_enabled(3) out of the environment: they are for this process, not for
 * those that it starts.
 *
 * @returns undefined when no supervisor listens
 */
export function takeSupervision(env: Env, pid: number, clock: Clock): Supervision | undefined {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: interval, WATCHDOG_PID: watched } = env;
  const environment: Record<string, string> = {};
  for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) {
    const value = env[name];
    if (value !== undefined) environment[name] = value;
    delete env[name];
  }
  // A path, or `@` and an abstract name. Virtual machines also have vsock:, which systemd-notify knows.
  if (socket === undefined || socket === '') return undefined;
  const isForUs = watched === undefined || Number(watched) === pid;
  const microseconds = isForUs && /^[1-9]\d{0,15}$/.test(interval ?? '') ? Number(interval) : undefined;
  return {
    carry: carryBy('systemd-notify', socket, env.PATH, clock),
    watchdogMs: microseconds === undefined ? undefined : microseconds / 1_000,
    environment,
  };
}

function carryBy(program: string, socket: string, path: string | undefined, clock: Clock): Carrier {
  return (notification) =>
    new Promise((resolve, reject) => {
      const fields = Object.entries(notification).map(([name, value]) => `${name}=${oneLine(value)}`);
      const child = spawn(program, fields, {
        env: { NOTIFY_SOCKET: socket, ...(path !== undefined && { PATH: path }) },
        stdio: 'ignore',
      });
      const deadline = clock.after(CARRY_DEADLINE, () => child.kill('SIGKILL'));
      child.on('error', (cause) => {
        deadline.cancel();
        reject(new Error(`cannot run ${program}: ${cause.message}`, { cause }));
      });
      child.on('exit', (code, signal) => {
        deadline.cancel();
        if (code === 0) resolve();
        else reject(new Error(`${program} ended with ${code ?? signal}`));
      });
    });
}

/** A line break would begin another field. */
function oneLine(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ').slice(0, 400);
}

/** One notification at a time; what is said meanwhile goes together with the next one, the newest value of each field. */
export class Notifier {
  readonly #carry: Carrier;
  readonly #log: Log;
  #waiting: Notification | undefined;
  #running: Promise<void> | undefined;
  #hasFailed = false;

  constructor(carry: Carrier, log: Log) {
    this.#carry = carry;
    this.#log = log;
  }

  /** Resolves when it was said, or could not be: that is logged, the first time and when it works again. */
  say(notification: Notification): Promise<void> {
    this.#waiting = { ...this.#waiting, ...notification };
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #run(): Promise<void> {
    while (this.#waiting !== undefined) {
      const notification = this.#waiting;
      this.#waiting = undefined;
      try {
        await this.#carry(notification);
        if (this.#hasFailed) this.#log.info('systemd is told again');
        this.#hasFailed = false;
      } catch (error) {
        if (!this.#hasFailed) this.#log.warn({ reason: (error as Error).message }, 'cannot tell systemd');
        this.#hasFailed = true;
      }
    }
  }
}
