/** Joins an adapter's schema with the common one: flat in the file, apart again after parsing. */
import { z } from 'zod';

/**
 * The adapter's own object, with its refinements, plus the common keys; unknown keys are errors.
 *
 * @throws TypeError when both declare the same key: a bug of the adapter
 */
export function merged(own: z.ZodObject, common: z.ZodRawShape): z.ZodObject {
  for (const key of Object.keys(own.shape)) {
    if (Object.hasOwn(common, key)) throw new TypeError(`the key "${key}" belongs to the gateway, not to an adapter`);
  }
  return own.safeExtend(common).strict();
}

export type Plain = Readonly<Record<string, unknown>>;

export function isPlain(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The part of a parsed object that belongs to a schema. */
export function partOf(schema: z.ZodObject, value: Plain): Plain {
  return Object.fromEntries(Object.keys(schema.shape).flatMap((key) => (key in value ? [[key, value[key]]] : [])));
}

/**
 * Placeholders for the keys that the adapters add to a port: which adapter's schema applies is known only when the
 * devices are. Editors see the real schemas; {@link portOptions} checks the values.
 */
export function portKeys(schemas: readonly z.ZodObject[]): Record<string, z.ZodType> {
  const variants = new Map<string, Plain[]>();
  for (const schema of schemas) {
    const { properties = {} } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
    for (const [key, value] of Object.entries(properties))
      variants.set(key, [...(variants.get(key) ?? []), value as Plain]);
  }
  return Object.fromEntries(
    [...variants].map(([key, [first, ...others]]) => [
      key,
      z
        .unknown()
        .optional()
        .meta(others.length === 0 ? first! : { anyOf: [first, ...others] }),
    ]),
  );
}
