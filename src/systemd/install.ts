/**
 * `hpmq service install` and `uninstall`, for boxes without a package of hpmq: executable, user, folders, unit and udev rules.
 * Made of steps, of which only those are done that change something: a second time there is nothing to do.
 */
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { systemdError } from './errors.js';
import { groupId, isBooted, isThisSystem, mustRun, type System } from './system.js';
import { defaultConfig, SYSUSERS, serviceUnit, udevRules } from './unit.js';

export interface Step {
  readonly what: string;
  do(): void;
}

/** First line of our files: what lacks it is not ours to change. */
const MARK = '# Written by `hpmq service install`; `hpmq service uninstall` removes it.\n';

const UNIT = 'etc/systemd/system/hpmq.service';
const RULES = 'etc/udev/rules.d/60-hpmq.rules';
const USERS = 'etc/sysusers.d/hpmq.conf';
const EXECUTABLE = 'usr/local/bin/hpmq';
const CONFIG = 'etc/hpmq/hpmq.yaml';
const PACKAGED = ['usr/lib/systemd/system/hpmq.service', 'lib/systemd/system/hpmq.service'];

export interface InstallOptions {
  readonly system: System;
  /** The executable that becomes the service. */
  readonly executable: string;
  readonly start: boolean;
}

/** @throws GatewayError when it cannot be installed here */
export function installSteps({ system, executable, start }: InstallOptions): readonly Step[] {
  check(system);
  const at = (path: string) => join(system.root, path);
  const target = at(EXECUTABLE);
  const isNewProgram = !sameContent(executable, target);
  const unit = MARK + serviceUnit({ executable: `/${EXECUTABLE}`, config: `/${CONFIG}` });
  const files = [file(at(UNIT), unit), file(at(RULES), MARK + udevRules()), file(at(USERS), MARK + SYSUSERS)].filter(
    (one) => one !== undefined,
  );
  const steps: Step[] = [
    ...(isNewProgram ? [{ what: `copy ${executable} to ${target}`, do: () => copy(executable, target) }] : []),
    ...files,
  ];
  const isLive = isThisSystem(system);
  if (isLive && groupId(system, 'hpmq') === undefined) {
    steps.push({ what: 'create the user hpmq', do: () => void mustRun(system, 'systemd-sysusers', at(USERS)) });
  }
  if (!existsSync(at(CONFIG))) {
    steps.push({
      what: `write ${at(CONFIG)}, a broker for this machine alone`,
      do: () => writeConfig(system, at(CONFIG)),
    });
  }
  if (!isLive) {
    const link = at('etc/systemd/system/multi-user.target.wants/hpmq.service');
    if (lstatSync(link, { throwIfNoEntry: false }) === undefined) {
      steps.push({
        what: 'enable hpmq.service',
        do: () => void mustRun(system, 'systemctl', `--root=${system.root}`, 'enable', 'hpmq.service'),
      });
    }
    return steps;
  }
  const hasNewRules = files.some(({ what }) => what.includes(RULES));
  if (hasNewRules && existsSync('/run/udev')) {
    steps.push({
      what: 'let udev apply the rules',
      do: () => {
        mustRun(system, 'udevadm', 'control', '--reload');
        mustRun(
          system,
          'udevadm',
          'trigger',
          '--action=change',
          '--subsystem-match=tty',
          '--subsystem-match=usb-serial',
        );
      },
    });
  }
  const hasNewUnit = files.some(({ what }) => what.includes(UNIT));
  if (hasNewUnit) steps.push({ what: 'reload systemd', do: () => void mustRun(system, 'systemctl', 'daemon-reload') });
  if (system.run('systemctl', ['is-enabled', '--quiet', 'hpmq.service']).code !== 0) {
    steps.push({
      what: 'enable hpmq.service, from the next boot on',
      do: () => void mustRun(system, 'systemctl', '--quiet', 'enable', 'hpmq.service'),
    });
  }
  const isActive = system.run('systemctl', ['is-active', '--quiet', 'hpmq.service']).code === 0;
  if (start && (!isActive || isNewProgram || hasNewUnit)) {
    steps.push({ what: `${isActive ? 'restart' : 'start'} hpmq.service`, do: () => startService(system) });
  }
  return steps;
}

/** @param purge - configuration and data, too, and the user */
export function uninstallSteps(system: System, purge: boolean): readonly Step[] {
  check(system);
  const at = (path: string) => join(system.root, path);
  const isLive = isThisSystem(system);
  const steps: Step[] = [];
  const isOurs = isOurFile(at(UNIT));
  if (isOurs) {
    steps.push({
      what: isLive ? 'stop and disable hpmq.service' : 'disable hpmq.service',
      do: () =>
        void mustRun(
          system,
          'systemctl',
          ...(isLive ? ['--now'] : [`--root=${system.root}`]),
          'disable',
          'hpmq.service',
        ),
    });
  }
  for (const path of [UNIT, RULES, USERS].filter((one) => isOurFile(at(one)))) steps.push(removal(at(path)));
  // Without the unit it may be anybody's.
  if (isOurs && existsSync(at(EXECUTABLE))) steps.push(removal(at(EXECUTABLE)));
  if (isOurs && isLive) {
    steps.push({ what: 'reload systemd', do: () => void mustRun(system, 'systemctl', 'daemon-reload') });
  }
  if (!purge) return steps;
  for (const path of ['etc/hpmq', 'var/lib/hpmq', 'var/cache/hpmq', 'etc/systemd/system/hpmq.service.d']) {
    if (existsSync(at(path))) steps.push(removal(at(path)));
  }
  if (isLive && system.run('getent', ['passwd', 'hpmq']).code === 0) {
    steps.push({ what: 'remove the user hpmq', do: () => void mustRun(system, 'userdel', 'hpmq') });
  }
  return steps;
}

function check(system: System): void {
  if (isThisSystem(system)) {
    if (!isBooted(system)) throw systemdError('SERVICE_NO_SYSTEMD', 'this box is not run by systemd');
  } else if (!existsSync(system.root)) {
    throw systemdError('SERVICE_STEP_FAILED', `there is no folder ${system.root}`);
  }
  const packaged = PACKAGED.map((path) => join(system.root, path)).find((path) => existsSync(path));
  if (packaged !== undefined)
    throw systemdError('SERVICE_PACKAGED', `a package has installed the service: ${packaged}`);
}

/** @throws GatewayError SERVICE_NOT_ROOT */
export function checkRoot(system: System, uid = process.getuid?.()): void {
  if (isThisSystem(system) && uid !== 0) {
    throw systemdError('SERVICE_NOT_ROOT', 'installing a service needs root');
  }
}

/** undefined: it is there, as it should be. */
function file(path: string, text: string): Step | undefined {
  if (existsSync(path)) {
    if (readFileSync(path, 'utf8') === text) return undefined;
    if (!isOurFile(path)) throw systemdError('SERVICE_FOREIGN_FILE', `${path} was not written by this command`);
  }
  return { what: `write ${path}`, do: () => write(path, text, 0o644) };
}

function isOurFile(path: string): boolean {
  return existsSync(path) && readFileSync(path, 'utf8').startsWith(MARK);
}

const removal = (path: string): Step => ({
  what: `remove ${path}`,
  do: () => rmSync(path, { recursive: true, force: true }),
});

/** Beside it, then in its place: nobody sees half of it. */
function write(path: string, text: string, mode: number): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, text, { mode });
  chmodSync(`${path}.new`, mode);
  renameSync(`${path}.new`, path);
}

/** A running program keeps its file. */
function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  rmSync(`${to}.new`, { force: true });
  copyFileSync(from, `${to}.new`);
  chmodSync(`${to}.new`, 0o755);
  renameSync(`${to}.new`, to);
}

function sameContent(a: string, b: string): boolean {
  return existsSync(b) && readFileSync(a).equals(readFileSync(b));
}

/** Root writes, the gateway reads: folders and files have its group, new files get it. */
function writeConfig(system: System, path: string): void {
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true });
  const group = isThisSystem(system) ? groupId(system, 'hpmq') : undefined;
  write(path, defaultConfig('hpmq config schema'), group === undefined ? 0o644 : 0o640);
  if (group === undefined) return;
  chownSync(path, 0, group);
  chownSync(folder, 0, group);
  chmodSync(folder, 0o2750);
}

function startService(system: System): void {
  const { code } = system.run('systemctl', ['restart', 'hpmq.service']);
  if (code === 0) return;
  const { stdout } = system.run('systemctl', ['show', 'hpmq.service', '--property=Result,ExecMainStatus']);
  throw systemdError('SERVICE_NOT_STARTED', `hpmq.service did not start: ${stdout.trim().replaceAll('\n', ', ')}`);
}
