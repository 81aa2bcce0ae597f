import type { Cli } from '../cli.js';
import { serverColumns } from '../columns.js';
import type { HpmqCommand } from '../command.js';

export function define(command: HpmqCommand, cli: Cli): void {
  command.withExamples(['server list', 'who serves, how many masters there are, and what they were refused']);
  command
    .verb('list')
    .description('Lists the servers that other masters read')
    .withExamples(['server list', 'all servers'], ['server list --json', 'for programs'])
    .action(
      cli.action(async () => {
        const { items } = await cli.request('GET /v1/servers');
        await cli.output.list(serverColumns(Date.now()), items, 'there are no servers in the configuration');
        return undefined;
      }),
    );
}
