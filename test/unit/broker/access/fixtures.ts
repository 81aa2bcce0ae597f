/** Users, rules and configurations for tests of access. */
import { scryptSync } from 'node:crypto';
import type { AccessConfig, RuleConfig, UserConfig } from '../../../../src/core/config.js';

/** Cheaper than ours: what it costs is not the point here. */
export function cheapHash(password: string): string {
  const key = scryptSync(password, 'saltsalt', 32, { N: 1_024, r: 8, p: 1 });
  return `$scrypt$ln=10,r=8,p=1$c2FsdHNhbHQ$${key.toString('base64')}`;
}

export const geheim = cheapHash('geheim');

/** Its password is `geheim`. */
export function user(name: string, more: Partial<UserConfig> = {}): UserConfig {
  return { name, password: geheim, scram: undefined, roles: [], disabled: false, clientIds: undefined, ...more };
}

export function rule(
  effect: RuleConfig['effect'],
  actions: RuleConfig['actions'],
  topics: readonly string[],
  who: Partial<RuleConfig> = {},
): RuleConfig {
  const everybody = { users: undefined, roles: undefined, clientIds: undefined, commonNames: undefined };
  return { effect, actions, topics, ...everybody, ...who };
}

export const both = ['publish', 'subscribe'] as const;

/** Nobody and nothing, but for what is given. */
export function accessConfig(more: Partial<AccessConfig> = {}): AccessConfig {
  return {
    users: [],
    rules: [],
    configuredRules: [],
    subscriptions: 'inside',
    jwt: undefined,
    certificate: undefined,
    usersFile: undefined,
    ...more,
  };
}
