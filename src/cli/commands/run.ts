import { doNotOptimise } from '../../core/compile-early.js';
import { becomeChosen } from '../../update/choose.js';
import type { Cli } from '../cli.js';
import type { HpmqCommand } from '../command.js';

export function define(command: HpmqCommand, cli: Cli): void {
  command
    .argument('[file]', 'configuration, as with --config')
    .withExamples(
      ['run', 'with the configuration found in the usual places'],
      ['run hpmq.yaml', 'with this configuration'],
      ['run -v', 'with the debug log'],
    )
    .action(
      cli.action(async (file: string | undefined) => {
        becomeChosen(process.env, process.argv.slice(2), (text) => cli.output.note(text));
        // Before it loads the gateway, which says itself from when on it pays.
        doNotOptimise();
        const { runGateway } = await import('../../run.js');
        const { config, socket, verbose = 0 } = cli.globals;
        return runGateway({ config: file ?? config, socket: socket ?? (cli.env.HPMQ_SOCKET || undefined), verbose });
      }),
    );
}
