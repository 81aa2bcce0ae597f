import { parseDuration } from "../core/duration.js";
import { EXIT } from "../core/exit.js";
import { cliError } from "./errors.js";
import { Output } from "./output.js";
const PATIENCE = 250;
class Cli {
  streams;
  env;
  #program;
  #output;
  #stop = new AbortController();
  #signalExit;
  exitCode = 0;
  constructor(streams, env) {
    this.streams = streams;
    this.env = env;
    streams.stderr.on("error", () => {
    });
    streams.stdout.on("error", (error) => {
      if (error.code !== "EPIPE") {
        streams.stderr.write(`error: cannot write the result: ${error.message}
`);
        process.exit(EXIT.IO);
      }
      this.#stop.abort();
    });
  }
  attach(program) {
    this.#program = program;
  }
  get globals() {
    return this.#program?.opts() ?? { color: true, input: true };
  }
  get output() {
    const { json = false, quiet = false, color, verbose = 0 } = this.globals;
    this.#output ??= new Output({ ...this.streams, env: this.env, json, quiet, color, verbose });
    return this.#output;
  }
  /** Wraps a handler for commander; what it returns becomes the exit code. */
  action(handler) {
    return async (...args) => {
      this.exitCode = await handler(...args) ?? EXIT.OK;
    };
  }
  /** Time allowed for an answer, ms. */
  timeoutMs(fallback = 5e3) {
    const text = this.globals.timeout;
    if (text === void 0) return fallback;
    const ms = parseDuration(text);
    if (ms === void 0 || ms < 1 || ms > 36e5) {
      throw cliError("CLI_USAGE", `"${text}" is not a duration from 1ms to 1h`, {
        hint: "write --timeout 500ms, 5s or 2m"
      });
    }
    return ms;
  }
  async socket() {
    const { findSocket, checkTemporaryFolder } = await import("../api/socket.js");
    const given = this.globals.socket ?? (this.env.HPMQ_SOCKET || void 0);
    if (given !== void 0) return given;
    const found = findSocket(this.env);
    checkTemporaryFolder(found);
    return found;
  }
  async client(timeoutMs = this.timeoutMs()) {
    const { createClient } = await import("../api/client.js");
    return createClient({ socket: await this.socket(), timeoutMs });
  }
  /** One request; after a moment without an answer a person at a terminal is told what we wait for. */
  async request(route, options = {}, timeoutMs = this.timeoutMs()) {
    const client = await this.client(timeoutMs);
    const patience = setTimeout(() => {
      if (this.output.isInteractive) this.output.note("waiting for the gateway \u2026");
    }, PATIENCE);
    try {
      return await client.request(route, options);
    } finally {
      clearTimeout(patience);
    }
  }
  /** For commands that run until they are told to stop. Ctrl-C a second time ends at once. */
  get stopSignal() {
    if (this.#signalExit === void 0) {
      this.#signalExit = EXIT.OK;
      const on = (signal, code) => process.once(signal, () => {
        this.#signalExit = code;
        this.#stop.abort();
      });
      on("SIGINT", EXIT.SIGINT);
      on("SIGTERM", EXIT.SIGTERM);
    }
    return this.#stop.signal;
  }
  /** Exit code of a command that ran until {@link stopSignal}: 130 or 143 by signal, 0 when its reader was gone. */
  get stopCode() {
    return this.#signalExit ?? EXIT.OK;
  }
}
export {
  Cli
};
//# sourceMappingURL=cli.js.map
