/** Runs the program that gets a new certificate, some time before the old one ends. The new files are noticed by themselves. */
import { spawn } from 'node:child_process';
import type { Clock, Timer } from '../core/clock.js';
import type { LinkRenewConfig } from '../core/config.js';
import { type GatewayError, toGatewayError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import { linkError } from './errors.js';

/** Output kept of one run, bytes; the rest is read and forgotten. */
const MOST_OUTPUT = 4_096;
/** After a run that did its work the files should be new; if not, it runs again after this time, ms. */
const AGAIN = 3_600_000;
const RETRY = { first: 600_000, max: 86_400_000 };
/** What the program gets of our environment: it may hold secrets of the configuration. */
const PASSED = ['PATH', 'HOME', 'LANG', 'TZ', 'USER', 'LOGNAME'];

export interface RenewalOptions {
  readonly config: LinkRenewConfig;
  readonly clock: Clock;
  readonly log: Log;
  /** `HPMQ_…` for the program: which link, which files. */
  readonly env: Readonly<Record<string, string>>;
}

export class Renewal implements Disposable {
  readonly #o: RenewalOptions;
  /** Monotonic ms. */
  #notBefore = 0;
  #failures = 0;
  #isRunning = false;
  #stop: (() => void) | undefined;
  error: { readonly since: number; readonly error: GatewayError } | undefined;

  constructor(options: RenewalOptions) {
    this.#o = options;
  }

  /** @param notAfter - end of the certificate in use, Unix ms */
  look(notAfter: number): void {
    const { config, clock } = this.#o;
    // With the time unknown nothing is certain to be due.
    if (clock.quality?.() === 'unsynced') return;
    if (notAfter - clock.now() >= config.before) {
      this.error = undefined;
      this.#notBefore = 0;
      this.#failures = 0;
      return;
    }
    if (this.#isRunning || clock.monotonic() < this.#notBefore) return;
    void this.#run();
  }

  [Symbol.dispose](): void {
    this.#stop?.();
  }

  async #run(): Promise<void> {
    const { clock, log, config } = this.#o;
    this.#isRunning = true;
    log.info({ program: config.command[0] }, 'the certificate is renewed');
    try {
      await this.#execute();
      this.#failures = 0;
      this.error = undefined;
      this.#notBefore = clock.monotonic() + AGAIN;
      log.info({ program: config.command[0] }, 'the renewal command ended well');
    } catch (cause) {
      const error = toGatewayError(cause);
      this.error = { since: this.error?.since ?? clock.now(), error };
      this.#notBefore = clock.monotonic() + Math.min(RETRY.max, RETRY.first * 2 ** this.#failures);
      this.#failures = Math.min(16, this.#failures + 1);
      log.error({ code: error.code, reason: error.message, hint: error.hint }, 'the certificate is not renewed');
    } finally {
      this.#isRunning = false;
      this.#stop = undefined;
    }
  }

  /** @throws GatewayError LINK_RENEW_FAILED */
  #execute(): Promise<void> {
    const { config, clock, env } = this.#o;
    const [program = '', ...args] = config.command;
    return new Promise((resolve, reject) => {
      const passed = Object.fromEntries(
        PASSED.flatMap((key) => (process.env[key] === undefined ? [] : [[key, process.env[key]]])),
      );
      // A group of its own: what it started ends with it.
      const child = spawn(program, args, {
        stdio: ['ignore', 'pipe', 'pipe'],
        shell: false,
        detached: true,
        env: { ...passed, ...env },
      });
      let output = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => {
          output = (output + text).slice(-MOST_OUTPUT);
        });
        stream.on('error', () => {});
      }
      let why: string | undefined;
      const kill = (reason: string) => {
        why ??= reason;
        try {
          if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
        } catch {
          // It has ended meanwhile.
        }
        child.stdout.destroy();
        child.stderr.destroy();
      };
      const deadline: Timer = clock.after(config.timeout, () => kill(`it did not end within ${config.timeout} ms`));
      this.#stop = () => kill('the gateway stops');
      const fail = (reason: string) => {
        deadline.cancel();
        const said = lastLine(output);
        const text = `${program}: ${reason}${said === '' ? '' : `; it said: ${said}`}`;
        reject(linkError('LINK_RENEW_FAILED', text, { details: { program } }));
      };
      child.on('error', (error) => fail(error.message));
      child.on('close', (code, signal) => {
        deadline.cancel();
        if (why !== undefined) return fail(why);
        if (code === 0) return resolve();
        fail(signal === null ? `it ended with code ${code}` : `it was ended by ${signal}`);
      });
    });
  }
}

function lastLine(output: string): string {
  const line = output.trimEnd().split('\n').at(-1) ?? '';
  return line.replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ').slice(-200);
}
