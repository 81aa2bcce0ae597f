/** Errors of ports, devices, points and commands. `hpmq explain CODE` reads this catalogue. */
import { type ErrorCatalogue, errorsOf } from '../core/errors.js';
import { nearestNames } from '../core/nearest.js';

export const devicesErrors = {
  PORT_NOT_FOUND: { fault: 'device', hint: 'check that the adapter is plugged in; /dev/serial/by-id has stable names' },
  PORT_NOT_PERMITTED: {
    fault: 'device',
    hint: 'add the user that runs hpmq to the group dialout, then start hpmq again',
  },
  PORT_BUSY: { fault: 'device', hint: 'stop the other program that has this line open; a line has one owner' },
  PORT_NOT_SERIAL: { fault: 'device', hint: 'give the path of a serial line, such as /dev/ttyUSB0' },
  PORT_REFUSED: { fault: 'device', hint: 'check that the device is on, and its TCP port' },
  PORT_UNREACHABLE: { fault: 'device', hint: 'check cable, address and route to the device' },
  PORT_HOST_UNKNOWN: { fault: 'device', hint: 'check the spelling of the host and the DNS server, or use the address' },
  PORT_CONNECT_TIMEOUT: {
    fault: 'device',
    hint: 'check that the host is on and that no firewall drops the connection',
  },
  PORT_CLOSED: { fault: 'device', hint: 'check cable and power; some devices accept one connection at a time' },
  PORT_SILENT: { fault: 'device', hint: 'check wiring, address and that the device is on' },
  PORT_DRIVER: {
    fault: 'limit',
    hint: 'set TMPDIR to a folder that is writable, has 200 kB free and is not mounted noexec',
  },
  PORT_FAILED: { fault: 'device', hint: 'see the message of the system; check the endpoint of the port' },
  PORT_FORMAT: { fault: 'config', hint: 'use parity mark with 1 stop bit, parity none, or fewer data bits' },
  PORT_MODEM_LINES: { fault: 'config', hint: 'remove `rts`, `dtr` and `rs485` where the adapter has no such lines' },
  PORT_RS485: { fault: 'config', hint: 'use `rs485: { mode: rts }`, or none where the adapter switches by itself' },
  PORT_TLS: { fault: 'device', hint: 'check the certificates of both sides, and that the device speaks TLS here' },
  PORT_LISTEN: { fault: 'config', hint: 'use an address of this machine and a port that no other program uses' },
  PORT_NO_DIAL_IN: {
    fault: 'device',
    hint: 'check that the device is on, dials to this address and port, and sends the registration',
  },
  PORT_RFC2217: { fault: 'device', hint: 'check the settings that the server of the line allows' },
  PORT_FAIL_BACK: { fault: 'device', hint: 'nothing is to be done: the first address of the port is used again' },
  SERVER_LISTEN: { fault: 'config', hint: 'stop the other program that listens there, or choose another port' },
  DEVICE_NO_IDENTITY: { fault: 'caller', hint: 'this kind of device cannot be asked what it is' },
  PORT_SHARED: { fault: 'config', hint: 'give each protocol its own port' },
  PORT_UNKNOWN: { fault: 'config', hint: 'name one of the ports of the configuration' },
  ADAPTER_UNKNOWN: { fault: 'config', hint: 'use one of the adapters that this build has' },
  ADAPTER_ENDPOINT: { fault: 'config', hint: 'give the port a type that the adapter can use' },
  ADAPTER_STUCK: { fault: 'bug', hint: 'this is a defect of the adapter: it did not end an exchange at its deadline' },
  ADAPTER_READING: { fault: 'bug', hint: 'this is a defect of the adapter: read() must give one reading per point' },
  PORT_DTLS: {
    fault: 'device',
    hint: 'check `identity` and `key`, and that the device offers DTLS 1.2 with a pre-shared key and AES-128 GCM or CCM',
  },
  DEVICE_TIMEOUT: { fault: 'device', hint: 'check wiring, address and that the device is on' },
  DEVICE_OFFLINE: { fault: 'device', hint: 'wait for the next attempt, or try it now with retry' },
  DEVICE_PAUSED: { fault: 'caller', hint: 'resume the device first' },
  DEVICE_SILENT: {
    fault: 'device',
    hint: 'check that the device is on and sends by itself, and baud rate and framing; raise `staleAfter` if it is slow',
  },
  DEVICE_NO_RAW: { fault: 'caller', hint: 'the adapter of this device takes no requests as they are' },
  DEVICE_UNKNOWN: { fault: 'caller', hint: 'list the devices to see their names' },
  POINT_UNKNOWN: { fault: 'caller', hint: 'list the points of the device to see their names' },
  POINT_NOT_READABLE: { fault: 'caller', hint: 'the adapter of this device cannot read' },
  POINT_READ_ONLY: { fault: 'caller', hint: 'give the point a `write` in the configuration, if it may be written' },
  POINT_NOT_A_NUMBER: { fault: 'device', hint: 'the device says it has no value; check the sensor, or type and order' },
  POINT_ERROR_VALUE: { fault: 'device', hint: 'the device says that it failed to measure; check sensor and wiring' },
  POINT_UNSUPPORTED: { fault: 'device', hint: 'this device does not have the value; remove the point' },
  POINT_WRONG_TYPE: { fault: 'caller', hint: 'send a value of the type of the point' },
  POINT_OUT_OF_RANGE: { fault: 'caller', hint: 'send a value within `write.min` and `write.max` of the point' },
  POINT_OFF_STEP: { fault: 'caller', hint: 'send a multiple of `write.step` of the point' },
  COMMAND_RETAINED: {
    fault: 'caller',
    hint: 'publish commands without the retain flag, and clear the retained message',
  },
  COMMAND_MALFORMED: {
    fault: 'caller',
    hint: 'send a bare value or {"v":…}; to a device an object with a value for each point',
  },
  COMMAND_QUEUE_FULL: { fault: 'limit', hint: 'send commands more slowly; wait for the result of one before the next' },
  COMMAND_EXPIRED: { fault: 'device', hint: 'the wire was busy; give the command more time or poll less' },
  COMMAND_CANCELLED: { fault: 'caller', hint: 'the one who asked went away before anything was sent' },
  COMMAND_NOT_TRIED: { fault: 'caller', hint: 'correct the other values of the command and send it again' },
  COMMAND_RATE: { fault: 'limit', hint: 'send commands to the point more slowly: `write.rate` limits them' },
  COMMAND_CHANGE: { fault: 'caller', hint: 'go there in smaller steps: `write.maxChange` limits them' },
  COMMAND_INTERLOCK: { fault: 'caller', hint: 'bring the other point into the state that `write.only` asks for first' },
  COMMAND_SUPERSEDED: { fault: 'caller', hint: 'nothing to do: only the latest command of the point is wanted' },
  COMMAND_INTERRUPTED: { fault: 'device', hint: 'read the point to see whether the command was done' },
  COMMAND_NOT_VERIFIED: { fault: 'device', hint: 'the device took the write but has another value; check its limits' },
} as const satisfies ErrorCatalogue;

export const devicesError = errorsOf(devicesErrors);

/** Options of an error about an unknown name: `did you mean …` where a name is near. */
export function didYouMean(name: string, names: Iterable<string>): { readonly hint?: string } {
  const candidates = nearestNames(name, names);
  return candidates.length === 0 ? {} : { hint: `did you mean ${candidates.join(', ')}?` };
}
