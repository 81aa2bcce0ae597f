/** Where the control socket lies, and how it is guarded: only this user (and the group of the socket) may connect. */
import { lstatSync, mkdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { apiError } from './errors.js';

type Env = Readonly<Record<string, string | undefined>>;

/** sockaddr_un.sun_path holds 108 bytes, the last of them NUL. */
export const MAX_SOCKET_PATH_BYTES = 107;

const currentUser = (): number => process.getuid?.() ?? -1;

const temporaryFolder = (uid: number): string => join(tmpdir(), `hpmq-${uid}`);

/**
 * The place for a gateway of this user: systemd's RuntimeDirectory, the session's XDG_RUNTIME_DIR, /run/hpmq for root,
 * else a folder of this user in the temp directory.
 */
export function defaultSocket(env: Env, uid = currentUser()): string {
  const folder = env.RUNTIME_DIRECTORY?.split(':')[0] || (env.XDG_RUNTIME_DIR ? join(env.XDG_RUNTIME_DIR, 'hpmq') : '');
  return join(folder || (uid === 0 ? '/run/hpmq' : temporaryFolder(uid)), 'control.sock');
}

/** Where a client looks: the place of this user's gateway, then that of the system's. The first that exists, else the first. */
export function findSocket(
  env: Env,
  uid = currentUser(),
  exists: (path: string) => boolean = isSocketOfSomebody,
): string {
  const own = defaultSocket(env, uid);
  return [own, '/run/hpmq/control.sock'].find(exists) ?? own;
}

function isSocketOfSomebody(path: string): boolean {
  try {
    return statSync(path).isSocket();
  } catch {
    return false;
  }
}

/**
 * A folder in the shared temp directory could be somebody else's trap.
 *
 * @throws GatewayError when it does not belong to this user alone
 */
export function checkTemporaryFolder(path: string, uid = currentUser()): void {
  const folder = dirname(resolve(path));
  if (folder !== temporaryFolder(uid)) return;
  const stat = lstatSync(folder, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (!stat.isDirectory() || stat.uid !== uid || (stat.mode & 0o077) !== 0) {
    throw apiError('API_SOCKET_FAILED', `${folder} does not belong to this user alone`, {
      hint: `remove ${folder}, or set XDG_RUNTIME_DIR`,
    });
  }
}

/** Makes the folder of a socket, open to this user alone when it is new. */
export function prepareSocketFolder(path: string): void {
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES) {
    throw apiError(
      'API_SOCKET_FAILED',
      `the path of the socket has ${Buffer.byteLength(path)} bytes, more than ${MAX_SOCKET_PATH_BYTES}: ${path}`,
    );
  }
  try {
    mkdirSync(dirname(resolve(path)), { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw apiError('API_SOCKET_FAILED', `cannot make the folder of the socket ${path}: ${(cause as Error).message}`, {
      cause,
    });
  }
  checkTemporaryFolder(path);
}
