/** What every command gets: the global flags, the output, the client, and the end by signal. */
import type { ApiClient, RequestOptions, RouteName, Routes } from '../api/contract.js';
import { parseDuration } from '../core/duration.js';
import { EXIT } from '../core/exit.js';
import type { HpmqCommand } from './command.js';
import { cliError } from './errors.js';
import { Output } from './output.js';

/** Nothing within this time: a person is told what we wait for, ms. */
const PATIENCE = 250;

export interface Globals {
  readonly config?: string;
  readonly socket?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: number;
  readonly color: boolean;
  readonly input: boolean;
  readonly timeout?: string;
}

export interface Streams {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

export class Cli {
  readonly streams: Streams;
  readonly env: Readonly<Record<string, string | undefined>>;
  #program: HpmqCommand | undefined;
  #output: Output | undefined;
  readonly #stop = new AbortController();
  #signalExit: number | undefined;
  exitCode = 0;

  constructor(streams: Streams, env: Cli['env']) {
    this.streams = streams;
    this.env = env;
    streams.stderr.on('error', () => {});
    // `hpmq point watch | head -1`: the reader has what it wanted.
    streams.stdout.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') {
        streams.stderr.write(`error: cannot write the result: ${error.message}\n`);
        process.exit(EXIT.IO);
      }
      this.#stop.abort();
    });
  }

  attach(program: HpmqCommand): void {
    this.#program = program;
  }

  get globals(): Globals {
    return this.#program?.opts<Globals>() ?? { color: true, input: true };
  }

  get output(): Output {
    const { json = false, quiet = false, color, verbose = 0 } = this.globals;
    this.#output ??= new Output({ ...this.streams, env: this.env, json, quiet, color, verbose });
    return this.#output;
  }

  /** Wraps a handler for commander; what it returns becomes the exit code. */
  action<A extends readonly unknown[]>(handler: (...args: A) => Promise<number | undefined> | number | undefined) {
    return async (...args: A): Promise<void> => {
      this.exitCode = (await handler(...args)) ?? EXIT.OK;
    };
  }

  /** Time allowed for an answer, ms. */
  timeoutMs(fallback = 5_000): number {
    const text = this.globals.timeout;
    if (text === undefined) return fallback;
    const ms = parseDuration(text);
    if (ms === undefined || ms < 1 || ms > 3_600_000) {
      throw cliError('CLI_USAGE', `"${text}" is not a duration from 1ms to 1h`, {
        hint: 'write --timeout 500ms, 5s or 2m',
      });
    }
    return ms;
  }

  async socket(): Promise<string> {
    const { findSocket, checkTemporaryFolder } = await import('../api/socket.js');
    const given = this.globals.socket ?? (this.env.HPMQ_SOCKET || undefined);
    if (given !== undefined) return given;
    const found = findSocket(this.env);
    checkTemporaryFolder(found);
    return found;
  }

  async client(timeoutMs = this.timeoutMs()): Promise<ApiClient> {
    const { createClient } = await import('../api/client.js');
    return createClient({ socket: await this.socket(), timeoutMs });
  }

  /** One request; after a moment without an answer a person at a terminal is told what we wait for. */
  async request<R extends RouteName>(
    route: R,
    options: RequestOptions<R> = {},
    timeoutMs = this.timeoutMs(),
  ): Promise<Routes[R]['out']> {
    const client = await this.client(timeoutMs);
    const patience = setTimeout(() => {
      if (this.output.isInteractive) this.output.note('waiting for the gateway …');
    }, PATIENCE);
    try {
      return await client.request(route, options);
    } finally {
      clearTimeout(patience);
    }
  }

  /** For commands that run until they are told to stop. Ctrl-C a second time ends at once. */
  get stopSignal(): AbortSignal {
    if (this.#signalExit === undefined) {
      this.#signalExit = EXIT.OK;
      const on = (signal: 'SIGINT' | 'SIGTERM', code: number) =>
        process.once(signal, () => {
          this.#signalExit = code;
          this.#stop.abort();
        });
      on('SIGINT', EXIT.SIGINT);
      on('SIGTERM', EXIT.SIGTERM);
    }
    return this.#stop.signal;
  }

  /** Exit code of a command that ran until {@link stopSignal}: 130 or 143 by signal, 0 when its reader was gone. */
  get stopCode(): number {
    return this.#signalExit ?? EXIT.OK;
  }
}
