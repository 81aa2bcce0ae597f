/** What a module may import from `hpmq`, and what stands behind it. */
import { randomFillSync } from 'node:crypto';
import { type Capability, FunctionTrap, type HostCalls } from '../../../core/function.js';
import { assertHeadroom, type Guest, type WhichGuest } from '../guest.js';

export interface KnownImport {
  /** As {@link typeText} writes it. */
  readonly type: string;
  /** Undefined: every function has it. */
  readonly capability?: Capability;
}

export const hpmqImports: Readonly<Record<string, KnownImport>> = {
  log: { type: '(i32, i32, i32) -> nothing' },
  now: { type: '() -> i64' },
  random: { type: '(i32, i32) -> nothing' },
  config: { type: '(i32, i32) -> i64' },
  kv_get: { type: '(i32, i32) -> i64', capability: 'kv' },
  kv_set: { type: '(i32, i32, i32, i32) -> i32', capability: 'kv' },
  kv_delete: { type: '(i32, i32) -> i32', capability: 'kv' },
  publish: { type: '(i32, i32) -> i32', capability: 'publish' },
  point_read: { type: '(i32, i32) -> i64', capability: 'points' },
  point_command: { type: '(i32, i32, i32, i32) -> i32', capability: 'points' },
  http: { type: '(i32, i32) -> i64', capability: 'http' },
};

/** Units of fuel for one call of the host, beside what each takes (charged.ts); each 64 bytes that go through it take one more. */
const FUEL_PER_CALL = 1024;
/** The operating system is asked; each two bytes take one more. */
const FUEL_PER_RANDOM = 4096;
const MAX_LOG_BYTES = 4096;

/** Refuses to go on without what the configuration granted. */
function granted<T>(method: T | undefined, name: string): T {
  if (method === undefined) throw new FunctionTrap('host', `${name} is not there`);
  return method;
}

function pay(guest: Guest, amount: number, bytes: number): void {
  guest.charge(amount + (bytes >>> 6));
}

/** The functions of module `hpmq`, for one start of a module. */
export function hpmqFunctions(which: WhichGuest, host: HostCalls): WebAssembly.ModuleImports {
  return {
    log(level: number, pointer: number, length: number): void {
      const guest = which();
      const bytes = Math.min(length >>> 0, MAX_LOG_BYTES);
      guest.chargeEffect(bytes);
      host.log(Math.min(Math.max(level, 0), 3), guest.text(pointer, bytes));
    },
    now(): bigint {
      return BigInt(Math.floor(host.now()));
    },
    random(pointer: number, length: number): void {
      const guest = which();
      guest.charge(FUEL_PER_RANDOM + (length >>> 1));
      randomFillSync(guest.view(pointer, length));
    },
    config(pointer: number, length: number): bigint {
      const guest = which();
      pay(guest, FUEL_PER_CALL, length);
      return guest.give(bytesOf(guest, host.config(guest.text(pointer, length))));
    },
    kv_get(pointer: number, length: number): bigint {
      const guest = which();
      pay(guest, FUEL_PER_CALL, length);
      const value = granted(host.kvGet, 'kv').call(host, guest.text(pointer, length));
      guest.charge((value?.length ?? 0) >>> 6);
      return guest.give(value);
    },
    kv_set(keyPointer: number, keyLength: number, pointer: number, length: number): number {
      const guest = which();
      guest.chargeEffect((keyLength >>> 0) + (length >>> 0));
      const key = guest.text(keyPointer, keyLength);
      return granted(host.kvSet, 'kv').call(host, key, Buffer.from(guest.view(pointer, length))) ? 0 : -1;
    },
    kv_delete(pointer: number, length: number): number {
      const guest = which();
      guest.chargeEffect(length);
      granted(host.kvDelete, 'kv').call(host, guest.text(pointer, length));
      return 0;
    },
    publish(pointer: number, length: number): number {
      const guest = which();
      guest.chargeEffect(length);
      return granted(host.publish, 'publish').call(host, Buffer.from(guest.view(pointer, length)));
    },
    point_read(pointer: number, length: number): bigint {
      const guest = which();
      pay(guest, FUEL_PER_CALL, length);
      const json = granted(host.pointRead, 'points').call(host, guest.text(pointer, length));
      return guest.give(bytesOf(guest, json));
    },
    point_command(namePointer: number, nameLength: number, pointer: number, length: number): number {
      const guest = which();
      guest.chargeEffect((nameLength >>> 0) + (length >>> 0));
      const name = guest.text(namePointer, nameLength);
      return granted(host.pointCommand, 'points').call(host, name, guest.text(pointer, length));
    },
    http: new WebAssembly.Suspending(async (pointer: number, length: number): Promise<bigint> => {
      const guest = which();
      guest.chargeEffect(length);
      assertHeadroom();
      const request = guest.text(pointer, length);
      const response = await granted(host.http, 'http').call(host, request, guest.signal);
      // An answer that comes late must not write into what was started anew, nor let the old one go on.
      if (guest.isOver) throw new FunctionTrap('deadline', 'the answer came too late');
      return guest.give(bytesOf(guest, response));
    }),
  };
}

function bytesOf(guest: Guest, text: string | undefined): Buffer | undefined {
  if (text === undefined) return undefined;
  const bytes = Buffer.from(text);
  guest.charge(bytes.length >>> 6);
  return bytes;
}
