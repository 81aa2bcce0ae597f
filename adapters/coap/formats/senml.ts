/** Sensor Measurement Lists (RFC 8428): records resolved, in JSON and CBOR. */
import type { CborValue } from './cbor.js';

export interface SenmlRecord {
  readonly name: string;
  readonly unit: string | undefined;
  /** Of v, vs, vb or vd; undefined when the record has only a sum, or nothing. */
  readonly value: number | bigint | boolean | string | Buffer | undefined;
  readonly sum: number | undefined;
  /** s as written after the base: absolute from 2^28 on, else relative to now (§4.5.3). */
  readonly time: number;
}

/** Labels of CBOR (§6, table 4). */
const LABELS: ReadonlyMap<number, string> = new Map([
  [-1, 'bver'],
  [-2, 'bn'],
  [-3, 'bt'],
  [-4, 'bu'],
  [-5, 'bv'],
  [-6, 'bs'],
  [0, 'n'],
  [1, 'u'],
  [2, 'v'],
  [3, 'vs'],
  [4, 'vb'],
  [5, 's'],
  [6, 't'],
  [7, 'ut'],
  [8, 'vd'],
]);
/** §4.4: what we understand. */
const VERSION = 10;
/** §4.5.3: a time from here on is absolute. */
const ABSOLUTE_FROM_S = 2 ** 28;

type Fields = ReadonlyMap<string, unknown>;

/** @throws RangeError with what is wrong, when it is not a pack */
export function senmlFromJson(pack: unknown): readonly SenmlRecord[] {
  if (!Array.isArray(pack)) throw new RangeError('a SenML pack is an array');
  return resolve(
    pack.map((record: unknown): Fields => {
      if (typeof record !== 'object' || record === null) throw new RangeError('a SenML record is an object');
      return new Map(Object.entries(record));
    }),
    (text) => Buffer.from(String(text), 'base64url'),
  );
}

/** @throws RangeError with what is wrong, when it is not a pack */
export function senmlFromCbor(pack: CborValue): readonly SenmlRecord[] {
  if (!Array.isArray(pack)) throw new RangeError('a SenML pack is an array');
  return resolve(
    pack.map((record: CborValue): Fields => {
      if (!(record instanceof Map)) throw new RangeError('a SenML record is a map');
      return new Map(
        [...record].map(([key, value]) => [typeof key === 'number' ? (LABELS.get(key) ?? '') : String(key), value]),
      );
    }),
    (bytes) => (Buffer.isBuffer(bytes) ? bytes : undefined),
  );
}

/** Base fields hold for their record and those behind it (§4.1). */
function resolve(records: readonly Fields[], data: (value: unknown) => Buffer | undefined): readonly SenmlRecord[] {
  let baseName = '';
  let baseTime = 0;
  let baseUnit: string | undefined;
  let baseValue = 0;
  let baseSum = 0;
  return records.flatMap((fields): SenmlRecord[] => {
    // §4.4: a field that ends with "_" must be understood.
    for (const name of fields.keys())
      if (name.endsWith('_')) throw new RangeError(`the field ${name} must be understood`);
    const version = number(fields, 'bver');
    if (version !== undefined && version > VERSION) throw new RangeError(`SenML version ${version}`);
    baseName = text(fields, 'bn') ?? baseName;
    baseTime = number(fields, 'bt') ?? baseTime;
    baseUnit = text(fields, 'bu') ?? baseUnit;
    baseValue = number(fields, 'bv') ?? baseValue;
    baseSum = number(fields, 'bs') ?? baseSum;
    const value = valueIn(fields, baseValue, data);
    const sum = number(fields, 's');
    if (value === undefined && sum === undefined && !fields.has('bs')) return [];
    return [
      {
        name: baseName + (text(fields, 'n') ?? ''),
        unit: text(fields, 'u') ?? baseUnit,
        value,
        sum: sum === undefined && !fields.has('bs') ? undefined : baseSum + (sum ?? 0),
        time: baseTime + (number(fields, 't') ?? 0),
      },
    ];
  });
}

function valueIn(fields: Fields, base: number, data: (value: unknown) => Buffer | undefined): SenmlRecord['value'] {
  const v = fields.get('v');
  if (typeof v === 'bigint') return base === 0 ? v : Number(v) + base;
  if (typeof v === 'number') return base + v;
  const string = fields.get('vs');
  if (typeof string === 'string') return string;
  const boolean = fields.get('vb');
  if (typeof boolean === 'boolean') return boolean;
  return fields.has('vd') ? data(fields.get('vd')) : undefined;
}

function number(fields: Fields, name: string): number | undefined {
  const value = fields.get(name);
  if (value === undefined) return undefined;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new RangeError(`${name} is not a number`);
  return value;
}

function text(fields: Fields, name: string): string | undefined {
  const value = fields.get(name);
  if (value !== undefined && typeof value !== 'string') throw new RangeError(`${name} is not a text`);
  return value;
}

/** Unix ms of a record. @param now - Unix ms */
export function senmlTime({ time }: SenmlRecord, now: number): number {
  return time >= ABSOLUTE_FROM_S ? time * 1_000 : now + time * 1_000;
}

/** One value as a pack of one record, JSON. */
export function senmlJson(name: string, value: number | bigint | boolean | string | Buffer): string {
  const n = JSON.stringify(name);
  if (typeof value === 'boolean') return `[{"n":${n},"vb":${value}}]`;
  if (typeof value === 'string') return `[{"n":${n},"vs":${JSON.stringify(value)}}]`;
  if (Buffer.isBuffer(value)) return `[{"n":${n},"vd":"${value.toString('base64url')}"}]`;
  return `[{"n":${n},"v":${String(value)}}]`;
}

/** The same as CBOR. */
export function senmlMap(name: string, value: number | bigint | boolean | string | Buffer): CborValue {
  const label = typeof value === 'boolean' ? 4 : typeof value === 'string' ? 3 : Buffer.isBuffer(value) ? 8 : 2;
  return [
    new Map<CborValue, CborValue>([
      [0, name],
      [label, value],
    ]),
  ];
}
