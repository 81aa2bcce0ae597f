/** Bytes of IEC 62056-21: control characters, block check character, sign-on, acknowledgement, programming commands. */

export const SOH = 0x01;
export const STX = 0x02;
export const ETX = 0x03;
export const ACK = 0x06;
export const NAK = 0x15;

/** XOR of everything after the first SOH or STX up to and with ETX (6.3.14). */
export function blockCheck(bytes: Uint8Array): number {
  let sum = 0;
  for (const byte of bytes) sum ^= byte;
  return sum;
}

/** 6.3.1: `/?` device address `!` CR LF */
export function requestMessage(address: string): Buffer {
  return Buffer.from(`/?${address}!\r\n`, 'latin1');
}

/** 6.3.3: ACK, protocol 0, baud rate, mode 0 (data readout) or 1 (programming). */
export function optionSelect(baud: string, mode: '0' | '1'): Buffer {
  return Buffer.from(`\x060${baud}${mode}\r\n`, 'latin1');
}

/** 6.3.5: SOH, command, STX, data set, ETX, BCC; without a data set there is no STX. */
export function commandMessage(command: 'P1' | 'W1' | 'B0', dataSet?: string): Buffer {
  const body = Buffer.from(`${command}${dataSet === undefined ? '' : `\x02${dataSet}`}\x03`, 'latin1');
  return Buffer.concat([Buffer.of(SOH), body, Buffer.of(blockCheck(body))]);
}

/** 6.3.14, table 6: what the baud rate identification says, in modes B and C. */
const RATES = [300, 600, 1_200, 2_400, 4_800, 9_600, 19_200] as const;

export interface Identification {
  /** Three letters. */
  readonly manufacturer: string;
  /** What the meter says behind them. */
  readonly identification: string;
  /** A: no change of the rate; B: without being asked; C: it is acknowledged. */
  readonly mode: 'A' | 'B' | 'C';
  readonly baudId: string;
  /** undefined in mode A. */
  readonly baudRate: number | undefined;
}

/** @param line - `/XXXZ…`, without CR LF; @returns undefined when it is none */
export function parseIdentification(line: string): Identification | undefined {
  const match = /^\/([A-Za-z]{3})(.)(?:\\.)*([ -~]{0,64})$/.exec(line);
  if (match === null) return undefined;
  const [, manufacturer = '', baudId = '', identification = ''] = match;
  const isC = /^[0-6]$/.test(baudId);
  const isB = /^[A-F]$/.test(baudId);
  const baudRate = isC ? RATES[Number(baudId)] : isB ? RATES[baudId.charCodeAt(0) - 0x40] : undefined;
  return { manufacturer, identification, mode: isC ? 'C' : isB ? 'B' : 'A', baudId, baudRate };
}
