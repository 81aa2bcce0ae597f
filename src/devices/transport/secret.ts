/** A secret of an endpoint: the bytes themselves, or the file that they are in, read again for each connection. */
import { readFileSync } from 'node:fs';
import { devicesError } from '../errors.js';

const LINE_BREAK = /\r?\n$/;

/** A line break at the end of a file does not belong to it; 0x before hexadecimal digits: bytes that are no text. */
export function secretOf(source: string | Buffer): Buffer {
  let bytes: Buffer;
  try {
    bytes = typeof source === 'string' ? readFileSync(source) : source;
  } catch (cause) {
    throw devicesError('PORT_FAILED', `cannot read ${source} (${(cause as NodeJS.ErrnoException).code})`, { cause });
  }
  const text = bytes.toString('latin1').replace(LINE_BREAK, '');
  return /^0x([0-9a-f]{2})+$/i.test(text) ? Buffer.from(text.slice(2), 'hex') : Buffer.from(text, 'latin1');
}
