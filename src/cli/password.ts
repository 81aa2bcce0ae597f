/** Where a password comes from: a file, a pipe, or a person who types it unseen. Never the command line, which others see. */
import { readFileSync } from 'node:fs';
import { fileFault } from '../config/files.js';
import { EXIT } from '../core/exit.js';
import type { Cli } from './cli.js';
import { cliError } from './errors.js';

/** What a CONNECT packet can carry (MQTT 5.0 §3.1.3.6). */
const MAX_BYTES = 65_535;

/** Asked for twice: a new one. */
export function readPassword(cli: Cli, user: string, file: string | undefined): Promise<Buffer> {
  return readSecret(cli, `Password of ${user}: `, file, true);
}

export async function readSecret(cli: Cli, question: string, file: string | undefined, isNew = false): Promise<Buffer> {
  const { stdin } = cli.streams;
  let password: Buffer;
  if (file !== undefined) password = firstLine(readPasswordFile(file));
  else if (stdin.isTTY !== true) password = firstLine(await readAll(stdin));
  else if (cli.globals.input) password = isNew ? await askTwice(cli, question) : await ask(cli, question);
  else throw cliError('CLI_BAD_PASSWORD', 'there is no password, and nobody may be asked');
  if (password.length === 0) throw cliError('CLI_BAD_PASSWORD', 'the password is empty');
  if (password.length > MAX_BYTES) throw cliError('CLI_BAD_PASSWORD', `the password has more than ${MAX_BYTES} bytes`);
  return password;
}

function readPasswordFile(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw cliError('CLI_BAD_PASSWORD', `cannot read ${file}: ${fileFault(error)}`, { cause: error });
  }
}

/** The line break at the end does not belong to it; more lines are a mistake. */
function firstLine(bytes: Buffer): Buffer {
  const text = bytes.toString('latin1').replace(/\r?\n$/, '');
  if (text.includes('\n')) throw cliError('CLI_BAD_PASSWORD', 'the password has more than one line');
  return Buffer.from(text, 'latin1');
}

async function readAll(stream: NodeJS.ReadStream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    chunks.push(Buffer.from(chunk as Buffer));
    bytes += chunks.at(-1)!.length;
    if (bytes > MAX_BYTES + 2) break;
  }
  return Buffer.concat(chunks);
}

async function askTwice(cli: Cli, question: string): Promise<Buffer> {
  const first = await ask(cli, question);
  const second = await ask(cli, 'Once more: ');
  if (!first.equals(second)) throw cliError('CLI_BAD_PASSWORD', 'the two passwords differ; nothing was changed');
  return first;
}

/** One line without echo. Ctrl-C ends the program, as it would outside of raw mode. */
function ask(cli: Cli, question: string): Promise<Buffer> {
  const { stdin, stderr } = cli.streams;
  stderr.write(question);
  stdin.setRawMode(true);
  return new Promise((resolve) => {
    let typed = '';
    const finish = () => {
      stdin.setRawMode(false);
      stdin.off('data', onData);
      stdin.pause();
      stderr.write('\n');
    };
    const onData = (chunk: Buffer) => {
      for (const char of chunk.toString('utf8')) {
        if (char === '\u0003') {
          finish();
          process.exit(EXIT.SIGINT);
        }
        if (char === '\r' || char === '\n' || char === '\u0004') {
          finish();
          resolve(Buffer.from(typed));
          return;
        }
        if (char === '\u007f' || char === '\b') typed = Array.from(typed).slice(0, -1).join('');
        else if (char === '\u0015') typed = '';
        else if (char >= ' ') typed += char;
      }
    };
    stdin.on('data', onData);
    stdin.resume();
  });
}
