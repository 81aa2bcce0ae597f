/** Questions before something is done that others notice. */
import { createInterface } from 'node:readline/promises';
import type { Cli } from './cli.js';
import { cliError } from './errors.js';

/**
 * Asks `question (y/N)` on a terminal.
 *
 * @param given - `--yes`
 * @throws GatewayError CLI_NOT_CONFIRMED when the answer is no, or nobody can be asked
 */
export async function confirmYes(cli: Cli, question: string, given: boolean): Promise<void> {
  if (given) return;
  const { stdin, stderr } = cli.streams;
  if (!cli.globals.input || stdin.isTTY !== true) {
    throw cliError('CLI_NOT_CONFIRMED', 'nobody confirmed it', { hint: 'run it in a terminal, or confirm with --yes' });
  }
  const terminal = createInterface({ input: stdin, output: stderr });
  try {
    // Ctrl-C and Ctrl-D reject, with the cursor still behind the question.
    const answer = await terminal.question(`${question} (y/N) `).catch(() => void stderr.write('\n'));
    if (!/^y(es)?$/i.test(answer?.trim() ?? '')) {
      throw cliError('CLI_NOT_CONFIRMED', 'nothing was changed', { hint: 'answer y, or confirm with --yes' });
    }
  } finally {
    terminal.close();
  }
}
