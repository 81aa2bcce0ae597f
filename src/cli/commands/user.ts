/** `hpmq user`: the users of the broker, in the file that the configuration names. Needs no running gateway. */
import { readFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { fileFault } from '../../config/files.js';
import type { UserChange, UsersEdit } from '../../config/users-edit.js';
import type { UserConfig } from '../../core/config.js';
import { hashPassword, parsePasswordHash } from '../../core/password.js';
import { deriveScramCredentials, scramText } from '../../core/scram.js';
import type { Cli } from '../cli.js';
import type { HpmqCommand } from '../command.js';
import { cliError } from '../errors.js';
import { unknown } from '../names.js';
import { readPassword } from '../password.js';
import type { Column } from '../table.js';
import { count, visible } from '../text.js';

interface FileOption {
  readonly usersFile?: string;
}

interface PasswordOptions extends FileOption {
  readonly passwordFile?: string;
  readonly scram?: boolean;
}

interface AddOptions extends PasswordOptions {
  readonly role?: readonly string[];
  readonly clientId?: readonly string[];
  /** false: --no-password. */
  readonly password: boolean;
}

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

export function define(command: HpmqCommand, cli: Cli): void {
  command.withExamples(
    ['user add anna --role operator', 'asks for the password'],
    ['user list', 'who there is'],
    ['user import /etc/mosquitto/passwd', 'users of Mosquitto, with their passwords'],
  );
  const verb = (usage: string) =>
    command.verb(usage).option('--users-file <file>', 'instead of the one that the configuration names');
  const withPassword = (usage: string) =>
    verb(usage)
      .option('--password-file <file>', 'its first line is the password; else stdin, or a question')
      .option('--scram', 'for SCRAM-SHA-256 as well');
  withPassword('add <name>')
    .description('Adds a user')
    .option('--role <role>', 'for rules; may be repeated', collect)
    .option('--client-id <id>', 'the only client ids it may use, * at the end for any; may be repeated', collect)
    .option('--no-password', 'it has none: it comes by certificate or token')
    .withExamples(
      ['user add anna --role operator', 'asks for the password twice'],
      ['user add meter-7 --client-id "meter-7*" < secret.txt', 'the password comes from a pipe'],
      ['user add line-3 --no-password --role device', 'by certificate'],
    )
    .action(cli.action((name: string, options: AddOptions) => add(cli, name, options)));
  withPassword('passwd <name>')
    .description('Changes the password of a user')
    .withExamples(
      ['user passwd anna', 'asks for it twice'],
      ['user passwd anna --password-file new.txt --scram', 'from a file, for SCRAM as well'],
    )
    .action(
      cli.action(async (name: string, options: PasswordOptions) => {
        const path = await usersFile(cli, options);
        await known(await usersOf(path), name);
        const change = await credentials(cli, name, options);
        return edit(cli, path, name, 'changed', (users) => users.set(name, change));
      }),
    );
  verb('rm <name>')
    .description('Removes a user; a running gateway disconnects it')
    .withExamples(['user rm anna', 'and her connections end'])
    .action(
      cli.action(async (name: string, options: FileOption) => {
        const path = await usersFile(cli, options);
        await known(await usersOf(path), name);
        return edit(cli, path, name, 'removed', (users) => users.remove(name));
      }),
    );
  for (const [word, state, disabled] of [
    ['disable', 'disabled', true],
    ['enable', 'enabled', undefined],
  ] as const) {
    verb(`${word} <name>`)
      .description(disabled ? 'Lets a user in no more, and keeps it' : 'Lets a user in again')
      .withExamples([`user ${word} anna`, disabled ? 'her connections end' : 'she may connect again'])
      .action(
        cli.action(async (name: string, options: FileOption) => {
          const path = await usersFile(cli, options);
          await known(await usersOf(path), name);
          return edit(cli, path, name, state, (users) => users.set(name, { disabled }));
        }),
      );
  }
  verb('list')
    .description('Lists the users')
    .withExamples(['user list', 'who may connect'], ['user list --json', 'for programs; hashes are not shown'])
    .action(
      cli.action(async (options: FileOption) => {
        const users = (await usersOf(await usersFile(cli, options))).map(shownUser);
        await cli.output.list(columns, users, 'there are no users');
        return undefined;
      }),
    );
  verb('import <file>')
    .description('Takes over the users of a Mosquitto password file')
    .option('--replace', 'users that exist already get the password of the file')
    .withExamples(['user import /etc/mosquitto/passwd', 'those that exist already stay as they are'])
    .action(cli.action((file: string, options: FileOption & { replace?: boolean }) => importFile(cli, file, options)));
}

async function add(cli: Cli, name: string, options: AddOptions): Promise<undefined> {
  const path = await usersFile(cli, options);
  const before = await usersOf(path);
  const exists = () => cliError('CLI_USER_EXISTS', `there is a user "${name}" already`);
  if (before.some((user) => user.name === name)) throw exists();
  const { role = [], clientId, password } = options;
  await checkWords(name, role);
  const secrets: UserChange = password ? await credentials(cli, name, options) : {};
  return edit(cli, path, name, 'added', (users) => {
    if (users.has(name)) throw exists();
    users.set(name, {
      ...secrets,
      ...(role.length > 0 && { roles: role }),
      ...(clientId !== undefined && { clientIds: clientId }),
    });
  });
}

/** Before anybody types a password for a user that cannot be. */
async function checkWords(name: string, roles: readonly string[]): Promise<void> {
  const [{ userName, userRole }, { unsay }] = await Promise.all([
    import('../../config/users.js'),
    import('../../config/values.js'),
  ]);
  for (const { error } of [userName.safeParse(name), ...roles.map((role) => userRole.safeParse(role))]) {
    if (error === undefined) continue;
    const { message, hint } = unsay(error.issues[0]!.message);
    throw cliError('CLI_BAD_USER', message, hint === undefined ? {} : { hint });
  }
}

async function credentials(cli: Cli, name: string, options: PasswordOptions): Promise<UserChange> {
  const password = await readPassword(cli, visible(name), options.passwordFile);
  const hash = await hashPassword(password);
  // A SCRAM credential of the old password would still open.
  if (!options.scram) return { password: hash, scram: undefined };
  const { saslprep } = await import('@mongodb-js/saslprep');
  let prepared: string;
  try {
    prepared = saslprep(password.toString('utf8'));
  } catch {
    throw cliError('CLI_BAD_PASSWORD', 'the password has characters that SCRAM does not allow (RFC 4013)');
  }
  return { password: hash, scram: scramText(await deriveScramCredentials(prepared)) };
}

async function edit(
  cli: Cli,
  path: string,
  name: string,
  action: string,
  change: (users: UsersEdit) => void,
): Promise<undefined> {
  const { editUsersFile } = await import('../../config/users-edit.js');
  editUsersFile(path, shownPath(path), change);
  if (cli.output.isJson) cli.output.json({ user: name, action, file: path });
  else cli.output.line(`${visible(name)}: ${action}`);
  cli.output.note(`in ${visible(shownPath(path))}; a running gateway takes it over within seconds`);
  return undefined;
}

async function importFile(cli: Cli, file: string, options: FileOption & { replace?: boolean }): Promise<undefined> {
  const entries = readMosquittoFile(file);
  const path = await usersFile(cli, options);
  const { editUsersFile } = await import('../../config/users-edit.js');
  let imported = 0;
  editUsersFile(path, shownPath(path), (users) => {
    for (const [name, password] of entries) {
      if (users.has(name) && !options.replace) continue;
      users.set(name, { password, scram: undefined });
      imported++;
    }
  });
  const kept = entries.size - imported;
  if (cli.output.isJson) cli.output.json({ imported, kept, file: path });
  else cli.output.line(`${count(imported, 'user')} imported${kept > 0 ? `, ${kept} existed already` : ''}`);
  cli.output.note(`in ${visible(shownPath(path))}; a running gateway takes them over within seconds`);
  return undefined;
}

/** Lines of `name:hash`. */
function readMosquittoFile(file: string): ReadonlyMap<string, string> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw cliError('CLI_BAD_IMPORT', `cannot read ${file}: ${fileFault(error)}`, { cause: error });
  }
  const entries = new Map<string, string>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line === '' || line.startsWith('#')) continue;
    const at = line.indexOf(':');
    const hash = line.slice(at + 1);
    // What stands there may be a password in clear: it is not shown.
    if (at < 1 || parsePasswordHash(hash) === undefined) {
      const hint = 'hash passwords in clear with `mosquitto_passwd -U FILE` first';
      throw cliError('CLI_BAD_IMPORT', `${file}:${index + 1}: expected user:hash; nothing was imported`, { hint });
    }
    entries.set(line.slice(0, at), hash);
  }
  return entries;
}

async function usersFile(cli: Cli, options: FileOption): Promise<string> {
  if (options.usersFile !== undefined) return resolve(options.usersFile);
  const { findUsersFile } = await import('../../config/load.js');
  const found = findUsersFile({ file: cli.globals.config, env: cli.env, cwd: process.cwd() });
  if (found === 'inline') {
    const hint = 'move them into a file of their own, and write its name into broker.auth.users';
    throw cliError('CLI_NO_USERS_FILE', 'the users are in the configuration itself', { hint });
  }
  if (found === undefined) throw cliError('CLI_NO_USERS_FILE', 'the configuration names no file of users');
  return found.path;
}

/** A file that does not exist yet has no users. */
async function usersOf(path: string): Promise<readonly UserConfig[]> {
  const { readUsersFile } = await import('../../config/users.js');
  const { existsSync } = await import('node:fs');
  return existsSync(path) ? readUsersFile(path, shownPath(path)).users : [];
}

async function known(users: readonly UserConfig[], name: string): Promise<void> {
  const names = users.map((user) => user.name);
  if (!names.includes(name)) throw await unknown('CLI_UNKNOWN_USER', `there is no user "${name}"`, name, names);
}

function shownPath(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith('..') ? path : short;
}

interface ShownUser {
  readonly user: string;
  readonly state: 'enabled' | 'disabled';
  readonly password: string;
  readonly scram: boolean;
  readonly roles: readonly string[];
  readonly clientIds: readonly string[] | null;
}

function shownUser(user: UserConfig): ShownUser {
  const { name, password, scram, roles, disabled, clientIds } = user;
  return {
    user: name,
    state: disabled ? 'disabled' : 'enabled',
    password: password === undefined ? 'none' : (parsePasswordHash(password)?.kind ?? 'none'),
    scram: scram !== undefined,
    roles,
    clientIds: clientIds ?? null,
  };
}

const columns: readonly Column<ShownUser>[] = [
  { title: 'USER', value: ({ user }) => user },
  { title: 'STATE', value: ({ state }) => state, tone: ({ state }) => (state === 'enabled' ? 'ok' : 'muted') },
  { title: 'PASSWORD', value: ({ password }) => password },
  { title: 'SCRAM', value: ({ scram }) => (scram ? 'yes' : 'no') },
  { title: 'ROLES', value: ({ roles }) => roles.join(' ') },
  { title: 'CLIENT IDS', value: ({ clientIds }) => clientIds?.join(' ') ?? 'any' },
];
