/** Bytes as text, for topics. */
import { serialError } from './errors.js';

export type RawEncoding = 'hex' | 'base64' | 'text';

export function encodeRaw(bytes: Buffer, encoding: RawEncoding): string {
  return bytes.toString(encoding === 'text' ? 'latin1' : encoding);
}

/** @throws SERIAL_RAW */
export function decodeRaw(text: string, encoding: RawEncoding): Buffer {
  if (encoding === 'text') return Buffer.from(text, 'latin1');
  if (encoding === 'hex') {
    const digits = text.replace(/\s+/g, '');
    if (digits === '' || !/^([0-9a-f]{2})+$/i.test(digits))
      throw serialError('SERIAL_RAW', 'the request is not pairs of hexadecimal digits');
    return Buffer.from(digits, 'hex');
  }
  const trimmed = text.trim();
  if (trimmed === '' || !/^[A-Za-z0-9+/]+={0,2}$/.test(trimmed) || trimmed.length % 4 !== 0) {
    throw serialError('SERIAL_RAW', 'the request is not base64');
  }
  return Buffer.from(trimmed, 'base64');
}
