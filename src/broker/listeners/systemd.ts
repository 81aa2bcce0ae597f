/** Sockets that systemd opened for this process: sd_listen_fds(3), from 3 on, each with a name. */

type Env = Readonly<Record<string, string | undefined>>;

const FIRST_FD = 3;
/** More would be a broken environment. */
const MAX_FDS = 1_024;

/** @returns file descriptors by name; several may share one. Empty when the environment is meant for another process. */
export function activatedSockets(env: Env, pid: number): ReadonlyMap<string, readonly number[]> {
  const sockets = new Map<string, number[]>();
  const count = Number(env.LISTEN_FDS);
  if (env.LISTEN_PID !== String(pid) || !Number.isInteger(count) || count < 1 || count > MAX_FDS) return sockets;
  const names = env.LISTEN_FDNAMES?.split(':') ?? [];
  for (let index = 0; index < count; index++) {
    // What systemd says of sockets that have no name.
    const name = names[index] || 'unknown';
    sockets.set(name, [...(sockets.get(name) ?? []), FIRST_FD + index]);
  }
  return sockets;
}
