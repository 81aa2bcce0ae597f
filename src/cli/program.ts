/**
 * Assembles the commands. Only names and purposes are here: a command's module is loaded when it was chosen, so that
 * `hpmq --help` needs nothing but commander.
 */
import { type Command, CommanderError, Option } from 'commander';
import { toGatewayError } from '../core/errors.js';
import { EXIT, EXIT_OF_FAULT } from '../core/exit.js';
import { versionLine } from '../version.js';
import { Cli, type Streams } from './cli.js';
import { HpmqCommand } from './command.js';
import { cliError } from './errors.js';

/** Major version of Node; an older one fails in the middle of a command, for it does not know the syntax. */
const NODE = 24;

interface CommandModule {
  /** Adds arguments, options, verbs and handlers to a command that has only a name. */
  define(command: HpmqCommand, cli: Cli): void;
}

const COMMANDS: readonly (readonly [name: string, purpose: string, load: () => Promise<CommandModule>])[] = [
  ['run', 'Starts the gateway in the foreground', () => import('./commands/run.js')],
  ['status', 'Shows the health of the gateway', () => import('./commands/status.js')],
  ['config', 'Checks and shows the configuration', () => import('./commands/config.js')],
  ['client', 'Lists, shows and disconnects MQTT clients', () => import('./commands/client.js')],
  ['device', 'Lists devices, their state and their plan', () => import('./commands/device.js')],
  ['port', 'Lists the wires and how busy they are', () => import('./commands/port.js')],
  ['point', 'Lists, reads, writes and watches points', () => import('./commands/point.js')],
  ['profile', 'Lists, shows and tests device profiles', () => import('./commands/profile.js')],
  ['import', 'Converts configurations of other gateways', () => import('./commands/import.js')],
  ['provision', 'Takes in the settings on the boot partition of the image', () => import('./commands/provision.js')],
  ['server', 'Lists the servers that other masters read', () => import('./commands/server.js')],
  ['link', 'Lists the links upstream and whether they deliver', () => import('./commands/link.js')],
  ['function', 'Lists, deploys and rolls back functions', () => import('./commands/function.js')],
  ['topic', 'Publishes and tails MQTT messages', () => import('./commands/topic.js')],
  ['history', 'Shows what points were', () => import('./commands/history.js')],
  ['store', 'Shows what is kept on disk', () => import('./commands/store.js')],
  ['update', 'Installs, confirms and takes back versions', () => import('./commands/update.js')],
  ['flash', 'Writes an image to a medium, with an identity', () => import('./commands/flash.js')],
  ['user', 'Adds, changes and lists the users of the broker', () => import('./commands/user.js')],
  ['tui', 'Opens the terminal interface', () => import('./commands/tui.js')],
  ['demo', 'Runs a simulated plant, a gateway and an upstream', () => import('./commands/demo.js')],
  ['simulate', 'Runs simulated devices for a gateway to poll', () => import('./commands/simulate.js')],
  ['service', 'Installs the gateway as a service of systemd', () => import('./commands/service.js')],
  ['completion', 'Prints the completion of a shell', () => import('./commands/completion.js')],
  ['explain', 'Explains an error code', () => import('./commands/explain.js')],
  ['version', 'Shows version and platform', () => import('./commands/version.js')],
];

const HELP_PURPOSE = 'Shows the help of a command';

export function createProgram(cli: Cli): HpmqCommand {
  const program = new HpmqCommand('hpmq')
    .description('Edge gateway: field devices to MQTT, a local broker, links upstream')
    .withExamples(
      ['demo', 'see it work, without hardware'],
      ['config check hpmq.yaml', 'check a configuration'],
      ['run hpmq.yaml', 'start the gateway'],
      ['point watch boiler', 'follow the values of a device'],
    )
    .version(versionLine(), '--version', 'show the version')
    .helpOption('-h, --help', 'show this help')
    .addOption(
      new Option('-c, --config <file>', 'configuration file (default: ./hpmq.yaml, ~/.config/hpmq/, /etc/hpmq/)'),
    )
    .addOption(new Option('--socket <path>', 'control socket of the gateway (or $HPMQ_SOCKET)'))
    .addOption(new Option('--json', 'one JSON document, or one per line for streams'))
    .addOption(new Option('-q, --quiet', 'only the result'))
    .addOption(
      new Option('-v, --verbose', 'more detail; twice: stacks and trace').argParser(
        (_value, sum: number | undefined) => (sum ?? 0) + 1,
      ),
    )
    .addOption(new Option('--no-color', 'no colours (also: NO_COLOR)'))
    .addOption(new Option('--no-input', 'never ask'))
    .addOption(new Option('--timeout <duration>', 'time allowed for an answer, such as 500ms or 5s'))
    .exitOverride()
    .configureOutput({ outputError: () => {} });
  const modules = new Map<unknown, () => Promise<CommandModule>>();
  for (const [name, purpose, load] of COMMANDS) modules.set(program.verb(name).description(purpose), load);
  program.helpCommand('help [command]', HELP_PURPOSE);
  const defined = new Set<unknown>();
  const define = async (command: unknown) => {
    const load = modules.get(command);
    if (load === undefined || defined.has(command)) return;
    const { node } = process.versions;
    if (Number.parseInt(node, 10) < NODE) throw cliError('CLI_OLD_NODE', `this is Node ${node}; hpmq needs ${NODE}`);
    defined.add(command);
    const one = command as HpmqCommand;
    (await load()).define(one, cli);
    if (one.commands.length > 0) one.helpCommand('help [command]', HELP_PURPOSE);
  };
  program.hook('preSubcommand', (_program, command) => define(command));
  const words = program.command('__complete', { hidden: true }) as HpmqCommand;
  modules.set(words, async () => {
    const module = await import('./commands/complete.js');
    return { define: () => module.define(words, cli, program as HpmqCommand, define) };
  });
  allVerbs.set(program, async () => {
    for (const command of modules.keys()) await define(command);
  });
  cli.attach(program as HpmqCommand);
  return program as HpmqCommand;
}

const allVerbs = new WeakMap<Command, () => Promise<void>>();

/** A program whose commands have all of their verbs, for manual pages. */
export async function createWholeProgram(cli: Cli): Promise<HpmqCommand> {
  const program = createProgram(cli);
  await allVerbs.get(program)?.();
  return program;
}

/** Runs one command line. Never throws; prints what went wrong and says how it ended. */
export async function main(
  args: readonly string[],
  streams: Streams = process,
  env: Cli['env'] = process.env,
): Promise<number> {
  const cli = new Cli(streams, env);
  const program = createProgram(cli);
  try {
    // Commander prints the help of a command without its module; as a flag it goes the way on which that is loaded.
    const at = args.slice(0, 2).indexOf('help');
    await program.parseAsync(at < 0 ? args : [...args.toSpliced(at, 1), '--help'], { from: 'user' });
    return cli.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return ended(error, cli);
    const failure = toGatewayError(error);
    cli.output.error(failure);
    return EXIT_OF_FAULT[failure.fault];
  }
}

/** Help and version that were asked for are 0; help that is shown on stderr because a verb is missing is 64. */
function ended(error: CommanderError, cli: Cli): number {
  if (error.exitCode === 0) return EXIT.OK;
  if (cli.output.isJson) cli.output.error(cliError('CLI_USAGE', 'the command is incomplete'));
  return EXIT.USAGE;
}
