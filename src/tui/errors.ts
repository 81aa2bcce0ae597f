import { type ErrorCatalogue, errorsOf } from '../core/errors.js';

export const tuiErrors = {
  TUI_SCREEN_UNKNOWN: {
    fault: 'caller',
    hint: 'use one of overview, devices, points, clients, topics, links, functions, logs',
  },
  TUI_STREAM_ENDED: { fault: 'peer', hint: 'look into the log of the gateway if it happens again' },
} as const satisfies ErrorCatalogue;

export const tuiError = errorsOf(tuiErrors);
