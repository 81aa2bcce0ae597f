import { Readable, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import xterm from "@xterm/headless";
import { systemClock } from "../../src/core/clock.js";
import { runTui } from "../../src/tui/main.js";
import { FakeGateway } from "./fake-gateway.js";
const PATIENCE_MS = 1e4;
class Output extends Writable {
  isTTY = true;
  /** Everything written, for what an emulator does not show. */
  raw = "";
  columns;
  rows;
  #terminal;
  constructor(terminal, columns, rows) {
    super({ decodeStrings: false });
    this.#terminal = terminal;
    this.columns = columns;
    this.rows = rows;
  }
  _write(chunk, _encoding, callback) {
    const text = chunk.toString();
    this.raw += text;
    this.#terminal.write(text.replaceAll("\n", "\r\n"), callback);
  }
}
class Input extends Readable {
  isTTY = true;
  isRaw = false;
  _read() {
  }
  setRawMode(mode) {
    this.isRaw = mode;
    return this;
  }
  ref() {
    return this;
  }
  unref() {
    return this;
  }
}
const sequences = {
  enter: "\r",
  esc: "\x1B",
  tab: "	",
  up: "\x1B[A",
  down: "\x1B[B",
  right: "\x1B[C",
  left: "\x1B[D",
  pgdn: "\x1B[6~",
  pgup: "\x1B[5~",
  space: " ",
  backspace: "\x7F"
};
function bytesOf(key) {
  const control = /^ctrl-([a-z])$/.exec(key);
  return control === null ? sequences[key] ?? key : String.fromCharCode(control[1].charCodeAt(0) - 96);
}
class Ui {
  gateway;
  output;
  input = new Input();
  ended;
  #terminal;
  constructor(t, options = {}) {
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
      target: "unix:/run/hpmq/control.sock",
      env: { TERM: "xterm-256color", LANG: "C.UTF-8" },
      ...rest,
      clock,
      stdin: this.input,
      stdout: this.output
    });
    t.teardown(async () => {
      this.input.push("");
      await this.ended.catch(() => {
      });
    });
  }
  /** The rows of the screen, without the blanks at their ends. */
  lines() {
    const { active } = this.#terminal.buffer;
    return Array.from(
      { length: this.#terminal.rows },
      (_, y) => active.getLine(active.baseY + y)?.translateToString(true) ?? ""
    );
  }
  text() {
    return this.lines().join("\n");
  }
  /** Without borders and line breaks, for sentences that were wrapped. */
  flat() {
    return this.text().replaceAll(/[│\s]+/g, " ");
  }
  get isAlternate() {
    return this.#terminal.buffer.active.type === "alternate";
  }
  /** The style of the first cell of a text on the screen. */
  styleOf(text) {
    const y = this.lines().findIndex((line) => line.includes(text));
    const { active } = this.#terminal.buffer;
    const cell = active.getLine(active.baseY + y)?.getCell(this.lines()[y]?.indexOf(text) ?? 0);
    if (cell === void 0) throw new Error(`not on the screen: ${text}
${this.text()}`);
    return {
      color: cell.isFgDefault() ? -1 : cell.getFgColor(),
      isDim: cell.isDim() !== 0,
      isBold: cell.isBold() !== 0
    };
  }
  /** Waits until the screen shows it. */
  async sees(pattern) {
    await this.until(
      () => typeof pattern === "string" ? this.text().includes(pattern) : pattern.test(this.text()),
      pattern
    );
  }
  async seesFlat(sentence) {
    await this.until(() => this.flat().includes(sentence), sentence);
  }
  async seesNot(pattern) {
    await this.until(
      () => !(typeof pattern === "string" ? this.text().includes(pattern) : pattern.test(this.text())),
      `not ${pattern}`
    );
  }
  /** Waits until the gateway serves a stream, e.g. `messages hpmq/#`. */
  async watches(stream) {
    await this.until(() => this.gateway.streams.includes(stream), `stream ${stream}`);
  }
  async until(check, what) {
    const deadline = Date.now() + PATIENCE_MS;
    while (!check()) {
      if (Date.now() > deadline) throw new Error(`not seen: ${what}
${this.text()}`);
      await sleep(10);
    }
  }
  async press(...keys) {
    for (const key of keys) {
      this.input.push(bytesOf(key));
      await sleep(key === "esc" ? 60 : 5);
    }
    return this;
  }
  async type(text) {
    this.input.push(text);
    await sleep(5);
    return this;
  }
  resize(columns, rows) {
    this.#terminal.resize(columns, rows);
    this.output.columns = columns;
    this.output.rows = rows;
    this.output.emit("resize");
  }
}
export {
  Ui
};
//# sourceMappingURL=screen.js.map
