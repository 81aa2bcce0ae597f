/** tar archives as layers are (POSIX.1-2017 pax § ustar): regular files out of one, one file into one. */
import { registryError } from './errors.js';

const BLOCK = 512;
const MAX_ENTRIES = 4_096;
const MAX_NAME = 4_096;

export interface TarFile {
  /** Without `/` and `./` at its begin; `..` is refused. */
  readonly path: string;
  readonly bytes: Buffer;
}

/**
 * Regular files in their order; all else is passed over. Sizes and paths of pax and GNU headers are known.
 *
 * @throws GatewayError FUNCTION_IMAGE_LAYOUT
 */
export function readTar(archive: Buffer): readonly TarFile[] {
  const files: TarFile[] = [];
  let longName: string | undefined;
  let pax: ReadonlyMap<string, string> = new Map();
  let at = 0;
  for (let entries = 0; at + BLOCK <= archive.length; entries++) {
    const header = archive.subarray(at, at + BLOCK);
    if (header.every((byte) => byte === 0)) return files;
    if (entries === MAX_ENTRIES) throw fail(`it has more than ${MAX_ENTRIES} entries`);
    checkSum(header);
    const type = String.fromCharCode(header[156]!);
    const isMeta = 'xgLK'.includes(type);
    const size = isMeta ? octal(header, 124, 12) : Number(pax.get('size') ?? octal(header, 124, 12));
    at += BLOCK;
    if (!Number.isSafeInteger(size) || size < 0 || at + size > archive.length)
      throw fail('an entry is longer than the archive');
    const bytes = archive.subarray(at, at + size);
    at += Math.ceil(size / BLOCK) * BLOCK;
    if (isMeta) {
      if (size > 65_536) throw fail('a header is too long');
      if (type === 'x') pax = paxRecords(bytes);
      else if (type === 'L') longName = text(bytes, 0, bytes.length);
      continue;
    }
    const path = pax.get('path') ?? longName ?? ustarPath(header);
    pax = new Map();
    longName = undefined;
    if (type === '0' || type === '\0' || type === '7') files.push({ path: plainPath(path), bytes });
  }
  throw fail('it ends too early');
}

/** One regular file, always the same bytes for the same content. */
export function writeTar({ path, bytes }: TarFile): Buffer {
  if (Buffer.byteLength(path) > 100) throw fail('the name of its file is too long');
  const header = Buffer.alloc(BLOCK);
  header.write(path, 0);
  header.write('0000644\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  header.write(`${bytes.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.write('        ', 148);
  header.write('0', 156);
  header.write('ustar\x0000', 257);
  header.write(`${sumOf(header).toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([header, bytes, Buffer.alloc(((BLOCK - (bytes.length % BLOCK)) % BLOCK) + 2 * BLOCK)]);
}

function plainPath(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (path.length > MAX_NAME || parts.includes('..') || path.includes('\0')) throw fail('a path in it leads out of it');
  return parts.join('/');
}

function ustarPath(header: Buffer): string {
  const name = text(header, 0, 100);
  const prefix = header.toString('latin1', 257, 262) === 'ustar' && header[262] === 0 ? text(header, 345, 155) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** `length key=value\n`, the length counting itself. */
function paxRecords(bytes: Buffer): ReadonlyMap<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at);
    const length = space < 0 ? Number.NaN : Number(bytes.toString('latin1', at, space));
    if (!Number.isSafeInteger(length) || length < 5 || at + length > bytes.length) throw fail('a pax header is none');
    const record = bytes.toString('utf8', space + 1, at + length - 1);
    const equals = record.indexOf('=');
    if (equals < 1) throw fail('a pax header is none');
    records.set(record.slice(0, equals), record.slice(equals + 1));
    at += length;
  }
  return records;
}

function text(bytes: Buffer, start: number, length: number): string {
  const field = bytes.subarray(start, start + length);
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end < 0 ? field.length : end);
}

function octal(header: Buffer, start: number, length: number): number {
  const digits = header
    .toString('latin1', start, start + length)
    .replace(/[\0 ]+$/, '')
    .trimStart();
  if (!/^[0-7]*$/.test(digits)) throw fail('a number in a header is none');
  return digits === '' ? 0 : Number.parseInt(digits, 8);
}

function checkSum(header: Buffer): void {
  if (octal(header, 148, 8) !== sumOf(header)) throw fail('the sum of a header is wrong');
}

/** Its own field counts as blanks. */
function sumOf(header: Buffer): number {
  let sum = 8 * 0x20;
  for (let i = 0; i < BLOCK; i++) if (i < 148 || i >= 156) sum += header[i]!;
  return sum;
}

function fail(why: string) {
  return registryError('FUNCTION_IMAGE_LAYOUT', `a layer is no tar archive that can be read: ${why}`);
}
