/** Loads one module and calls what it has: whatever happens, it stays within its caps, or the judge throws. */

import { GatewayError } from '../../../src/core/errors.js';
import { FunctionTrap, type Hook, type HostCalls } from '../../../src/core/function.js';
import { encodeMessageInput } from '../../../src/functions/engine/abi/message-frames.js';
import { type Compiled, InlineInstance } from '../../../src/functions/engine/instance.js';
import { prepare } from '../../../src/functions/engine/prepare.js';
import { tryOut } from '../../../src/functions/engine/trial.js';
import { guestLimits, guestMessage } from '../../support/guests.js';

export const fuzzLimits = { ...guestLimits, fuel: 20_000, memory: 512 * 1024, outputBytes: 64 * 1024 };
/** What one call of the host may take too much before it is told. */
const OVERDRAFT = 1;

export type Verdict = 'refused' | 'trapped' | 'answered';

export interface Sum {
  refused: number;
  trapped: number;
  answered: number;
  hostCalls: number;
  readonly traps: Record<string, number>;
  readonly refusals: Record<string, number>;
}

const frames = ['hello', 'l', 'm', 'f', ''].map((payload) =>
  Buffer.from(encodeMessageInput(guestMessage({ payload }), Buffer.from('hello'), 'upstream', 0)),
);

export function judge(bytes: Buffer, sum: Sum): Verdict {
  let compiled: Compiled;
  try {
    const { shape, bytes: metered } = prepare(bytes, fuzzLimits, new Set(['kv', 'publish', 'points']));
    const { abi, hooks } = shape;
    // What was valid before has to be afterwards, too.
    const module = new WebAssembly.Module(metered);
    compiled = { module, abi, hooks, isAsync: false, limits: fuzzLimits };
    tryOut(compiled);
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    sum.refused++;
    sum.refusals[error.code] = (sum.refusals[error.code] ?? 0) + 1;
    return 'refused';
  }
  const witness = new Witness(sum);
  let instance: InlineInstance;
  try {
    instance = new InlineInstance(compiled, witness);
  } catch (error) {
    return count(error, sum);
  }
  witness.instance = instance;
  let verdict: Verdict = 'answered';
  for (const hook of compiled.hooks) {
    for (const frame of frames) {
      witness.isRunning = true;
      witness.fuelUsed = 0;
      try {
        instance.call(hook as Hook, frame);
      } catch (error) {
        verdict = count(error, sum);
      }
      witness.isRunning = false;
      if (instance.memory > fuzzLimits.memory) throw new Error(`it has ${instance.memory} bytes of memory`);
      if (instance.fuelUsed < 0) throw new Error(`it has got fuel: ${-instance.fuelUsed}`);
    }
  }
  instance[Symbol.dispose]();
  if (verdict === 'answered') sum.answered++;
  return verdict;
}

function count(error: unknown, sum: Sum): Verdict {
  if (!(error instanceof FunctionTrap)) throw error;
  // The host of this test never fails by itself.
  if (error.trap === 'host' && !/not running|hpmq_alloc/.test(error.message)) throw error;
  sum.trapped++;
  sum.traps[error.trap] = (sum.traps[error.trap] ?? 0) + 1;
  return 'trapped';
}

/** A host that sees whether it is called by something that has to be over. */
class Witness implements HostCalls {
  instance: InlineInstance | undefined;
  isRunning = true;
  fuelUsed = 0;
  readonly #sum: Sum;

  constructor(sum: Sum) {
    this.#sum = sum;
  }

  #see(): void {
    this.#sum.hostCalls++;
    if (!this.isRunning) throw new Error('it called the host after it had ended');
    const used = this.instance?.fuelUsed ?? 0;
    if (used < this.fuelUsed) throw new Error(`its fuel has become more: ${used} used after ${this.fuelUsed}`);
    if (used > fuzzLimits.fuel + OVERDRAFT) throw new Error(`it called the host with ${used} of fuel used`);
    this.fuelUsed = used;
  }

  log(): void {
    this.#see();
  }
  now(): number {
    this.#see();
    return 0;
  }
  config(): string {
    this.#see();
    return '{}';
  }
  kvGet(): Buffer {
    this.#see();
    return Buffer.from('value');
  }
  kvSet(): boolean {
    this.#see();
    return true;
  }
  kvDelete(): void {
    this.#see();
  }
  publish(): number {
    this.#see();
    return 0;
  }
  pointRead(): undefined {
    this.#see();
    return undefined;
  }
  pointCommand(): number {
    this.#see();
    return -1;
  }
}
