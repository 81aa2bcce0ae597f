/** A large module is checked and rewritten in a thread of its own: that takes as long as a hundred calls. */
import type { Capability, FunctionLimits } from '../../../core/function.js';
import { type Prepared, prepare } from '../prepare.js';
import { answer, apart } from './apart.js';

export interface PrepareData {
  readonly job: 'prepare';
  readonly bytes: Uint8Array;
  readonly limits: FunctionLimits;
  readonly grants: readonly Capability[];
}

/** In the other thread. */
export function prepareHere({ bytes, limits, grants }: PrepareData): void {
  answer(() => prepare(bytes, limits, new Set(grants)));
}

/** As prepare(), elsewhere. Rejects with its GatewayError. */
export function prepareApart(
  bytes: Uint8Array,
  limits: FunctionLimits,
  grants: ReadonlySet<Capability>,
): Promise<Prepared> {
  const data: PrepareData = { job: 'prepare', bytes, limits, grants: [...grants] };
  return apart(data, 'function-prepare');
}
