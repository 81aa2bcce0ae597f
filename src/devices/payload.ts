/** Bytes of point topics, state topics, commands and results. Hand-made JSON: exact for 64-bit integers, and fast. */
import type { Quality } from '../core/adapter.js';
import type { GatewayError } from '../core/errors.js';
import type { CommandStatus, DeviceState } from '../core/views.js';
import { devicesError } from './errors.js';
import type { Engineering } from './point.js';

/** What one point topic says. */
export interface Report {
  /** undefined: unknown. */
  readonly value: Engineering | undefined;
  readonly quality: Quality;
  /** Unix ms of the sample, or of the attempt that failed. */
  readonly at: number;
  readonly unit: string | undefined;
  /** Error code when bad. */
  readonly code: string | undefined;
  /** Of `at`; undefined: it is the time. */
  readonly timeQuality?: 'unsynced' | 'rebased' | undefined;
}

/** The bare value as text; empty when unknown, which clears a retained value rather than leave a wrong one. */
export function valueText(value: Engineering | undefined): string {
  return value === undefined ? '' : String(value);
}

/** A value as JSON; bigint digit by digit. */
export function jsonValue(value: Engineering | undefined): string {
  switch (typeof value) {
    case 'undefined':
      return 'null';
    case 'string':
      return JSON.stringify(value);
    default:
      return String(value);
  }
}

/**
 * `{"v":71.4,"q":"good","t":1763841600123,"u":"°C"}`; `{"v":null,"q":"bad","t":…,"e":"MODBUS_TIMEOUT"}`;
 * `"tq":"unsynced"` behind a time of a clock that was not set yet, `"tq":"rebased"` behind one that was corrected since
 */
export function reportJson(report: Report): string {
  const unit = report.unit === undefined ? '' : `,"u":${JSON.stringify(report.unit)}`;
  const code = report.code === undefined ? '' : `,"e":${JSON.stringify(report.code)}`;
  const time = report.timeQuality === undefined ? '' : `,"tq":"${report.timeQuality}"`;
  return `{"v":${jsonValue(report.value)},"q":"${report.quality}","t":${report.at}${time}${unit}${code}}`;
}

export function stateJson(state: DeviceState, since: number, reason: string | undefined): string {
  return JSON.stringify({ state, since, reason });
}

/** How a write ended. */
export interface WriteResult {
  readonly status: CommandStatus;
  /** As read back, or as sent; undefined when it is neither. */
  readonly value: Engineering | undefined;
  /** Unix ms. */
  readonly at: number;
  readonly error: GatewayError | undefined;
}

function resultBody({ status, value, at, error: cause }: WriteResult): string {
  const { code, message, hint } = cause ?? {};
  const error = cause === undefined ? '' : `,${JSON.stringify({ code, message, hint }).slice(1, -1)}`;
  return `"status":"${status}","v":${jsonValue(value)},"t":${at}${error}`;
}

/** `{"status":"verified","v":42,"t":…}`, with code, message and hint when it failed, and the correlation when one came. */
export function resultJson(result: WriteResult, correlation: string | undefined): string {
  return `{${resultBody(result)}${correlationJson(correlation)}}`;
}

/** Result of a command to several points: the worst status, and each point's own result. */
export function resultsJson(
  status: CommandStatus,
  at: number,
  results: ReadonlyMap<string, WriteResult>,
  correlation: string | undefined,
): string {
  const points = [...results].map(([point, result]) => `${JSON.stringify(point)}:{${resultBody(result)}}`).join(',');
  return `{"status":"${status}","t":${at},"points":{${points}}${correlationJson(correlation)}}`;
}

function correlationJson(correlation: string | undefined): string {
  return correlation === undefined ? '' : `,"correlation":${JSON.stringify(correlation)}`;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Correlation Data (MQTT 5.0 §3.3.2.3.6) is binary: text where it is printable, else base64. */
export function correlationText(data: Buffer): string {
  try {
    const text = utf8.decode(data);
    if (!/[\p{Cc}]/u.test(text)) return text;
  } catch {
    // Not UTF-8: shown as base64.
  }
  return data.toString('base64');
}

/** No command is longer. */
export const MAX_COMMAND_BYTES = 64 * 1024;

/**
 * A command to one point: a bare value (`42`, `true`, `on`) or `{"v":42}`.
 *
 * @throws GatewayError COMMAND_MALFORMED
 */
export function parseValue(payload: Buffer): Engineering {
  const text = decode(payload);
  const json = parseJson(text);
  if (json !== undefined) return scalar(json.value);
  if (/^\s*[{["]/.test(text)) throw devicesError('COMMAND_MALFORMED', 'the command looks like JSON but is not');
  // What is not JSON is text as it stands.
  return text;
}

/**
 * A request for a device as it is: `{"v":"…"}`, or the bare text, of which nothing is taken for a number.
 *
 * @throws GatewayError COMMAND_MALFORMED
 */
export function parseRequest(payload: Buffer): string {
  const text = decode(payload);
  if (!/^\s*[{"]/.test(text)) return text;
  const value = parseValue(payload);
  if (typeof value === 'string') return value;
  throw devicesError('COMMAND_MALFORMED', 'a request is a text: {"v":"…"}, or the text alone');
}

/**
 * A command to several points of a device: `{"setpoint":42,"pump":{"v":true}}`.
 *
 * @throws GatewayError COMMAND_MALFORMED
 */
export function parseValues(payload: Buffer): ReadonlyMap<string, Engineering> {
  const json = parseJson(decode(payload));
  const value = json?.value;
  if (typeof value !== 'object' || value === null || Array.isArray(value) || Object.keys(value).length === 0) {
    throw devicesError('COMMAND_MALFORMED', 'a command to a device is a JSON object with a value for each point');
  }
  return new Map(Object.entries(value).map(([point, entry]) => [point, scalar(entry)]));
}

function decode(payload: Buffer): string {
  if (payload.length === 0) throw devicesError('COMMAND_MALFORMED', 'the command is empty');
  if (payload.length > MAX_COMMAND_BYTES) {
    throw devicesError('COMMAND_MALFORMED', `the command has ${payload.length} bytes, more than ${MAX_COMMAND_BYTES}`);
  }
  try {
    return utf8.decode(payload);
  } catch (cause) {
    throw devicesError('COMMAND_MALFORMED', 'the command is not UTF-8', { cause });
  }
}

function scalar(value: unknown): Engineering {
  const inner =
    typeof value === 'object' && value !== null && Object.hasOwn(value, 'v') ? (value as { v: unknown }).v : value;
  switch (typeof inner) {
    case 'number':
    case 'bigint':
    case 'boolean':
    case 'string':
      return inner;
    default:
      throw devicesError('COMMAND_MALFORMED', 'the command has no value: neither bare nor as "v"');
  }
}

type SourceReviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

/** Integers beyond 2^53 come as bigint (JSON.parse source text access). Undefined: not JSON. */
function parseJson(text: string): { readonly value: unknown } | undefined {
  const revive: SourceReviver = (_key, value, { source }) =>
    typeof value === 'number' && !Number.isSafeInteger(value) && source !== undefined && /^-?\d+$/.test(source)
      ? BigInt(source)
      : value;
  try {
    return { value: JSON.parse(text, revive as (key: string, value: unknown) => unknown) };
  } catch {
    return undefined;
  }
}
