/** `parse` of a device: how the content of a frame becomes fields. */
import { z } from 'zod';
import { STRUCT_TYPES, type StructField, type StructType } from '../parsing/struct.js';
import type { Column } from '../parsing/text.js';
import { Pattern } from '../patterns/pattern.js';
import { pattern } from './values.js';

const WORDS = ['json', 'nmea', 'obis'] as const;
const MAX_COLUMNS = 256;

const fieldName = z.string().min(1).max(64);

const column = z.strictObject({
  from: z.int().min(0).max(65_535).describe('first character, counted from 0'),
  length: z.int().min(1).max(65_535).optional().describe('characters; to the end when absent'),
});

const structField = z
  .strictObject({
    at: z.int().min(0).max(65_535).describe('first byte, counted from 0'),
    type: z.enum(Object.keys(STRUCT_TYPES) as [StructType, ...StructType[]]).describe('what is there'),
    length: z.int().min(1).max(256).optional().describe('bytes of bcd and text'),
    endian: z.enum(['big', 'little']).optional().describe('that of `struct` when absent'),
    bit: z.int().min(0).max(63).optional().describe('the value is this bit of the integer, 0 is the lowest'),
  })
  .superRefine(({ type, length, bit }, context) => {
    const add = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    const bytes = STRUCT_TYPES[type];
    if (bytes === 0 && length === undefined) add('length', `${type} needs its length in bytes`);
    if (bytes > 0 && length !== undefined) add('length', `${type} has ${bytes} bytes: remove \`length\``);
    if (bit === undefined) return;
    if (bytes === 0 || type.startsWith('float')) add('bit', `${type} has no bits to choose`);
    else if (bit >= 8 * bytes) add('bit', `${type} has the bits 0 to ${8 * bytes - 1}`);
  });

const shape = z.strictObject({
  regex: pattern.optional().describe('a pattern with named groups, such as (?<weight>[\\d.]+); they are the fields'),
  csv: z
    .strictObject({
      separator: z.string().min(1).max(8).default(',').describe('" ": any number of blanks'),
      columns: z
        .array(z.string().max(64))
        .min(1)
        .max(MAX_COLUMNS)
        .describe('names in order; "" for one of no interest'),
    })
    .optional()
    .describe('fields between separators'),
  columns: z
    .record(fieldName, column)
    .refine((columns) => Object.keys(columns).length > 0, 'names no column')
    .optional()
    .describe('texts at fixed places'),
  struct: z
    .strictObject({
      endian: z.enum(['big', 'little']).default('big').describe('which byte of a number comes first'),
      fields: z
        .record(fieldName, structField)
        .refine((fields) => Object.keys(fields).length > 0, 'names no field')
        .describe('numbers and texts at fixed bytes'),
    })
    .optional()
    .describe('binary frames'),
});

type Shape = z.output<typeof shape>;

function check(parse: Shape, context: z.RefinementCtx): void {
  const kinds = Object.entries(parse).flatMap(([key, value]) => (value === undefined ? [] : [key]));
  const add = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
  if (kinds.length !== 1) add(kinds.slice(1, 2), 'say one of regex, csv, columns, struct; for several write a list');
  if (parse.regex === undefined) return;
  try {
    if (new Pattern(parse.regex).names.size === 0) add(['regex'], 'has no named group, such as (?<weight>[\\d.]+)');
  } catch {
    // Its own check says so.
  }
}

export type ParseKind =
  | { readonly kind: (typeof WORDS)[number] }
  | { readonly kind: 'regex'; readonly regex: string }
  | { readonly kind: 'csv'; readonly separator: string; readonly columns: readonly string[] }
  | { readonly kind: 'columns'; readonly columns: ReadonlyMap<string, Column> }
  | { readonly kind: 'struct'; readonly struct: ReadonlyMap<string, StructField> };

const one = z
  .union([z.enum(WORDS), shape.superRefine(check)], {
    error: `expected ${WORDS.join(', ')}, or an object with regex, csv, columns or struct`,
  })
  .transform((parse): ParseKind => {
    if (typeof parse === 'string') return { kind: parse };
    const { regex, csv, columns, struct } = parse;
    if (regex !== undefined) return { kind: 'regex', regex };
    if (csv !== undefined) return { kind: 'csv', ...csv };
    if (columns !== undefined) {
      const places = Object.entries(columns).map(([name, { from, length }]): [string, Column] => [
        name,
        { from, length },
      ]);
      return { kind: 'columns', columns: new Map(places) };
    }
    const { endian, fields } = struct!;
    return {
      kind: 'struct',
      struct: new Map(
        Object.entries(fields).map(([name, { at, type, length, bit, endian: own = endian }]) => [
          name,
          { at, type, length, bit, endian: own },
        ]),
      ),
    };
  });

export const parseSchema = z
  .union([one, z.array(one).min(1).max(8)], {
    error: `expected ${WORDS.join(', ')}, an object with regex, csv, columns or struct, or a list of these`,
  })
  .transform((parse): readonly ParseKind[] => (Array.isArray(parse) ? parse : [parse]));
