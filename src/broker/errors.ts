/** Errors of the broker towards the operator. What MQTT clients do wrong is answered with a Reason Code instead. */
import { type ErrorCatalogue, errorsOf } from '../core/errors.js';

export const brokerErrors = {
  BROKER_ADDRESS_IN_USE: {
    fault: 'config',
    hint: 'another program listens there: stop it or change broker.listeners',
  },
  BROKER_ADDRESS_NOT_PERMITTED: {
    fault: 'config',
    hint: 'use a port above 1023 or give the process CAP_NET_BIND_SERVICE',
  },
  BROKER_ADDRESS_NOT_AVAILABLE: {
    fault: 'config',
    hint: 'set broker.listeners[].host to an address of this machine, 127.0.0.1 or 0.0.0.0',
  },
  BROKER_LISTEN_FAILED: { fault: 'config', hint: 'check broker.listeners' },
} as const satisfies ErrorCatalogue;

export const brokerError = errorsOf(brokerErrors);
