/** Reads and checks what clients send: paths, queries, JSON bodies. Refusals are GatewayErrors of fault `caller`. */
import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../core/errors.js';
import type { HistoryRequest } from '../core/history.js';
import type { EventKind, PublishRequest, ShadowRun, WriteRequest } from './contract.js';
import { apiError } from './errors.js';

export const MAX_BODY_BYTES = 1_000_000;
/** A module of 16 MiB in base64, and what is around it. */
export const MAX_MODULE_BODY_BYTES = 24_000_000;
const MAX_LIMIT = 100_000;
/** The last that a Date has, Unix ms. */
const MAX_TIME = 8_640_000_000_000_000;

/** @throws GatewayError API_BODY_TOO_LARGE, API_BAD_REQUEST, API_CANCELLED */
export async function readJson(request: IncomingMessage, maxBytes = MAX_BODY_BYTES): Promise<unknown> {
  const tooLarge = () => apiError('API_BODY_TOO_LARGE', `the body has more than ${maxBytes} bytes`);
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw tooLarge();
      chunks.push(chunk);
    }
  } catch (cause) {
    if (cause instanceof GatewayError) throw cause;
    throw apiError('API_CANCELLED', 'the client went away before its body was complete', { cause });
  }
  const text = Buffer.concat(chunks).toString('utf8');
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw apiError('API_BAD_REQUEST', 'the body is not JSON', { cause });
  }
}

function bad(message: string): never {
  throw apiError('API_BAD_REQUEST', message);
}

function fields(body: unknown, known: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) bad('the body is not a JSON object');
  for (const key of Object.keys(body))
    if (!known.includes(key)) bad(`unknown field "${key.slice(0, 40)}"; known: ${known.join(', ')}`);
  return body as Readonly<Record<string, unknown>>;
}

export function writeRequest(body: unknown): WriteRequest {
  const { value, timeoutMs } = fields(body, ['value', 'timeoutMs']);
  if (typeof value !== 'number' && typeof value !== 'boolean' && typeof value !== 'string') {
    bad('"value" is not a number, true, false or a text');
  }
  // JSON has numbers that no double holds: 1e999 is Infinity.
  if (typeof value === 'number' && !Number.isFinite(value)) bad('"value" is too large for a number');
  if (timeoutMs === undefined) return { value };
  if (typeof timeoutMs !== 'number' || !(timeoutMs >= 1 && timeoutMs <= 3_600_000))
    bad('"timeoutMs" is not a number from 1 to 3600000');
  return { value, timeoutMs };
}

export function deployRequest(body: unknown): { readonly module: Buffer; readonly source: string } {
  const { module, source = 'deployed' } = fields(body, ['module', 'source']);
  if (typeof module !== 'string') bad('"module" is not a text in base64');
  const bytes = Buffer.from(module, 'base64');
  if (bytes.length === 0) bad('"module" is empty, or no base64');
  if (typeof source !== 'string' || source.length > 1_024) bad('"source" is not a text of at most 1024 characters');
  return { module: bytes, source };
}

export function shadowRequest(body: unknown): { readonly module: Buffer; readonly source: string } & ShadowRun {
  const names = ['module', 'source', 'liveMs', 'promote', 'jsonEqual', 'allow', 'show'] as const;
  const all = fields(body, names);
  const { liveMs, promote = false, jsonEqual = false, allow = 0, show = 10 } = all;
  const isWithin = (value: unknown, min: number, max: number) =>
    typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;
  if (liveMs !== undefined && !isWithin(liveMs, 1_000, 86_400_000)) bad('"liveMs" is not from 1000 to 86400000');
  if (typeof promote !== 'boolean') bad('"promote" is not true or false');
  if (typeof jsonEqual !== 'boolean') bad('"jsonEqual" is not true or false');
  if (!isWithin(allow, 0, 1_000_000_000)) bad('"allow" is not from 0 to 1000000000');
  if (!isWithin(show, 0, 100)) bad('"show" is not from 0 to 100');
  return {
    ...deployRequest({ module: all.module, ...(all.source !== undefined && { source: all.source }) }),
    live: liveMs as number | undefined,
    promote: promote as boolean,
    jsonEqual: jsonEqual as boolean,
    allow: allow as number,
    show: show as number,
  };
}

export function publishRequest(body: unknown): PublishRequest {
  const { topic, text, base64, qos = 0, retain = false } = fields(body, ['topic', 'text', 'base64', 'qos', 'retain']);
  if (typeof topic !== 'string') bad('"topic" is not a text');
  if (qos !== 0 && qos !== 1 && qos !== 2) bad('"qos" is not 0, 1 or 2');
  if (typeof retain !== 'boolean') bad('"retain" is not true or false');
  if (typeof text === 'string' && base64 === undefined) return { topic, text, qos, retain };
  if (typeof base64 === 'string' && text === undefined) {
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(base64) || base64.length % 4 !== 0) bad('"base64" is not base64');
    return { topic, base64, qos, retain };
  }
  return bad('the payload is one of "text" and "base64"');
}

/** A whole number of the query. */
export function numberOf(query: URLSearchParams, name: string, fallback: number, min = 1, max = MAX_LIMIT): number {
  const text = query.get(name);
  if (text === null) return fallback;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) bad(`"${name}" is not a whole number from ${min} to ${max}`);
  return value;
}

const DEFAULT_ROWS = 1_000;
const MAX_ROWS = 10_000;
/** Shorter periods than samples can be, and longer ones than anybody keeps, are mistakes; ms. */
const [MIN_EVERY, MAX_EVERY] = [100, 366 * 86_400_000];

export function historyRequest(device: string, point: string, query: URLSearchParams): HistoryRequest {
  const given = (name: string, min: number, max: number) =>
    query.has(name) ? numberOf(query, name, 0, min, max) : undefined;
  return {
    device,
    point,
    from: given('from', 0, MAX_TIME),
    to: given('to', 0, MAX_TIME),
    last: given('last', 1, MAX_TIME),
    every: given('every', MIN_EVERY, MAX_EVERY),
    limit: numberOf(query, 'limit', DEFAULT_ROWS, 1, MAX_ROWS),
  };
}

export function flagOf(query: URLSearchParams, name: string): boolean {
  const text = query.get(name);
  if (text !== null && text !== 'true' && text !== 'false') bad(`"${name}" is not true or false`);
  return text === 'true';
}

const EVENT_KINDS: readonly EventKind[] = [
  'status',
  'devices',
  'points',
  'links',
  'functions',
  'logs',
  'topics',
  'messages',
];

export function eventKinds(query: URLSearchParams): readonly EventKind[] {
  const words = (query.get('kinds') ?? '').split(',').filter((word) => word !== '');
  if (words.length === 0) bad(`"kinds" names none of ${EVENT_KINDS.join(', ')}`);
  for (const word of words) {
    if (!EVENT_KINDS.includes(word as EventKind))
      bad(`there is no kind "${word.slice(0, 40)}"; known: ${EVENT_KINDS.join(', ')}`);
  }
  return EVENT_KINDS.filter((kind) => words.includes(kind));
}

/** Refuses parameters that a route does not know. */
export function onlyQuery(query: URLSearchParams, known: readonly string[]): void {
  for (const name of query.keys()) {
    if (!known.includes(name))
      bad(`unknown parameter "${name.slice(0, 40)}"${known.length === 0 ? '' : `; known: ${known.join(', ')}`}`);
  }
}
