/** What frames on serial lines have in common: no names, so a request is found in its answer by what it asked for. */
import type { Request } from './pdu.js';
import { encodeRtu, type Scan, scanForAnswer } from './rtu-frame.js';

export type Framing = 'tcp' | 'rtu' | 'ascii';

export interface SerialFraming {
  encode(unit: number, pdu: Buffer): Buffer;
  /** Bytes of a whole frame around a PDU of this length. */
  frameBytes(pduBytes: number): number;
  /**
   * @param bytes - all that came since the request was sent
   * @param frame - the request as it was sent
   * @param skipEcho - whether the first copy of `frame` is our own echo
   */
  scan(bytes: Buffer, frame: Buffer, unit: number, request: Request, skipEcho: boolean): Scan;
  /** More than any frame and its echo; a line that babbles on must not fill the memory. */
  readonly receiveLimit: number;
  /** A frame with a longer gap inside is none (ms), and what is left of the bytes then. */
  readonly characterTimeoutMs?: number;
  cut?(bytes: Buffer): Buffer;
}

export const rtuFraming: SerialFraming = {
  encode: encodeRtu,
  frameBytes: (pduBytes) => pduBytes + 3,
  scan: scanForAnswer,
  receiveLimit: 1_024,
};
