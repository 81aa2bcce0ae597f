/** Pieces of the configuration that several keys share. */
import { z } from 'zod';
import { DURATION_PATTERN, parseDuration } from '../../../src/adapter.js';
import { Pattern } from '../patterns/pattern.js';

/** Node's timers hold 31 bits. */
const MAX_DURATION_MS = 2 ** 31 - 1;

/** @param least - ms */
export const duration = (least: number, leastText: string) =>
  z
    .string()
    .regex(DURATION_PATTERN, 'expected a duration such as "50ms" or "10s"')
    .transform((text) => parseDuration(text) as number)
    .refine((ms) => ms >= least, `expected at least ${leastText}`)
    .refine((ms) => ms <= MAX_DURATION_MS, 'expected at most 24d')
    .meta({ $comment: `duration, ${leastText} to 24d` });

export const hex = z.strictObject({
  hex: z.string().regex(/^(\s*[0-9a-fA-F]{2}){1,64}\s*$/, 'expected pairs of hexadecimal digits, such as "10 02"'),
});

/** Bytes as people write them: a text, or `{ hex: "10 02" }`. */
export const bytes = z
  .union([z.string().min(1).max(64), hex], { error: 'expected a text, or { hex: "10 02" } for bytes that are no text' })
  .transform(
    (value): Buffer =>
      typeof value === 'string' ? Buffer.from(value, 'latin1') : Buffer.from(value.hex.replace(/\s+/g, ''), 'hex'),
  );

/** A regular expression that can be matched in linear time. */
export const pattern = z.string().superRefine((text, context) => {
  try {
    new Pattern(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: `is no pattern: ${(error as Error).message}` });
  }
});
