import { ConfigError, problemBlock } from "../config/errors.js";
import { errorView } from "../core/errors.js";
import { visible } from "./text.js";
const SGR = { ok: "32", warn: "33", bad: "31", muted: "2" };
function usesColor(stream, env, flag) {
  if (env.FORCE_COLOR !== void 0 && env.FORCE_COLOR !== "")
    return env.FORCE_COLOR !== "0" && env.FORCE_COLOR !== "false";
  return stream.isTTY === true && flag && !env.NO_COLOR && env.TERM !== "dumb";
}
class Output {
  #options;
  #colorOut;
  #colorErr;
  constructor(options) {
    this.#options = options;
    this.#colorOut = usesColor(options.stdout, options.env, options.color);
    this.#colorErr = usesColor(options.stderr, options.env, options.color);
  }
  get isJson() {
    return this.#options.json;
  }
  /** Can a person answer questions on stderr? */
  get isInteractive() {
    return this.#options.stderr.isTTY === true;
  }
  paint(tone, text) {
    return this.#colorOut ? `\x1B[${SGR[tone]}m${text}\x1B[0m` : text;
  }
  /** One line of the result. */
  line(text) {
    this.#options.stdout.write(`${text}
`);
  }
  /** The result as one JSON document: indented for a person, one line for a program. */
  json(value) {
    this.line(this.#options.stdout.isTTY === true ? JSON.stringify(value, null, 2) : JSON.stringify(value));
  }
  /** One entry of a stream: always one line. */
  jsonLine(value) {
    this.line(JSON.stringify(value));
  }
  /** A list: a table, or `{"items": […]}`. */
  async list(columns, items, empty) {
    if (this.#options.json) {
      this.json({ items });
      return;
    }
    if (items.length === 0) {
      this.note(empty);
      return;
    }
    const { tableLines } = await import("./table.js");
    const { isTTY, columns: width } = this.#options.stdout;
    const lines = tableLines(columns, items, {
      width: isTTY === true ? width ?? 80 : void 0,
      paint: (tone, text) => this.paint(tone, text)
    });
    for (const text of lines) this.line(text);
  }
  /** For the person who waits, not part of the result; silent with --quiet. */
  note(text) {
    if (!this.#options.quiet) this.#options.stderr.write(`${text}
`);
  }
  /** An error as people read it, most important line last; as JSON on stdout. */
  error(error) {
    if (this.#options.json) {
      this.json({ error: { ...errorView(error), ...extras(error) } });
      return;
    }
    const { stderr, verbose } = this.#options;
    const red = (text) => this.#colorErr ? `\x1B[${SGR.bad}m${text}\x1B[0m` : text;
    const stack = error.fault === "bug" || verbose > 1;
    if (error instanceof ConfigError) {
      for (const problem of error.problems) stderr.write(`${problemText(problem)}
`);
      if (stack) stderr.write(stackOf(error));
      return;
    }
    stderr.write(`${red("error:")} ${error.message.split("\n").map(visible).join("\n")}
`);
    if (stack) stderr.write(stackOf(error));
    if (error.code !== "CLI_USAGE") stderr.write(`  code  ${error.code}  (more: hpmq explain ${error.code})
`);
    stderr.write(`hint: ${visible(error.hint)}
`);
  }
}
function problemText(problem) {
  return problemBlock(problem).split("\n").map(visible).join("\n");
}
function stackOf(error) {
  return `${(error.cause instanceof Error ? error.cause : error).stack ?? ""}
`;
}
function extras(error) {
  return error instanceof ConfigError ? { problems: error.problems } : {};
}
export {
  Output,
  problemText,
  usesColor
};
//# sourceMappingURL=output.js.map
