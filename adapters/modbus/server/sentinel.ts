/** What says «not available» in registers: the most negative integer, all bits of one without sign, NaN, no text. */
import type { Place } from '../point.js';

const QUIET_NAN: Readonly<Record<string, string>> = {
  float16: '7e00',
  float32: '7fc00000',
  float64: '7ff8000000000000',
};

/** @returns undefined where every pattern is a value: bits, and parts of a register */
export function sentinelOf({ type, codec, length }: Place): Uint16Array | undefined {
  if (codec === undefined || codec.mask !== undefined || type === 'bool') return undefined;
  const data = dataOf(type, codec.arrange, 2 * length);
  return Uint16Array.from({ length }, (_, index) => data.readUInt16BE(2 * index));
}

function dataOf(type: string, arrange: (bytes: Buffer) => Buffer, bytes: number): Buffer {
  const nan = QUIET_NAN[type];
  if (nan !== undefined) return arrange(Buffer.from(nan, 'hex'));
  const signed = /^int(\d+)$/.exec(type);
  if (signed !== null) {
    const lowest = Buffer.alloc(bytes);
    // 24 bits lie in four bytes: the sign fills what is before them.
    const first = bytes - Number(signed[1]) / 8;
    lowest.fill(0xff, 0, first);
    lowest[first] = 0x80;
    return arrange(lowest);
  }
  return Buffer.alloc(bytes, /^(uint|bcd|unix)/.test(type) ? 0xff : 0);
}
