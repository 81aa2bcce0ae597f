/** What can be wrong with a command line. */
import { type ErrorCatalogue, errorsOf } from '../core/errors.js';

export const cliErrors = {
  CLI_RECORDING: { fault: 'caller', hint: 'record a port with `hpmq port record PORT -o FILE`' },
  CLI_OLD_NODE: {
    fault: 'caller',
    hint: 'start it with `npx hpmq`, which brings the Node it needs, or use the executable',
  },
  CLI_USAGE: { fault: 'caller', hint: 'see `hpmq --help`' },
  CLI_UNKNOWN_PORT: { fault: 'caller', hint: 'list the ports with `hpmq port list`' },
  CLI_UNKNOWN_DEVICE: { fault: 'caller', hint: 'list them with `hpmq device list`' },
  CLI_UNKNOWN_LINK: { fault: 'caller', hint: 'list them with `hpmq link list`' },
  CLI_UNKNOWN_FUNCTION: { fault: 'caller', hint: 'list them with `hpmq function list`' },
  CLI_BAD_MODULE: { fault: 'caller', hint: 'name a .wasm, .js or .ts file that can be read, of 16 MiB at most' },
  CLI_NO_CASES: {
    fault: 'caller',
    hint: 'write them to function.test.yaml beside the function, or name a file with --cases',
  },
  CLI_BUILD_FAILED: {
    fault: 'caller',
    hint: 'mend the source, or install the compiler that the README of the function names',
  },
  CLI_UNKNOWN_OUTBOX: { fault: 'caller', hint: 'list what waits with `hpmq store stat`' },
  CLI_UNKNOWN_CLIENT: { fault: 'caller', hint: 'list them with `hpmq client list`' },
  CLI_UNKNOWN_SERIES: { fault: 'caller', hint: 'list what is recorded with `hpmq history list`' },
  CLI_UNKNOWN_POINT: { fault: 'caller', hint: 'list them with `hpmq point list`' },
  CLI_UNKNOWN_PROFILE: { fault: 'caller', hint: 'list them with `hpmq profile list`' },
  CLI_UNKNOWN_CODE: { fault: 'caller', hint: 'list them with `hpmq explain`' },
  CLI_NOT_CONFIRMED: { fault: 'caller', hint: 'type the name of the point when asked, or give it with --confirm NAME' },
  CLI_NO_INPUT: { fault: 'caller', hint: 'give the value as an argument' },
  CLI_NO_USERS_FILE: {
    fault: 'config',
    hint: 'name one with `broker.auth.users: users.yaml` in the configuration, or with --users-file FILE',
  },
  CLI_UNKNOWN_USER: { fault: 'caller', hint: 'list them with `hpmq user list`' },
  CLI_USER_EXISTS: { fault: 'caller', hint: 'change the password with `hpmq user passwd NAME`' },
  CLI_BAD_USER: { fault: 'caller', hint: 'choose another name' },
  CLI_BAD_PASSWORD: {
    fault: 'caller',
    hint: 'type it when asked, pipe it in, or name a file with --password-file FILE',
  },
  CLI_BAD_IMPORT: { fault: 'caller', hint: 'name a password file that mosquitto_passwd wrote' },
} as const satisfies ErrorCatalogue;

export const cliError = errorsOf(cliErrors);
