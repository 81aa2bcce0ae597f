/**
 * Users, rules and keys of tokens, read again when their files change. What cannot be used changes nothing: the old
 * ones stay in force, and an alarm says so.
 */

import { ConfigError, problemLine } from './config/errors.js';
import { fileFault, readRegularFile } from './config/files.js';
import type { UsersFile } from './config/users.js';
import { readUsersApart } from './config-thread.js';
import type { Audit } from './core/audit.js';
import type { Clock } from './core/clock.js';
import type { AccessConfig, JwtConfig, UserConfig } from './core/config.js';
import { type ErrorCatalogue, errorsOf, errorView, type GatewayError } from './core/errors.js';
import { FileWatch } from './core/file-watch.js';
import { parseJwtKeys } from './core/jwt-keys.js';
import type { Log } from './core/log.js';
import type { AlarmView } from './core/views.js';

export const accessErrors = {
  ACCESS_FILE_INVALID: {
    fault: 'config',
    hint: 'correct the file: it is read again by itself; until then what it said before is in force',
  },
} as const satisfies ErrorCatalogue;
const accessError = errorsOf(accessErrors);

/** Names in one line of the audit log. */
const MAX_NAMES = 20;

export interface AccessReloadOptions {
  /** As it was at the start. */
  readonly access: AccessConfig;
  readonly apply: (access: AccessConfig) => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly audit: Audit;
  /** Rejects with ConfigError; in a thread of its own by default. */
  readonly readUsers?: (file: string) => Promise<UsersFile>;
}

export class AccessReload implements Disposable {
  readonly #options: AccessReloadOptions;
  readonly #watches: readonly FileWatch[];
  readonly #problems = new Map<string, { readonly since: number; readonly error: GatewayError }>();
  #access: AccessConfig;
  /** One file after the other: each builds on what the one before said. */
  #reading: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(options: AccessReloadOptions) {
    this.#options = options;
    this.#access = options.access;
    const { usersFile, jwt } = options.access;
    const keysFile = jwt !== undefined && 'file' in jwt.keys ? jwt.keys.file : undefined;
    const watch = (file: string | undefined, read: (file: string) => Promise<AccessConfig>) =>
      file === undefined
        ? []
        : [
            new FileWatch(
              [file],
              options.clock,
              () => {
                this.#reading = this.#reading.then(() => this.#reload(file, read));
              },
              () => {},
            ),
          ];
    this.#watches = [
      ...watch(usersFile, (file) => this.#withUsers(file)),
      ...watch(keysFile, async (file) => this.#withKeys(file)),
    ];
    for (const one of this.#watches) one.start();
  }

  alarms(): readonly AlarmView[] {
    return Array.from(this.#problems, ([file, { since, error }]) => {
      return { severity: 'error', subject: `file:${file}`, since, error: errorView(error) };
    });
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    for (const one of this.#watches) one[Symbol.dispose]();
  }

  /** Never rejects. */
  async #reload(file: string, read: (file: string) => Promise<AccessConfig>): Promise<void> {
    const { apply, audit, clock, log } = this.#options;
    const record = (outcome: string) => audit({ who: 'file', action: 'reload access', target: file, outcome });
    let next: AccessConfig;
    try {
      next = await read(file);
    } catch (error) {
      const problem = accessError('ACCESS_FILE_INVALID', reasonOf(file, error), { cause: error, details: { file } });
      this.#problems.set(file, { since: this.#problems.get(file)?.since ?? clock.now(), error: problem });
      log.error({ error: problem.message, hint: problem.hint }, 'access not reloaded');
      record(problem.code);
      return;
    }
    if (this.#isClosed) return;
    this.#problems.delete(file);
    const changes = changesOf(this.#access.users, next.users);
    this.#access = next;
    apply(next);
    record(changes === '' ? 'done' : `done: ${changes}`);
  }

  async #withUsers(file: string): Promise<AccessConfig> {
    const { users, rules } = await (this.#options.readUsers ?? readUsersApart)(file);
    return { ...this.#access, users, rules: [...this.#access.configuredRules, ...rules] };
  }

  #withKeys(file: string): AccessConfig {
    const content = readRegularFile(file);
    const keys = parseJwtKeys(content);
    if (typeof keys === 'string') throw accessError('ACCESS_FILE_INVALID', `${file}: ${keys}`);
    const jwt: JwtConfig = { ...this.#access.jwt!, keys: { file, content } };
    return { ...this.#access, jwt };
  }
}

function reasonOf(file: string, error: unknown): string {
  if (!(error instanceof ConfigError)) return `${file}: ${fileFault(error)}`;
  const [first, ...others] = error.problems;
  return `${first === undefined ? file : problemLine(first)}${others.length > 0 ? ` (and ${others.length} more)` : ''}`;
}

/** `+anna -bert ~carla` */
function changesOf(before: readonly UserConfig[], after: readonly UserConfig[]): string {
  const textOf = (user: UserConfig) => JSON.stringify(user);
  const old = new Map(before.map((user) => [user.name, textOf(user)]));
  const changes: string[] = [];
  for (const user of after) {
    const known = old.get(user.name);
    if (known !== textOf(user)) changes.push(`${known === undefined ? '+' : '~'}${user.name}`);
    old.delete(user.name);
  }
  changes.push(...Array.from(old.keys(), (name) => `-${name}`));
  const shown = changes.slice(0, MAX_NAMES).join(' ');
  return changes.length > MAX_NAMES ? `${shown} and ${changes.length - MAX_NAMES} more` : shown;
}
