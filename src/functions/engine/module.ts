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
import { prepare } from './prepare.js';
import { tryOut } from './trial.js';

export const compile: CompileFunction = async (bytes, { limits, grants }) => {
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  const prepared = prepare(bytes, limits, grants);
  const module = await WebAssembly.compile(prepared.bytes);
  const { abi, hooks, needs } = prepared.shape;
  const compiled: Compiled = { module, abi, hooks, isAsync: needs.includes('http'), limits };
  tryOut(compiled);
  return new LoadedModule(digest, compiled, needs, bytes.length);
};

class LoadedModule implements FunctionModule {
  readonly digest: string;
  readonly abi: 'hpmq-fn/1' | 'wapc';
  readonly hooks: ReadonlySet<Hook>;
  readonly needs: ReadonlySet<Capability>;
  readonly isAsync: boolean;
  readonly bytes: number;
  readonly #compiled: Compiled;

  constructor(digest: string, compiled: Compiled, needs: readonly Capability[], bytes: number) {
    this.digest = digest;
    this.abi = compiled.abi;
    this.hooks = new Set(compiled.hooks);
    this.needs = new Set(needs);
    this.isAsync = compiled.isAsync;
    this.bytes = bytes;
    this.#compiled = compiled;
  }

  instantiate(host: HostCalls): FunctionInstance {
    return new InlineInstance(this.#compiled, host);
  }
}
