/** Whether a module asks for nothing but what there is and was granted, and has what is called: before any code runs. */
import { type Capability, type Hook, hooks } from '../../core/function.js';
import { functionError } from '../errors.js';
import { hpmqImports, type KnownImport } from './abi/imports.js';
import { wapcImports } from './abi/wapc.js';
import { wasiNames } from './abi/wasi.js';
import { functionType, type Import, type Sections, typeText } from './sections.js';

export interface Shape {
  readonly abi: 'hpmq-fn/1' | 'wapc';
  readonly hooks: readonly Hook[];
  readonly needs: readonly Capability[];
}

/** @throws GatewayError FUNCTION_IMPORT_UNKNOWN, FUNCTION_NOT_GRANTED, FUNCTION_EXPORT_MISSING, FUNCTION_SIGNATURE */
export function checkShape(sections: Sections, grants: ReadonlySet<Capability>): Shape {
  const isWapc = sections.exports.has('__guest_call') && sections.imports.some(({ module }) => module === 'wapc');
  const needs = new Set<Capability>();
  for (const one of sections.imports) {
    const capability = checkImport(one, isWapc);
    if (capability === undefined) continue;
    if (!grants.has(capability)) {
      throw functionError(
        'FUNCTION_NOT_GRANTED',
        `the module imports ${one.module}.${one.name}, for which it is not granted ${capability}`,
        { details: { import: `${one.module}.${one.name}`, capability } },
      );
    }
    needs.add(capability);
  }
  const memory = sections.exports.get('memory');
  if (memory?.kind !== 'memory') throw missing('memory');
  for (const name of ['_initialize', '_start', 'wapc_init']) {
    if (sections.exports.has(name)) checkExport(sections, name, '() -> nothing');
  }
  if (isWapc) {
    checkExport(sections, '__guest_call', '(i32, i32) -> i32');
    return { abi: 'wapc', hooks: ['on_message'], needs: [...needs] };
  }
  checkExport(sections, 'hpmq_abi', '() -> i32');
  checkExport(sections, 'hpmq_alloc', '(i32) -> i32');
  if (sections.exports.has('hpmq_free')) checkExport(sections, 'hpmq_free', '(i32, i32) -> nothing');
  const found = hooks.filter((name) => sections.exports.has(name));
  if (found.length === 0) throw missing(`any of ${hooks.join(', ')}`);
  for (const name of found) checkExport(sections, name, '(i32, i32) -> i64');
  return { abi: 'hpmq-fn/1', hooks: found, needs: [...needs] };
}

function missing(name: string): Error {
  return functionError('FUNCTION_EXPORT_MISSING', `the module does not export ${name}`, { details: { export: name } });
}

/** @returns what has to be granted for it */
function checkImport({ module, name, type }: Import, isWapc: boolean): Capability | undefined {
  const text = typeText(type);
  if (module === 'wasi_snapshot_preview1' && wasiNames.has(name)) {
    const isPlain = type.parameters.every((one) => one === 'i32' || one === 'i64');
    const results = name === 'proc_exit' ? [] : ['i32'];
    if (isPlain && type.results.join() === results.join()) return undefined;
    throw signature(`import ${module}.${name}`, text, `integers -> ${results[0] ?? 'nothing'}`);
  }
  const known = knownImport(module, name, isWapc);
  if (known === undefined) {
    throw functionError('FUNCTION_IMPORT_UNKNOWN', `the module imports ${module}.${name}, which does not exist here`, {
      details: { import: `${module}.${name}` },
    });
  }
  if (text !== known.type) throw signature(`import ${module}.${name}`, text, known.type);
  return known.capability;
}

const abort: KnownImport = { type: '(i32, i32, i32, i32) -> nothing' };

function knownImport(module: string, name: string, isWapc: boolean): KnownImport | undefined {
  if (module === 'env') return name === 'abort' ? abort : undefined;
  const known = module === 'hpmq' ? hpmqImports : module === 'wapc' && isWapc ? wapcImports : {};
  return Object.hasOwn(known, name) ? known[name] : undefined;
}

function checkExport(sections: Sections, name: string, wanted: string): void {
  const found = sections.exports.get(name);
  if (found?.kind !== 'function') throw missing(name);
  const text = typeText(functionType(sections, found.index));
  if (text !== wanted) throw signature(`export ${name}`, text, wanted);
}

function signature(what: string, found: string, wanted: string): Error {
  return functionError('FUNCTION_SIGNATURE', `the module's ${what} is ${found}; it has to be ${wanted}`);
}
