/** What can be wrong with a command line. */
import { type ErrorCatalogue, errorsOf } from '../core/errors.js';

export const cliErrors = {
  CLI_USAGE: { fault: 'caller', hint: 'see `hpmq --help`' },
  CLI_UNKNOWN_DEVICE: { fault: 'caller', hint: 'list them with `hpmq device list`' },
  CLI_UNKNOWN_CLIENT: { fault: 'caller', hint: 'list them with `hpmq client list`' },
  CLI_UNKNOWN_POINT: { fault: 'caller', hint: 'list them with `hpmq point list`' },
  CLI_UNKNOWN_CODE: { fault: 'caller', hint: 'list them with `hpmq explain`' },
  CLI_NOT_CONFIRMED: { fault: 'caller', hint: 'type the name of the point when asked, or give it with --confirm NAME' },
  CLI_NO_INPUT: { fault: 'caller', hint: 'give the value as an argument' },
} as const satisfies ErrorCatalogue;

export const cliError = errorsOf(cliErrors);
