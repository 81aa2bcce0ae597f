/** Bytes → a checked, metered and compiled module. */
import { createHash } from 'node:crypto';
import type {
  Capability,
  CompileFunction,
  FunctionInstance,
  FunctionModule,
  Hook,
  HostCalls,
} from '../../core/function.js';
import { type Compiled, InlineInstance } from './instance.js';
import { prepareApart } from './isolate/prepare-job.js';
import { RemoteInstance } from './isolate/remote.js';
import { tryApart } from './isolate/trial-job.js';
import { MAX_MODULE_BYTES } from './limits.js';
import { prepare } from './prepare.js';
import { tryOut } from './trial.js';

/** Above this, checking and rewriting would hold up the messages of others for milliseconds. */
const LARGE_BYTES = 256 * 1024;

export const compile: CompileFunction = async (bytes, { limits, grants, isolate }) => {
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  const isLarge = bytes.length > LARGE_BYTES && bytes.length <= MAX_MODULE_BYTES;
  const prepared = await (isLarge ? prepareApart(bytes, limits, grants) : prepare(bytes, limits, grants));
  const module = await WebAssembly.compile(prepared.bytes);
  const { abi, hooks, needs } = prepared.shape;
  const compiled: Compiled = { module, abi, hooks, isAsync: needs.includes('http'), limits };
  const isReactor = tryOut(compiled);
  // Here it starts before it takes a place, there with its first call.
  if (isReactor && isolate === 'worker') await tryApart(compiled);
  return new LoadedModule(digest, compiled, needs, bytes.length, isolate);
};

class LoadedModule implements FunctionModule {
  readonly digest: string;
  readonly abi: 'hpmq-fn/1' | 'wapc';
  readonly hooks: ReadonlySet<Hook>;
  readonly needs: ReadonlySet<Capability>;
  readonly isAsync: boolean;
  readonly bytes: number;
  readonly #compiled: Compiled;
  readonly #isolate: 'inline' | 'worker';

  constructor(
    digest: string,
    compiled: Compiled,
    needs: readonly Capability[],
    bytes: number,
    isolate: 'inline' | 'worker',
  ) {
    this.digest = digest;
    this.abi = compiled.abi;
    this.hooks = new Set(compiled.hooks);
    this.needs = new Set(needs);
    // What runs elsewhere is waited for.
    this.isAsync = compiled.isAsync || isolate === 'worker';
    this.bytes = bytes;
    this.#compiled = compiled;
    this.#isolate = isolate;
  }

  instantiate(host: HostCalls): FunctionInstance {
    if (this.#isolate === 'worker') return new RemoteInstance(this.#compiled, host);
    return new InlineInstance(this.#compiled, host);
  }
}
