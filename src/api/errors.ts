/** What can go wrong between the gateway and the programs that watch it. */
import { type ErrorCatalogue, errorsOf, type Fault } from '../core/errors.js';

export const apiErrors = {
  API_NOT_FOUND: {
    fault: 'caller',
    hint: 'see the routes of the control API; device and point names are case-sensitive',
  },
  API_METHOD_NOT_ALLOWED: { fault: 'caller', hint: 'use one of the methods in the Allow header' },
  API_BAD_REQUEST: { fault: 'caller', hint: 'correct the request' },
  API_BODY_TOO_LARGE: { fault: 'caller', hint: 'send less than 1 MB' },
  API_TOO_MANY_STREAMS: { fault: 'limit', hint: 'close another terminal UI or watch first' },
  API_CANCELLED: { fault: 'caller', hint: 'send the request again' },
  API_SOCKET_IN_USE: {
    fault: 'config',
    hint: 'stop the other gateway, or give this one a socket of its own (`api.socket` or --socket)',
  },
  API_SOCKET_FAILED: { fault: 'config', hint: 'choose a path that this user may write (`api.socket` or --socket)' },
  METRICS_LISTEN_FAILED: { fault: 'config', hint: 'give `api.metrics` an address of this machine and a free port' },
  GATEWAY_NOT_RUNNING: { fault: 'peer', hint: 'start it with `hpmq run`, or name its socket with --socket' },
  GATEWAY_NO_PERMISSION: { fault: 'peer', hint: 'run as the user of the gateway, or become a member of its group' },
  GATEWAY_NO_ANSWER: { fault: 'peer', hint: 'look at the log of the gateway, or allow more time with --timeout' },
  GATEWAY_LOST: { fault: 'peer', hint: 'see whether the gateway still runs: `hpmq status`' },
  GATEWAY_BAD_ANSWER: { fault: 'peer', hint: 'check that the socket is that of an hpmq gateway of this version' },
} as const satisfies ErrorCatalogue;

export const apiError = errorsOf(apiErrors);

/** The HTTP status of a fault. */
export const STATUS_OF_FAULT: Readonly<Record<Fault, number>> = {
  config: 422,
  caller: 400,
  device: 502,
  peer: 503,
  limit: 429,
  bug: 500,
};

/** Codes for which HTTP has an exacter status than their fault. */
export const STATUS_OF_CODE: Readonly<Record<string, number>> = {
  API_NOT_FOUND: 404,
  HISTORY_OFF: 404,
  HISTORY_UNKNOWN: 404,
  API_METHOD_NOT_ALLOWED: 405,
  API_BODY_TOO_LARGE: 413,
  STOPPED: 503,
};
