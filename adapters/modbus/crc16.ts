/** CRC of RTU frames: MODBUS over Serial Line V1.02 §2.5.1.2, polynomial 0xA001 reflected, initial value 0xFFFF. */
const TABLE = Uint16Array.from({ length: 256 }, (_, index) => {
  let crc = index;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >> 1) ^ 0xa001 : crc >> 1;
  return crc;
});

/**
 * @param start - first byte, inclusive
 * @param end - last byte, exclusive
 * @returns the CRC as a number; on the wire its low byte comes first
 */
export function crc16(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let crc = 0xffff;
  for (let index = start; index < end; index++) crc = (crc >> 8) ^ (TABLE[(crc ^ bytes[index]!) & 0xff] as number);
  return crc;
}
