/** Errors of the store towards the operator. */
import { type ErrorCatalogue, errorsOf } from '../core/errors.js';

export const storeErrors = {
  STORE_FULL: { fault: 'limit', hint: 'free space on the disk, or lower store.maxBytes and the limits of sessions' },
  STORE_READ_ONLY: {
    fault: 'limit',
    hint: 'make the data folder writable: check its owner and how the disk is mounted',
  },
  STORE_FAILED: { fault: 'limit', hint: 'check the disk (dmesg, smartctl); the gateway tries again every second' },
  STORE_DAMAGED: {
    fault: 'limit',
    hint: 'the damaged file was set aside in the data folder; see the log for what was kept',
  },
  STORE_NEWER: {
    fault: 'config',
    hint: 'install the newer version again; or give up what came since the backup: move store.sqlite* out of the data folder and copy the backup there',
  },
  STORE_IN_USE: { fault: 'config', hint: 'another gateway uses this data folder: stop it, or set gateway.data' },
  STORE_FOLDER: {
    fault: 'config',
    hint: 'create the folder and give it to the user of the gateway, or set gateway.data',
  },
} as const satisfies ErrorCatalogue;

export const storeError = errorsOf(storeErrors);
