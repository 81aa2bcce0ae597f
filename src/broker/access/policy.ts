/**
 * The rules, and what they say of one client.
 *
 *   deny beats allow; with rules, what no rule allows is refused; without any rule a user may do everything but see $SYS
 *   as an anonymous client from the network.
 */
import type { RuleAction, RuleConfig } from '../../core/config.js';
import { covers, type Filter, matches, overlaps, parseFilter } from '../../core/topic-filter.js';
import { dependsOnClientId, fillPattern } from './filters.js';

/** Whom the rules are asked about. */
export interface Subject {
  readonly user: string | undefined;
  readonly clientId: string;
  readonly commonName: string | undefined;
  /** Of the user, and of the token. */
  readonly roles: readonly string[];
  /** What the token itself says; undefined: it says nothing of topics. */
  readonly tokenRules: readonly RuleConfig[] | undefined;
  /** On this machine. */
  readonly isLocal: boolean;
}

/** What a rule set says of one subject, compiled. */
export interface Rules {
  /** See {@link Permissions.isFree}. */
  readonly isFree: boolean;
  mayPublish(topic: string): boolean;
  maySubscribe(filter: string): boolean;
  mayReceive(topic: string): boolean;
}

export interface PolicyConfig {
  readonly rules: readonly RuleConfig[];
  readonly subscriptions: 'inside' | 'overlapping';
}

interface Compiled {
  readonly allow: readonly Filter[];
  readonly deny: readonly Filter[];
}

/** To subscribe means to receive: who may not subscribe to a topic does not get it by a wider filter either. */
const INCLUDED: Readonly<Record<RuleAction, readonly RuleAction[]>> = {
  publish: ['publish'],
  subscribe: ['subscribe', 'receive'],
  receive: ['receive'],
};

export class Policy {
  readonly #config: PolicyConfig;
  /** The rules say the same of every Client Identifier of a user. */
  readonly isSharedByClients: boolean;

  constructor(config: PolicyConfig) {
    this.#config = config;
    this.isSharedByClients = !config.rules.some(
      (rule) => rule.clientIds !== undefined || rule.topics.some(dependsOnClientId),
    );
  }

  rulesFor(subject: Subject): Rules {
    const { rules, subscriptions } = this.#config;
    if (rules.length === 0 && subject.tokenRules === undefined) {
      return subject.user !== undefined || subject.isLocal ? everything : everythingButSys;
    }
    const own = [...rules, ...(subject.tokenRules ?? [])].filter((rule) => concerns(rule, subject));
    const [publish, subscribe, receive] = (['publish', 'subscribe', 'receive'] as const).map((action) =>
      compile(own, action, subject),
    ) as [Compiled, Compiled, Compiled];
    const isWithin = subscriptions === 'inside' ? covers : overlaps;
    return {
      isFree: false,
      mayPublish: (topic) => decide(publish, topic),
      mayReceive: (topic) => decide(receive, topic),
      maySubscribe(text) {
        const filter = parseFilter(text);
        if (subscribe.deny.some((one) => covers(one, filter))) return false;
        return subscribe.allow.some((one) => isWithin(one, filter));
      },
    };
  }
}

const isSys = (topic: string): boolean => topic.startsWith('$SYS') && (topic.length === 4 || topic[4] === '/');

const everything: Rules = { isFree: true, mayPublish: () => true, maySubscribe: () => true, mayReceive: () => true };
const everythingButSys: Rules = {
  isFree: true,
  mayPublish: () => true,
  maySubscribe: (filter) => !isSys(filter),
  mayReceive: (topic) => !isSys(topic),
};

function decide({ allow, deny }: Compiled, topic: string): boolean {
  const levels = topic.split('/');
  for (const filter of deny) if (matches(filter, levels)) return false;
  for (const filter of allow) if (matches(filter, levels)) return true;
  return false;
}

function concerns(rule: RuleConfig, subject: Subject): boolean {
  const { users, roles, clientIds, commonNames } = rule;
  const own = [...subject.roles, subject.user === undefined ? 'anonymous' : 'authenticated'];
  return (
    (users === undefined || (subject.user !== undefined && fitsOne(users, subject.user))) &&
    (roles === undefined || own.some((role) => roles.includes(role))) &&
    (clientIds === undefined || fitsOne(clientIds, subject.clientId)) &&
    (commonNames === undefined || (subject.commonName !== undefined && fitsOne(commonNames, subject.commonName)))
  );
}

/** @param patterns - whole names, or beginnings that end with `*` */
export function fitsOne(patterns: readonly string[], name: string): boolean {
  return patterns.some((one) => (one.endsWith('*') ? name.startsWith(one.slice(0, -1)) : name === one));
}

function compile(rules: readonly RuleConfig[], action: RuleAction, names: Subject): Compiled {
  const filtersOf = (effect: 'allow' | 'deny') =>
    rules
      .filter((rule) => rule.effect === effect && rule.actions.some((one) => INCLUDED[one].includes(action)))
      .flatMap((rule) => rule.topics.flatMap((pattern) => fillPattern(pattern, effect, names) ?? []));
  return { allow: filtersOf('allow'), deny: filtersOf('deny') };
}
