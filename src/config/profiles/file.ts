/** One profile file: what a model of device has to say, as the points of a device in the configuration. */
import { z } from 'zod';
import type { AnyAdapter } from '../../core/adapter.js';
import { deviceDefaults, pointName, pointSchema } from '../devices.js';
import { ConfigError } from '../errors.js';
import { describeIssue, findingsOf } from '../issues.js';
import { merged, type Plain } from '../merge.js';
import { ConfigSource } from '../source.js';
import { say } from '../values.js';

const NAME = /^[a-z0-9][a-z0-9-]*\/[a-z0-9][a-z0-9.-]*$/;
const NAME_HINT = 'write vendor/model in small letters, digits and hyphens, such as eastron/sdm630';
const VERSION_TEXT = say('is not a version', "write three numbers in quotes: '1.0.0'");
const VERSION = /^\d+\.\d+\.\d+$/;

export interface Profile {
  /** `vendor/model` */
  readonly name: string;
  /** `1.0.0`: the first number changes when points go or change their meaning. */
  readonly version: string;
  readonly title: string;
  /** map: addresses are fixed; walk: the device says where its blocks begin, and points are relative to them. */
  readonly kind: 'map' | 'walk';
  readonly adapter: string;
  readonly description: string | undefined;
  /** Where the register map was published. */
  readonly sources: readonly string[];
  /** Keys of the device, as they are written in the configuration. */
  readonly device: Plain;
  readonly points: Readonly<Record<string, Plain>>;
  /** The file; undefined: it comes with its adapter. */
  readonly file: string | undefined;
}

export function isProfileName(text: string): boolean {
  return NAME.test(text);
}

function variant(adapter: AnyAdapter) {
  return z.strictObject({
    $schema: z.string().optional(),
    profile: z.string().regex(NAME, { error: say('is not a name of a profile', NAME_HINT) }),
    version: z.string({ error: VERSION_TEXT }).regex(VERSION, { error: VERSION_TEXT }),
    title: z.string().min(1).max(120),
    kind: z.enum(['map', 'walk']).default('map'),
    adapter: z.literal(adapter.type),
    description: z.string().min(1).max(2_000).optional(),
    sources: z
      .array(z.string().min(1).max(300))
      .min(1, { error: say('names no source', 'say where the register map was published') })
      .max(20),
    device: merged(adapter.device, deviceDefaults()).prefault({}),
    points: z.record(pointName, pointSchema(adapter)).refine((points) => Object.keys(points).length > 0, {
      error: say('a profile has at least one point', 'describe what the device measures'),
    }),
  });
}

function schemaOf(adapters: readonly AnyAdapter[]) {
  const [first, ...others] = adapters.map(variant);
  if (first === undefined) throw new TypeError('there are no adapters');
  return z.discriminatedUnion('adapter', [first, ...others]);
}

/**
 * @param shown - the file as it is named in messages
 * @param name - what the file has to describe, by its place
 * @throws ConfigError with every problem of the file
 */
export function parseProfile(
  shown: string,
  bytes: Buffer,
  name: string,
  adapters: readonly AnyAdapter[],
  file: string | undefined,
): Profile {
  const source = new ConfigSource(shown, bytes);
  const problems = [...source.problems];
  const result = schemaOf(adapters).safeParse(source.value, { error: describeIssue, reportInput: true });
  if (!result.success) problems.push(...findingsOf(result.error.issues).map((finding) => source.problem(finding)));
  else if (result.data.profile !== name) {
    const message = `the file of ${name} describes ${result.data.profile}`;
    const hint = 'a profile lies in <vendor>/<model>.yaml of its own name';
    problems.push(source.problem({ path: ['profile'], at: 'value', message, hint }));
  }
  if (!result.success || problems.length > 0) throw new ConfigError(problems);
  const { version, title, kind, adapter, description, sources } = result.data;
  const { device = {}, points } = source.value as { device?: Plain; points: Record<string, Plain> };
  return { name, version, title, kind, adapter, description, sources, device, points, file };
}
