/** JavaScript and TypeScript → a module of ABI `hpmq-fn/1`: the engine evaluates the source once, and is kept as it stands then. */
import { stripTypeScriptTypes } from 'node:module';
import { GatewayError } from '../../core/errors.js';
import type { Capability, Hook } from '../../core/function.js';
import { functionError } from '../errors.js';
import { engineBytes } from './engine.js';
import { snapshot } from './snapshot.js';

export interface JavaScriptSource {
  /** Of the module that has the hooks, as messages are to name it: `mask.ts`. */
  readonly name: string;
  readonly text: string;
  /** Text of a module that is imported, by its path from where `name` lies: `lib/units.js`. Undefined: there is none. */
  readonly read?: (path: string) => string | undefined;
}

/** Each export of the engine, in the order of the bits that its boot() gives. */
const hooks: readonly Hook[] = ['on_message', 'on_decode', 'on_encode', 'on_connect', 'on_timer', 'on_start'];
const hookNames = ['onMessage', 'onDecode', 'onEncode', 'onConnect', 'onTimer', 'onStart'];
const needs: readonly Capability[] = ['kv', 'publish', 'points', 'http'];

const capabilityOf: Readonly<Record<string, Capability>> = {
  kv_get: 'kv',
  kv_set: 'kv',
  kv_delete: 'kv',
  publish: 'publish',
  point_read: 'points',
  point_command: 'points',
  http: 'http',
};
const alwaysExported = new Set(['memory', 'hpmq_abi', 'hpmq_alloc', 'hpmq_free']);

interface Engine {
  readonly memory: WebAssembly.Memory;
  readonly __stack_pointer: WebAssembly.Global;
  readonly __wasm_call_ctors: () => void;
  readonly hpmq_alloc: (length: number) => number;
  readonly boot: (entry: number, length: number) => number;
}

const MOST_BYTES = 4 * 1024 * 1024;

let compiled: Promise<WebAssembly.Module> | undefined;

/**
 * @returns the module; the same source gives the same bytes
 * @throws GatewayError FUNCTION_SOURCE with file and line of what is wrong, FUNCTION_EXPORT_MISSING without any hook
 */
export async function buildJavaScript(source: JavaScriptSource): Promise<Buffer> {
  const engine = engineBytes();
  compiled ??= WebAssembly.compile(engine);
  const module = await compiled;
  let report = '';
  let failure: GatewayError | undefined;
  let running: Engine;
  const put = (bytes: Uint8Array): number => {
    const pointer = running.hpmq_alloc(bytes.length);
    new Uint8Array(running.memory.buffer).set(bytes, pointer);
    return pointer;
  };
  const text = (pointer: number, length: number): string =>
    Buffer.from(running.memory.buffer, pointer, length).toString('utf8');
  const imports: Record<string, Record<string, (...values: never[]) => unknown>> = {
    build: {
      read(pointer: number, length: number): bigint {
        const path = text(pointer, length);
        try {
          const found = path === source.name ? source.text : source.read?.(path);
          if (found === undefined) return 0n;
          const bytes = Buffer.from(erased(path, found));
          return (BigInt(put(bytes)) << 32n) | BigInt(bytes.length);
        } catch (error) {
          failure = error instanceof GatewayError ? error : undefined;
          throw error;
        }
      },
      report(pointer: number, length: number): void {
        report = text(pointer, length);
      },
    },
  };
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    imports[from] ??= {};
    imports[from][name] ??= () => {
      throw new TypeError(`${from}.${name} is called while the function is built`);
    };
  }
  running = new WebAssembly.Instance(module, imports as WebAssembly.Imports).exports as unknown as Engine;
  const stackPointer = running.__stack_pointer.value as number;
  running.__wasm_call_ctors();
  let found: number;
  try {
    const entry = Buffer.from(`import * as user from ${JSON.stringify(source.name)};\nglobalThis.userModule = user;\n`);
    found = running.boot(put(entry), entry.length);
  } catch (cause) {
    throw failure ?? sourceError(report, source.name, cause);
  }
  if ((running.__stack_pointer.value as number) !== stackPointer) throw new TypeError('the engine left its stack');
  const present = new Set<string>(hooks.filter((_, bit) => (found & (1 << bit)) !== 0));
  if (present.size === 0) {
    throw functionError('FUNCTION_EXPORT_MISSING', `${source.name} does not export any of ${hookNames.join(', ')}`);
  }
  const granted = new Set<string>(needs.filter((_, bit) => (found & (0x100 << bit)) !== 0));
  return snapshot({
    engine,
    memory: new Uint8Array(running.memory.buffer),
    stackPointer,
    keepsImport: ({ module: from, name }) =>
      from !== 'build' && (capabilityOf[name] === undefined || granted.has(capabilityOf[name])),
    keepsExport: (name) => alwaysExported.has(name) || present.has(name),
  });
}

/** Types become spaces: lines and columns stay where they are. */
function erased(path: string, text: string): string {
  if (text.length > MOST_BYTES) {
    throw functionError('FUNCTION_SOURCE', `${path} has ${text.length} characters; at most ${MOST_BYTES} are taken`);
  }
  if (!/\.[cm]?ts$/.test(path)) return text;
  try {
    return withoutWarning(() => stripTypeScriptTypes(text));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const line = /^[^\n]*:(\d+)\n/.exec((cause instanceof Error && cause.stack) || '')?.[1];
    throw functionError('FUNCTION_SOURCE', `${path}${line === undefined ? '' : `:${line}`}: ${why}`, { cause });
  }
}

/** Node tells once per process that this function may change. */
function withoutWarning<T>(run: () => T): T {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return run();
  } finally {
    process.emitWarning = emitWarning;
  }
}

function sourceError(report: string, name: string, cause: unknown): GatewayError {
  if (report === '') {
    const why = cause instanceof RangeError ? 'it calls itself too deep' : 'it takes more memory than there is';
    return functionError('FUNCTION_SOURCE', `${name} cannot be evaluated: ${why}`, { cause });
  }
  const [what = '', ...stack] = report.split('\n');
  const place = /([^\s()]+:\d+)\)?$/.exec(stack.find((line) => /:\d+\)?$/.test(line)) ?? '')?.[1];
  return functionError('FUNCTION_SOURCE', `${place ?? name}: ${what}`);
}
