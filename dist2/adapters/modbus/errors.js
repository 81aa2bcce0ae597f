import { errorsOf } from "../../src/adapter.js";
const modbusErrors = {
  MODBUS_TIMEOUT: {
    fault: "device",
    hint: "check power, wiring, unit id, baud rate and parity; raise the timeout of the port if the device is slow"
  },
  MODBUS_NOT_SENT: {
    fault: "device",
    hint: "the line was not free in time, nothing was sent; raise the timeout of the port or poll less often"
  },
  MODBUS_EXCEPTION: { fault: "device", hint: "look the exception code up in the manual of the device" },
  MODBUS_BAD_FRAME: {
    fault: "device",
    hint: "the device or the converter in front of it does not speak this framing; try the other `framing` of the port"
  },
  MODBUS_DISCONNECTED: {
    fault: "device",
    hint: "the connection is opened again; if this repeats, look for a limit of connections in the device"
  },
  MODBUS_NOT_A_NUMBER: {
    fault: "device",
    hint: "the device marks the value as absent, or the type or byte order of the point is wrong"
  },
  MODBUS_VALUE: { fault: "caller", hint: "send a value that fits the type of the point" },
  MODBUS_READ_ONLY: { fault: "caller", hint: "write to a coil or a holding register instead" },
  MODBUS_CONFIG: { fault: "config", hint: "correct the point, device or port in the configuration" },
  MODBUS_QUEUE_FULL: { fault: "limit", hint: "read less at the same time on this port" },
  MODBUS_SPAN: { fault: "bug", hint: "this is a defect of hpmq; please report it with the points of the device" }
};
const modbusError = errorsOf(modbusErrors);
const EXCEPTIONS = {
  1: ["illegal function", "the device does not offer this function; use another table, see its manual"],
  2: [
    "illegal data address",
    "this address does not exist in the device; addresses here count from 0, manuals often from 1, 30001 or 40001"
  ],
  3: ["illegal data value", "the device does not accept this value or this number of registers"],
  4: ["server device failure", "the device failed while it carried the request out; look at its own diagnostics"],
  5: ["acknowledge", "the device needs long for this request; read back later whether it was done"],
  6: ["server device busy", "the device is busy; poll it less often"],
  8: ["memory parity error", "the memory of the device is damaged; have it serviced"],
  10: ["gateway path unavailable", "the Modbus gateway has no path to this unit; check its configuration"],
  11: [
    "gateway target device failed to respond",
    "the Modbus gateway answers but the unit behind it does not; check its power, wiring and unit id"
  ]
};
function isSilenceOfUnit(exceptionCode) {
  return exceptionCode === 10 || exceptionCode === 11;
}
const PERHAPS_DONE = [5, 11];
const BUSY = [5, 6];
function exceptionError(unit, functionCode, exceptionCode) {
  const [name, hint] = EXCEPTIONS[exceptionCode] ?? ["not in the specification", void 0];
  const details = {
    unit,
    functionCode,
    exceptionCode,
    ...PERHAPS_DONE.includes(exceptionCode) ? { sent: true } : {},
    ...BUSY.includes(exceptionCode) ? { busy: true } : {}
  };
  return modbusError(
    "MODBUS_EXCEPTION",
    `unit ${unit} refused function ${functionCode} with exception ${exceptionCode} (${name})`,
    { details, ...hint === void 0 ? {} : { hint } }
  );
}
export {
  exceptionError,
  isSilenceOfUnit,
  modbusError,
  modbusErrors
};
//# sourceMappingURL=errors.js.map
