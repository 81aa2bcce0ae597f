/** What a person sees and does: the terminal interface on an emulated terminal. */
import { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import xterm from '@xterm/headless';
import type { Test } from 'tap';
import { type Clock, systemClock } from '../../src/core/clock.js';
import { runTui, type TuiOptions } from '../../src/tui/main.js';
import { PATIENCE } from '../support/peers.js';
import { FakeGateway, type FakeOptions } from './fake-gateway.js';

const PATIENCE_MS = 10_000 * PATIENCE;

class Output extends Writable {
  readonly isTTY = true;
  /** Everything written, for what an emulator does not show. */
  raw = '';
  columns: number;
  rows: number;
  readonly #terminal: xterm.Terminal;

  constructor(terminal: xterm.Terminal, columns: number, rows: number) {
    super({ decodeStrings: false });
    this.#terminal = terminal;
    this.columns = columns;
    this.rows = rows;
  }

  override _write(chunk: string | Buffer, _encoding: BufferEncoding, callback: () => void): void {
    const text = chunk.toString();
    this.raw += text;
    this.#terminal.write(text.replaceAll('\n', '\r\n'), callback);
  }
}

class Input extends Readable {
  readonly isTTY = true;
  isRaw = false;

  override _read(): void {}

  setRawMode(mode: boolean): this {
    this.isRaw = mode;
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}

const sequences: Readonly<Record<string, string>> = {
  enter: '\r',
  esc: '\x1b',
  tab: '\t',
  up: '\x1b[A',
  down: '\x1b[B',
  right: '\x1b[C',
  left: '\x1b[D',
  pgdn: '\x1b[6~',
  pgup: '\x1b[5~',
  space: ' ',
  backspace: '\x7f',
};

function bytesOf(key: string): string {
  const control = /^ctrl-([a-z])$/.exec(key);
  return control === null ? (sequences[key] ?? key) : String.fromCharCode(control[1]!.charCodeAt(0) - 0x60);
}

export interface UiOptions extends Partial<Omit<TuiOptions, 'client' | 'stdin' | 'stdout'>> {
  readonly columns?: number;
  readonly rows?: number;
  readonly clock?: Clock;
  readonly gateway?: Omit<FakeOptions, 'clock'>;
}

export class Ui {
  readonly gateway: FakeGateway;
  readonly output: Output;
  readonly input = new Input();
  readonly ended: Promise<number>;
  readonly #terminal: xterm.Terminal;

  constructor(t: Test, options: UiOptions = {}) {
    const { columns = 80, rows = 24, clock = systemClock, gateway, ...rest } = options;
    this.#terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true, scrollback: 0 });
    this.output = new Output(this.#terminal, columns, rows);
    this.gateway = new FakeGateway({ clock, ...gateway });
    this.ended = runTui({
      client: this.gateway,
      readOnly: false,
      color: false,
      ascii: false,
      motion: true,
      target: 'unix:/run/hpmq/control.sock',
      env: { TERM: 'xterm-256color', LANG: 'C.UTF-8' },
      ...rest,
      clock,
      stdin: this.input as unknown as NodeJS.ReadStream,
      stdout: this.output as unknown as NodeJS.WriteStream,
    });
    t.teardown(async () => {
      this.input.push('\x03');
      await this.ended.catch(() => {});
    });
  }

  /** The rows of the screen, without the blanks at their ends. */
  lines(): string[] {
    const { active } = this.#terminal.buffer;
    return Array.from(
      { length: this.#terminal.rows },
      (_, y) => active.getLine(active.baseY + y)?.translateToString(true) ?? '',
    );
  }

  text(): string {
    return this.lines().join('\n');
  }

  /** Without borders and line breaks, for sentences that were wrapped. */
  flat(): string {
    return this.text().replaceAll(/[│\s]+/g, ' ');
  }

  get isAlternate(): boolean {
    return this.#terminal.buffer.active.type === 'alternate';
  }

  /** The style of the first cell of a text on the screen. */
  styleOf(text: string): { color: number; isDim: boolean; isBold: boolean } {
    const y = this.lines().findIndex((line) => line.includes(text));
    const { active } = this.#terminal.buffer;
    const cell = active.getLine(active.baseY + y)?.getCell(this.lines()[y]?.indexOf(text) ?? 0);
    if (cell === undefined) throw new Error(`not on the screen: ${text}\n${this.text()}`);
    return {
      color: cell.isFgDefault() ? -1 : cell.getFgColor(),
      isDim: cell.isDim() !== 0,
      isBold: cell.isBold() !== 0,
    };
  }

  /** Waits until the screen shows it. */
  async sees(pattern: RegExp | string): Promise<void> {
    await this.until(
      () => (typeof pattern === 'string' ? this.text().includes(pattern) : pattern.test(this.text())),
      pattern,
    );
  }

  async seesFlat(sentence: string): Promise<void> {
    await this.until(() => this.flat().includes(sentence), sentence);
  }

  async seesNot(pattern: RegExp | string): Promise<void> {
    await this.until(
      () => !(typeof pattern === 'string' ? this.text().includes(pattern) : pattern.test(this.text())),
      `not ${pattern}`,
    );
  }

  /** Waits until the gateway serves a stream, e.g. `messages hpmq/#`. */
  async watches(stream: string): Promise<void> {
    await this.until(() => this.gateway.streams.includes(stream), `stream ${stream}`);
  }

  async until(check: () => boolean, what: unknown): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS;
    while (!check()) {
      if (Date.now() > deadline) throw new Error(`not seen: ${what}\n${this.text()}`);
      await sleep(10);
    }
  }

  async press(...keys: readonly string[]): Promise<this> {
    for (const key of keys) {
      this.input.push(bytesOf(key));
      // A lone escape is only known to be one when nothing follows for a moment.
      await sleep(key === 'esc' ? 60 : 5);
    }
    return this;
  }

  async type(text: string): Promise<this> {
    this.input.push(text);
    await sleep(5);
    return this;
  }

  resize(columns: number, rows: number): void {
    this.#terminal.resize(columns, rows);
    this.output.columns = columns;
    this.output.rows = rows;
    this.output.emit('resize');
  }
}
