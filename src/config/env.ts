/** `HPMQ_BROKER__LISTENERS__0__PORT=1884`: settings from the environment, over those of the file. */
import { parse } from 'yaml';
import { nearest } from '../core/nearest.js';
import type { Finding, Path } from './issues.js';
import { fittingVariants, type JsonSchema, variantsOf } from './json-schema.js';
import { isPlain } from './merge.js';
import { shown } from './values.js';

export interface Override {
  readonly variable: string;
  readonly path: Path;
  readonly value: unknown;
}

interface Overrides {
  /** The document with all of them set. */
  readonly document: unknown;
  readonly values: readonly Override[];
  readonly findings: readonly (Finding & { readonly variable: string })[];
}

const normal = (key: string): string => key.replace(/[^A-Za-z0-9]/g, '_').toUpperCase();

interface Place {
  readonly value: unknown;
  readonly schemas: readonly JsonSchema[];
}

/** Steps into what one segment names: an entry of the document or a key of the schema. */
function step(
  place: Place,
  segment: string,
): { readonly key: string | number; readonly place: Place } | { readonly known: readonly string[] } {
  const variants = place.schemas.flatMap((schema) => fittingVariants(schema, place.value));
  const items = variants.flatMap(({ items: item }) => (item === undefined ? [] : [item]));
  if (items.length > 0 && /^\d+$/.test(segment)) {
    const list = Array.isArray(place.value) ? place.value : [];
    const key = Number(segment);
    if (key > list.length) return { known: Array.from({ length: list.length + 1 }, (_, index) => String(index)) };
    return { key, place: { value: list[key], schemas: items } };
  }
  const current = isPlain(place.value) ? place.value : {};
  const declared = variants.flatMap(({ properties }) => Object.keys(properties ?? {}));
  const names = [...new Set([...Object.keys(current), ...declared])];
  const open = variants.flatMap(({ additionalProperties: more }) => (typeof more === 'object' ? [more] : []));
  const key = names.find((one) => normal(one) === segment) ?? (open.length > 0 ? segment.toLowerCase() : undefined);
  if (key === undefined) return { known: names };
  const inside = variants.flatMap(({ properties }) =>
    properties !== undefined && Object.hasOwn(properties, key) ? [properties[key]!] : [],
  );
  const value = Object.hasOwn(current, key) ? current[key] : undefined;
  return { key, place: { value, schemas: inside.length > 0 ? inside : open } };
}

/** What a list or mapping is when nobody sets it. */
function defaultOf(schemas: readonly JsonSchema[]): unknown {
  const found = schemas.find((schema) => schema.default !== undefined)?.default;
  return typeof found === 'object' ? found : undefined;
}

/** Text stays text where the schema wants text; all else is read as YAML (`1884`, `true`, `[a, b]`). */
function readText(text: string, schemas: readonly JsonSchema[]): unknown {
  const types = new Set(schemas.flatMap(variantsOf).map(({ type }) => type));
  if (types.has('string') && !types.has('boolean') && !types.has('number') && !types.has('integer')) {
    return types.has('object') && text.trimStart().startsWith('{') ? readYaml(text) : text;
  }
  return readYaml(text);
}

function readYaml(text: string): unknown {
  try {
    return parse(text, { logLevel: 'silent' });
  } catch {
    return text;
  }
}

/** Variables without `__` (HPMQ_SOCKET) are not settings. */
export function settingsOf(
  env: Readonly<Record<string, string | undefined>>,
): readonly (readonly [name: string, text: string])[] {
  return Object.entries(env)
    .filter(
      (entry): entry is [string, string] =>
        entry[0].startsWith('HPMQ_') && entry[0].includes('__') && entry[1] !== undefined,
    )
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Finds what each variable sets. Names of devices and points match with `-` and `.` written as `_`. */
export function readOverrides(
  settings: ReturnType<typeof settingsOf>,
  document: unknown,
  schema: JsonSchema,
): Overrides {
  const values: Override[] = [];
  const findings: (Finding & { variable: string })[] = [];
  let current = document;
  for (const [variable, text] of settings) {
    const path: (string | number)[] = [];
    let place: Place = { value: current, schemas: [schema] };
    let failed = false;
    for (const segment of variable.slice('HPMQ_'.length).split('__')) {
      const initial = place.value === undefined ? defaultOf(place.schemas) : undefined;
      if (initial !== undefined) {
        // `…LISTENERS__0__PORT` changes the listener that is there by default.
        current = withValue(current, path, initial);
        place = { ...place, value: initial };
      }
      const next = step(place, segment.toUpperCase());
      if ('known' in next) {
        const close = /^\d+$/.test(segment) ? undefined : nearest(segment, next.known.map(normal));
        const hint =
          next.known.length === 0
            ? 'remove the variable'
            : `known here: ${next.known.map(normal).join(', ')}${close === undefined ? '' : ` (did you mean ${close}?)`}`;
        findings.push({ variable, path, at: 'value', message: `there is no setting ${shown(segment)}`, hint });
        failed = true;
        break;
      }
      path.push(next.key);
      place = next.place;
    }
    if (failed) continue;
    const override = { variable, path, value: readText(text, place.schemas) };
    values.push(override);
    current = withValue(current, path, override.value);
  }
  return { document: current, values, findings };
}

/** A copy of the document with one value set; what is not touched is shared. */
function withValue(document: unknown, path: Path, value: unknown): unknown {
  const [segment, ...rest] = path;
  if (segment === undefined) return value;
  if (typeof segment === 'number') {
    const list = Array.isArray(document) ? [...document] : [];
    list[segment] = withValue(list[segment], rest, value);
    return list;
  }
  const current = isPlain(document) ? document : {};
  const inner = Object.hasOwn(current, segment) ? current[segment] : undefined;
  return { ...current, [segment]: withValue(inner, rest, value) };
}
