/** The schema of the file for editors, as JSON Schema draft 2020-12. */
import { z } from 'zod';
import type { AnyAdapter } from '../core/adapter.js';
import { createConfigSchema } from './schema.js';

/** The parts of JSON Schema that are walked here. */
export interface JsonSchema {
  readonly type?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
}

export function configJsonSchema(adapters: readonly AnyAdapter[]): JsonSchema {
  const schema = z.toJSONSchema(createConfigSchema(adapters), { io: 'input', unrepresentable: 'any' });
  return { title: 'HPMQ gateway configuration', ...schema } as JsonSchema;
}

/** The alternatives of a schema, unions opened. */
export function variantsOf(schema: JsonSchema): readonly JsonSchema[] {
  const inner = schema.oneOf ?? schema.anyOf;
  return inner === undefined ? [schema] : inner.flatMap(variantsOf);
}

/** The alternatives that fit a value's constants (`adapter: modbus`), or all when none does; of them those that know its keys. */
export function fittingVariants(schema: JsonSchema, value: unknown): readonly JsonSchema[] {
  const variants = variantsOf(schema);
  if (typeof value !== 'object' || value === null) return variants;
  const fitting = variants.filter(
    ({ properties }) =>
      properties !== undefined &&
      Object.entries(properties).every(
        ([key, { const: constant }]) => constant === undefined || constant === (value as Record<string, unknown>)[key],
      ),
  );
  const candidates = fitting.length > 0 ? fitting : variants;
  const keys = Object.keys(value);
  const knowing = candidates.filter(
    ({ properties }) => properties !== undefined && keys.every((key) => Object.hasOwn(properties, key)),
  );
  return knowing.length > 0 ? knowing : candidates;
}
