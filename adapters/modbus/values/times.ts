/**
 * Points in time, as text: ISO 8601 in UTC where the registers count from 1970, without a zone where they hold the
 * clock of the device. The bytes are big-endian; the packed forms have no order.
 */
import type { Value } from '../../../src/adapter.js';
import { refuse, Unreadable } from './refuse.js';

export interface TimeType {
  readonly bytes: 4 | 6 | 8 | 12;
  /** A number that may lie in the registers in any order; else its parts have fixed places. */
  readonly hasOrder: boolean;
  get(bytes: Buffer): string | Unreadable;
  /** @throws MODBUS_VALUE */
  set(bytes: Buffer, value: Value): void;
}

/** Beyond this a Date has no value, ms. */
const MAX_DATE_MS = 8.64e15;

interface Clock {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  /** With milliseconds as fraction. */
  readonly second: number;
}

function since1970(name: string, bytes: 4 | 8, unitMs: 1 | 1000): TimeType {
  const format = (ms: number) => {
    const text = new Date(ms).toISOString();
    return unitMs === 1000 ? text.replace('.000Z', 'Z') : text;
  };
  return {
    bytes,
    hasOrder: true,
    get: (data) => {
      const count = bytes === 4 ? data.readUInt32BE(0) : Number(data.readBigInt64BE(0));
      const ms = count * unitMs;
      return Math.abs(ms) <= MAX_DATE_MS
        ? format(ms)
        : new Unreadable('MODBUS_MALFORMED', `${count}, which is beyond the calendar`);
    },
    set: (data, value) => {
      const ms = typeof value === 'string' && !/^-?\d+$/.test(value) ? Date.parse(value) : Number(value) * unitMs;
      const count = ms / unitMs;
      const isWhole = Number.isInteger(count) && Math.abs(ms) <= MAX_DATE_MS;
      if (!isWhole || (bytes === 4 && (count < 0 || count > 0xffff_ffff))) refuse(name, value);
      // Text in another form would not read back as it was written.
      if (typeof value === 'string' && !/^-?\d+$/.test(value) && format(ms) !== value) refuse(name, value);
      if (typeof value === 'boolean' || Buffer.isBuffer(value)) refuse(name, value);
      if (bytes === 4) data.writeUInt32BE(count, 0);
      else data.writeBigInt64BE(BigInt(count), 0);
    },
  };
}

const two = (number: number): string => String(number).padStart(2, '0');

function clockText({ year, month, day, hour, minute, second }: Clock, withMs: boolean): string {
  const seconds = withMs ? second.toFixed(3).padStart(6, '0') : two(second);
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${seconds}`;
}

/** Is there such a day, and such a time of it? */
function isReal({ year, month, day, hour, minute, second }: Clock): boolean {
  const date = new Date(Date.UTC(2000, month - 1, day));
  date.setUTCFullYear(year, month - 1, day);
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 24 && minute < 60 && second < 60;
}

function parseClock(name: string, value: Value, withMs: boolean): Clock {
  const match =
    typeof value === 'string' ? /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d(?:\.\d{3})?)$/.exec(value) : null;
  if (match === null || match[6]!.includes('.') !== withMs) refuse(name, value);
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  const clock = { year, month, day, hour, minute, second };
  if (!isReal(clock)) refuse(name, value);
  return clock;
}

function checked(clock: Clock, withMs: boolean): string | Unreadable {
  return isReal(clock)
    ? clockText(clock, withMs)
    : new Unreadable('MODBUS_MALFORMED', `${clockText(clock, withMs)}, which is in no calendar`);
}

/** Date and time of IEC 870-5-4 as Schneider's TI 081 has it, four registers; years 2000 to 2127. */
const ti081: TimeType = {
  bytes: 8,
  hasOrder: false,
  get: (data) => {
    const [date, time] = [data.readUInt16BE(2), data.readUInt16BE(4)];
    if (time & 0x80) return new Unreadable('MODBUS_NOT_AVAILABLE', 'a time that it marks as invalid');
    const clock = {
      year: 2000 + (data.readUInt16BE(0) & 0x7f),
      month: (date >> 8) & 0x0f,
      day: date & 0x1f,
      hour: (time >> 8) & 0x1f,
      minute: time & 0x3f,
      second: data.readUInt16BE(6) / 1000,
    };
    return checked(clock, true);
  },
  set: (data, value) => {
    const { year, month, day, hour, minute, second } = parseClock('ti081', value, true);
    if (year < 2000 || year > 2127) refuse('ti081', value);
    // 1: Sunday.
    const weekday = new Date(Date.UTC(year, month - 1, day)).getUTCDay() + 1;
    data.writeUInt16BE(year - 2000, 0);
    data.writeUInt16BE((month << 8) | (weekday << 5) | day, 2);
    data.writeUInt16BE((hour << 8) | minute, 4);
    data.writeUInt16BE(Math.round(second * 1000), 6);
  },
};

/** Year, month, day, hour, minute, second: one after the other, each `width` bytes; one byte has the year since 2000. */
function parts(name: string, width: 1 | 2, isBcd: boolean): TimeType {
  const base = width === 1 ? 2000 : 0;
  const maxYear = width === 2 ? 9999 : isBcd ? 2099 : 2255;
  const get = (data: Buffer, index: number): number | undefined => {
    const raw = data.readUIntBE(index * width, width);
    if (!isBcd) return raw;
    const hex = raw.toString(16);
    return /^\d+$/.test(hex) ? Number(hex) : undefined;
  };
  return {
    bytes: (6 * width) as 6 | 12,
    hasOrder: false,
    get: (data) => {
      const numbers = [0, 1, 2, 3, 4, 5].map((index) => get(data, index));
      if (numbers.includes(undefined)) {
        return new Unreadable('MODBUS_MALFORMED', `0x${data.toString('hex', 0, 6 * width)}, which is not BCD`);
      }
      const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = numbers;
      return checked({ year: year + base, month, day, hour, minute, second }, false);
    },
    set: (data, value) => {
      const { year, month, day, hour, minute, second } = parseClock(name, value, false);
      if (year < base || year > maxYear) refuse(name, value);
      for (const [index, number] of [year - base, month, day, hour, minute, second].entries()) {
        data.writeUIntBE(isBcd ? Number.parseInt(String(number), 16) : number, index * width, width);
      }
    },
  };
}

export const TIME_TYPES = {
  unix32: since1970('unix32', 4, 1000),
  unix64: since1970('unix64', 8, 1000),
  unixMs64: since1970('unixMs64', 8, 1),
  ti081,
  ymdhms6: parts('ymdhms6', 2, false),
  ymdhms3: parts('ymdhms3', 1, false),
  ymdhmsBcd3: parts('ymdhmsBcd3', 1, true),
} as const satisfies Readonly<Record<string, TimeType>>;
