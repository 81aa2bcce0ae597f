/**
 * A gateway runs for months: it is worth a second start of Node, the same process with the same open files, for what the C
 * library reads only when a process begins. One heap for all threads (`MALLOC_ARENA_MAX=1`): ARCHITECTURE.md § Decisions.
 */
const VARIABLE = 'MALLOC_ARENA_MAX';

/** Does not return when it starts the executable again. */
export function becomeDaemon(): void {
  const args = process.argv.slice(2);
  if (!args.includes('run') || process.env[VARIABLE] !== undefined) return;
  // Node closes at exec what it inherited: the channel of a parent, sockets of systemd.
  if (process.channel !== undefined || process.env.LISTEN_FDS !== undefined) return;
  process.execve?.(process.execPath, [process.argv0, ...args], { ...process.env, [VARIABLE]: '1' });
}
