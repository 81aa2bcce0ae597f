import { type ErrorCatalogue, errorsOf } from '../core/errors.js';

export const functionErrors = {
  FUNCTION_MODULE_INVALID: {
    fault: 'config',
    hint: 'build the function again; the file is damaged or is no WebAssembly core module',
  },
  FUNCTION_MODULE_FEATURE: {
    fault: 'config',
    hint: 'compile without this WebAssembly feature; allowed are the MVP, bulk memory, reference types, multi-value, SIMD and tail calls',
  },
  FUNCTION_MODULE_LIMIT: {
    fault: 'config',
    hint: 'make the module smaller, or raise limits.memory of this function',
  },
  FUNCTION_IMPORT_UNKNOWN: {
    fault: 'config',
    hint: 'build against the function SDK; a module gets only the imports listed in functions-sdk/README.md',
  },
  FUNCTION_NOT_GRANTED: {
    fault: 'config',
    hint: 'add the capability to grants of this function, or use a function that does not ask for it',
  },
  FUNCTION_EXPORT_MISSING: {
    fault: 'config',
    hint: 'export memory, hpmq_abi, hpmq_alloc and at least one hook such as on_message',
  },
  FUNCTION_SIGNATURE: {
    fault: 'config',
    hint: 'build against the function SDK; imports and hooks have fixed parameter and result types',
  },
  FUNCTION_ABI: {
    fault: 'config',
    hint: 'build the function with an SDK of ABI hpmq-fn/1',
  },
} as const satisfies ErrorCatalogue;

export const functionError = errorsOf(functionErrors);
