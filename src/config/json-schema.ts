/** The schema of the file for editors, as JSON Schema draft 2020-12. */
import { z } from 'zod';
import type { AnyAdapter } from '../core/adapter.js';
import { createConfigSchema } from './schema.js';

/** The parts of JSON Schema that are walked here. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  /** The type and limits of a text, for people. */
  readonly $comment?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly required?: readonly string[];
  readonly propertyNames?: JsonSchema;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
}

export function configJsonSchema(adapters: readonly AnyAdapter[]): JsonSchema {
  const schema = z.toJSONSchema(createConfigSchema(adapters), { io: 'input', unrepresentable: 'any' });
  return { title: 'HPMQ gateway configuration', ...schema } as JsonSchema;
}

/**
 * The same for editors, who see the file as it is written: devices with a profile, too, which need not say what their
 * profile says.
 */
export function editorJsonSchema(adapters: readonly AnyAdapter[]): JsonSchema {
  const schema = configJsonSchema(adapters);
  const devices = schema.properties?.devices;
  if (devices === undefined || typeof devices.additionalProperties !== 'object') return schema;
  const anyOf = variantsOf(devices.additionalProperties).flatMap((device) => [
    { ...device, properties: without(device.properties, 'profile') },
    withProfile(device),
  ]);
  return {
    ...schema,
    properties: { ...schema.properties, devices: { ...devices, additionalProperties: { anyOf } } },
  };
}

function withProfile(device: JsonSchema): JsonSchema {
  const { points } = device.properties ?? {};
  if (points === undefined || typeof points.additionalProperties !== 'object') return device;
  const { required: _, ...point } = points.additionalProperties;
  const override = { anyOf: [{ ...point, required: [] }, { const: false }] };
  const name = points.propertyNames?.pattern;
  return {
    ...device,
    required: ['profile', ...(device.required ?? []).filter((key) => key !== 'adapter')],
    properties: {
      ...device.properties,
      points: {
        ...points,
        additionalProperties: override,
        ...(name !== undefined && { propertyNames: { type: 'string', pattern: `${name}|^\\*$` } }),
      },
    },
  };
}

function without<T>(record: Readonly<Record<string, T>> | undefined, key: string): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(record ?? {}).filter(([name]) => name !== key));
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
