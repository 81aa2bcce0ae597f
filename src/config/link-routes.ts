/** `routes` of a link: what is exchanged, under which names and in which form. */
import { z } from 'zod';
import type { QoS } from '../core/message.js';
import { PAYLOAD_PLACEHOLDERS, payloadPlaceholders } from '../core/payload-template.js';
import { DEFAULT_PRIORITY, type FormatConfig, type JsonValue, type RouteConfig } from '../core/route-config.js';
import { parseSchedule } from '../core/schedule.js';
import { topicFilterFault } from '../core/topic.js';
import { hasPrefix, remapFault, swapTemplate, TOPIC_PLACEHOLDERS, wildcardsOf } from '../core/topic-template.js';
import { duration, say, shown, size, topicFilter, whole } from './values.js';

const FILTER_HINT = 'write a topic filter such as plant/+/temperature or plant/#, or a list of them';
const TO_HINT = `use ${TOPIC_PLACEHOLDERS}, such as plants/7/{topic:2}`;
const PAYLOAD_HINT = `use ${PAYLOAD_PLACEHOLDERS}`;
const SCHEDULE_HINT =
  'write days and times, such as 22:00-06:00, sat,sun or mon-fri 18:00-07:00, or five fields as in crontab: * 22-23 * * 1-5';

/** Of `to`, when it is absent. */
const WHOLE = '{topic}';

const EMPTY = say('is empty', 'write at least one, or remove the key');

const filters = z.union([topicFilter, z.array(topicFilter).min(1, EMPTY).max(100)]);

const age = duration('1s', '365d');
const expiry = z
  .union([age, z.strictObject({ cap: age }), z.strictObject({ set: age })])
  .transform((value): NonNullable<RouteConfig['expiry']> => {
    if (typeof value === 'number') return { ms: value, mode: 'cap' };
    return 'set' in value ? { ms: value.set, mode: 'set' } : { ms: value.cap, mode: 'cap' };
  });

const bytes = size('1B', '256MB');
const maxSize = z
  .union([
    bytes,
    z.strictObject({
      bytes: bytes.describe('of the payload'),
      over: z
        .enum(['drop', 'refuse'])
        .default('refuse')
        .describe('what happens to a larger one: drop counts it, refuse raises an alarm, too'),
    }),
  ])
  .transform(
    (value): NonNullable<RouteConfig['maxSize']> =>
      typeof value === 'number' ? { bytes: value, over: 'refuse' } : value,
  );

const format = z
  .union([
    z.discriminatedUnion('type', [
      z.strictObject({
        type: z.literal('thingsboard').describe('telemetry of ThingsBoard'),
        api: z.enum(['device', 'gateway']).default('device').describe('whose telemetry topic it is'),
        quality: z.boolean().default(false).describe('<point>_quality is sent, too; else only good values are'),
      }),
      z.strictObject({
        type: z.literal('template').describe('JSON of your own'),
        template: z.json().describe('JSON with placeholders in its texts'),
      }),
      z.strictObject({
        type: z.literal('text').describe('text of your own'),
        text: z.string().min(1).describe('text with placeholders'),
      }),
    ]),
    z.enum(['as-is', 'reading', 'value', 'json', 'thingsboard']),
  ])
  .transform((value): FormatConfig | undefined => {
    if (value === 'as-is') return undefined;
    if (value === 'thingsboard') return { type: value, api: 'device', quality: false };
    if (typeof value === 'string') return { type: value };
    return value.type === 'template' ? { type: value.type, template: value.template as JsonValue } : value;
  });

const batch = z.strictObject({
  maxMessages: whole(1, 10_000).default(100).describe('then it is sent'),
  maxBytes: size('100B', '1MB').prefault('64KB').describe('of the payload, before it is compressed'),
  maxDelay: duration('10ms', '1h').prefault('5s').describe('the first message of a batch waits so long at most'),
  as: z.enum(['array', 'lines']).default('array').describe('array: a JSON array; lines: one JSON text a line (NDJSON)'),
});

const onDemand = z
  .union([z.boolean(), z.strictObject({ linger: duration('0s', '1d').prefault('30s') })])
  .transform((value): RouteConfig['onDemand'] => {
    if (typeof value !== 'boolean') return value;
    return value ? { linger: 30_000 } : undefined;
  });

const schema = z.strictObject({
  direction: z.enum(['out', 'in', 'both']).describe('out: from here to the far side'),
  filter: filters.describe('topic filters; out, both: of local topics; in: of topics at the far side'),
  except: filters.optional().describe('topics that do not take this route'),
  from: z.string().max(1_000).optional().describe('prefix that `to` replaces'),
  to: z.string().default(WHOLE).describe(`topic template: ${TOPIC_PLACEHOLDERS}; with \`from\`: the other prefix`),
  qos: z.literal([0, 1, 2]).default(1).describe('highest that travels'),
  minQos: z
    .literal([0, 1, 2])
    .default(0)
    .describe('lowest that travels: with 1, QoS 0 waits in the outbox, too; in: of a gateway of ours only'),
  retain: z.enum(['keep', 'set', 'clear']).default('keep').describe('the RETAIN flag on the other side'),
  expiry: expiry.optional().describe('Message Expiry Interval: at most so long, or { set: … }'),
  priority: whole(0, 9).default(DEFAULT_PRIORITY).describe('the higher is sent first and dropped last'),
  maxSize: maxSize.optional().describe('of the payload; larger ones are refused, or { bytes: …, over: drop }'),
  format: format.optional().describe('form of the payload at the far side; as-is when absent'),
  batch: batch.optional().describe('several messages in one'),
  compress: z.enum(['gzip', 'zstd']).optional().describe('marked by the user property content-encoding'),
  schedule: z
    .union([z.string(), z.array(z.string()).min(1, EMPTY).max(20)])
    .optional()
    .describe('local times at which it sends; at others the outbox keeps it'),
  onDemand: onDemand.optional().describe('subscribed at the far side only while someone here wants it'),
});

type Input = z.output<typeof schema>;

const listOf = (value: string | readonly string[]) => (typeof value === 'string' ? [value] : value);

type Fail = (path: (string | number)[], message: string, hint: string) => void;

export const route = schema
  .superRefine((value, context) => {
    const fail: Fail = (path, message, hint) => context.addIssue({ code: 'custom', path, message: say(message, hint) });
    checkNames(value, fail);
    checkDirection(value, fail);
    checkPayload(value, fail);
    const fault = value.schedule === undefined ? undefined : parseSchedule(listOf(value.schedule));
    if (fault !== undefined && 'fault' in fault) {
      fail(typeof value.schedule === 'string' ? ['schedule'] : ['schedule', fault.index], fault.fault, SCHEDULE_HINT);
    }
  })
  .transform(toRouteConfig);

function checkNames({ direction, filter, except, from, to }: Input, fail: Fail): void {
  const isList = typeof filter !== 'string';
  const pathOf = (index: number) => (isList ? ['filter', index] : ['filter']);
  if (from !== undefined) {
    for (const [index, one] of listOf(filter).entries()) {
      if (hasPrefix(one, from)) continue;
      fail(
        pathOf(index),
        `${shown(one)} does not begin with ${shown(from)} and a further level`,
        'write filters below `from`',
      );
      return;
    }
  }
  if (from !== undefined && to !== WHOLE && /\{(?!gateway\})/.test(to)) {
    fail(['to'], 'with `from` it is a prefix, in which only {gateway} can stand', 'write a prefix, or remove `from`');
    return;
  }
  const template = templateOf({ from, to });
  for (const [index, one] of listOf(filter).entries()) {
    const fault = remapFault(one, template, direction === 'both');
    if (fault === undefined) continue;
    // A filter that is none was told of where it stands.
    if (fault.field === 'filter') {
      if (topicFilterFault(one) === undefined) fail(pathOf(index), fault.fault, FILTER_HINT);
    } else {
      const isBoth = fault.fault.startsWith('cannot be reversed');
      const hint = isBoth ? 'use each wildcard once, as a whole level, or write two routes, `out` and `in`' : TO_HINT;
      fail(['to'], fault.fault, hint);
      return;
    }
  }
  for (const [index, one] of listOf(except ?? []).entries()) {
    const fault = remapFault(one, '{topic}', false);
    if (fault !== undefined)
      fail(typeof except === 'string' ? ['except'] : ['except', index], fault.fault, FILTER_HINT);
  }
}

/** Keys that say nothing in one of the directions. */
function checkDirection({ direction, batch, schedule, onDemand, qos, minQos }: Input, fail: Fail): void {
  if (direction !== 'out' && batch !== undefined) {
    fail(['batch'], 'batches only go out', 'write a route of its own with `direction: out`');
  }
  if (direction === 'in' && schedule !== undefined) {
    fail(['schedule'], 'a schedule is for what goes out', 'remove it, or write `direction: out`');
  }
  if (direction === 'out' && onDemand !== undefined) {
    fail(['onDemand'], 'what goes out is not subscribed to', 'remove it, or write `direction: in`');
  }
  if (minQos > qos) {
    fail(['minQos'], `it is more than qos, the highest that travels (${qos})`, `write minQos: ${qos}, or a higher qos`);
  }
  if (batch !== undefined && qos === 2) {
    fail(['qos'], 'batches are sent with QoS 1: after a crash their messages may be put together anew', 'write qos: 1');
  }
}

function checkPayload({ direction, filter, format, batch }: Input, fail: Fail): void {
  if (format === undefined) return;
  const { type } = format;
  if (type === 'thingsboard' && direction !== 'out') {
    const hint = 'write `format: { type: template, … }` or `text`, such as text: "{json:params}", for what comes in';
    fail(['format'], 'ThingsBoard telemetry only goes out', hint);
  }
  if ((type === 'template' || type === 'text') && direction === 'both') {
    fail(['format'], 'a template cannot be reversed', 'write two routes, one `out` and one `in`');
  }
  if (batch?.as === 'array' && (type === 'value' || type === 'text')) {
    fail(['batch', 'as'], `of the format ${type} no JSON array can be made`, 'write as: lines, or another `format`');
  }
  if (batch?.as === 'lines' && type === 'thingsboard') {
    fail(['batch', 'as'], 'ThingsBoard does not read lines', 'remove `as`');
  }
  const numbers = Math.min(...listOf(filter).map((one) => wildcardsOf(one).length));
  const check = (text: string, path: (string | number)[]) => {
    const parts = payloadPlaceholders(text);
    if (typeof parts === 'string') return fail(path, `the template ${parts}`, PAYLOAD_HINT);
    for (const part of parts) {
      if ('kind' in part && part.kind === 'wildcard' && part.number > numbers) {
        fail(path, `there is no {${part.number}}: a filter has ${numbers} wildcards`, PAYLOAD_HINT);
      }
    }
    return undefined;
  };
  const walk = (value: JsonValue, path: (string | number)[]) => {
    if (typeof value === 'string') check(value, path);
    else if (Array.isArray(value))
      value.forEach((one, index) => {
        walk(one, [...path, index]);
      });
    else if (typeof value === 'object' && value !== null) {
      for (const [key, one] of Object.entries(value)) {
        check(key, path);
        walk(one, [...path, key]);
      }
    }
  };
  if (type === 'template') walk(format.template, ['format', 'template']);
  if (type === 'text') check(format.text, ['format', 'text']);
}

function templateOf({ from, to }: Pick<Input, 'from' | 'to'>): string {
  if (from === undefined) return to;
  return swapTemplate(from, to === WHOLE ? '' : to);
}

function toRouteConfig(value: Input): RouteConfig {
  const { direction, filter, except, retain, expiry, priority, maxSize, format, batch, compress, schedule } = value;
  return {
    direction,
    filter,
    to: templateOf(value),
    qos: value.qos as QoS,
    ...(value.minQos > 0 && { minQos: value.minQos as QoS }),
    ...(except !== undefined && { except: listOf(except) }),
    ...(retain !== 'keep' && { retain }),
    ...(expiry !== undefined && { expiry }),
    ...(priority !== DEFAULT_PRIORITY && { priority }),
    ...(maxSize !== undefined && { maxSize }),
    ...(format !== undefined && { format }),
    ...(batch !== undefined && { batch }),
    ...(compress !== undefined && { compress }),
    ...(schedule !== undefined && { schedule: listOf(schedule) }),
    ...(value.onDemand !== undefined && { onDemand: value.onDemand }),
  };
}
