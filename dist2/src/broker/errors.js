import { errorsOf } from "../core/errors.js";
const brokerErrors = {
  BROKER_ADDRESS_IN_USE: {
    fault: "config",
    hint: "another program listens there: stop it or change broker.listeners"
  },
  BROKER_ADDRESS_NOT_PERMITTED: {
    fault: "config",
    hint: "use a port above 1023 or give the process CAP_NET_BIND_SERVICE"
  },
  BROKER_ADDRESS_NOT_AVAILABLE: {
    fault: "config",
    hint: "set broker.listeners[].host to an address of this machine, 127.0.0.1 or 0.0.0.0"
  },
  BROKER_SOCKET_MISSING: {
    fault: "config",
    hint: "start the gateway through a .socket unit whose FileDescriptorName= is the name in broker.listeners[].systemd"
  },
  BROKER_CERTIFICATE_INVALID: {
    fault: "config",
    hint: "check cert, key, clientCa and crl of the listener: `hpmq config check` says what is wrong"
  },
  BROKER_CERTIFICATE_EXPIRED: {
    fault: "config",
    hint: "renew the certificate: replacing the files is enough, connected clients stay"
  },
  BROKER_CERTIFICATE_NOT_YET_VALID: {
    fault: "config",
    hint: "check the clock of this machine, else wait or replace the certificate"
  },
  BROKER_CERTIFICATE_EXPIRES: {
    fault: "config",
    hint: "renew the certificate in time: replacing the files is enough, connected clients stay"
  },
  BROKER_REVOCATION_LIST_EXPIRED: {
    fault: "config",
    hint: "fetch the current list from the authority: replacing the file is enough"
  },
  BROKER_LISTEN_FAILED: { fault: "config", hint: "check broker.listeners" }
};
const brokerError = errorsOf(brokerErrors);
export {
  brokerError,
  brokerErrors
};
//# sourceMappingURL=errors.js.map
