/** Calls of the host have their price, whatever they do: they leave WebAssembly. */
import { assertHeadroom, type WhichGuest } from '../guest.js';

/** Units of fuel: a call of JavaScript with room on its stack made sure of takes about two microseconds, and a loop of a thousand units one. */
const FUEL_PER_CALL = 1024;

type HostFunction = (...values: readonly unknown[]) => unknown;

/** The same functions, paid for before they run. What waits pays by itself. */
export function charged(which: WhichGuest, imports: WebAssembly.Imports): WebAssembly.Imports {
  const all: WebAssembly.Imports = {};
  for (const [module, functions] of Object.entries(imports)) {
    const own: WebAssembly.ModuleImports = {};
    for (const [name, one] of Object.entries(functions)) {
      own[name] = typeof one === 'function' ? paid(which, one as HostFunction) : one;
    }
    all[module] = own;
  }
  return all;
}

function paid(which: WhichGuest, run: HostFunction): HostFunction {
  return (...values) => {
    which().charge(FUEL_PER_CALL);
    assertHeadroom();
    return run(...values);
  };
}
