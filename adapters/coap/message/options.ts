/** The options of CoAP by number, and their values (RFC 7252 §5.10, RFC 7641 §2, RFC 7959 §2.1, RFC 9175). */
import type { Message, Option } from './message.js';

export const OptionNumber = {
  IF_MATCH: 1,
  URI_HOST: 3,
  ETAG: 4,
  IF_NONE_MATCH: 5,
  OBSERVE: 6,
  URI_PORT: 7,
  LOCATION_PATH: 8,
  URI_PATH: 11,
  CONTENT_FORMAT: 12,
  MAX_AGE: 14,
  URI_QUERY: 15,
  ACCEPT: 17,
  LOCATION_QUERY: 20,
  BLOCK2: 23,
  BLOCK1: 27,
  SIZE2: 28,
  PROXY_URI: 35,
  PROXY_SCHEME: 39,
  SIZE1: 60,
  ECHO: 252,
  REQUEST_TAG: 292,
} as const;

/** §5.10.5: how long a response is fresh that does not say, s. */
export const DEFAULT_MAX_AGE_S = 60;

/** §5.4.1: who does not know a critical option must not act on the message. */
export function isCritical(number: number): boolean {
  return (number & 1) === 1;
}

/** A non-negative integer in as few bytes as it needs (§3.2). */
export function uint(value: number): Buffer {
  if (value === 0) return Buffer.alloc(0);
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes.subarray(bytes.findIndex((byte) => byte !== 0));
}

export function uintOption(number: number, value: number): Option {
  return { number, value: uint(value) };
}

export function textOption(number: number, text: string): Option {
  return { number, value: Buffer.from(text) };
}

type HasOptions = Pick<Message, 'options'>;

export function optionOf({ options }: HasOptions, number: number): Buffer | undefined {
  return options.find((option) => option.number === number)?.value;
}

/** @returns undefined when it is not there, or longer than 4 bytes */
export function uintOf(message: HasOptions, number: number): number | undefined {
  const value = optionOf(message, number);
  if (value === undefined || value.length > 4) return undefined;
  return value.length === 0 ? 0 : value.readUIntBE(0, value.length);
}

export function textsOf({ options }: HasOptions, number: number): readonly string[] {
  return options.filter((option) => option.number === number).map(({ value }) => value.toString('utf8'));
}

/** `/a/b` of the Uri-Path options; `/` without any. */
export function pathOf(message: HasOptions): string {
  return `/${textsOf(message, OptionNumber.URI_PATH).map(encodeURIComponent).join('/')}`;
}

/** §5.10: of a segment of Uri-Path, an argument of Uri-Query. */
const MAX_SEGMENT_BYTES = 255;

/**
 * Uri-Path and Uri-Query options of `/sensors/temp?unit=c` (§6.4). Percent-encoding is undone.
 *
 * @returns what is wrong with it, where it cannot be a path
 */
export function uriOptions(reference: string): readonly Option[] | string {
  if (!reference.startsWith('/')) return 'a path begins with "/"';
  const question = reference.indexOf('?');
  const path = question < 0 ? reference : reference.slice(0, question);
  const query = question < 0 ? undefined : reference.slice(question + 1);
  const options: Option[] = [];
  try {
    if (path !== '/') {
      for (const segment of path.slice(1).split('/')) {
        options.push(textOption(OptionNumber.URI_PATH, decodeURIComponent(segment)));
      }
    }
    if (query !== undefined && query !== '') {
      for (const part of query.split('&')) options.push(textOption(OptionNumber.URI_QUERY, decodeURIComponent(part)));
    }
  } catch {
    return 'a "%" in it does not begin a percent-encoded byte';
  }
  const isLong = options.some(({ value }) => value.length > MAX_SEGMENT_BYTES);
  return isLong ? `a part of it is longer than ${MAX_SEGMENT_BYTES} bytes` : options;
}

/** Block1 and Block2 (RFC 7959 §2.2). */
export interface Block {
  /** Number of the block, in blocks of this size. */
  readonly number: number;
  readonly more: boolean;
  /** 0 to 6: the block has 2^(szx + 4) bytes. */
  readonly szx: number;
}

export const MAX_SZX = 6;
const MAX_BLOCK_NUMBER = 0xfffff;

export function blockBytes(szx: number): number {
  return 2 ** (szx + 4);
}

/** The largest block that is not larger. */
export function szxOf(bytes: number): number {
  let szx = MAX_SZX;
  while (szx > 0 && blockBytes(szx) > bytes) szx--;
  return szx;
}

export function blockOption(number: number, block: Block): Option {
  return uintOption(number, block.number * 16 + (block.more ? 8 : 0) + block.szx);
}

/** @returns undefined: there is none; 'bad': SZX 7, or more than three bytes */
export function blockOf(message: HasOptions, number: number): Block | 'bad' | undefined {
  const value = optionOf(message, number);
  if (value === undefined) return undefined;
  if (value.length > 3) return 'bad';
  const whole = value.length === 0 ? 0 : value.readUIntBE(0, value.length);
  const block = { number: whole >>> 4, more: (whole & 8) !== 0, szx: whole & 7 };
  return block.szx > MAX_SZX || block.number > MAX_BLOCK_NUMBER ? 'bad' : block;
}
