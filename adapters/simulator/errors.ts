import { type ErrorCatalogue, errorsOf } from '../../src/adapter.js';

export const simulatorErrors = {
  SIMULATOR_READ_ONLY: { fault: 'caller', hint: 'write to a point whose wave is constant' },
  SIMULATOR_TYPE: { fault: 'caller', hint: 'send a value of the type that `value` of the point has' },
} as const satisfies ErrorCatalogue;

export const simulatorError = errorsOf(simulatorErrors);
