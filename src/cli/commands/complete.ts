/** `hpmq __complete -- WORDS`: what completion scripts ask. Says nothing rather than something wrong. */
import type { Cli } from '../cli.js';
import type { HpmqCommand } from '../command.js';
import { complete } from '../complete.js';
import { FILES_MARK } from '../completion-scripts.js';

/** A person waits at the cursor, ms. */
const PATIENCE = 200;

export function define(
  command: HpmqCommand,
  cli: Cli,
  root: HpmqCommand,
  defineVerbs: (command: HpmqCommand) => Promise<void>,
): void {
  command.argument('[words...]').action(
    cli.action(async (words: readonly string[]) => {
      const client = await cli.client(PATIENCE).catch(() => undefined);
      const { candidates, files } = await complete(root, defineVerbs, words, () => client);
      for (const { word, what } of candidates) {
        // A name with a line break would be two.
        if (!/\p{Cc}/u.test(word)) cli.output.line(`${word}\t${what.replace(/\p{Cc}/gu, ' ')}`);
      }
      if (files) cli.output.line(FILES_MARK);
      return undefined;
    }),
  );
}
