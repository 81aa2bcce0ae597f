/** Errors of the serial adapter. `hpmq explain CODE` reads this catalogue. */
import { type ErrorCatalogue, errorsOf } from '../../src/adapter.js';

export const serialErrors = {
  SERIAL_CONFIG: { fault: 'config', hint: 'correct the frame, parse and poll of the device' },
  SERIAL_TIMEOUT: {
    fault: 'device',
    hint: 'check wiring, baud rate and parity, and what the device is asked with `poll`',
  },
  SERIAL_DISCONNECTED: { fault: 'device', hint: 'check cable and power of the device' },
  SERIAL_CHECKSUM: { fault: 'device', hint: 'check baud rate, parity, cable and the `checksum` of the device' },
  SERIAL_NO_MATCH: { fault: 'device', hint: 'compare what the device sends (`raw: { tee: true }`) with `parse`' },
  SERIAL_NO_FIELD: { fault: 'device', hint: 'the device did not say this value; compare what it sends with `field`' },
  SERIAL_NOT_A_NUMBER: { fault: 'device', hint: 'the device has no number here now; check its display, and `type`' },
  SERIAL_DECODED_BAD: {
    fault: 'device',
    hint: 'the function that decodes its frames says that there is no value; it says why',
  },
  SERIAL_REFUSED: { fault: 'device', hint: 'the device refused the command; see its manual for the answer it gave' },
  SERIAL_READ_ONLY: {
    fault: 'caller',
    hint: 'give the point a `send`, or `encoded: true` where a function makes its frames',
  },
  SERIAL_WRITE_ONLY: { fault: 'caller', hint: 'the point is a command only; it has no value' },
  SERIAL_VALUE: { fault: 'caller', hint: 'send a value that fits into the template of the point' },
  SERIAL_NO_RAW: { fault: 'caller', hint: 'set `raw: { request: true }` of the device' },
  SERIAL_RAW: { fault: 'caller', hint: 'send the bytes in the `encoding` of `raw`' },
  SERIAL_SIGN_ON: {
    fault: 'device',
    hint: 'check the optical head, baud rate (mostly 300, 7 data bits, even) and address',
  },
  SERIAL_PASSWORD: { fault: 'device', hint: 'check the `password` of the meter, and whether it may be written at all' },
} as const satisfies ErrorCatalogue;

export const serialError = errorsOf(serialErrors);
