/** What a module may have at most, whatever its configuration says: beyond it, compiling alone would cost too much. */
import type { FunctionLimits } from '../../core/function.js';

export const MAX_MODULE_BYTES = 16 * 1024 * 1024;
export const MAX_FUNCTIONS = 100_000;
/** Of a function or block: they are moved at each call and branch. */
export const MAX_PARAMETERS = 64;
export const MAX_RESULTS = 16;
/** Of one function, with its parameters. */
export const MAX_LOCALS = 10_000;
/** Of one function's code: the optimising compiler takes time and memory by it. */
export const MAX_BODY_BYTES = 512 * 1024;
export const MAX_NESTING = 10_000;
export const MAX_TABLES = 16;
export const MAX_TABLE_ELEMENTS = 65_536;
export const MAX_GLOBALS = 10_000;

export const PAGE_BYTES = 65_536;

/** Whole pages that fit; at most the 4 GiB that a 32-bit memory has. */
export function memoryPages(limits: Pick<FunctionLimits, 'memory'>): number {
  return Math.min(65_536, Math.floor(limits.memory / PAGE_BYTES));
}

/** Fuel is counted in a signed 32-bit global. */
export const MAX_FUEL = 0x7fff_ffff;
