/** What a payload says of a point, and what is sent to one: Content-Formats (RFC 7252 §12.3 and its registry). */
import type { Value } from '../../../src/adapter.js';
import { coapError } from '../errors.js';
import { type CborValue, decodeCbor, encodeCbor } from './cbor.js';
import { type SenmlRecord, senmlFromCbor, senmlFromJson, senmlJson, senmlMap, senmlTime } from './senml.js';

export const FORMATS = ['text', 'json', 'cbor', 'senml-json', 'senml-cbor', 'octets'] as const;
export type Format = (typeof FORMATS)[number];

export const ContentFormat = {
  text: 0,
  linkFormat: 40,
  octets: 42,
  json: 50,
  mergePatch: 52,
  cbor: 60,
  'senml-json': 110,
  'senml-cbor': 112,
} as const;

const BY_NUMBER: ReadonlyMap<number, Format> = new Map([
  [0, 'text'],
  [40, 'text'],
  [41, 'text'],
  [42, 'octets'],
  [50, 'json'],
  [60, 'cbor'],
  [110, 'senml-json'],
  [112, 'senml-cbor'],
  // application/vnd.oma.lwm2m+json and +cbor are not SenML; +tlv is read by nobody here.
  [11_542, 'octets'],
  [11_543, 'json'],
  [11_544, 'cbor'],
]);

/** Where in the payload the value is. */
export interface Place {
  /** undefined: what the response says it is. */
  readonly format: Format | undefined;
  /** JSON Pointer (RFC 6901). */
  readonly pointer: string | undefined;
  /** Name of a SenML record. */
  readonly record: string | undefined;
  readonly type: 'auto' | 'number' | 'boolean' | 'text';
}

export interface Payload {
  readonly contentFormat: number | undefined;
  readonly payload: Buffer;
  /** Unix ms */
  readonly at: number;
}

interface Found {
  readonly value: Value;
  /** Unix ms of the sample. */
  readonly at: number;
}

/** Payloads that are parsed already, for the other points in them. */
const parsed = new WeakMap<Payload, Map<Format, unknown>>();

/** @throws GatewayError COAP_DECODE, COAP_NO_VALUE */
export function valueIn(payload: Payload, place: Place): Found {
  const format = place.format ?? formatOf(payload);
  if (format === 'octets') return { value: octets(payload.payload, place), at: payload.at };
  const content = contentOf(payload, format);
  if (format === 'text') return { value: typed(textValue(content as string, place), place), at: payload.at };
  if (format === 'senml-json' || format === 'senml-cbor') {
    const record = recordOf(content as readonly SenmlRecord[], place.record);
    return {
      value: typed(record.value ?? record.sum!, place),
      at: record.time === 0 ? payload.at : senmlTime(record, payload.at),
    };
  }
  const value = place.pointer === undefined ? content : follow(content, place.pointer);
  return { value: typed(plain(value, place), place), at: payload.at };
}

function formatOf({ contentFormat, payload }: Payload): Format {
  const known = contentFormat === undefined ? undefined : BY_NUMBER.get(contentFormat);
  if (known !== undefined) return known;
  return isText(payload) ? 'text' : 'octets';
}

function isText(bytes: Buffer): boolean {
  return bytes.every((byte) => byte >= 0x20 || byte === 9 || byte === 10 || byte === 13) && utf8(bytes) !== undefined;
}

function utf8(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function contentOf(payload: Payload, format: Format): unknown {
  let formats = parsed.get(payload);
  if (formats === undefined) {
    formats = new Map();
    parsed.set(payload, formats);
  }
  if (!formats.has(format)) formats.set(format, parse(payload.payload, format));
  return formats.get(format);
}

function parse(bytes: Buffer, format: Format): unknown {
  try {
    if (format === 'cbor') return decodeCbor(bytes);
    if (format === 'senml-cbor') return senmlFromCbor(decodeCbor(bytes));
    const text = utf8(bytes);
    if (text === undefined) throw new RangeError('it is no UTF-8');
    if (format === 'text') return text;
    const json: unknown = JSON.parse(text);
    return format === 'senml-json' ? senmlFromJson(json) : json;
  } catch (cause) {
    const reason = cause instanceof SyntaxError ? 'it is no JSON' : (cause as Error).message;
    const message = `${bytes.length} bytes are not ${format}: ${reason}`;
    throw coapError('COAP_DECODE', message, { details: { format, bytes: bytes.length } });
  }
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

function textValue(text: string, { type }: Place): Value {
  const trimmed = text.trim();
  if (type === 'text') return text;
  if (NUMBER.test(trimmed)) return numberOf(trimmed);
  if (type === 'auto' && (trimmed === 'true' || trimmed === 'false')) return trimmed === 'true';
  return type === 'auto' ? text : trimmed;
}

function numberOf(text: string): number | bigint {
  const value = Number(text);
  const isLong = Number.isInteger(value) && !Number.isSafeInteger(value) && /^[+-]?\d+$/.test(text);
  return isLong ? BigInt(text.replace('+', '')) : value;
}

function octets(bytes: Buffer, place: Place): Value {
  return place.type === 'auto' ? bytes : typed(textValue(bytes.toString('utf8'), place), place);
}

/** What a point can hold: structures as JSON text. */
function plain(value: unknown, { pointer }: Place): Value {
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return value;
  if (typeof value === 'string' || Buffer.isBuffer(value)) return value;
  if (value === null || value === undefined) {
    throw coapError('COAP_NO_VALUE', pointer === undefined ? 'there is no value' : `there is no value at ${pointer}`);
  }
  return JSON.stringify(jsonOf(value));
}

function jsonOf(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (Buffer.isBuffer(value)) return value.toString('hex');
  if (Array.isArray(value)) return value.map(jsonOf);
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, one]) => [String(key), jsonOf(one)]));
  return value;
}

const TRUE: readonly string[] = ['true', 'on', '1', 'yes'];
const FALSE: readonly string[] = ['false', 'off', '0', 'no'];

function typed(value: Value, { type }: Place): Value {
  if (type === 'auto') return value;
  if (type === 'text') return Buffer.isBuffer(value) ? value.toString('utf8') : String(value);
  const text = String(value).trim().toLowerCase();
  if (type === 'boolean') {
    if (TRUE.includes(text)) return true;
    if (FALSE.includes(text)) return false;
    throw coapError('COAP_DECODE', 'it is neither true nor false');
  }
  if (typeof value === 'number' || typeof value === 'bigint') return value;
  if (typeof value === 'boolean') return Number(value);
  if (NUMBER.test(text)) return numberOf(text);
  throw coapError('COAP_DECODE', 'it is not a number');
}

/** RFC 6901. Integer keys of CBOR maps are written in digits. */
function follow(content: unknown, pointer: string): unknown {
  let value = content;
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (Array.isArray(value)) value = /^(0|[1-9]\d*)$/.test(key) ? value[Number(key)] : undefined;
    else if (value instanceof Map) value = value.has(key) ? value.get(key) : value.get(Number(key));
    else if (typeof value === 'object' && value !== null && Object.hasOwn(value, key)) {
      value = (value as Record<string, unknown>)[key];
    } else value = undefined;
    if (value === undefined)
      throw coapError('COAP_NO_VALUE', `there is nothing at ${pointer}`, { details: { pointer } });
  }
  return value;
}

/** By its whole name, or by the part behind the base name; without one: the last with a value. */
function recordOf(records: readonly SenmlRecord[], name: string | undefined): SenmlRecord {
  const usable = records.filter(({ value, sum }) => value !== undefined || sum !== undefined);
  const isNamed = (record: SenmlRecord) =>
    record.name === name || (name !== undefined && record.name.endsWith(`/${name}`));
  const found =
    name === undefined ? usable.at(-1) : (usable.findLast((one) => one.name === name) ?? usable.findLast(isNamed));
  if (found !== undefined) return found;
  const message = name === undefined ? 'the pack has no record with a value' : `the pack has no record ${name}`;
  throw coapError('COAP_NO_VALUE', message, { details: { records: records.length } });
}

/** What is sent for a value. */
export interface Body {
  readonly payload: Buffer;
  readonly contentFormat: number;
}

export interface Destination {
  readonly format: Format;
  readonly pointer: string | undefined;
  readonly record: string | undefined;
  /** Text of the body with `{value}` in it, the value as JSON. */
  readonly template: string | undefined;
  /** A change of a part (RFC 8132): JSON is sent as a merge patch. */
  readonly isPatch: boolean;
}

/** @throws GatewayError COAP_VALUE */
export function bodyOf(value: Value, { format, pointer, record, template, isPatch }: Destination): Body {
  const contentFormat = isPatch && format === 'json' ? ContentFormat.mergePatch : ContentFormat[format];
  if (template !== undefined) {
    const text = format === 'text' ? String(plainText(value)) : jsonText(value);
    return { payload: Buffer.from(template.replaceAll('{value}', () => text)), contentFormat };
  }
  switch (format) {
    case 'text':
      return { payload: Buffer.from(plainText(value)), contentFormat };
    case 'octets':
      return { payload: octetsOf(value), contentFormat };
    case 'json':
      return { payload: Buffer.from(nested(pointer, jsonText(value))), contentFormat };
    case 'senml-json':
      return { payload: Buffer.from(senmlJson(record ?? '', finite(value))), contentFormat };
    case 'cbor':
      return { payload: encodeCbor(nestedMap(pointer, value)), contentFormat };
    case 'senml-cbor':
      return { payload: encodeCbor(senmlMap(record ?? '', finite(value))), contentFormat };
  }
}

function plainText(value: Value): string {
  return Buffer.isBuffer(value) ? value.toString('hex') : String(value);
}

function octetsOf(value: Value): Buffer {
  if (Buffer.isBuffer(value)) return value;
  if (typeof value === 'string') {
    if (/^([0-9a-f]{2})*$/i.test(value)) return Buffer.from(value, 'hex');
    throw coapError('COAP_VALUE', 'octets are written in hexadecimal digits');
  }
  throw coapError('COAP_VALUE', `a ${typeof value} is no octets`);
}

function finite(value: Value): Value {
  if (typeof value === 'number' && !Number.isFinite(value))
    throw coapError('COAP_VALUE', `${value} has no place in it`);
  return value;
}

function jsonText(value: Value): string {
  finite(value);
  if (typeof value === 'bigint') return String(value);
  return JSON.stringify(Buffer.isBuffer(value) ? value.toString('hex') : value);
}

function keysOf(pointer: string | undefined): readonly string[] {
  return (pointer ?? '')
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** `/a/b` and 5 → `{"a":{"b":5}}` */
function nested(pointer: string | undefined, json: string): string {
  return keysOf(pointer).reduceRight((inner, key) => `{${JSON.stringify(key)}:${inner}}`, json);
}

function nestedMap(pointer: string | undefined, value: Value): CborValue {
  return keysOf(pointer).reduceRight<CborValue>((inner, key) => new Map([[key, inner]]), value);
}
