/** What can be wrong with a file that is to be imported. */
import { type ErrorCatalogue, errorsOf } from '../core/errors.js';

export const importErrors = {
  IMPORT_UNREADABLE: { fault: 'caller', hint: 'name a configuration file of the product, or another format' },
  IMPORT_EMPTY: { fault: 'caller', hint: 'nothing in the file is of this format: see `hpmq import --help`' },
} as const satisfies ErrorCatalogue;

export const importError = errorsOf(importErrors);
