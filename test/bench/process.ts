/** What Linux says about a process: CPU time, memory, cores. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** The cores this process may use, from a list such as `0-1,4`. */
function allowedCores(): readonly number[] {
  const list = /^Cpus_allowed_list:\s+(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  return list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

const [first, second] = allowedCores();

/** Cores for the broker and for the generator; undefined when there is only one. */
export const pinning = first === undefined || second === undefined ? undefined : { broker: first, generator: second };

/** Keeps a process and all its threads on one core. */
export function pin(pid: number, core: number): void {
  execFileSync('taskset', ['-a', '-c', '-p', String(core), String(pid)], { stdio: 'ignore' });
}

/** Lets a process run only when nobody else wants its core: who makes load must not hold up who measures. */
export function standBack(pid: number): void {
  execFileSync('chrt', ['-a', '--idle', '-p', '0', String(pid)], { stdio: 'ignore' });
}

/** Lets a process run before all others that are not the kernel's own. @returns false: that needs more rights */
export function goFirst(pid: number): boolean {
  return spawnSync('chrt', ['-a', '--fifo', '-p', '50', String(pid)], { stdio: 'ignore' }).status === 0;
}

const TICKS_PER_SECOND = 100;

/**
 * CPU time of a process, user and system, s. From the scheduler's own nanoseconds of each thread where the kernel keeps
 * them; else utime + stime of /proc/<pid>/stat, which count in steps of 10 ms.
 */
export function cpuSeconds(pid: number): number {
  try {
    let nanoseconds = 0;
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
    }
    if (nanoseconds > 0) return nanoseconds / 1e9;
  } catch {
    // A thread ended while it was read, or there is no schedstat.
  }
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name of the process, in parentheses, may contain spaces: fields are counted after it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** What the host of a virtual machine took of all its cores since they started, s: `steal` of /proc/stat (proc(5)). */
function stolenSeconds(): number {
  const fields = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0]!.trim().split(/ +/);
  return Number(fields[8] ?? 0) / TICKS_PER_SECOND;
}

/** @returns tells which share of the time of all cores the host took since this call */
export function watchStolen(): () => number {
  const before = { stolen: stolenSeconds(), at: performance.now() };
  return () => (stolenSeconds() - before.stolen) / (((performance.now() - before.at) / 1_000) * cpus().length);
}

/** Resident memory, bytes. */
export function residentBytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes ?? 0) * 1_024;
}
