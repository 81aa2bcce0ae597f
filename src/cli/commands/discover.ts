/** `hpmq device discover`: devices that nobody has configured, and what they offer. */
import { parseDuration } from '../../core/duration.js';
import { EXIT } from '../../core/exit.js';
import type { Cli } from '../cli.js';
import type { HpmqCommand } from '../command.js';
import { cliError } from '../errors.js';
import type { Column } from '../table.js';
import { visible } from '../text.js';

interface Row {
  readonly address: string;
  readonly name: string;
  readonly path: string;
  readonly isObservable: boolean;
  readonly note: string;
}

const columns: readonly Column<Row>[] = [
  { title: 'ADDRESS', value: ({ address }) => address },
  { title: 'POINT', value: ({ name }) => name },
  { title: 'PATH', value: ({ path }) => visible(path) },
  { title: 'OBSERVED', value: ({ isObservable }) => (isObservable ? 'yes' : 'no') },
  { title: 'WHAT', value: ({ note }) => visible(note) },
];

export function defineDiscover(command: HpmqCommand, cli: Cli): void {
  command
    .verb('discover [host]')
    .description('Looks for CoAP devices: all that answer to the multicast group, or one at an address')
    .option('--wait <duration>', 'how long answers are awaited', '5s')
    .option('--from <address>', 'address of this machine to ask from, where it has several')
    .option('--yaml', 'as a configuration that can be used')
    .withExamples(
      ['device discover', 'who answers in this network, and with which resources'],
      ['device discover 10.0.0.7:5683 --yaml', 'one device, as `devices` of a configuration'],
    )
    .action(
      cli.action(async (host: string | undefined, options: { wait: string; from?: string; yaml?: boolean }) => {
        const waitMs = parseDuration(options.wait);
        if (waitMs === undefined || waitMs < 1 || waitMs > 600_000) {
          throw cliError('CLI_USAGE', `"${options.wait}" is not a duration up to 10m`, { hint: 'write --wait 5s' });
        }
        const port = host === undefined || !host.includes(':') ? 1 : Number(host.split(':')[1]);
        if (!Number.isInteger(port) || port < 1 || port > 65_535 || (host ?? '').split(':').length > 2) {
          throw cliError('CLI_USAGE', `"${host}" is not an address`, { hint: 'write 10.0.0.7 or 10.0.0.7:5683' });
        }
        return await show(cli, host, { ...options, waitMs });
      }),
    );
}

async function show(
  cli: Cli,
  target: string | undefined,
  { waitMs, from, yaml }: { waitMs: number; from?: string; yaml?: boolean },
): Promise<number> {
  const [{ loadAdapters }, { discover }] = await Promise.all([import('../../builtin.js'), import('../../discover.js')]);
  const [adapter] = await loadAdapters(new Set(['coap']));
  if (cli.output.isInteractive) cli.output.note(`asking ${target ?? 'everybody'}; up to ${waitMs / 1_000} s …`);
  const devices = await discover(adapter!, { target, local: from, waitMs, signal: cli.stopSignal });
  const sorted = devices.toSorted((a, b) => (a.host < b.host ? -1 : a.host > b.host ? 1 : a.port - b.port));
  if (yaml === true) {
    const { configurationYaml } = await import('../../config/found.js');
    cli.output.line(configurationYaml(adapter!.type, adapter!.finder!.portType, sorted));
  } else if (cli.output.isJson) {
    cli.output.json({ items: sorted });
  } else {
    const rows = sorted.flatMap(({ host, port, points }) =>
      points.map(({ name, note, address }): Row => {
        const { path, observe } = address as { path: string; observe?: boolean };
        return { address: `${host}:${port}`, name, path, isObservable: observe !== false, note };
      }),
    );
    await cli.output.list(columns, rows, 'nobody answered');
  }
  return devices.length > 0 ? EXIT.OK : EXIT.NO;
}
