/**
 * Mark and space parity: bits that are always 1, always 0. The driver library has neither, but both are data bits or
 * stop bits by another name, and on the line there is no difference:
 *
 *   7M1 = 8N1 with bit 7 always 1      8M1 = 8N2: the parity bit is the first of two stop bits
 *   7S1 = 8N1 with bit 7 always 0      8S1 = nine data bits, which no UART has
 */
import { formatFault, type LineFormat } from '../../core/transport.js';
import { devicesError } from '../errors.js';
import type { Filter } from './filtered.js';

/** What the driver is asked for, and what is to be done to each byte. */
export interface DriverFormat {
  readonly dataBits: 5 | 6 | 7 | 8;
  readonly parity: 'none' | 'even' | 'odd';
  readonly stopBits: 1 | 2;
  readonly filter: Filter | undefined;
}

/** @throws PORT_FORMAT when no UART can do it: `8S1`, `8S2`, `8M2` */
export function driverFormat(format: LineFormat): DriverFormat {
  const { dataBits, parity, stopBits } = format;
  const fault = formatFault(format);
  if (fault !== undefined) throw devicesError('PORT_FORMAT', fault);
  if (parity !== 'mark' && parity !== 'space') return { dataBits, parity, stopBits, filter: undefined };
  if (dataBits === 8) return { dataBits, parity: 'none', stopBits: 2, filter: undefined };
  const filter = new StickParity(1 << dataBits, parity === 'mark');
  return { dataBits: (dataBits + 1) as 6 | 7 | 8, parity: 'none', stopBits, filter };
}

class StickParity implements Filter {
  readonly #bit: number;
  readonly #isMark: boolean;

  constructor(bit: number, isMark: boolean) {
    this.#bit = bit;
    this.#isMark = isMark;
  }

  incoming(bytes: Buffer): Buffer {
    return bytes.map((byte) => byte & (this.#bit - 1)) as Buffer;
  }

  outgoing(bytes: Buffer): Buffer {
    return bytes.map((byte) => (byte & (this.#bit - 1)) | (this.#isMark ? this.#bit : 0)) as Buffer;
  }
}
