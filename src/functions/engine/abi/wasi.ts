/**
 * As much of `wasi_snapshot_preview1` as a language's runtime needs to start: standard output goes to the log, there is a
 * clock, random bytes and an end. There are no files, arguments, environment or sockets.
 */
import { randomFillSync } from 'node:crypto';
import { FunctionTrap, type HostCalls } from '../../../core/function.js';
import type { WhichGuest } from '../guest.js';

const SUCCESS = 0;
const BAD_DESCRIPTOR = 8;
const INVALID = 28;
const NOT_SUPPORTED = 52;
const CHARACTER_DEVICE = 2;

const FUEL_PER_CALL = 1024;
const MAX_VECTORS = 64;
/** Longer lines are cut; what does not end in a line break waits for the rest. */
const MAX_LINE_BYTES = 4096;

/** Every name the specification has; those without an own implementation answer ENOSYS. */
export const wasiNames: ReadonlySet<string> = new Set(
  (
    'args_get args_sizes_get clock_res_get clock_time_get environ_get environ_sizes_get fd_advise fd_allocate fd_close ' +
    'fd_datasync fd_fdstat_get fd_fdstat_set_flags fd_fdstat_set_rights fd_filestat_get fd_filestat_set_size ' +
    'fd_filestat_set_times fd_pread fd_prestat_dir_name fd_prestat_get fd_pwrite fd_read fd_readdir fd_renumber fd_seek ' +
    'fd_sync fd_tell fd_write path_create_directory path_filestat_get path_filestat_set_times path_link path_open ' +
    'path_readlink path_remove_directory path_rename path_symlink path_unlink_file poll_oneoff proc_exit proc_raise ' +
    'random_get sched_yield sock_accept sock_recv sock_send sock_shutdown'
  ).split(' '),
);

/** proc_exit: not a failure while the module starts, when the code is 0. */
export class GuestExit extends FunctionTrap {
  readonly code: number;

  constructor(code: number) {
    super('unreachable', `it ended itself with code ${code}`);
    this.code = code;
  }
}

export function wasiFunctions(which: WhichGuest, host: HostCalls): WebAssembly.ModuleImports {
  const lines = new Map<number, string>();
  /** Two numbers of 32 bits. */
  const pair = (first: number, second: number): number => {
    const guest = which();
    guest.view(first, 4).writeUInt32LE(0);
    guest.view(second, 4).writeUInt32LE(0);
    return SUCCESS;
  };
  const own: Record<string, (...values: never[]) => number> = {
    args_sizes_get: pair,
    environ_sizes_get: pair,
    args_get: () => SUCCESS,
    environ_get: () => SUCCESS,
    sched_yield: () => SUCCESS,
    fd_prestat_get: () => BAD_DESCRIPTOR,
    fd_close: () => BAD_DESCRIPTOR,
    fd_seek: () => BAD_DESCRIPTOR,
    fd_fdstat_get(descriptor: number, pointer: number): number {
      if (descriptor < 0 || descriptor > 2) return BAD_DESCRIPTOR;
      const status = which().view(pointer, 24).fill(0);
      status[0] = CHARACTER_DEVICE;
      return SUCCESS;
    },
    clock_time_get(_clock: number, _precision: bigint, pointer: number): number {
      const guest = which();
      guest.charge(FUEL_PER_CALL);
      guest.view(pointer, 8).writeBigUInt64LE(BigInt(Math.floor(host.now())) * 1_000_000n);
      return SUCCESS;
    },
    clock_res_get(_clock: number, pointer: number): number {
      which().view(pointer, 8).writeBigUInt64LE(1_000_000n);
      return SUCCESS;
    },
    random_get(pointer: number, length: number): number {
      const guest = which();
      guest.charge(FUEL_PER_CALL + (length >>> 3));
      randomFillSync(guest.view(pointer, length));
      return SUCCESS;
    },
    fd_write(descriptor: number, vectors: number, count: number, written: number): number {
      const guest = which();
      if (descriptor !== 1 && descriptor !== 2) return BAD_DESCRIPTOR;
      if (count >>> 0 > MAX_VECTORS) return INVALID;
      let total = 0;
      let text = lines.get(descriptor) ?? '';
      const list = guest.view(vectors, count * 8);
      for (let at = 0; at < list.length; at += 8) {
        const length = list.readUInt32LE(at + 4);
        guest.charge(FUEL_PER_CALL + (length >>> 6));
        const room = Math.min(length, MAX_LINE_BYTES);
        text += guest.text(list.readUInt32LE(at), room);
        total += length;
      }
      const end = text.lastIndexOf('\n');
      const whole = end >= 0 ? text.slice(0, end) : text.length >= MAX_LINE_BYTES ? text : undefined;
      if (whole !== undefined) {
        guest.chargeEffect(0);
        host.log(descriptor === 1 ? 1 : 2, whole);
      }
      lines.set(descriptor, whole === undefined ? text : text.slice(whole.length + 1));
      guest.view(written, 4).writeUInt32LE(total);
      return SUCCESS;
    },
    proc_exit(code: number): number {
      throw new GuestExit(code);
    },
  };
  const functions: Record<string, (...values: never[]) => number> = {};
  for (const name of wasiNames) functions[name] = own[name] ?? (() => NOT_SUPPORTED);
  return functions as unknown as WebAssembly.ModuleImports;
}
