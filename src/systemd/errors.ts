import { type ErrorCatalogue, errorsOf } from '../core/errors.js';

export const systemdErrors = {
  SERVICE_NOT_ROOT: { fault: 'caller', hint: 'run it as root, with sudo; --dry-run only shows what would be done' },
  SERVICE_NO_SYSTEMD: {
    fault: 'caller',
    hint: 'start `hpmq run` by what runs this box; with --root DIR files are put below another root',
  },
  SERVICE_PACKAGED: {
    fault: 'caller',
    hint: 'use systemctl and the package manager; to change the unit: systemctl edit hpmq',
  },
  SERVICE_FOREIGN_FILE: { fault: 'caller', hint: 'move the file away, or use it instead of this command' },
  SERVICE_NO_EXECUTABLE: {
    fault: 'caller',
    hint: 'use the executable hpmq-linux-…, or name it with --executable FILE',
  },
  SERVICE_STEP_FAILED: {
    fault: 'config',
    hint: 'correct what it says and run the command again: what is done is not done twice',
  },
  SERVICE_NOT_STARTED: { fault: 'config', hint: 'see why with `journalctl -u hpmq -n 30`' },
} as const satisfies ErrorCatalogue;

export const systemdError = errorsOf(systemdErrors);
