/** What can be wrong with what lies on the boot partition, and with the machine it is applied to. */
import { type ErrorCatalogue, errorsOf } from '../core/errors.js';

export const provisionErrors = {
  PROVISION_NOT_THE_IMAGE: {
    fault: 'caller',
    hint: 'only the image of hpmq is provisioned from its boot partition; `--check` works anywhere',
  },
  PROVISION_NO_FOLDER: { fault: 'caller', hint: 'name the folder of the boot partition: --from /boot/firmware' },
} as const satisfies ErrorCatalogue;

export const provisionError = errorsOf(provisionErrors);
