/** Where a command's words go: stdout has the result and nothing else; stderr has notes, hints and errors. */
import { ConfigError, type ConfigProblem, problemBlock } from '../config/errors.js';
import { errorView, type GatewayError } from '../core/errors.js';
import type { Column } from './table.js';
import { visible } from './text.js';
import type { Tone } from './tone.js';

/** The 16-colour codes of the tones (ECMA-48 §8.3.117 Select Graphic Rendition). */
const SGR: Readonly<Record<Tone, string>> = { ok: '32', warn: '33', bad: '31', muted: '2' };

export interface Stream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): boolean;
}

export interface OutputOptions {
  readonly stdout: Stream;
  readonly stderr: Stream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly json: boolean;
  readonly quiet: boolean;
  /** false: --no-color. */
  readonly color: boolean;
  /** 2 and more: errors with their stack. */
  readonly verbose: number;
}

/** A terminal gets colours unless it, or the person, says otherwise; FORCE_COLOR goes before all. */
export function usesColor(stream: Stream, env: OutputOptions['env'], flag: boolean): boolean {
  if (env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== '')
    return env.FORCE_COLOR !== '0' && env.FORCE_COLOR !== 'false';
  return stream.isTTY === true && flag && !env.NO_COLOR && env.TERM !== 'dumb';
}

export class Output {
  readonly #options: OutputOptions;
  readonly #colorOut: boolean;
  readonly #colorErr: boolean;

  constructor(options: OutputOptions) {
    this.#options = options;
    this.#colorOut = usesColor(options.stdout, options.env, options.color);
    this.#colorErr = usesColor(options.stderr, options.env, options.color);
  }

  get isJson(): boolean {
    return this.#options.json;
  }

  /** Can a person answer questions on stderr? */
  get isInteractive(): boolean {
    return this.#options.stderr.isTTY === true;
  }

  paint(tone: Tone, text: string): string {
    return this.#colorOut ? `\u001b[${SGR[tone]}m${text}\u001b[0m` : text;
  }

  /** One line of the result. */
  line(text: string): void {
    this.#options.stdout.write(`${text}\n`);
  }

  /** The result as one JSON document: indented for a person, one line for a program. */
  json(value: unknown): void {
    this.line(this.#options.stdout.isTTY === true ? JSON.stringify(value, null, 2) : JSON.stringify(value));
  }

  /** One entry of a stream: always one line. */
  jsonLine(value: unknown): void {
    this.line(JSON.stringify(value));
  }

  /** A list: a table, or `{"items": […]}`. */
  async list<T>(columns: readonly Column<T>[], items: readonly T[], empty: string): Promise<void> {
    if (this.#options.json) {
      this.json({ items });
      return;
    }
    if (items.length === 0) {
      this.note(empty);
      return;
    }
    const { tableLines } = await import('./table.js');
    const { isTTY, columns: width } = this.#options.stdout;
    const lines = tableLines(columns, items, {
      width: isTTY === true ? (width ?? 80) : undefined,
      paint: (tone, text) => this.paint(tone, text),
    });
    for (const text of lines) this.line(text);
  }

  /** For the person who waits, not part of the result; silent with --quiet. */
  note(text: string): void {
    if (!this.#options.quiet) this.#options.stderr.write(`${text}\n`);
  }

  /** An error as people read it, most important line last; as JSON on stdout. */
  error(error: GatewayError): void {
    if (this.#options.json) {
      this.json({ error: { ...errorView(error), ...extras(error) } });
      return;
    }
    const { stderr, verbose } = this.#options;
    const red = (text: string) => (this.#colorErr ? `\u001b[${SGR.bad}m${text}\u001b[0m` : text);
    const stack = error.fault === 'bug' || verbose > 1;
    if (error instanceof ConfigError) {
      for (const problem of error.problems) stderr.write(`${problemText(problem)}\n`);
      if (stack) stderr.write(stackOf(error));
      return;
    }
    stderr.write(`${red('error:')} ${error.message.split('\n').map(visible).join('\n')}\n`);
    if (stack) stderr.write(stackOf(error));
    if (error.code !== 'CLI_USAGE') stderr.write(`  code  ${error.code}  (more: hpmq explain ${error.code})\n`);
    stderr.write(`hint: ${visible(error.hint)}\n`);
  }
}

/** One problem of a configuration: place and message, then its hint. */
export function problemText(problem: ConfigProblem): string {
  return problemBlock(problem).split('\n').map(visible).join('\n');
}

function stackOf(error: GatewayError): string {
  return `${(error.cause instanceof Error ? error.cause : error).stack ?? ''}\n`;
}

function extras(error: GatewayError): object {
  return error instanceof ConfigError ? { problems: error.problems } : {};
}
