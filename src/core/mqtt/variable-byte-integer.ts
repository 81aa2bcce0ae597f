/** Variable Byte Integer (MQTT 5.0 §1.5.5), for writing. */

/** Bytes it takes. */
export function variableLength(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x20_0000 ? 3 : 4;
}

/** @returns offset behind it */
export function writeVariable(bytes: Buffer, value: number, at: number): number {
  let rest = value;
  while (rest >= 0x80) {
    bytes[at++] = (rest & 0x7f) | 0x80;
    rest >>= 7;
  }
  bytes[at++] = rest;
  return at;
}
