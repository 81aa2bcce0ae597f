/** Control packets of a client as bytes, right or wrong: every field may be what the caller wants. */
import { propertyRules } from './mqtt-tables.js';

export type Version = 3 | 4 | 5;
export type Value = number | string | Buffer | readonly [string, string];
/** Property Identifier and value, in the order in which they are written. */
export type PropertyList = readonly (readonly [id: number, value: Value])[];

export const uint16 = (value: number): Buffer => Buffer.from([(value >> 8) & 0xff, value & 0xff]);
const uint32 = (value: number): Buffer =>
  Buffer.from([value >>> 24, value >>> 16, value >>> 8, value].map((b) => b & 0xff));

/** §1.5.5 */
export function variable(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push((rest & 0x7f) | (rest >= 0x80 ? 0x80 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return Buffer.from(bytes);
}

/** A string or binary data with its length. */
export function field(value: string | Buffer): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  return Buffer.concat([uint16(bytes.length), bytes]);
}

export function frame(first: number, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from([first]), variable(body.length), body]);
}

/** Properties with their length. Identifiers that do not exist are written as one byte of value. */
export function properties(list: PropertyList): Buffer {
  const bytes = Buffer.concat(list.map(([id, value]) => Buffer.concat([Buffer.from([id]), propertyValue(id, value)])));
  return Buffer.concat([variable(bytes.length), bytes]);
}

function propertyValue(id: number, value: Value): Buffer {
  if (Array.isArray(value)) return Buffer.concat([field(value[0] as string), field(value[1] as string)]);
  if (typeof value !== 'number') return field(value as string | Buffer);
  switch (propertyRules[id]?.kind) {
    case 'uint16':
      return uint16(value);
    case 'uint32':
      return uint32(value);
    case 'variable':
      return variable(value);
    default:
      return Buffer.from([value]);
  }
}

export interface WillInit {
  readonly topic: string;
  readonly payload: string;
  readonly qos: number;
  readonly retain: boolean;
  readonly properties?: PropertyList;
}

export interface ConnectInit {
  readonly version: Version;
  readonly clientId: string;
  readonly clean?: boolean;
  readonly keepAlive?: number;
  readonly will?: WillInit | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly properties?: PropertyList;
  readonly name?: string;
  readonly level?: number;
  /** XORed into the connect flags. */
  readonly wrongFlags?: number;
}

export function connect(init: ConnectInit): Buffer {
  const { version, clean = true, will, username, password } = init;
  let flags = clean ? 0x02 : 0;
  if (will !== undefined) flags |= 0x04 | (will.qos << 3) | (will.retain ? 0x20 : 0);
  if (username !== undefined) flags |= 0x80;
  if (password !== undefined) flags |= 0x40;
  flags ^= init.wrongFlags ?? 0;
  const parts = [
    field(init.name ?? (version === 3 ? 'MQIsdp' : 'MQTT')),
    Buffer.from([init.level ?? version, flags]),
    uint16(init.keepAlive ?? 0),
  ];
  if (version === 5) parts.push(properties(init.properties ?? []));
  parts.push(field(init.clientId));
  if (will !== undefined) {
    if (version === 5) parts.push(properties(will.properties ?? []));
    parts.push(field(will.topic), field(will.payload));
  }
  if (username !== undefined) parts.push(field(username));
  if (password !== undefined) parts.push(field(password));
  return frame(0x10, Buffer.concat(parts));
}

export interface PublishInit {
  readonly version: Version;
  readonly topic: string;
  readonly payload: string | Buffer;
  readonly qos: number;
  readonly retain?: boolean;
  readonly dup?: boolean;
  readonly id?: number;
  readonly properties?: PropertyList;
}

export function publish(init: PublishInit): Buffer {
  const { version, qos, retain = false, dup = false } = init;
  const parts = [field(init.topic)];
  if (qos > 0) parts.push(uint16(init.id ?? 1));
  if (version === 5) parts.push(properties(init.properties ?? []));
  parts.push(typeof init.payload === 'string' ? Buffer.from(init.payload) : init.payload);
  return frame(0x30 | (dup ? 8 : 0) | (qos << 1) | (retain ? 1 : 0), Buffer.concat(parts));
}

export type AcknowledgementName = 'PUBACK' | 'PUBREC' | 'PUBREL' | 'PUBCOMP';

const acknowledgementTypes = { PUBACK: 0x40, PUBREC: 0x50, PUBREL: 0x62, PUBCOMP: 0x70 } as const;

/** @param code - undefined: the short form, the only one before 5.0 */
export function acknowledgement(name: AcknowledgementName, id: number, code?: number, list?: PropertyList): Buffer {
  const parts = [uint16(id)];
  if (code !== undefined) parts.push(Buffer.from([code]));
  if (list !== undefined) parts.push(properties(list));
  return frame(acknowledgementTypes[name], Buffer.concat(parts));
}

/** @param filters - Topic Filter and subscription options */
export function subscribe(
  version: Version,
  id: number,
  filters: readonly (readonly [filter: string, options: number])[],
  list: PropertyList = [],
): Buffer {
  const parts = [uint16(id)];
  if (version === 5) parts.push(properties(list));
  for (const [filter, options] of filters) parts.push(field(filter), Buffer.from([options]));
  return frame(0x82, Buffer.concat(parts));
}

export function unsubscribe(version: Version, id: number, filters: readonly string[], list: PropertyList = []): Buffer {
  const parts = [uint16(id)];
  if (version === 5) parts.push(properties(list));
  for (const filter of filters) parts.push(field(filter));
  return frame(0xa2, Buffer.concat(parts));
}

export const PINGREQ = Buffer.from([0xc0, 0]);

/** @param code - undefined: the short form */
export function disconnect(code?: number, list?: PropertyList): Buffer {
  const parts: Buffer[] = [];
  if (code !== undefined) parts.push(Buffer.from([code]));
  if (list !== undefined) parts.push(properties(list));
  return frame(0xe0, Buffer.concat(parts));
}

export function auth(code?: number, list?: PropertyList): Buffer {
  const parts: Buffer[] = [];
  if (code !== undefined) parts.push(Buffer.from([code]));
  if (list !== undefined) parts.push(properties(list));
  return frame(0xf0, Buffer.concat(parts));
}
