/** `function.test.yaml`: what is given to a function, and what it is to give. */
import { z } from 'zod';
import { ConfigError } from './errors.js';
import { describeIssue, findingsOf } from './issues.js';
import { ConfigSource } from './source.js';

const hex = z.string().regex(/^([0-9a-fA-F]{2}[\s:]*)*$/, 'expected bytes such as "01 a3 ff"');
const payload = z.union([
  z.string(),
  z.strictObject({ json: z.json() }),
  z.strictObject({ hex }),
  z.strictObject({ base64: z.base64() }),
]);
const message = z.strictObject({
  topic: z.string(),
  payload: payload.default(''),
  qos: z.union([z.literal(0), z.literal(1), z.literal(2)]).optional(),
  retain: z.boolean().optional(),
  contentType: z.string().optional(),
  userProperties: z.array(z.tuple([z.string(), z.string()])).optional(),
});
const value = z.union([
  z.number(),
  z.boolean(),
  z.string(),
  z.strictObject({ hex }),
  z.strictObject({ bad: z.string() }),
]);
const traps = z.enum(['fuel', 'memory', 'stack', 'unreachable', 'output', 'deadline', 'refused', 'host']);

const step = {
  topic: z.string().optional(),
  payload: payload.optional(),
  qos: message.shape.qos,
  retain: message.shape.retain,
  contentType: message.shape.contentType,
  userProperties: message.shape.userProperties,
  origin: z.string().optional(),
  direction: z.enum(['upstream', 'downstream', 'none']).optional(),
  previous: payload.optional().describe('instead of what the steps before had on this topic'),
  decode: hex.optional().describe('a frame for onDecode'),
  encode: z.strictObject({ point: z.string(), value }).optional(),
  device: z.string().optional(),
  connect: z.record(z.string(), z.string()).optional(),
  timer: z.number().optional().describe('Unix ms'),
  start: z.number().optional().describe('Unix ms'),
  at: z.number().optional().describe('what now() gives, Unix ms'),
  expect: z
    .union([z.array(z.union([message, hex])), z.record(z.string(), value), z.enum(['allow', 'deny', 'none'])])
    .optional(),
  published: z.array(message).optional().describe('what it gave to publish()'),
  fails: traps.optional(),
};

const oneCase = z.strictObject({
  name: z.string(),
  config: z.record(z.string(), z.json()).optional(),
  kv: z.record(z.string(), payload).optional().describe('what is there before'),
  points: z.record(z.string(), z.json()).optional(),
  ...step,
  steps: z.array(z.strictObject(step)).min(1).optional(),
});

const file = z.strictObject({
  config: z.record(z.string(), z.json()).default({}),
  limits: z.strictObject({ fuel: z.number().optional(), memory: z.number().optional().describe('bytes') }).default({}),
  points: z.record(z.string(), z.json()).default({}),
  cases: z.array(oneCase).min(1),
});

export type FunctionCases = z.output<typeof file>;
export type FunctionCase = FunctionCases['cases'][number];
export type FunctionStep = z.output<z.ZodObject<typeof step>>;
export type CasePayload = z.output<typeof payload>;
export type CaseMessage = z.output<typeof message>;
export type CaseValue = z.output<typeof value>;

/** @throws ConfigError with every problem of the file */
export function parseFunctionCases(shown: string, bytes: Buffer): FunctionCases {
  const source = new ConfigSource(shown, bytes);
  const problems = [...source.problems];
  const result = file.safeParse(source.value, { error: describeIssue, reportInput: true });
  if (!result.success) problems.push(...findingsOf(result.error.issues).map((finding) => source.problem(finding)));
  if (!result.success || problems.length > 0) throw new ConfigError(problems);
  return result.data;
}
