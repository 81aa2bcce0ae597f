/** Errors of the Modbus adapter: field technicians read these, so each says the unit and the numbers. */
import { type ErrorCatalogue, errorsOf, type GatewayError } from '../../src/adapter.js';

export const modbusErrors = {
  MODBUS_PASSIVE: { fault: 'caller', hint: 'wait for the other master to ask, or remove `passive` of the port' },
  MODBUS_TIMEOUT: {
    fault: 'device',
    hint: 'check power, wiring, unit id, baud rate and parity; raise the timeout of the port if the device is slow',
  },
  MODBUS_NOT_SENT: {
    fault: 'device',
    hint: 'the line was not free in time, nothing was sent; raise the timeout of the port or poll less often',
  },
  MODBUS_EXCEPTION: { fault: 'device', hint: 'look the exception code up in the manual of the device' },
  MODBUS_BAD_FRAME: {
    fault: 'device',
    hint: 'the device or the converter in front of it does not speak this framing; try the other `framing` of the port',
  },
  MODBUS_DISCONNECTED: {
    fault: 'device',
    hint: 'the connection is opened again; if this repeats, look for a limit of connections in the device',
  },
  MODBUS_NOT_A_NUMBER: {
    fault: 'device',
    hint: 'the device marks the value as absent, or the type or byte order of the point is wrong',
  },
  MODBUS_NOT_AVAILABLE: {
    fault: 'device',
    hint: 'the device says that it does not have this value; check that the sensor or option is fitted',
  },
  MODBUS_MALFORMED: {
    fault: 'device',
    hint: 'the registers hold something else: check address, type, order and encoding of the point',
  },
  MODBUS_NO_IDENTITY: { fault: 'device', hint: 'look at the name plate; many devices do not tell what they are' },
  MODBUS_NO_SUNSPEC: {
    fault: 'device',
    hint: 'switch SunSpec on in the device, check its unit id, or say where its map begins with `sunspecAt`',
  },
  MODBUS_NO_MODEL: {
    fault: 'device',
    hint: 'the device has other SunSpec models: leave the point out, or use the profile for them',
  },
  MODBUS_VALUE: { fault: 'caller', hint: 'send a value that fits the type of the point' },
  MODBUS_READ_ONLY: { fault: 'caller', hint: 'write to a coil or a holding register instead' },
  MODBUS_CONFIG: { fault: 'config', hint: 'correct the point, device or port in the configuration' },
  MODBUS_QUEUE_FULL: { fault: 'limit', hint: 'read less at the same time on this port' },
  MODBUS_SPAN: { fault: 'bug', hint: 'this is a defect of hpmq; please report it with the points of the device' },
} as const satisfies ErrorCatalogue;

export const modbusError = errorsOf(modbusErrors);

/** Modbus Application Protocol V1.1b3 §7: exception codes, their names and what to do about them. */
const EXCEPTIONS: Readonly<Record<number, readonly [name: string, hint: string]>> = {
  1: ['illegal function', 'the device does not offer this function; use another table, see its manual'],
  2: [
    'illegal data address',
    'this address does not exist in the device; addresses here count from 0, manuals often from 1, 30001 or 40001',
  ],
  3: ['illegal data value', 'the device does not accept this value or this number of registers'],
  4: ['server device failure', 'the device failed while it carried the request out; look at its own diagnostics'],
  5: ['acknowledge', 'the device needs long for this request; read back later whether it was done'],
  6: ['server device busy', 'the device is busy; poll it less often'],
  8: ['memory parity error', 'the memory of the device is damaged; have it serviced'],
  10: ['gateway path unavailable', 'the Modbus gateway has no path to this unit; check its configuration'],
  11: [
    'gateway target device failed to respond',
    'the Modbus gateway answers but the unit behind it does not; check its power, wiring and unit id',
  ],
};

/** What to do when a device does not offer a function that writes: another one does the same. */
const OTHER_FUNCTION: Readonly<Record<number, string>> = {
  5: 'set `writeCoil: multiple` of the device: it may take function 15',
  6: 'set `writeRegister: multiple` of the device: it may take function 16',
  15: 'set `writeCoil: single` of the device: it may take function 5',
  16: 'write points of one register, which use function 6, if the device takes nothing else',
  22: 'set `writeBits: read-write` of the device: the register is then read, changed and written',
};

/** Exceptions 10 and 11 are said by a gateway in place of the unit: the unit itself did not answer (§7). */
export function isSilenceOfUnit(exceptionCode: number): boolean {
  return exceptionCode === 10 || exceptionCode === 11;
}

/** Exceptions after which a write may have been done: the device goes on with it (5), or only its answer is missing (11). */
const PERHAPS_DONE: readonly number[] = [5, 11];
/** Exceptions that say nothing about what was asked for, only that now is not the time. */
const BUSY: readonly number[] = [5, 6];
/** Exceptions by which a device says that it does not have what was asked for, or not so much of it at once. */
const ABSENT: readonly number[] = [2, 3];

/** The device understood and refused: a Modbus exception response. */
export function exceptionError(unit: number, functionCode: number, exceptionCode: number): GatewayError {
  const [name, usual] = EXCEPTIONS[exceptionCode] ?? ['not in the specification', undefined];
  const hint = (exceptionCode === 1 ? OTHER_FUNCTION[functionCode] : undefined) ?? usual;
  const details = {
    unit,
    functionCode,
    exceptionCode,
    ...(PERHAPS_DONE.includes(exceptionCode) ? { sent: true } : {}),
    ...(ABSENT.includes(exceptionCode) ? { absent: true } : {}),
    ...(BUSY.includes(exceptionCode) ? { busy: true } : {}),
  };
  return modbusError(
    'MODBUS_EXCEPTION',
    `unit ${unit} refused function ${functionCode} with exception ${exceptionCode} (${name})`,
    { details, ...(hint === undefined ? {} : { hint }) },
  );
}
