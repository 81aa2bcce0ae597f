/** What has a runtime and is to run in another thread says the version of its ABI in one, before it takes a place. */
import { FunctionTrap, type HostCalls } from '../../../core/function.js';
import { type Compiled, InlineInstance } from '../instance.js';
import { answer, apart } from './apart.js';

export interface TrialData {
  readonly job: 'trial';
  readonly compiled: Compiled;
}

/** Instructions, about a tenth of a second. */
const MAX_TRIAL_FUEL = 100_000_000;

/** Nobody is behind it, and nothing is done. */
const deaf: Required<HostCalls> = {
  log: () => {},
  now: Date.now,
  config: () => undefined,
  kvGet: () => undefined,
  kvSet: () => true,
  kvDelete: () => {},
  publish: () => 0,
  pointRead: () => undefined,
  pointCommand: () => 0,
  http: () => Promise.reject(new Error('http is called before the function is started')),
};

/** In the other thread. */
export function tryHere({ compiled }: TrialData): void {
  answer(() => {
    const limits = { ...compiled.limits, fuel: Math.min(compiled.limits.fuel, MAX_TRIAL_FUEL) };
    try {
      new InlineInstance({ ...compiled, limits }, deaf)[Symbol.dispose]();
    } catch (error) {
      // With its own configuration and host it may start.
      if (!(error instanceof FunctionTrap)) throw error;
    }
  });
}

/** Rejects with FUNCTION_ABI. */
export function tryApart(compiled: Compiled): Promise<void> {
  const data: TrialData = { job: 'trial', compiled };
  return apart(data, 'function-trial');
}
