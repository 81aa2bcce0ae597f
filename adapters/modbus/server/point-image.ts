/** A unit made of points: the last reading of each, encoded at its address; writes become commands. */
import type { ServedDevice, ServedPoint, Value } from '../../../src/adapter.js';
import { isBitTable, type Table } from '../pdu.js';
import { type Place, placeOf } from '../point.js';
import { Unreadable } from '../values/refuse.js';
import { pointException, writeException } from './exceptions.js';
import type { ExceptionCode, RegisterImage } from './image.js';
import { PLAIN, type PointsUnit, type ServedPointOptions } from './role-schema.js';
import { sentinelOf } from './sentinel.js';
import { type Wish, writePoints } from './write-points.js';

interface Entry {
  readonly options: ServedPointOptions;
  readonly place: Place;
  readonly point: ServedPoint;
  readonly onBad: 'exception' | 'sentinel';
}

export interface PointImageOptions {
  readonly unit: PointsUnit;
  readonly identity: readonly string[];
  device(name: string): ServedDevice | undefined;
  /** For the audit: who writes. */
  readonly who: string;
  readonly signal: AbortSignal;
}

export class PointImage implements RegisterImage {
  readonly identity: readonly string[];
  readonly #o: PointImageOptions;
  /** `table` → address → who is there; several share a register bit by bit. */
  readonly #entries: Readonly<Record<Table, Map<number, Entry[]>>> = {
    coil: new Map(),
    discrete: new Map(),
    holding: new Map(),
    input: new Map(),
  };

  constructor(o: PointImageOptions) {
    this.identity = o.identity;
    this.#o = o;
    for (const options of o.unit.points) {
      const point = o.device(options.point.device)?.points.find(({ id }) => id === options.point.point);
      // Checked with the configuration; a profile may have lost it since: then its address does not exist.
      if (point === undefined) continue;
      const place = placeOf(options, PLAIN);
      const entry: Entry = { options, place, point, onBad: options.onBad ?? o.unit.onBad };
      const map = this.#entries[place.table];
      for (let at = place.start; at < place.start + place.length; at++) map.set(at, [...(map.get(at) ?? []), entry]);
    }
  }

  read(table: Table, start: number, quantity: number): Uint16Array | ExceptionCode {
    const values = new Uint16Array(quantity);
    const map = this.#entries[table];
    const encoded = new Map<Entry, Uint16Array>();
    let found = false;
    for (let index = 0; index < quantity; index++) {
      const entries = map.get(start + index);
      if (entries === undefined) {
        if (this.#o.unit.gaps === 'exception') return 2;
        continue;
      }
      found = true;
      for (const entry of entries) {
        // Once per request: the words of a value are of one reading.
        let words = encoded.get(entry);
        if (words === undefined) {
          const fresh = encode(entry);
          if (typeof fresh === 'number') return fresh;
          words = fresh;
          encoded.set(entry, words);
        }
        values[index]! |= words[start + index - entry.place.start]!;
      }
    }
    return found ? values : 2;
  }

  async write(table: 'coil' | 'holding', start: number, values: readonly number[]): Promise<ExceptionCode | undefined> {
    const map = this.#entries[table];
    const entries = new Set<Entry>();
    for (let index = 0; index < values.length; index++) {
      const there = map.get(start + index);
      if (there === undefined) return 2;
      for (const entry of there) entries.add(entry);
    }
    const wishes: Wish[] = [];
    for (const { options, place, point } of entries) {
      const isWhole = place.start >= start && place.start + place.length <= start + values.length;
      if (!options.write || !isWhole) return 2;
      const raw = decode(place, values.slice(place.start - start, place.start - start + place.length));
      const value = raw instanceof Unreadable ? undefined : engineering(raw, options);
      if (value === undefined) return 3;
      wishes.push({ point, value });
    }
    return writePoints(wishes, this.#o.who, this.#o.signal);
  }

  /** Only the points behind these bits are written; the others of the register keep theirs. */
  async writeBits(address: number, mask: number, bits: number): Promise<ExceptionCode | undefined> {
    const there = this.#entries.holding.get(address);
    if (there === undefined) return 2;
    const touched = there.filter(({ place }) => ((place.codec?.mask ?? 0xffff) & mask) !== 0);
    for (const { options, place, point } of touched) {
      const own = place.codec?.mask ?? 0xffff;
      if (!options.write || place.length > 1) return 2;
      let register = bits;
      if ((own & ~mask) !== 0) {
        const current = encode({ options, place, point, onBad: 'exception' });
        if (typeof current === 'number') return current;
        register |= current[0]! & ~mask;
      }
      const raw = decode(place, [register]);
      const value = raw instanceof Unreadable ? undefined : engineering(raw, options);
      if (value === undefined) return 3;
      const { status, error } = await point.write(value, this.#o.who, this.#o.signal);
      const exception = writeException(status, error);
      if (exception !== undefined) return exception;
    }
    return touched.length === 0 ? 2 : undefined;
  }
}

function decode(place: Place, values: readonly number[]): Value | Unreadable {
  if (isBitTable(place.table)) return values[0] !== 0;
  const data = Buffer.alloc(2 * values.length);
  for (const [index, value] of values.entries()) data.writeUInt16BE(value, 2 * index);
  return place.codec!.decode(data, 0);
}

/** @returns the words of the value, or the exception */
function encode({ options, place, point, onBad }: Entry): Uint16Array | ExceptionCode {
  const sample = point.sample();
  const isGood = sample?.quality === 'good' && sample.value !== undefined;
  const words = isGood ? wordsOf(place, raw(sample.value, options, place)) : undefined;
  if (words !== undefined) return words;
  const sentinel = onBad === 'sentinel' ? sentinelOf(place) : undefined;
  if (sentinel !== undefined) return sentinel;
  // Not read yet: the same request may succeed in a moment.
  return sample === undefined ? 6 : pointException(sample.error);
}

/** undefined: the value has no place in these registers. */
function wordsOf(place: Place, value: Value | undefined): Uint16Array | undefined {
  if (value === undefined) return undefined;
  if (isBitTable(place.table)) return typeof value === 'boolean' ? Uint16Array.of(value ? 1 : 0) : undefined;
  try {
    const data = place.codec!.encode(value);
    return Uint16Array.from({ length: data.length / 2 }, (_, index) => data.readUInt16BE(2 * index));
  } catch {
    return undefined;
  }
}

type Engineering = number | bigint | boolean | string;

/** What stands in the registers for a value: integers are rounded to the nearest, as every display does. */
function raw(value: Engineering, { scale, offset }: ServedPointOptions, { type }: Place): Value | undefined {
  if (type === 'bool') return typeof value === 'boolean' ? value : Number(value) !== 0;
  if (!/^(u?int|bcd|float)/.test(type)) return typeof value === 'string' ? value : String(value);
  const number = typeof value === 'boolean' ? Number(value) : value;
  if (typeof number === 'string') return undefined;
  if (typeof number === 'bigint' && scale === 1 && offset === 0) return number;
  const scaled = withoutNoise((Number(number) - offset) / scale);
  if (type.startsWith('float')) return scaled;
  const whole = Math.round(scaled);
  return Number.isSafeInteger(whole) || !Number.isFinite(whole) ? whole : BigInt(whole);
}

function engineering(value: Value, { scale, offset }: ServedPointOptions): Engineering | undefined {
  if (Buffer.isBuffer(value)) return value.toString('hex');
  if (typeof value === 'boolean' || typeof value === 'string' || (scale === 1 && offset === 0)) return value;
  const result = withoutNoise(Number(value) * scale + offset);
  return Number.isFinite(result) ? result : undefined;
}

function withoutNoise(value: number): number {
  return Number(value.toPrecision(15));
}
