/**
 * Payloads by a template of the configuration, JSON or text, with placeholders:
 *
 *   {v} {q} {t} {u} {e}   of the reading; {t:s} in seconds, {t:iso} as text
 *   {payload}             the whole payload, as JSON when it is some
 *   {json:a.b}            a member of it
 *   {topic} {level:N} {1} {device} {point} {gateway} …   see core/topic-template.ts
 *
 * A text that is one placeholder and nothing else becomes what it stands for, be it a number or an object; an object has no
 * member whose value is absent.
 */
import type { GatewayError } from '../../core/errors.js';
import type { Message } from '../../core/message.js';
import { payloadPlaceholders } from '../../core/payload-template.js';
import type { JsonValue } from '../../core/route-config.js';
import { matches, parseFilter } from '../../core/topic-filter.js';
import { partOfTopic, type TopicContext, wildcardsOf } from '../../core/topic-template.js';
import { linkError } from '../errors.js';
import type { Encoder } from '../route-types.js';
import { isObject, joinJson } from './json.js';
import { type Reading, readingOf, valueText } from './reading.js';

interface Source {
  readonly reading: Reading;
  readonly topic: TopicContext;
}

type Make = (source: Source) => unknown;

export function jsonTemplate(template: JsonValue, filters: readonly string[], gatewayId: string): Encoder {
  const make = compile(template);
  return encoder('application/json', filters, gatewayId, (source) => JSON.stringify(make(source) ?? null));
}

export function textTemplate(template: string, filters: readonly string[], gatewayId: string): Encoder {
  const make = compileText(template, false);
  return encoder('text/plain', filters, gatewayId, (source) => make(source) as string);
}

function encoder(
  contentType: string,
  filters: readonly string[],
  gatewayId: string,
  make: (source: Source) => string,
): Encoder {
  const known = filters.map((filter) => ({ filter: parseFilter(filter), wildcards: wildcardsOf(filter) }));
  const element = (message: Message): Buffer | GatewayError => {
    const { topic } = message;
    const reading = readingOf(message);
    if (reading === undefined) return linkError('LINK_FORMAT', `the payload of ${topic} is not text`);
    const levels = topic.split('/');
    const wildcards = known.find(({ filter }) => matches(filter, levels))?.wildcards ?? [];
    return Buffer.from(make({ reading, topic: { topic, levels, wildcards, gatewayId } }));
  };
  return { contentType, element, join: joinJson };
}

function compile(template: JsonValue): Make {
  if (typeof template === 'string') return compileText(template, true);
  if (Array.isArray(template)) {
    const makes = template.map(compile);
    return (source) => makes.map((make) => make(source) ?? null);
  }
  if (typeof template === 'object' && template !== null) {
    const makes = Object.entries(template).map(([key, value]) => [compileText(key, false), compile(value)] as const);
    return (source) =>
      Object.fromEntries(
        makes.map(([key, make]) => [key(source), make(source)]).filter(([, value]) => value !== undefined),
      );
  }
  return () => template;
}

/** @param isTyped - alone, a placeholder is what it stands for */
function compileText(text: string, isTyped: boolean): Make {
  const parts = payloadPlaceholders(text);
  if (typeof parts === 'string') throw new RangeError(`the template was not checked: it ${parts}`);
  const makes = parts.map((part): Make => {
    if ('literal' in part) return () => part.literal;
    if ('field' in part) return ({ reading }) => field(reading, part.field, part.path);
    return ({ topic }) => partOfTopic(part, topic);
  });
  const [only] = makes;
  if (isTyped && makes.length === 1 && only !== undefined) return only;
  return (source) => makes.map((make) => valueText(make(source)) ?? '').join('');
}

function field(reading: Reading, name: string, path: readonly string[]): unknown {
  switch (name) {
    case 't':
      return timeOf(reading.t, path[0]);
    case 'payload':
      return reading.payload;
    case 'json': {
      let value: unknown = reading.payload;
      for (const key of path) {
        if (Array.isArray(value)) value = value[Number(key)];
        else value = isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
      }
      return value;
    }
    default:
      return reading[name as 'v' | 'q' | 'u' | 'e'];
  }
}

/** Beyond it there is no Date. */
const MAX_TIME = 8.64e15;

function timeOf(t: unknown, form: string | undefined): unknown {
  if (form === undefined || typeof t !== 'number' || !(Math.abs(t) <= MAX_TIME)) return t;
  return form === 's' ? t / 1_000 : new Date(t).toISOString();
}
