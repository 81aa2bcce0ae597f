/** From a module's bytes to what is compiled, with all that is known of it: the part that may take long. */
import type { Capability, FunctionLimits } from '../../core/function.js';
import { checkShape, type Shape } from './checks.js';
import { MAX_FUEL, memoryPages } from './limits.js';
import { rewrite } from './rewrite.js';

export interface Prepared {
  readonly bytes: Uint8Array;
  readonly shape: Shape;
}

/** @throws GatewayError that names what is not allowed */
export function prepare(bytes: Uint8Array, limits: FunctionLimits, grants: ReadonlySet<Capability>): Prepared {
  const rewritten = rewrite(bytes, { pages: memoryPages(limits), fuel: Math.min(limits.fuel, MAX_FUEL) });
  return { bytes: rewritten.bytes, shape: checkShape(rewritten.sections, grants) };
}
