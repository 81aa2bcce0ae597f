/** Errors of the history towards the operator. */
import { type ErrorCatalogue, errorsOf } from '../core/errors.js';

export const historyErrors = {
  HISTORY_OFF: { fault: 'caller', hint: 'name the points that are to be recorded: `history: { points: ["*"] }`' },
  HISTORY_UNKNOWN: { fault: 'caller', hint: 'list what is recorded with `hpmq history list`' },
  HISTORY_QUERY: {
    fault: 'caller',
    hint: 'ask for a span whose end is after its begin, and from an hour on for whole minutes',
  },
  HISTORY_BUSY: { fault: 'limit', hint: 'ask again in a moment, or for less at a time' },
  HISTORY_STOPPED: { fault: 'limit', hint: 'ask again when the gateway has started' },
  HISTORY_HELD: {
    fault: 'config',
    hint: 'check the clock of the machine (`timedatectl`); a day after it leapt it is believed, and what is too old goes',
  },
  HISTORY_FULL: { fault: 'limit', hint: 'free space on the disk, or lower history.maxBytes' },
  HISTORY_FAILED: {
    fault: 'limit',
    hint: 'check the disk (dmesg, smartctl) and the owner of the data folder; the gateway tries again every half minute',
  },
  HISTORY_DAMAGED: {
    fault: 'limit',
    hint: 'the damaged file is aside in the data folder, and a new one was begun; remove it when nobody needs it',
  },
  HISTORY_NEWER: {
    fault: 'config',
    hint: 'install the newer version again, or move history.sqlite* out of the data folder to begin anew',
  },
  HISTORY_SHORTENED: { fault: 'limit', hint: 'raise history.maxBytes, record fewer points, or lower history.keep' },
} as const satisfies ErrorCatalogue;

export const historyError = errorsOf(historyErrors);
