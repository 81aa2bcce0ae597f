/** Users: in a file of their own (`broker.auth.users: users.yaml`), or in the configuration itself. */
import { z } from 'zod';
import type { RuleConfig, UserConfig } from '../core/config.js';
import { parsePasswordHash } from '../core/password.js';
import { parseScramCredentials } from '../core/scram.js';
import { ConfigError } from './errors.js';
import { fileFault, readRegularFile } from './files.js';
import { describeIssue, findingsOf } from './issues.js';
import { ruleSchema, toRuleConfig } from './rules.js';
import { ConfigSource, fileProblem } from './source.js';
import { say, shown } from './values.js';

/** Ten thousand users need 2 MB. */
const MAX_USERS_BYTES = 16_000_000;

export const userName = z.string().regex(/^(?!__proto__$)[^\u0000-\u001f\u007f*]{1,256}$/, {
  error: (issue) =>
    say(
      `${shown(issue.input)} cannot be a user name`,
      'use 1 to 256 characters, none of them a control character or *',
    ),
});

const HASH_HINT = 'write it with `hpmq user passwd NAME`, or import it with `hpmq user import`';

/** Never shown in a message: it may be a password that somebody wrote in clear. */
const passwordHash = z
  .string({ error: () => say('is not a password hash', HASH_HINT) })
  .refine((text) => parsePasswordHash(text) !== undefined, {
    error: () => say('is not a password hash of a known form: passwords are never written in clear', HASH_HINT),
  });

const scram = z
  .string({ error: () => say('is not a SCRAM credential', HASH_HINT) })
  .refine((text) => parseScramCredentials(text) !== undefined, {
    error: () =>
      say('is not of the form SCRAM-SHA-256$4096:salt$key:key', 'write it with `hpmq user passwd NAME --scram`'),
  });

export const userRole = z.string().regex(/^(?!(?:anonymous|authenticated)$)[A-Za-z0-9_.-]{1,64}$/, {
  error: (issue) =>
    say(
      `${shown(issue.input)} cannot be a role`,
      'use 1 to 64 of A-Z a-z 0-9 _ . -; anonymous and authenticated are given by the gateway',
    ),
});

export const userSchema = z.strictObject({
  password: passwordHash
    .optional()
    .describe('its hash, as `hpmq user passwd` writes it; without one no password opens'),
  scram: scram.optional().describe('for SCRAM-SHA-256, as `hpmq user passwd --scram` writes it'),
  roles: z.array(userRole).optional().describe('named by rules'),
  disabled: z.boolean().optional().describe('may not connect'),
  clientIds: z
    .array(z.string().min(1).max(256))
    .optional()
    .describe('the client ids it may use; * at the end is any continuation; any when absent'),
});

export const usersSchema = z.record(userName, userSchema);

export const usersFileSchema = z.strictObject({
  users: usersSchema.prefault({}).describe('by name'),
  rules: z.array(ruleSchema).optional().describe('what they may do, besides broker.auth.rules'),
});

export interface UsersFile {
  readonly users: readonly UserConfig[];
  readonly rules: readonly RuleConfig[];
}

export function toUserConfigs(users: z.output<typeof usersSchema>): readonly UserConfig[] {
  return Object.entries(users).map(([name, user]) => ({
    name,
    password: user.password,
    scram: user.scram,
    roles: user.roles ?? [],
    disabled: user.disabled ?? false,
    clientIds: user.clientIds,
  }));
}

/**
 * @param shownAs - the path as it is named in messages
 * @throws ConfigError with every problem that was found
 */
export function readUsersFile(path: string, shownAs = path): UsersFile {
  let bytes: Buffer;
  try {
    bytes = readRegularFile(path, MAX_USERS_BYTES);
  } catch (error) {
    const isAbsent = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const hint = isAbsent
      ? 'create it with `hpmq user add NAME`'
      : 'the file of broker.auth.users must be readable for the gateway';
    throw fileProblem(shownAs, `cannot read the users: ${fileFault(error)}`, hint);
  }
  return parseUsersFile(bytes, shownAs);
}

/** @throws ConfigError with every problem that was found */
export function parseUsersFile(bytes: Buffer, shownAs: string): UsersFile {
  const source = new ConfigSource(shownAs, bytes);
  const result = usersFileSchema.safeParse(source.value, { error: describeIssue, reportInput: true });
  const found = result.success ? [] : findingsOf(result.error.issues).map((finding) => source.problem(finding));
  if (!result.success || source.problems.length > 0) throw new ConfigError([...source.problems, ...found]);
  const { users, rules = [] } = result.data;
  return { users: toUserConfigs(users), rules: rules.map(toRuleConfig) };
}
