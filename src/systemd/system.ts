/** The programs and folders of a box, as installing a service needs them. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { systemdError } from './errors.js';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface System {
  /** `/` for this system; else files go below, and nothing is started. */
  readonly root: string;
  /** Exit code −1: there is no such program. */
  run(program: string, args: readonly string[]): Ran;
}

/** A program of the system that takes longer is stuck, ms: a start waits until the gateway is ready. */
const DEADLINE = 660_000;

export function thisSystem(root: string): System {
  return {
    root,
    run(program, args) {
      const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8', timeout: DEADLINE });
      return { code: status ?? -1, stdout: stdout ?? '', stderr: stderr || (error?.message ?? '') };
    },
  };
}

export const isThisSystem = ({ root }: System): boolean => root === '/';

/** Whether systemd is what runs this box: sd_booted(3). */
export function isBooted(system: System): boolean {
  return existsSync(join(system.root, 'run/systemd/system'));
}

/** @throws GatewayError SERVICE_STEP_FAILED with what the program said */
export function mustRun(system: System, program: string, ...args: readonly string[]): string {
  const { code, stdout, stderr } = system.run(program, args);
  if (code === 0) return stdout;
  const said = stderr.trim().split('\n').at(-1) ?? '';
  throw systemdError('SERVICE_STEP_FAILED', `\`${[program, ...args].join(' ')}\` ended with ${code}: ${said}`);
}

/** `hpmq` → its group's number; undefined: there is no such group. */
export function groupId(system: System, name: string): number | undefined {
  const { code, stdout } = system.run('getent', ['group', name]);
  const id = Number(stdout.split(':')[2]);
  return code === 0 && Number.isInteger(id) ? id : undefined;
}
