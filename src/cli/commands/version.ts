import { commit, version, versionLine } from '../../version.js';
import type { Cli } from '../cli.js';
import type { HpmqCommand } from '../command.js';

export function define(command: HpmqCommand, cli: Cli): void {
  command.withExamples(['version', 'of hpmq, Node and the platform'], ['version --json', 'for programs']).action(
    cli.action(() => {
      const { platform, arch, versions } = process;
      if (cli.output.isJson) cli.output.json({ version, commit: commit ?? null, node: versions.node, platform, arch });
      else cli.output.line(versionLine());
      return undefined;
    }),
  );
}
