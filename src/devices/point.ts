/** Raw value of a device ↔ engineering value of people. Pure. */
import type { Value } from '../core/adapter.js';
import type { PointConfig, WriteConfig } from '../core/config.js';
import { devicesError } from './errors.js';

/** What is published and shown. Bytes have become text; 64-bit integers stay exact. */
export type Engineering = number | bigint | boolean | string;

export type Scaling = Pick<PointConfig, 'scale' | 'offset' | 'decimals'> &
  Partial<Pick<PointConfig, 'clamp' | 'names' | 'invert'>>;

/** Beyond this many digits after the point a double has nothing exact to say. */
const MAX_DECIMALS = 15;
/** From here on toFixed() gives exponents. */
const EXPONENT_FROM = 1e21;

/**
 * Raw × scale + offset, without the noise of binary fractions: 714 × 0.1 is 71.4.
 *
 * @returns undefined when the raw value is not a number although it is of that type (NaN, ±Infinity)
 */
export function toEngineering(raw: Value, scaling: Scaling): Engineering | undefined {
  const { names, invert, clamp } = scaling;
  if (invert === true && typeof raw !== 'string' && !Buffer.isBuffer(raw)) return !raw;
  if (names !== undefined) {
    const name = nameOf(raw, names);
    if (name !== undefined) return name;
  }
  const value = scaled(raw, scaling);
  return clamp === undefined || value === undefined ? value : clamped(value, clamp.min, clamp.max);
}

function nameOf(raw: Value, names: ReadonlyMap<number, string>): string | undefined {
  return typeof raw === 'string' || Buffer.isBuffer(raw) ? undefined : names.get(Number(raw));
}

function clamped(value: Engineering, min: number | undefined, max: number | undefined): Engineering {
  if (typeof value !== 'number' && typeof value !== 'bigint') return value;
  if (min !== undefined && value < min) return min;
  return max !== undefined && value > max ? max : value;
}

function scaled(raw: Value, scaling: Scaling): Engineering | undefined {
  const { scale, offset, decimals } = scaling;
  if (typeof raw === 'boolean' || typeof raw === 'string') return raw;
  if (Buffer.isBuffer(raw)) return raw.toString('hex');
  if (typeof raw === 'bigint') return scaleBigInt(raw, scaling);
  if (!Number.isFinite(raw)) return undefined;
  if (scale === 1 && offset === 0) return decimals === undefined ? unsigned(raw) : round(raw, decimals);
  const value = raw * scale + offset;
  if (!Number.isFinite(value)) return undefined;
  if (decimals !== undefined) return round(value, decimals);
  // An integer register has exactly the digits of its scale; a float has its own, and only the noise goes.
  const implied = Math.max(decimalsOf(scale), decimalsOf(offset));
  return Number.isInteger(raw) && implied <= MAX_DECIMALS ? round(value, implied) : withoutNoise(value);
}

/** Exact as long as scale and offset are integers; else the double nearest to the exact decimal result. */
function scaleBigInt(raw: bigint, { scale, offset, decimals }: Scaling): Engineering | undefined {
  if (Number.isSafeInteger(scale) && Number.isSafeInteger(offset)) return raw * BigInt(scale) + BigInt(offset);
  const digits = Math.max(decimalsOf(scale), decimalsOf(offset));
  if (digits > 2 * MAX_DECIMALS || Math.max(Math.abs(scale), Math.abs(offset)) >= EXPONENT_FROM) {
    const value = Number(raw) * scale + offset;
    if (!Number.isFinite(value)) return undefined;
    return decimals === undefined ? withoutNoise(value) : round(value, decimals);
  }
  const unit = 10n ** BigInt(digits);
  const scaled = raw * BigInt(scale.toFixed(digits).replace('.', '')) + BigInt(offset.toFixed(digits).replace('.', ''));
  const magnitude = scaled < 0n ? -scaled : scaled;
  const fraction = String(magnitude % unit).padStart(digits, '0');
  const value = Number(`${scaled < 0n ? '-' : ''}${magnitude / unit}.${fraction}`);
  return decimals === undefined ? value : round(value, decimals);
}

/**
 * The value as people read it: the decimals of a scaled point stand still (60.0 beside 45.1), and no digit is lost.
 * `—` when unknown.
 */
export function displayText(value: Engineering | undefined, { scale, offset, decimals }: Scaling): string {
  if (value === undefined) return '—';
  if (typeof value !== 'number' || Math.abs(value) >= EXPONENT_FROM) return String(value);
  const steady = decimals ?? Math.max(decimalsOf(scale), decimalsOf(offset));
  return decimalsOf(value) <= steady && steady <= MAX_DECIMALS ? value.toFixed(steady) : String(value);
}

/** Digits after the decimal point of a number as people write it: 0.05 → 2, 1e-7 → 7, 10 → 0. */
export function decimalsOf(value: number): number {
  const [mantissa = '', exponent = '0'] = String(value).split('e');
  const digits = mantissa.split('.')[1]?.length ?? 0;
  return Math.max(0, digits - Number(exponent));
}

function round(value: number, decimals: number): number {
  return unsigned(Math.abs(value) >= EXPONENT_FROM ? value : Number(value.toFixed(Math.min(100, decimals))));
}

function withoutNoise(value: number): number {
  return unsigned(Number(value.toPrecision(MAX_DECIMALS)));
}

/** Minus zero is zero to everyone outside IEEE 754. */
function unsigned(value: number): number {
  return value === 0 ? 0 : value;
}

/** What kind of raw value a point has, as far as its last reading tells. */
export type RawKind = 'number' | 'bigint' | 'boolean' | 'string' | 'bytes';

export function rawKind(raw: Value): RawKind {
  return Buffer.isBuffer(raw) ? 'bytes' : (typeof raw as RawKind);
}

/**
 * Makes the raw value to write from what someone asked for, and checks it against the limits of the point.
 *
 * @param wanted - engineering value; text that is a number is taken as one where the point has numbers
 * @param known - kind of the last raw value read; undefined before the first
 * @throws GatewayError of fault `caller`: POINT_WRONG_TYPE, POINT_OUT_OF_RANGE, POINT_OFF_STEP
 */
export function toRaw(wanted: Engineering, point: PointConfig, known: RawKind | undefined): Value {
  if (point.names !== undefined) return fromName(wanted, point, point.names, known);
  if (point.invert === true) {
    const raw = !toBoolean(wanted, point);
    return known === 'number' || known === 'bigint' ? Number(raw) : raw;
  }
  const write = point.write;
  const numeric =
    known === 'number' ||
    known === 'bigint' ||
    (known === undefined && typeof wanted !== 'boolean') ||
    write?.min !== undefined ||
    write?.max !== undefined ||
    point.scale !== 1;
  if (known === 'boolean') return toBoolean(wanted, point);
  if (known === 'string') return toText(wanted, point);
  if (known === 'bytes') return toBytes(wanted, point);
  if (typeof wanted === 'string') {
    const parsed = parseNumber(wanted);
    if (parsed === undefined && known === undefined && point.scale === 1 && write?.min === undefined) return wanted;
    if (parsed === undefined) throw wrongType(point, 'a number', wanted);
    return unscale(checked(parsed, point, write), point);
  }
  if (typeof wanted === 'boolean') {
    if (numeric) throw wrongType(point, 'a number', wanted);
    return wanted;
  }
  return unscale(checked(wanted, point, write), point);
}

/** A name, or the number behind one. */
function fromName(
  wanted: Engineering,
  point: PointConfig,
  names: ReadonlyMap<number, string>,
  known: RawKind | undefined,
): Value {
  const text = String(wanted).trim();
  const named = [...names].find(([, name]) => name === text)?.[0];
  const number = named ?? parseNumber(text);
  if (number === undefined || !names.has(Number(number))) {
    const expected = `one of ${[...names.values()].join(', ')}`;
    throw wrongType(point, expected, wanted);
  }
  checked(Number(number), point, point.write);
  return known === 'boolean' ? Number(number) !== 0 : Number(number);
}

function toBoolean(wanted: Engineering, point: PointConfig): boolean {
  if (typeof wanted === 'boolean') return wanted;
  const word = String(wanted).trim().toLowerCase();
  if (word === '1' || word === 'true' || word === 'on') return true;
  if (word === '0' || word === 'false' || word === 'off') return false;
  throw wrongType(point, 'true or false', wanted);
}

function toText(wanted: Engineering, point: PointConfig): string {
  if (typeof wanted === 'boolean') throw wrongType(point, 'text', wanted);
  return String(wanted);
}

function toBytes(wanted: Engineering, point: PointConfig): Buffer {
  if (typeof wanted !== 'string' || !/^([0-9a-f]{2})*$/i.test(wanted)) throw wrongType(point, 'hex digits', wanted);
  return Buffer.from(wanted, 'hex');
}

/** @returns undefined when the text is not a finite decimal number */
export function parseNumber(text: string): number | bigint | undefined {
  const trimmed = text.trim();
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed)) return undefined;
  const value = Number(trimmed);
  if (!Number.isFinite(value)) return undefined;
  return Number.isInteger(value) && !Number.isSafeInteger(value) && /^[+-]?\d+$/.test(trimmed)
    ? BigInt(trimmed.replace('+', ''))
    : value;
}

function checked(value: number | bigint, point: PointConfig, write: WriteConfig | undefined): number | bigint {
  if (typeof value === 'number' && !Number.isFinite(value)) throw wrongType(point, 'a finite number', value);
  const { min, max, step } = write ?? {};
  const details = { point: point.id, min, max, step };
  if (min !== undefined && value < min) {
    throw devicesError('POINT_OUT_OF_RANGE', `${value} is below the minimum ${min} of ${point.id}`, { details });
  }
  if (max !== undefined && value > max) {
    throw devicesError('POINT_OUT_OF_RANGE', `${value} is above the maximum ${max} of ${point.id}`, { details });
  }
  if (step !== undefined) {
    const steps = (Number(value) - (min ?? 0)) / step;
    if (Math.abs(steps - Math.round(steps)) > 1e-9 * Math.max(1, Math.abs(steps))) {
      const from = min === undefined ? '' : ` from ${min}`;
      throw devicesError('POINT_OFF_STEP', `${value} is not on the steps of ${step}${from} of ${point.id}`, {
        details,
      });
    }
  }
  return value;
}

function unscale(value: number | bigint, { scale, offset }: Scaling): number | bigint {
  if (scale === 1 && offset === 0) {
    return typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }
  if (typeof value === 'bigint' && Number.isSafeInteger(scale) && Number.isSafeInteger(offset)) {
    const shifted = value - BigInt(offset);
    if (shifted % BigInt(scale) === 0n) return shifted / BigInt(scale);
  }
  const raw = (Number(value) - offset) / scale;
  // An integer that reads as this very value is what was meant, with all its digits.
  const whole = Math.round(raw);
  if (Number.isSafeInteger(whole) && toEngineering(whole, { scale, offset, decimals: undefined }) === Number(value)) {
    return unsigned(whole);
  }
  return withoutNoise(raw);
}

function wrongType(point: PointConfig, expected: string, value: Engineering) {
  return devicesError('POINT_WRONG_TYPE', `${point.id} takes ${expected}, not ${describe(value)}`, {
    details: { point: point.id, expected },
  });
}

function describe(value: Engineering): string {
  return typeof value === 'string' ? `text of ${value.length} characters` : String(value);
}

/**
 * Is what was read back what was written? Integers exactly; fractions as far as a 32-bit float can tell, because the
 * device may store them as one.
 */
export function sameRaw(written: Value, read: Value): boolean {
  if (Buffer.isBuffer(written) || Buffer.isBuffer(read)) {
    return Buffer.isBuffer(written) && Buffer.isBuffer(read) && written.equals(read);
  }
  if (typeof written === 'string' || typeof read === 'string') {
    return trimmedText(written) === trimmedText(read);
  }
  if (typeof written === 'number' && typeof read === 'number') {
    if (written === read) return true;
    if (Number.isInteger(written) && Number.isInteger(read)) return false;
    return Math.fround(written) === Math.fround(read);
  }
  // number, bigint and boolean among each other: 1, 1n and true are one state of a device.
  // biome-ignore lint/suspicious/noDoubleEquals: exact across these three types, and only here
  return written == read;
}

/** Fixed-length text registers are padded with NUL or blanks. */
function trimmedText(value: Value): string {
  let end = String(value).length;
  const text = String(value);
  while (end > 0 && (text[end - 1] === '\0' || text[end - 1] === ' ')) end--;
  return text.slice(0, end);
}
