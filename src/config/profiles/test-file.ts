/** The recorded exchanges of a profile, and what its points are then. */
import { z } from 'zod';
import type { Recording } from '../../core/adapter.js';
import { ConfigError } from '../errors.js';
import { describeIssue, findingsOf } from '../issues.js';
import { ConfigSource } from '../source.js';
import { say } from '../values.js';

/** A value with its unit, or `bad`: the device marks it as absent, or refuses. */
export type Expected = 'bad' | { readonly value: number | string | boolean; readonly unit: string | undefined };

export interface RecordedExchange {
  readonly request: Buffer;
  readonly response: Buffer;
  /** By point; they are read together, by this one request. */
  readonly expect: Readonly<Record<string, Expected>>;
}

export interface RecordedTest {
  readonly recordings: readonly (Recording & {
    readonly title: string;
    readonly exchanges: readonly RecordedExchange[];
  })[];
}

const frame = z
  .string({ error: say('is not a text', 'put the bytes in quotes') })
  .regex(/^([0-9a-f]{2}\s*)+$/i, { error: say('is not a frame', 'write its bytes in hex: 01 04 00 00 00 02 71 cb') })
  .transform((text) => Buffer.from(text.replace(/\s/g, ''), 'hex'));

const expected = z
  .union([
    z.literal('bad'),
    z.tuple([z.union([z.number(), z.string(), z.boolean()])]),
    z.tuple([z.union([z.number(), z.string(), z.boolean()]), z.string()]),
  ])
  .transform((one): Expected => (one === 'bad' ? one : { value: one[0], unit: one[1] }));

const schema = z.strictObject({
  profile: z.string(),
  recordings: z
    .array(
      z.strictObject({
        title: z.string().min(1).max(500),
        framing: z.string(),
        exchanges: z
          .array(
            z.strictObject({
              request: frame.default(Buffer.alloc(0)),
              response: frame,
              expect: z.record(z.string(), expected).default({}),
            }),
          )
          .min(1)
          .max(200),
      }),
    )
    .min(1)
    .max(50),
});

/** @throws ConfigError with every problem of the file */
export function parseRecordedTest(shown: string, bytes: Buffer, profile: string): RecordedTest {
  const source = new ConfigSource(shown, bytes);
  const problems = [...source.problems];
  const result = schema.safeParse(source.value, { error: describeIssue, reportInput: true });
  if (!result.success) problems.push(...findingsOf(result.error.issues).map((finding) => source.problem(finding)));
  else if (result.data.profile !== profile) {
    const message = `the recordings of ${profile} are said to be of ${result.data.profile}`;
    problems.push(source.problem({ path: ['profile'], at: 'value', message, hint: 'correct the name or the place' }));
  }
  if (!result.success || problems.length > 0) throw new ConfigError(problems);
  return { recordings: result.data.recordings };
}
