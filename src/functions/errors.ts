/** What can go wrong with a function, by cause. */
import { type ErrorCatalogue, errorsOf } from '../core/errors.js';

export const functionErrors = {
  FUNCTION_UNKNOWN: { fault: 'caller', hint: 'list the functions with `hpmq function list`' },
  FUNCTION_FILE: { fault: 'config', hint: 'check the path in `file`, and that the gateway may read it' },
  FUNCTION_IMAGE: {
    fault: 'peer',
    hint: 'pull the image with `hpmq function pull`, or check the registry and the network',
  },
  FUNCTION_TOO_LARGE: { fault: 'config', hint: 'build the module with optimisation and without debug information' },
  FUNCTION_HOOK_MISSING: {
    fault: 'config',
    hint: 'export the hook from the module, or remove what would call it from `on`',
  },
  FUNCTION_NOT_LOADED: {
    fault: 'config',
    hint: 'see `hpmq function show` for why it could not be loaded, and deploy it again',
  },
  FUNCTION_START_FAILED: {
    fault: 'config',
    hint: 'run the module with `hpmq function test`: it failed before it was asked anything',
  },
  FUNCTION_FAILED: {
    fault: 'config',
    hint: 'look at `hpmq function logs` for the cause, and mend or roll back the function',
  },
  FUNCTION_BREAKER_OPEN: {
    fault: 'config',
    hint: 'it failed repeatedly and is not asked for a while: look at `hpmq function logs`, then mend it or roll it back',
  },
  FUNCTION_ROLLED_BACK: {
    fault: 'config',
    hint: 'the version deployed last failed repeatedly: look at `hpmq function logs`, mend it and deploy it again',
  },
  FUNCTION_NO_PREVIOUS: { fault: 'caller', hint: 'there is nothing to roll back to: deploy the version you want' },
  FUNCTION_NOT_PAUSABLE: {
    fault: 'caller',
    hint: 'remove it from the configuration: while it is paused, everybody could connect',
  },
  FUNCTION_SHADOW_RUNS: { fault: 'caller', hint: 'wait for it, or end it with `hpmq function shadow NAME --end`' },
  FUNCTION_NO_SHADOW: { fault: 'caller', hint: 'begin one with `hpmq function shadow NAME --candidate FILE`' },
  FUNCTION_RECORDING: {
    fault: 'caller',
    hint: 'write one JSON object per line: {"topic":"a/b","text":"21.5"}, as `hpmq topic tail --json` does',
  },
  FUNCTION_STATE: {
    fault: 'limit',
    hint: 'make the folder `gateway.data` writable: the deployed version is lost at the next start',
  },
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
  FUNCTION_SOURCE: {
    fault: 'caller',
    hint: 'mend the source at the file and line that are named; functions-sdk/js/hpmq.d.ts says what there is',
  },
} as const satisfies ErrorCatalogue;

export const functionError = errorsOf(functionErrors);
