/** What the configuration knows, option by option: the JSON Schema with its alternatives laid side by side. */
import { type JsonSchema, variantsOf } from '../json-schema.js';
import { defaultText, isListOf, isOneText, typeText } from './types.js';

/** One form of an option: alternatives of a section may use the same key differently. */
export interface Form {
  /** For people, in Markdown. */
  readonly type: string;
  readonly fallback: string | undefined;
  readonly isRequired: boolean;
  readonly description: string;
  /** The alternatives that have it, by their `type` or `adapter`: `modbus`, or `modbus tcp` inside one of modbus. */
  readonly tags: ReadonlySet<string>;
}

export interface Option {
  /** `ports.*.host`; `*` is a name of yours, `[]` an entry of a list. */
  readonly path: string;
  readonly forms: readonly Form[];
  /** The alternatives of what it is in; empty where there is but one. */
  readonly alternatives: ReadonlySet<string>;
}

/** Keys whose constant value says which alternative it is. */
const DISCRIMINATORS = ['type', 'adapter'];
/** Characters of JSON Schema; smaller objects are explained wherever they are. */
const LARGE = 1_000;

/** @param path - may have names of somebody's own: `ports.line-a.host`, `broker.listeners.0` */
export function optionsWithin(options: readonly Option[], path: string): readonly Option[] {
  const wanted = path.replace(/\.\d+(?=\.|$)/g, '[]').replace(/\.$/, '');
  return options.filter((option) => isWithin(option.path, wanted));
}

/** `ports` holds `ports.*.host`. */
export function isWithin(path: string, prefix: string): boolean {
  const [at, wanted] = [segmentsOf(path), segmentsOf(prefix)];
  if (wanted.length > at.length) return false;
  return wanted.every((segment, index) => segment === at[index] || at[index] === '*');
}

function segmentsOf(path: string): readonly string[] {
  return path.replaceAll('[]', '.[]').split('.');
}

type Draft = Omit<Form, 'tags'> & { readonly tags: Set<string> };

interface Step {
  readonly path: string;
  readonly tag: string | undefined;
}

/** @returns every option once, in the order of the schema */
export function optionsOf(schema: JsonSchema): readonly Option[] {
  const collector = new Collector();
  collector.inside(schema, { path: '', tag: undefined });
  return collector.options();
}

class Collector {
  readonly #drafts = new Map<string, Map<string, Draft>>();
  readonly #alternatives = new Map<string, Set<string>>();
  /** Large objects by their text, and where they were met first. */
  readonly #seen = new Map<string, string>();

  options(): readonly Option[] {
    return [...this.#drafts].map(([path, drafts]) => ({
      path,
      forms: [...drafts.values()],
      alternatives: this.#alternatives.get(parentOf(path)) ?? new Set(),
    }));
  }

  /** The keys of an object, of the objects in a list or under names. */
  inside(schema: JsonSchema, { path, tag }: Step): void {
    const variants = variantsOf(schema);
    for (const one of variants) {
      const { properties, additionalProperties, items } = one;
      if (properties !== undefined) this.#keys(one, { path, tag: tagOf(one, tag) });
      if (typeof additionalProperties === 'object') this.inside(additionalProperties, { path: `${path}.*`, tag });
      if (items !== undefined && !isListOf(variants, one)) this.inside(items, { path: `${path}[]`, tag });
    }
  }

  #keys({ properties = {}, required = [] }: JsonSchema, { path, tag }: Step): void {
    if (tag !== undefined) append(this.#alternatives, path).add(tag);
    for (const [key, value] of Object.entries(properties)) {
      if (key === '$schema') continue;
      const at = path === '' ? key : `${path}.${key}`;
      const elsewhere = this.#elsewhere(value, at);
      this.#note(at, value, { tag, isRequired: required.includes(key), elsewhere });
      if (elsewhere === undefined && !isInline(value)) this.inside(value, { path: at, tag });
    }
  }

  #note(
    path: string,
    schema: JsonSchema,
    how: { tag: string | undefined; isRequired: boolean; elsewhere: string | undefined },
  ): void {
    const form = {
      type: typeText(schema, how.elsewhere),
      fallback: defaultText(schema.default),
      isRequired: how.isRequired && schema.default === undefined,
      description: descriptionOf(schema),
    };
    const drafts = this.#drafts.get(path) ?? new Map<string, Draft>();
    this.#drafts.set(path, drafts);
    const isConstant = schema.const !== undefined;
    const key = isConstant ? 'constant' : JSON.stringify(form);
    const known = drafts.get(key);
    if (known === undefined) drafts.set(key, { ...form, tags: new Set(how.tag === undefined ? [] : [how.tag]) });
    else {
      if (how.tag !== undefined) known.tags.add(how.tag);
      if (!isConstant || known.type.split(', ').includes(form.type)) return;
      const texts = [known.description, form.description].filter((text) => text !== '');
      const merged = { type: `${known.type}, ${form.type}`, description: [...new Set(texts)].join('; ') };
      drafts.set(key, { ...known, ...merged });
    }
  }

  /** Where the keys of a large object are explained, if it is the same as one before. */
  #elsewhere(schema: JsonSchema, path: string): string | undefined {
    const { additionalProperties } = schema;
    if (typeof additionalProperties === 'object') this.#elsewhere(additionalProperties, `${path}.*`);
    const text = JSON.stringify(objectsOf(schema));
    if (text.length < LARGE) return undefined;
    const first = this.#seen.get(text) ?? path;
    this.#seen.set(text, first);
    return first === path ? undefined : first;
  }
}

function append(map: Map<string, Set<string>>, key: string): Set<string> {
  const set = map.get(key) ?? new Set<string>();
  map.set(key, set);
  return set;
}

/** All of its objects are said in the type. */
function isInline(schema: JsonSchema): boolean {
  const objects = objectsOf(schema);
  return objects.length > 0 && objects.every((one) => one.$comment !== undefined || isOneText(one));
}

function objectsOf(schema: JsonSchema): readonly JsonSchema[] {
  return variantsOf(schema).filter(({ properties }) => properties !== undefined);
}

function tagOf({ properties = {} }: JsonSchema, outer: string | undefined): string | undefined {
  const own = DISCRIMINATORS.map((key) => properties[key]?.const).find((value) => typeof value === 'string');
  if (own === undefined) return outer;
  return outer === undefined ? String(own) : `${outer} ${own}`;
}

function descriptionOf(schema: JsonSchema): string {
  if (schema.description !== undefined) return schema.description;
  const texts = variantsOf(schema).flatMap(({ description }) => (description === undefined ? [] : [description]));
  return [...new Set(texts)].join('; ');
}

/** `ports.*.host` is in `ports.*`. */
function parentOf(path: string): string {
  const dot = path.lastIndexOf('.');
  return dot < 0 ? '' : path.slice(0, dot);
}
