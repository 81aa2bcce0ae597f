/** A large module is checked and rewritten in a thread of its own, which ends with it: that takes as long as a hundred calls. */
import { parentPort } from 'node:worker_threads';
import { type ErrorView, errorView, toGatewayError } from '../../../core/errors.js';
import type { Capability, FunctionLimits } from '../../../core/function.js';
import { functionError, functionErrors } from '../../errors.js';
import { type Prepared, prepare } from '../prepare.js';
import { startWorker } from './start-worker.js';

export interface PrepareData {
  readonly job: 'prepare';
  readonly bytes: Uint8Array;
  readonly limits: FunctionLimits;
  readonly grants: readonly Capability[];
}

type PrepareAnswer = { readonly prepared: Prepared } | { readonly error: ErrorView };

/** In the other thread. */
export function prepareHere({ bytes, limits, grants }: PrepareData): void {
  let answer: PrepareAnswer;
  try {
    answer = { prepared: prepare(bytes, limits, new Set(grants)) };
  } catch (error) {
    answer = { error: errorView(toGatewayError(error)) };
  }
  parentPort!.postMessage(answer);
}

/** As prepare(), elsewhere. Rejects with its GatewayError. */
export async function prepareApart(
  bytes: Uint8Array,
  limits: FunctionLimits,
  grants: ReadonlySet<Capability>,
): Promise<Prepared> {
  const workerData: PrepareData = { job: 'prepare', bytes, limits, grants: [...grants] };
  const worker = startWorker({ workerData, name: 'function-prepare' });
  const answer = await new Promise<PrepareAnswer>((resolve, reject) => {
    worker.on('message', resolve);
    worker.on('error', reject);
    worker.on('exit', (code) => reject(new Error(`the thread that checks the module ended with ${code}`)));
  });
  await worker.terminate();
  if ('prepared' in answer) return answer.prepared;
  const { code, message, hint, details = {} } = answer.error;
  if (Object.hasOwn(functionErrors, code)) {
    throw functionError(code as keyof typeof functionErrors, message, { hint, details });
  }
  throw new Error(message);
}
