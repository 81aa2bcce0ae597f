import { resolve } from 'node:path';
import { Option } from 'commander';
import type { UpdateView } from '../../api/contract.js';
import { systemClock } from '../../core/clock.js';
import { formatDuration, parseDuration } from '../../core/duration.js';
import { toGatewayError } from '../../core/errors.js';
import { EXIT } from '../../core/exit.js';
import { updateError } from '../../update/errors.js';
import { openUpdater } from '../../update/open-updater.js';
import { factsOf } from '../../update/proof.js';
import { TRIAL_WINDOW, updateFolder } from '../../update/state.js';
import { compareVersions, type Installed, type Updater } from '../../update/updater.js';
import type { Cli } from '../cli.js';
import type { HpmqCommand } from '../command.js';
import { cliError } from '../errors.js';
import { Bar } from '../progress.js';
import { visible } from '../text.js';

/** Between two looks at what a new version has shown, ms. */
const LOOK_INTERVAL = 2_000;
/** Nothing may be missing for so many looks. */
const STEADY_LOOKS = 3;

export function define(command: HpmqCommand, cli: Cli): void {
  command.withExamples(
    ['update install hpmq-1.2.0-linux-arm64.hpmq', 'install a signed bundle; it has to prove itself'],
    ['update install --usb', 'the newest bundle on a USB stick'],
    ['update status', 'which version runs, and on what terms'],
    ['update rollback', 'back to the version before'],
  );
  command
    .verb('install')
    .argument('[source]', 'bundle: a file, or an http or https address')
    .description('Installs a signed bundle, and starts it on trial')
    .addOption(new Option('--usb', 'take the newest bundle from a USB stick'))
    .addOption(new Option('--only-newer', 'do nothing where it is not newer, or has failed here before'))
    .addOption(new Option('--allow-downgrade', 'install a version that is older than the one that runs'))
    .addOption(new Option('--no-restart', 'leave the start of the new version to somebody else'))
    .addOption(new Option('--window <duration>', 'time to prove itself, 5s to 1h').default('5m'))
    .withExamples(
      ['update install https://updates.example.com/hpmq-1.2.0.raucb', 'over the network'],
      ['update install --usb --only-newer', 'as the image does when a stick is put in'],
    )
    .action(cli.action((source: string | undefined, options: InstallFlags) => install(cli, source, options)));
  command
    .verb('status')
    .description('Shows the version, its slot, whether it is confirmed or on trial, and the last failure')
    .withExamples(['update status', 'for people'], ['update status --json', 'for programs'])
    .action(cli.action(() => status(cli)));
  command
    .verb('mark-good')
    .description('Confirms the version that runs')
    .addOption(
      new Option(
        '--wait [duration]',
        'confirm it only when it has proven itself, within this time; default: that of its installation, else 5m',
      ),
    )
    .withExamples(
      ['update mark-good', 'whatever it has shown'],
      ['update mark-good --wait', 'as the health unit of the image does'],
    )
    .action(cli.action((options: { wait?: string | true }) => markGood(cli, options.wait)));
  command
    .verb('give-up')
    .description('Gives up the slot on trial: the one before starts with the next boot')
    .withExamples(['update give-up', 'as the health unit of the image does before it restarts the machine'])
    .action(cli.action(() => giveUp(cli)));
  command
    .verb('rollback')
    .description('Goes back to the version before')
    .addOption(new Option('--no-restart', 'leave its start to somebody else'))
    .withExamples(['update rollback', 'the version before starts now'])
    .action(cli.action((options: { restart: boolean }) => rollback(cli, options.restart)));
}

interface InstallFlags {
  readonly usb?: boolean;
  readonly onlyNewer?: boolean;
  readonly allowDowngrade?: boolean;
  readonly restart: boolean;
  readonly window: string;
}

async function install(cli: Cli, given: string | undefined, flags: InstallFlags): Promise<number | undefined> {
  const windowMs = durationOf(flags.window, '--window', 5_000, 3_600_000) ?? TRIAL_WINDOW;
  const updater = openUpdater(cli.env);
  const bar = new Bar(cli.output.isInteractive, cli.streams.stderr);
  const signal = cli.stopSignal;
  const onlyNewer = flags.onlyNewer === true;
  try {
    await using sticks = flags.usb === true ? await sticksOf(cli) : undefined;
    const source = sticks === undefined ? given : await fromStick(cli, updater, sticks.folder, onlyNewer);
    if (source === undefined) throw cliError('CLI_USAGE', 'name a bundle, or say --usb');
    const installed = await updater.install({
      source: /^https?:/i.test(source) ? source : resolve(source),
      allowDowngrade: flags.allowDowngrade === true,
      onlyNewer,
      facts: await factsNow(cli),
      windowMs,
      signal,
      onProgress: ({ phase, percent }) => bar.show(phase, percent),
    });
    bar.end();
    await started(cli, installed, flags.restart, 'installed');
    return undefined;
  } catch (error) {
    bar.end();
    if (onlyNewer && (error as { code?: unknown }).code === 'UPDATE_NOTHING') {
      cli.output.note(`nothing newer to install: ${visible((error as Error).message)}`);
      return undefined;
    }
    if (!signal.aborted) throw error;
    cli.output.note('stopped: the box is as it was');
    return cli.stopCode;
  }
}

const sticksOf = async (cli: Cli) => (await import('../../update/usb.js')).stickFolder(updateFolder(cli.env));

async function fromStick(cli: Cli, updater: Updater, folder: string, onlyNewer: boolean): Promise<string> {
  const { findOnSticks } = await import('../../update/usb.js');
  const isWanted = onlyNewer ? await wantedByName(updater) : () => true;
  const suffix = updater.form === 'image' ? '.raucb' : '.hpmq';
  const found = await findOnSticks(suffix, folder, cli.stopSignal, isWanted);
  cli.output.note(`version ${visible(found.version)} on ${found.device}`);
  if (!isWanted(found.version)) {
    throw updateError('UPDATE_NOTHING', `version ${found.version} is not newer, or did not stay on this box before`);
  }
  return found.file;
}

/** Spares a stick that stays in the box its copy at each start. What a bundle really is, its signature says. */
async function wantedByName(updater: Updater): Promise<(version: string) => boolean> {
  const { version: running, pending, last } = await updater.status();
  const failed = last !== null && last.outcome !== 'confirmed' ? last.version : undefined;
  return (version) => version !== failed && compareVersions(version, pending ?? running) > 0;
}

/** Without a gateway that runs there is nothing to compare with. */
async function factsNow(cli: Cli) {
  try {
    const { items } = await cli.request('GET /v1/links');
    return factsOf(items);
  } catch (error) {
    const { code, message } = toGatewayError(error);
    if (code !== 'GATEWAY_NOT_RUNNING') {
      cli.output.note(
        `the new version is not asked for the links that are up, they are not known: ${visible(message)}`,
      );
    }
    return { links: [] };
  }
}

async function started(cli: Cli, { version, needs }: Installed, isWanted: boolean, verb: string): Promise<void> {
  const how = needs === 'reboot' ? 'reboot the box' : 'restart the gateway';
  const isStarting = isWanted && (await start(cli, needs));
  if (cli.output.isJson) cli.output.json({ version, needs, starting: isStarting });
  else cli.output.line(`version ${version} is ${verb}: ${isStarting ? 'it starts now' : `${how} to start it`}`);
}

async function start(cli: Cli, needs: 'restart' | 'reboot'): Promise<boolean> {
  if (needs === 'reboot') {
    const { runRauc } = await import('../../update/rauc.js');
    return runRauc({ program: 'systemctl', args: ['reboot'] }).then(
      () => true,
      () => false,
    );
  }
  return cli.request('POST /v1/update/restart').then(
    () => true,
    () => false,
  );
}

async function statusNow(cli: Cli): Promise<UpdateView> {
  try {
    return await cli.request('GET /v1/update');
  } catch {
    const found = await openUpdater(cli.env).status();
    return { ...found, missing: ['the gateway does not answer'], leftMs: null, installing: null };
  }
}

async function status(cli: Cli): Promise<undefined> {
  const view = await statusNow(cli);
  if (cli.output.isJson) cli.output.json(view);
  else for (const line of lines(view)) cli.output.line(visible(line));
  return undefined;
}

const row = (title: string, text: string): string => `${title.padEnd(10)} ${text}`;

function* lines(view: UpdateView): Generator<string> {
  const { form, slot, version, state, previous, pending, trial, missing, leftMs, installing, last } = view;
  if (form === 'none') {
    yield row('version', `${version}; it is not updated by itself`);
    return;
  }
  yield row('version', `${version}, ${form === 'image' ? `slot ${slot}` : slot}`);
  if (state === 'confirmed') yield row('state', 'confirmed');
  if (state === 'pending')
    yield row('state', `confirmed; version ${pending} starts with the next ${form === 'image' ? 'boot' : 'start'}`);
  if (state === 'trial') {
    const left = leftMs === null ? '' : `, ${formatDuration(Math.round(leftMs / 1000) * 1000)} left`;
    const starts = trial?.startsLeft == null ? '' : `, ${trial.startsLeft} more starts`;
    yield row('state', `on trial${left}${starts}`);
    for (const one of missing) yield row('', `waits: ${one}`);
  }
  yield row('before', previous === null ? 'nothing to go back to' : `${previous}: hpmq update rollback`);
  if (installing !== null) {
    yield row('installing', `${installing.phase}${installing.percent === null ? '' : ` ${installing.percent} %`}`);
  }
  if (last !== null) {
    const why = last.reason === null ? '' : `: ${last.reason}`;
    yield row(
      'last',
      `version ${last.version} ${last.outcome.replace('-', ' ')} ${new Date(last.at).toISOString()}${why}`,
    );
  }
}

async function markGood(cli: Cli, wait: string | true | undefined): Promise<number | undefined> {
  const given = typeof wait === 'string' ? durationOf(wait, '--wait', 1_000, 3_600_000) : undefined;
  const updater = openUpdater(cli.env);
  if (wait !== undefined) {
    // Whether it can be noted or not: it is the proof that counts.
    await updater.beginTrial?.().catch(() => {});
    const missing = await waitForProof(cli, given ?? (await windowOf(updater)));
    if (missing !== undefined) {
      if (cli.output.isJson) cli.output.json({ confirmed: false, missing });
      else for (const one of missing) cli.output.line(`not shown: ${visible(one)}`);
      return EXIT.NO;
    }
    // The gateway of a box confirms itself: it may just have done so.
    if (updater.form === 'executable' && (await updater.status()).state === 'confirmed') {
      const { version } = await updater.status();
      return good(cli, version);
    }
  }
  const { version } = await updater.markGood();
  return good(cli, version);
}

/** Time to prove itself, as the installation gave it, ms. */
async function windowOf(updater: Updater): Promise<number> {
  const status = await updater.status().catch(() => undefined);
  return status?.trial?.windowMs ?? TRIAL_WINDOW;
}

async function giveUp(cli: Cli): Promise<undefined> {
  const updater = openUpdater(cli.env);
  if (updater.giveUpTrial === undefined) {
    throw updateError('UPDATE_NOTHING', 'the gateway of this box gives up a version by itself; see update rollback');
  }
  const { missing } = await statusNow(cli);
  const back = await updater.giveUpTrial(missing.join('; ') || 'it was not steady');
  await started(cli, back, false, 'current again');
}

function good(cli: Cli, version: string): undefined {
  if (cli.output.isJson) cli.output.json({ confirmed: true, version });
  else cli.output.line(`version ${version} is confirmed`);
  return undefined;
}

/** @returns what was not shown in time; undefined: nothing is missing */
async function waitForProof(cli: Cli, waitMs: number): Promise<readonly string[] | undefined> {
  const end = performance.now() + waitMs;
  const signal = cli.stopSignal;
  let steady = 0;
  let missing: readonly string[] = ['the gateway does not answer'];
  while (performance.now() < end && !signal.aborted) {
    missing = await cli.request('GET /v1/update').then(
      (view) => view.missing,
      () => ['the gateway does not answer'],
    );
    steady = missing.length === 0 ? steady + 1 : 0;
    if (steady >= STEADY_LOOKS) return undefined;
    await systemClock.sleep(LOOK_INTERVAL, signal).catch(() => {});
  }
  return missing.length === 0 ? ['it was not steady'] : missing;
}

async function rollback(cli: Cli, isWanted: boolean): Promise<undefined> {
  const back = await openUpdater(cli.env).rollback();
  await started(cli, back, isWanted, 'current again');
  return undefined;
}

function durationOf(text: string, option: string, least: number, most: number): number | undefined {
  const ms = parseDuration(text);
  if (ms === undefined || ms < least || ms > most) {
    throw cliError('CLI_USAGE', `"${text}" is no duration for ${option}`, {
      hint: `write one from ${formatDuration(least)} to ${formatDuration(most)}, such as 5m`,
    });
  }
  return ms;
}
