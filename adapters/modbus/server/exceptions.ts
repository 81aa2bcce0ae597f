/** What the gateway's own troubles are to a master (Modbus Application Protocol V1.1b3 §7). */
import type { GatewayError } from '../../../src/adapter.js';
import type { ExceptionCode } from './image.js';

const CODES: readonly number[] = [1, 2, 3, 4, 5, 6, 8, 10, 11];

/**
 * - 10 gateway path unavailable: the wire does not open, or a person has paused the device
 * - 11 gateway target device failed to respond: it was asked and is silent, now or since some time
 * - 6 server device busy: too much waits already; the same request may succeed later
 * - 3 illegal data value: the value is refused
 * - 4 server device failure: everything else
 *
 * A device that answers with an exception itself is passed on.
 */
export function exceptionOf(error: GatewayError): ExceptionCode {
  const { code, fault, details } = error;
  const own = Number(details.exceptionCode);
  if (code === 'MODBUS_EXCEPTION' && CODES.includes(own)) return own as ExceptionCode;
  const cause = typeof details.code === 'string' ? details.code : code;
  if (code === 'DEVICE_PAUSED' || /^(PORT_(?!SILENT)|STOPPED$)/.test(cause)) return 10;
  if (code === 'COMMAND_EXPIRED' || code === 'COMMAND_CANCELLED' || code === 'MODBUS_NOT_SENT') return 6;
  if (/TIMEOUT|SILENT|OFFLINE|DISCONNECTED|PORT_CLOSED/.test(code)) return 11;
  if (fault === 'limit') return 6;
  if (fault === 'caller') return code.startsWith('POINT_READ_ONLY') ? 2 : 3;
  return 4;
}

/** The same for a point that is not good: what its device said about it is nothing the master asked for. */
export function pointException(error: GatewayError | undefined): ExceptionCode {
  const code = error === undefined ? 4 : exceptionOf(error);
  return code === 10 || code === 11 || code === 6 ? code : 4;
}

/** Of a write: what was sent and is not known to be done counts as unanswered. */
export function writeException(status: string, error: GatewayError | undefined): ExceptionCode | undefined {
  if (status === 'written' || status === 'verified') return undefined;
  if (status === 'unknown') return 11;
  return error === undefined ? 4 : exceptionOf(error);
}
