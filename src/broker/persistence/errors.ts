/** Errors of what the broker keeps, towards publishers and the operator. */
import { type ErrorCatalogue, errorsOf } from '../../core/errors.js';

export const persistenceErrors = {
  STORE_QUOTA: {
    fault: 'limit',
    hint: 'connect the clients whose sessions wait, end those that are not needed (hpmq client kick --forget), free space, or raise store.maxBytes',
  },
} as const satisfies ErrorCatalogue;

export const persistenceError = errorsOf(persistenceErrors);
