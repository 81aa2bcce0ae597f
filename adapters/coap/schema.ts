/** How CoAP devices and points are written in the configuration. */
import { z } from 'zod';
import { type ConfigIssue, DURATION_PATTERN, parseDuration } from '../../src/adapter.js';
import { FORMATS } from './formats/content.js';
import { uriOptions } from './message/options.js';

/** A duration between two others, both included; ms after parsing. */
function duration(min: string, max: string) {
  const [low, high] = [parseDuration(min)!, parseDuration(max)!];
  return z
    .string()
    .regex(DURATION_PATTERN, 'expected a duration such as "500ms", "2s" or "1m"')
    .transform((text) => parseDuration(text)!)
    .refine((ms) => ms >= low && ms <= high, `expected a duration from ${min} to ${max}`)
    .meta({ $comment: `duration, ${min} to ${max}` });
}

export const portSchema = z.object({});

export const deviceSchema = z.object({
  confirmable: z
    .boolean()
    .default(true)
    .describe('requests are repeated until they are acknowledged (CON); false: each is sent once (NON)'),
  ackTimeout: duration('50ms', '1m')
    .prefault('2s')
    .describe('ACK_TIMEOUT: how long the first acknowledgement is awaited; doubles with each repetition'),
  ackRandomFactor: z
    .number()
    .min(1)
    .max(3)
    .default(1.5)
    .describe('ACK_RANDOM_FACTOR: spreads the first of these times'),
  maxRetransmit: z.int().min(0).max(10).default(4).describe('MAX_RETRANSMIT: how often a message is repeated'),
  nstart: z
    .int()
    .min(1)
    .max(16)
    .default(1)
    .describe('NSTART: exchanges with the device at a time that are neither acknowledged nor answered'),
  probingRate: z
    .number()
    .min(0.1)
    .max(1_000_000)
    .default(1)
    .describe('PROBING_RATE: bytes per second to a device that does not answer NON requests'),
  maxLatency: duration('1s', '10m')
    .prefault('100s')
    .describe('MAX_LATENCY: how long a datagram may be on its way; decides how long duplicates are known'),
  blockSize: z
    .literal([16, 32, 64, 128, 256, 512, 1024])
    .default(1024)
    .describe('largest block asked for and sent, bytes; smaller ones fit into one frame of a radio network'),
  maxBytes: z
    .int()
    .min(64)
    .max(16_777_216)
    .default(65_536)
    .describe('largest representation that is put together from blocks, bytes'),
  recheck: duration('1s', '7d')
    .prefault('60s')
    .describe('an observed resource is asked for again after so long, even if its Max-Age is longer'),
  uriHost: z
    .string()
    .min(1)
    .max(255)
    .optional()
    .describe('Uri-Host: the name of the device where one address serves several'),
});

const path = z.string().superRefine((text, context) => {
  const options = uriOptions(text);
  if (typeof options === 'string') {
    context.addIssue({
      code: 'custom',
      message: `expected a path such as "/sensors/temp" or "/temp?unit=c": ${options}`,
    });
  }
});

const format = z.enum(FORMATS);

export const addressSchema = z.object({
  path: path.describe('the resource: /sensors/temp, with a query where it takes one: /temp?unit=c'),
  method: z.enum(['GET', 'FETCH', 'POST']).default('GET').describe('how it is read'),
  body: z.string().min(1).max(65_536).optional().describe('what FETCH or POST sends in order to read'),
  bodyFormat: z.enum(['text', 'json']).default('json').describe('Content-Format of `body`'),
  observe: z
    .boolean()
    .default(true)
    .describe('the device is asked to tell changes by itself (RFC 7641); one that cannot is polled; false: polled'),
  format: format
    .optional()
    .describe('Accept, and what the payload is taken for; what the response says it is when absent'),
  pointer: z
    .string()
    .regex(/^(\/([^~/]|~[01])*)+$/, 'expected a JSON Pointer such as "/main/temp"')
    .optional()
    .describe('where the value is in JSON or CBOR: /main/temp; integer keys in digits'),
  record: z.string().min(1).max(256).optional().describe('name of the SenML record, whole, or behind its last slash'),
  type: z
    .enum(['auto', 'number', 'boolean', 'text'])
    .default('auto')
    .describe('auto: text that is a number is one, and true and false are boolean'),
  writePath: path.optional().describe('the resource that is written; `path` when absent'),
  writeMethod: z.enum(['PUT', 'POST', 'PATCH', 'iPATCH']).default('PUT').describe('how it is written'),
  writeFormat: format.optional().describe('what is sent; `format` when absent, else text'),
  encoded: z
    .boolean()
    .default(false)
    .describe('what is sent is made by a function (its `encode`), one request for each frame'),
  writeBody: z
    .string()
    .min(1)
    .max(4_096)
    .refine((text) => text.includes('{value}'), 'expected a text with {value} in it')
    .optional()
    .describe('what is sent, {value} being the value: { "on": {value} }'),
});

export type DeviceOptions = z.output<typeof deviceSchema>;
export type Address = z.output<typeof addressSchema>;

/** What does not fit together in one point. */
export function pointIssues(address: Address): readonly ConfigIssue[] {
  const { method, body, pointer, record, format: read, observe } = address;
  const issues: ConfigIssue[] = [];
  const add = (key: string, message: string) => issues.push({ path: [key], message });
  if (method === 'GET' && body !== undefined) add('body', 'GET has no body; use method FETCH or POST');
  if (method === 'FETCH' && body === undefined) add('method', 'FETCH says in its body what it wants; add `body`');
  if (method === 'POST' && observe) add('method', 'what POST returns cannot be observed; add `observe: false`');
  const isSenml = read === 'senml-json' || read === 'senml-cbor';
  if (pointer !== undefined && (isSenml || read === 'text' || read === 'octets')) {
    add(
      'pointer',
      isSenml
        ? 'SenML has records, not parts; name one with `record`'
        : `${read} has no parts to point at; remove it, or choose another format`,
    );
  }
  if (record !== undefined && read !== undefined && !isSenml)
    add('record', `records are in SenML, not in ${read}; remove it, or choose another format`);
  return issues;
}

/** What only matters where the point is written; undefined: it can be. */
export function whyReadOnly(address: Address): string | undefined {
  const { pointer, writeMethod, writeBody, writePath } = address;
  const isPart = pointer !== undefined && writePath === undefined && writeBody === undefined;
  return isPart && writeMethod === 'PUT'
    ? 'PUT replaces the whole resource, of which the point is a part; say `writeMethod: PATCH`, `writePath`, or `writeBody`'
    : undefined;
}
