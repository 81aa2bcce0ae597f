import { FunctionTrap } from '../../core/function.js';
import type { Guest } from './guest.js';

/**
 * Names what ended a call.
 *
 * @param error - as it came out of WebAssembly
 * @param guest - undefined: it was not made yet
 */
export function trapOf(error: unknown, guest: Guest | undefined): FunctionTrap {
  if (error instanceof FunctionTrap) return error;
  const text = error instanceof Error ? error.message : String(error);
  const options = { cause: error };
  if (guest !== undefined && guest.fuel < 0) {
    return new FunctionTrap('fuel', 'the fuel of this call is used up', options);
  }
  if (error instanceof RangeError && /call stack/.test(text)) {
    return new FunctionTrap('stack', 'it calls itself too deep', options);
  }
  if (error instanceof WebAssembly.RuntimeError) {
    if (guest?.wasDenied === true) return new FunctionTrap('memory', `it got no more memory: ${text}`, options);
    if (/memory access|out of bounds memory/.test(text)) return new FunctionTrap('memory', text, options);
    return new FunctionTrap('unreachable', text, options);
  }
  if (error instanceof RangeError && /memory/i.test(text)) return new FunctionTrap('memory', text, options);
  return new FunctionTrap('host', `a call of the host failed: ${text}`, options);
}
