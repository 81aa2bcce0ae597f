/** Changes the users file: comments and order stay; the new file is complete before it takes the place of the old one. */
import { closeSync, fstatSync, openSync, readFileSync, realpathSync, renameSync, statSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { Document, isMap, parseDocument } from 'yaml';
import { configError } from './errors.js';
import { fileFault } from './files.js';
import { fillFile } from './fill-file.js';

import { parseUsersFile, readUsersFile, type UsersFile } from './users.js';

/** A new file beside the old one is also the lock; one that is older than this was left by a crash, ms. */
const STALE = 10_000;
const HEADER =
  ' Users of the MQTT broker; written by `hpmq user`, may be edited. The gateway reads it again by itself.';

/** Fields to set; undefined removes one. */
export type UserChange = Readonly<
  Partial<
    Record<'password' | 'scram' | 'roles' | 'clientIds' | 'disabled', string | boolean | readonly string[] | undefined>
  >
>;

export interface UsersEdit {
  /** As they are in the file. */
  readonly before: UsersFile;
  has(name: string): boolean;
  /** Adds the user where there is none. */
  set(name: string, change: UserChange): void;
  remove(name: string): void;
}

/**
 * Reads, changes, checks and replaces the file, which may not exist yet.
 *
 * @throws ConfigError when it is not valid before or after; GatewayError USERS_NOT_WRITTEN or USERS_LOCKED
 */
export function editUsersFile(path: string, shownAs: string, change: (edit: UsersEdit) => void): void {
  const target = realPath(path);
  const temporary = `${target}.new`;
  const file = lock(temporary, shownAs);
  /** A command that stood still for long may find its lock broken, and the file of another in its place. */
  const isOurs = () => stateOf(temporary)?.ino === fstatSync(file).ino;
  try {
    const old = stateOf(target);
    const before = old === undefined ? { users: [], rules: [] } : readUsersFile(target, shownAs);
    const document = old === undefined ? newDocument() : parseDocument(readFileSync(target, 'utf8'));
    const names = new Set(before.users.map(({ name }) => name));
    change({
      before,
      has: (name) => names.has(name),
      set: (name, fields) => {
        names.add(name);
        const users = document.get('users');
        if (isMap(users) && users.items.length === 0) users.flow = false;
        if (!isMap(document.getIn(['users', name]))) document.setIn(['users', name], document.createNode({}));
        for (const [field, value] of Object.entries(fields)) {
          if (value === undefined) document.deleteIn(['users', name, field]);
          else document.setIn(['users', name, field], document.createNode(value));
        }
      },
      remove: (name) => {
        names.delete(name);
        document.deleteIn(['users', name]);
      },
    });
    const text = document.toString({ lineWidth: 0 });
    parseUsersFile(Buffer.from(text), shownAs);
    fillFile(file, text, old);
    if (!isOurs()) throw configError('USERS_LOCKED', `${shownAs} is being written by another command`);
    renameSync(temporary, target);
  } catch (error) {
    if (isOurs()) unlinkSync(temporary);
    throw (error as NodeJS.ErrnoException).syscall === undefined ? error : notWritten(shownAs, error);
  } finally {
    closeSync(file);
  }
}

/** Nobody but the owner, and the group where it may already read, or gives its folder's files its name, sees hashes. */
function lock(temporary: string, shownAs: string): number {
  const isOfGroup = ((stateOf(dirname(temporary))?.mode ?? 0) & 0o2000) !== 0;
  const mode = (stateOf(temporary.slice(0, -'.new'.length))?.mode ?? (isOfGroup ? 0o640 : 0o600)) & 0o660;
  for (let attempt = 0; ; attempt++) {
    try {
      return openSync(temporary, 'wx', mode);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EEXIST') throw notWritten(shownAs, error);
      const left = stateOf(temporary);
      const isStale = left !== undefined && Date.now() - left.mtimeMs > STALE;
      if (!isStale || attempt > 0) throw configError('USERS_LOCKED', `${shownAs} is being written`);
      unlinkSync(temporary);
    }
  }
}

function newDocument(): Document {
  const document = new Document({ users: {} });
  document.commentBefore = HEADER;
  return document;
}

function stateOf(path: string) {
  return statSync(path, { throwIfNoEntry: false });
}

/** Behind symbolic links, which stay. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function notWritten(shownAs: string, cause: unknown) {
  return configError('USERS_NOT_WRITTEN', `cannot write ${shownAs}: ${fileFault(cause)}`, { cause });
}
