/** `broker.auth`: who is let in, and what they may do. */
import { resolve } from 'node:path';
import { z } from 'zod';
import type { AccessConfig, AuthConfig, AuthMethod } from '../core/config.js';
import { MIN_SECRET_BYTES, PUBLIC_KEY_ALGORITHMS, parseJwtKeys, SECRET_ALGORITHMS } from '../core/jwt-keys.js';
import { type ConfigInputs, fileWithPath, secret } from './io.js';
import { isPlain } from './merge.js';
import { ruleSchema, toRuleConfig } from './rules.js';
import { toUserConfigs, usersSchema } from './users.js';
import { duration, say } from './values.js';

const claim = z.string().min(1).max(256);
const texts = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]);
const anonymous = z.boolean().optional();

function jwtSchema(inputs: ConfigInputs) {
  return z
    .strictObject({
      keys: fileWithPath(inputs)
        .optional()
        .describe('file with the public keys, a JWK Set or PEM; read again when it changes, never fetched'),
      secret: secret(inputs).optional().describe('HMAC secret, instead of `keys`'),
      algorithms: z
        .array(z.enum([...PUBLIC_KEY_ALGORITHMS, ...SECRET_ALGORITHMS]))
        .min(1)
        .optional()
        .describe('all that fit the keys when absent'),
      issuer: texts.optional().describe('required value of the claim iss'),
      audience: texts.optional().describe('required value of the claim aud'),
      clockTolerance: duration('0ms', '10m').prefault('5s').describe('how far the clocks may differ'),
      user: claim.default('sub').describe('claim with the user name'),
      roles: claim.optional().describe('claim with roles, a list or words'),
      topics: claim.optional().describe('claim with topics: {"pub":[…],"sub":[…],"all":[…]}'),
      requireExpiry: z.boolean().default(true).describe('a token without exp is refused'),
    })
    .superRefine((jwt, context) => {
      const fail = (path: string[], message: string, hint: string) =>
        context.addIssue({ code: 'custom', path, message: say(message, hint) });
      if ((jwt.keys === undefined) === (jwt.secret === undefined)) {
        return fail(
          [],
          'tokens are checked with exactly one of keys and secret',
          'write `keys: jwks.json`, or `secret: { file: … }`',
        );
      }
      if (jwt.secret !== undefined && jwt.secret.length < MIN_SECRET_BYTES) {
        fail(['secret'], `the secret has less than ${MIN_SECRET_BYTES} bytes`, 'make one with `openssl rand -hex 32`');
      }
      const keys = jwt.keys === undefined ? undefined : parseJwtKeys(jwt.keys.content);
      if (typeof keys === 'string')
        fail(['keys'], `the file has no usable keys: ${keys}`, 'name a JWK Set or a PEM file of public keys');
      const fitting: readonly string[] = jwt.secret === undefined ? PUBLIC_KEY_ALGORITHMS : SECRET_ALGORITHMS;
      for (const [index, algorithm] of (jwt.algorithms ?? []).entries()) {
        if (fitting.includes(algorithm)) continue;
        context.addIssue({
          code: 'custom',
          path: ['algorithms', index],
          message: say(
            `${algorithm} is not an algorithm for ${jwt.secret === undefined ? 'public keys' : 'a secret'}`,
            `write some of ${fitting.join(', ')}`,
          ),
        });
      }
    });
}

export function authSchema(inputs: ConfigInputs) {
  return z.strictObject({
    anonymous: anonymous.describe(
      'clients need no credentials; true when absent, nothing below says how to prove who one is, and only this machine reaches the listener',
    ),
    users: z
      .union([
        z
          .string()
          .min(1)
          .transform((path) => resolve(inputs.folder, path)),
        usersSchema,
      ])
      .optional()
      .describe(
        'file of the users, which `hpmq user` writes and which is read again when it changes; or the users themselves',
      ),
    rules: z
      .array(ruleSchema)
      .optional()
      .describe('who may do what; deny beats allow; with rules, the rest is refused'),
    subscriptions: z
      .enum(['inside', 'overlapping'])
      .default('inside')
      .describe('a subscription must lie inside what a rule allows, or only have topics in common with it'),
    jwt: jwtSchema(inputs).optional().describe('JSON Web Tokens in the password field'),
    certificate: z
      .enum(['cn', 'dn', 'san-email', 'san-dns', 'san-uri'])
      .optional()
      .describe('the user of a client certificate: common name, whole subject, or an alternative name'),
  });
}

/** `auth` of one listener. */
export const listenerAuth = z.strictObject({
  anonymous: anonymous.describe('clients need no credentials here; that of broker.auth when absent'),
  methods: z
    .array(z.enum(['password', 'scram', 'jwt', 'certificate']))
    .optional()
    .describe('how clients may prove who they are here; all that broker.auth provides for when absent'),
});

type ParsedAuth = z.output<ReturnType<typeof authSchema>>;
type ParsedListenerAuth = z.output<typeof listenerAuth>;

/** Does `broker.auth` say how a client could prove who it is? `auth` may hold parts that did not parse. */
export function hasMethod(auth: unknown, listener: unknown): boolean {
  if (!isPlain(auth)) return false;
  const { users, jwt, certificate } = auth;
  const methods = isPlain(listener) && Array.isArray(listener.methods) ? (listener.methods as unknown[]) : undefined;
  const offered = (...some: readonly AuthMethod[]) =>
    methods === undefined || some.some((one) => methods.includes(one));
  return (
    (users !== undefined && offered('password', 'scram')) ||
    (jwt !== undefined && offered('jwt')) ||
    (certificate !== undefined && offered('certificate'))
  );
}

/** @param isLocal - only programs on this machine reach the listener, and any other */
export function toAuthConfig(auth: ParsedAuth, listener: ParsedListenerAuth | undefined, isLocal: boolean): AuthConfig {
  const isOpen = isLocal && !hasMethod(auth, undefined);
  return {
    anonymous: listener?.anonymous ?? auth.anonymous ?? isOpen,
    ...(listener?.methods !== undefined && { methods: listener.methods }),
  };
}

/** The users of a file are read after the rest: see load.ts. */
export function toAccessConfig(auth: ParsedAuth): AccessConfig {
  const { users, rules = [], subscriptions, jwt, certificate } = auth;
  const listOf = (value: string | string[] | undefined) => (typeof value === 'string' ? [value] : value);
  return {
    users: users === undefined || typeof users === 'string' ? [] : toUserConfigs(users),
    usersFile: typeof users === 'string' ? users : undefined,
    rules: rules.map(toRuleConfig),
    configuredRules: rules.map(toRuleConfig),
    subscriptions,
    jwt: jwt && {
      keys: jwt.secret === undefined ? jwt.keys! : { secret: jwt.secret },
      algorithms: jwt.algorithms,
      issuer: listOf(jwt.issuer),
      audience: listOf(jwt.audience),
      clockTolerance: jwt.clockTolerance,
      userClaim: jwt.user,
      rolesClaim: jwt.roles,
      topicsClaim: jwt.topics,
      requireExpiry: jwt.requireExpiry,
    },
    certificate,
  };
}
