import { functionError } from '../errors.js';
import { ABI_VERSION } from './abi/native.js';
import type { Guest } from './guest.js';
import { trapOf } from './traps.js';

/** Is it a version of the ABI that is spoken here? @throws GatewayError FUNCTION_ABI */
export function checkAbi(guest: Guest): void {
  let version: number;
  try {
    version = (guest.exports.hpmq_abi as () => number)();
  } catch (error) {
    const trap = trapOf(error, guest);
    throw functionError('FUNCTION_ABI', `hpmq_abi() of the module ended with ${trap.trap}: ${trap.message}`, {
      cause: trap,
    });
  }
  if (version !== ABI_VERSION) {
    throw functionError(
      'FUNCTION_ABI',
      `the module is built for version ${version} of the ABI; spoken here is ${ABI_VERSION}`,
      {
        details: { version },
      },
    );
  }
}
