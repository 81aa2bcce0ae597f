/** The type, limits and default of an option, as people read them, in Markdown. */
import { DURATION_PATTERN } from '../../core/duration.js';
import { type JsonSchema, variantsOf } from '../json-schema.js';

/** Beyond it a maximum is only that of the notation. */
const LARGEST = 2 ** 53 - 1;

/** @param elsewhere - where the keys of its objects are explained */
export function typeText(schema: JsonSchema, elsewhere?: string): string {
  const variants = variantsOf(schema);
  const lists = variants.filter((one) => isListOf(variants, one));
  const texts = variants.filter((one) => !lists.includes(one)).map((one) => oneText(one, elsewhere));
  const type = [...new Set(texts)].join(' or ');
  if (lists.length === 0) return type;
  return `${type}${texts.length > 1 ? ',' : ''} or a list`;
}

/** In `a, or a list of a`, the list. */
export function isListOf(variants: readonly JsonSchema[], list: JsonSchema): boolean {
  if (list.items === undefined) return false;
  const inner = variantsOf(list.items).map((one) => JSON.stringify(one));
  const beside = variants.filter((one) => one !== list).map((one) => JSON.stringify(one));
  return inner.every((text) => beside.includes(text));
}

/** An object of one text without a description is said in the type: `{ file: … }`. */
export function isOneText({ properties }: JsonSchema): boolean {
  const values = Object.values(properties ?? {});
  return values.length === 1 && values[0]?.type === 'string' && values[0].description === undefined;
}

export function defaultText(value: unknown): string | undefined {
  if (value === undefined || JSON.stringify(value) === '{}') return undefined;
  return `\`${flow(value)}\``;
}

function oneText(schema: JsonSchema, elsewhere: string | undefined): string {
  const { $comment, type, enum: values, items, properties, additionalProperties, pattern } = schema;
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (values !== undefined) return values.map((value) => `\`${value}\``).join(', ');
  if ($comment !== undefined) return $comment;
  if (items !== undefined) return `list of ${plural(typeText(items))}`;
  if (properties !== undefined) return objectText(schema, elsewhere);
  if (typeof additionalProperties === 'object') return `${plural(typeText(additionalProperties))} by name`;
  if (pattern === DURATION_PATTERN.source) return 'duration';
  if (type === 'integer' || type === 'number') return numberText(schema);
  if (typeof type === 'object') return type.map((one) => words[one] ?? one).join(' or ');
  return typeof type === 'string' ? (words[type] ?? type) : 'any value';
}

const words: Readonly<Record<string, string>> = {
  string: 'text',
  boolean: '`true` or `false`',
  integer: 'whole number',
};

function objectText(schema: JsonSchema, elsewhere: string | undefined): string {
  const { properties = {} } = schema;
  if (elsewhere !== undefined) return `keys of \`${elsewhere}\``;
  const [key] = Object.keys(properties);
  return isOneText(schema) ? `\`{ ${key}: … }\`` : 'keys below';
}

function numberText({ type, minimum, maximum, exclusiveMinimum }: JsonSchema): string {
  const noun = type === 'integer' ? 'whole number' : 'number';
  const low = minimum === undefined || minimum <= -LARGEST ? undefined : minimum;
  const high = maximum === undefined || maximum >= LARGEST ? undefined : maximum;
  if (low !== undefined && high !== undefined) return `${noun}, ${low} to ${high}`;
  if (low !== undefined) return `${noun}, ${low} or more`;
  if (exclusiveMinimum !== undefined && exclusiveMinimum > -LARGEST) return `${noun} above ${exclusiveMinimum}`;
  return high === undefined ? noun : `${noun}, at most ${high}`;
}

/** What stands in a list. */
function plural(type: string): string {
  if (type.includes('`')) return type;
  const [noun = '', ...limits] = type.split(',');
  const nouns = noun.split(' or ').map((one) => (/([^s]s|ow)$/.test(one) ? one : many(one)));
  return [nouns.join(' or '), ...limits].join(',');
}

function many(noun: string): string {
  return noun.endsWith('s') ? `${noun}es` : `${noun}s`;
}

/** As in a YAML flow. */
function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    return `{ ${Object.entries(value)
      .map(([key, one]) => `${key}: ${flow(one)}`)
      .join(', ')} }`;
  }
  if (typeof value === 'string' && (value === '' || /[^\w./:<>$%-]/.test(value))) return JSON.stringify(value);
  return String(value);
}
