import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { isSea } from 'node:sea';
import { EXIT } from '../../core/exit.js';
import type { Step } from '../../systemd/install.js';
import type { Cli } from '../cli.js';
import type { HpmqCommand } from '../command.js';
import { confirmYes } from '../confirm.js';
import { visible } from '../text.js';

interface Options {
  readonly dryRun?: boolean;
  readonly root: string;
}

interface InstallFlags extends Options {
  readonly executable?: string;
  readonly start: boolean;
}

interface UninstallFlags extends Options {
  readonly purge?: boolean;
  readonly yes?: boolean;
}

export function define(command: HpmqCommand, cli: Cli): void {
  command.withExamples(
    ['service install', 'from now on, and after each boot'],
    ['service status', 'whether it runs'],
    ['service uninstall', 'configuration and data stay'],
  );
  const common = (verb: HpmqCommand) =>
    verb
      .option('-n, --dry-run', 'only show what would be done')
      .option('--root <dir>', 'a system in this folder, not this one', '/');
  common(command.verb('install'))
    .description('Installs this executable as a service of systemd, where no package does; again: brings it up to date')
    .option('--executable <file>', 'install this one')
    .option('--no-start', 'enable it, but do not start it now')
    .withExamples(
      ['service install', 'as root'],
      ['service install --dry-run', 'see what it would do'],
      ['service install --root /mnt/box', 'into a root file system that is not running'],
    )
    .action(cli.action((options: InstallFlags) => install(cli, options)));
  common(command.verb('uninstall'))
    .description('Stops and removes the service')
    .option('--purge', 'configuration and data, too, and the user')
    .option('-y, --yes', 'do not ask before --purge')
    .withExamples(['service uninstall', 'configuration and data stay'], ['service uninstall --purge', 'nothing stays'])
    .action(cli.action((options: UninstallFlags) => uninstall(cli, options)));
  command
    .verb('status')
    .description('Shows whether the service is installed and runs; exit code 1 when it does not run')
    .withExamples(['service status', 'for people'], ['service status --json', 'for programs'])
    .action(cli.action(() => status(cli)));
}

async function install(cli: Cli, { executable, start, root, dryRun }: InstallFlags): Promise<undefined> {
  const [{ installSteps, checkRoot }, { thisSystem }, { systemdError }] = await load();
  const system = thisSystem(resolve(root));
  const found = executable === undefined ? (isSea() ? process.execPath : undefined) : resolve(executable);
  if (found === undefined || !existsSync(found)) {
    throw systemdError(
      'SERVICE_NO_EXECUTABLE',
      found === undefined ? 'this is not the executable' : `there is no file ${found}`,
    );
  }
  if (dryRun !== true) checkRoot(system);
  perform(cli, installSteps({ system, executable: found, start }), dryRun === true, 'it is installed already');
  return undefined;
}

async function uninstall(cli: Cli, { root, purge, yes, dryRun }: UninstallFlags): Promise<undefined> {
  const [{ uninstallSteps, checkRoot }, { thisSystem }] = await load();
  const system = thisSystem(resolve(root));
  if (dryRun !== true) checkRoot(system);
  const steps = uninstallSteps(system, purge === true);
  if (purge === true && dryRun !== true) await confirmYes(cli, 'Remove configuration and data, too?', yes === true);
  perform(cli, steps, dryRun === true, 'it is not installed');
  return undefined;
}

function load() {
  return Promise.all([
    import('../../systemd/install.js'),
    import('../../systemd/system.js'),
    import('../../systemd/errors.js'),
  ]);
}

function perform(cli: Cli, steps: readonly Step[], dryRun: boolean, nothing: string): void {
  const { output } = cli;
  for (const step of steps) {
    if (!dryRun) step.do();
    if (!output.isJson) output.line(visible(dryRun ? `would ${step.what}` : step.what));
  }
  if (output.isJson) output.json({ dryRun, steps: steps.map(({ what }) => what) });
  else if (steps.length === 0) output.note(`nothing to do: ${nothing}`);
}

/** systemctl show → what people see. */
const PROPERTIES = {
  LoadState: 'installed',
  UnitFileState: 'at boot',
  ActiveState: 'state',
  SubState: 'phase',
  Result: 'last end',
  NRestarts: 'restarts',
  ActiveEnterTimestamp: 'since',
  MainPID: 'process',
  StatusText: 'says',
  FragmentPath: 'unit',
} as const;

async function status(cli: Cli): Promise<number> {
  const [, { thisSystem, isBooted, mustRun }, { systemdError }] = await load();
  const system = thisSystem('/');
  if (!isBooted(system)) throw systemdError('SERVICE_NO_SYSTEMD', 'this box is not run by systemd');
  const names = Object.keys(PROPERTIES).join(',');
  const text = mustRun(system, 'systemctl', 'show', 'hpmq.service', `--property=${names}`);
  const found = new Map(text.split('\n').map((line) => [line.split('=', 1)[0]!, line.slice(line.indexOf('=') + 1)]));
  const isInstalled = found.get('LoadState') === 'loaded';
  const { output } = cli;
  if (output.isJson)
    output.json(Object.fromEntries(Object.keys(PROPERTIES).map((name) => [name, found.get(name) ?? ''])));
  else if (!isInstalled) output.line('not installed');
  else {
    for (const [name, title] of Object.entries(PROPERTIES)) {
      const value = name === 'LoadState' ? 'yes' : (found.get(name) ?? '');
      if (value !== '' && !(name === 'MainPID' && value === '0')) output.line(visible(`${title.padEnd(10)} ${value}`));
    }
  }
  return isInstalled && found.get('ActiveState') === 'active' ? EXIT.OK : EXIT.NO;
}
