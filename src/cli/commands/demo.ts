import type { Cli } from '../cli.js';
import type { HpmqCommand } from '../command.js';

export function define(command: HpmqCommand, cli: Cli): void {
  command
    .option('--tui', 'open the terminal interface on it')
    .withExamples(
      ['demo', 'prints what flows where; Ctrl-C ends it and leaves nothing behind'],
      ['demo --tui', 'the same, in the terminal interface'],
    )
    .action(
      cli.action(async (options: { tui?: boolean }) => {
        const { runDemo } = await import('../../demo/demo.js');
        return runDemo({ tui: options.tui ?? false, color: cli.globals.color !== false });
      }),
    );
}
