/** Readings as devices publish them here, `{"v":71.4,"q":"good","t":1763841600123,"u":"°C"}`, and bare values. */
import type { Message } from '../../core/message.js';
import { isObject, parseJson, utf8 } from './json.js';

export interface Reading {
  /** undefined: the payload is an object that is no reading. */
  readonly v: unknown;
  readonly q: string;
  /** Unix ms of the sample; else of the arrival. */
  readonly t: unknown;
  readonly u: unknown;
  /** Code of the error when it is not good. */
  readonly e: unknown;
  /** The payload: parsed, or its text. */
  readonly payload: unknown;
}

/** @returns undefined when the payload is not text */
export function readingOf({ payload, receivedAt }: Message): Reading | undefined {
  const text = utf8(payload);
  if (text === undefined) return undefined;
  const json = text === '' ? undefined : parseJson(text);
  const value = json === undefined ? text : json.value;
  if (!isObject(value)) return { v: value, q: 'good', t: receivedAt, u: undefined, e: undefined, payload: value };
  const isReading = Object.hasOwn(value, 'v');
  return {
    v: value.v,
    q: typeof value.q === 'string' ? value.q : 'good',
    t: typeof value.t === 'number' || isReading ? (value.t ?? receivedAt) : receivedAt,
    u: value.u,
    e: value.e,
    payload: value,
  };
}

/** @returns the whole reading; undefined when it is none */
export function readingJson(message: Message): string | undefined {
  const reading = readingOf(message);
  if (reading === undefined) return undefined;
  const { v, q, t, payload } = reading;
  if (isObject(payload)) return v === undefined ? undefined : JSON.stringify({ ...payload, v, q, t });
  return JSON.stringify({ v, q, t });
}

/** @returns a value as bare text; undefined for none */
export function valueText(v: unknown): string | undefined {
  if (v === undefined || v === null) return undefined;
  return typeof v === 'string' ? v : JSON.stringify(v);
}
