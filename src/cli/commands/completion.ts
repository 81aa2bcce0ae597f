import { Argument } from 'commander';
import type { Cli } from '../cli.js';
import type { HpmqCommand } from '../command.js';
import { COMPLETION_SCRIPTS, SHELLS, type Shell } from '../completion-scripts.js';

export function define(command: HpmqCommand, cli: Cli): void {
  command
    .addArgument(new Argument('<shell>', 'the shell that it is for').choices(SHELLS))
    .withExamples(
      ['completion bash > /etc/bash_completion.d/hpmq', 'for everybody who uses bash'],
      ['completion zsh > ~/.zfunc/_hpmq', 'a folder of $fpath'],
      ['completion fish > ~/.config/fish/completions/hpmq.fish', 'for fish'],
    )
    .action(
      cli.action((shell: Shell) => {
        cli.output.line(COMPLETION_SCRIPTS[shell].trimEnd());
        return undefined;
      }),
    );
}
