/** A first instance, thrown away: do the data fit into the memory, and is it a version of the ABI that is spoken here? */
import { functionError } from '../errors.js';
import { Guest } from './guest.js';
import type { Compiled } from './instance.js';
import { checkAbi } from './version.js';

/** @returns it has a runtime (WASI's reactors), and says its version when that is initialised @throws GatewayError FUNCTION_MODULE_INVALID, FUNCTION_ABI */
export function tryOut({ module, abi }: Compiled): boolean {
  let instance: WebAssembly.Instance;
  try {
    instance = new WebAssembly.Instance(module, deaf(module));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw functionError('FUNCTION_MODULE_INVALID', `the module does not start: ${why}`, { cause });
  }
  if (abi === 'wapc') return false;
  if (instance.exports._initialize !== undefined) return true;
  checkAbi(new Guest(instance.exports));
  return false;
}

/** What it imports, without anybody behind it. */
function deaf(module: WebAssembly.Module): WebAssembly.Imports {
  const imports: Record<string, Record<string, () => never>> = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    imports[from] ??= {};
    imports[from][name] = () => {
      throw new Error(`${from}.${name} is called before the function is started`);
    };
  }
  return imports;
}
