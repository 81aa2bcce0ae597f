import { readFileSync } from "node:fs";
import { fileFault } from "../config/io.js";
import { EXIT } from "../core/exit.js";
import { cliError } from "./errors.js";
const MAX_BYTES = 65535;
async function readPassword(cli, user, file) {
  const { stdin } = cli.streams;
  let password;
  if (file !== void 0) password = firstLine(readPasswordFile(file));
  else if (stdin.isTTY !== true) password = firstLine(await readAll(stdin));
  else if (cli.globals.input) password = await askTwice(cli, user);
  else throw cliError("CLI_BAD_PASSWORD", "there is no password, and nobody may be asked");
  if (password.length === 0) throw cliError("CLI_BAD_PASSWORD", "the password is empty");
  if (password.length > MAX_BYTES) throw cliError("CLI_BAD_PASSWORD", `the password has more than ${MAX_BYTES} bytes`);
  return password;
}
function readPasswordFile(file) {
  try {
    return readFileSync(file);
  } catch (error) {
    throw cliError("CLI_BAD_PASSWORD", `cannot read ${file}: ${fileFault(error)}`, { cause: error });
  }
}
function firstLine(bytes) {
  const text = bytes.toString("latin1").replace(/\r?\n$/, "");
  if (text.includes("\n")) throw cliError("CLI_BAD_PASSWORD", "the password has more than one line");
  return Buffer.from(text, "latin1");
}
async function readAll(stream) {
  const chunks = [];
  let bytes = 0;
  for await (const chunk of stream) {
    chunks.push(Buffer.from(chunk));
    bytes += chunks.at(-1).length;
    if (bytes > MAX_BYTES + 2) break;
  }
  return Buffer.concat(chunks);
}
async function askTwice(cli, user) {
  const first = await ask(cli, `Password of ${user}: `);
  const second = await ask(cli, "Once more: ");
  if (!first.equals(second)) throw cliError("CLI_BAD_PASSWORD", "the two passwords differ; nothing was changed");
  return first;
}
function ask(cli, question) {
  const { stdin, stderr } = cli.streams;
  stderr.write(question);
  stdin.setRawMode(true);
  return new Promise((resolve) => {
    let typed = "";
    const finish = () => {
      stdin.setRawMode(false);
      stdin.off("data", onData);
      stdin.pause();
      stderr.write("\n");
    };
    const onData = (chunk) => {
      for (const char of chunk.toString("utf8")) {
        if (char === "") {
          finish();
          process.exit(EXIT.SIGINT);
        }
        if (char === "\r" || char === "\n" || char === "") {
          finish();
          resolve(Buffer.from(typed));
          return;
        }
        if (char === "\x7F" || char === "\b") typed = Array.from(typed).slice(0, -1).join("");
        else if (char === "") typed = "";
        else if (char >= " ") typed += char;
      }
    };
    stdin.on("data", onData);
    stdin.resume();
  });
}
export {
  readPassword
};
//# sourceMappingURL=password.js.map
