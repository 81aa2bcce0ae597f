/** Rules on topics: `{ roles: [operator], allow: publish, topics: ['hpmq/+/+/+/set'] }`. */
import { z } from 'zod';
import type { RuleAction, RuleConfig } from '../core/config.js';
import { say, topicFilter } from './values.js';

const ACTIONS = ['publish', 'subscribe', 'receive', 'all'] as const;
const ACTIONS_OF: Readonly<Record<(typeof ACTIONS)[number], readonly RuleAction[]>> = {
  publish: ['publish'],
  subscribe: ['subscribe'],
  receive: ['receive'],
  all: ['publish', 'subscribe'],
};

/** One, or a list of them. */
function oneOrMore<T extends z.ZodType>(one: T) {
  return z.union([one, z.array(one).min(1)]);
}

const action = z.enum(ACTIONS);
const names = oneOrMore(z.string().min(1).max(256));

export const ruleSchema = z
  .strictObject({
    allow: oneOrMore(action)
      .optional()
      .describe('what is allowed: publish, subscribe (which includes receive), receive, all'),
    deny: oneOrMore(action).optional().describe('what is refused, whatever other rules allow'),
    topics: oneOrMore(topicFilter).describe('topic filters; %u is the user, %c the client id, %cn the common name'),
    users: names.optional().describe('only these users; * at the end of a name is any continuation'),
    roles: names.optional().describe('only users with one of these roles; anonymous and authenticated are roles, too'),
    clientIds: names.optional().describe('only these client ids; * at the end is any continuation'),
    commonNames: names.optional().describe('only clients whose verified certificate has this common name'),
  })
  .superRefine((rule, context) => {
    if ((rule.allow === undefined) !== (rule.deny === undefined)) return;
    const both = rule.allow !== undefined;
    context.addIssue({
      code: 'custom',
      path: both ? ['deny'] : [],
      message: say(
        both ? 'a rule either allows or denies' : 'the rule says neither allow nor deny',
        both ? 'make two rules of it' : 'add `allow: all`, or publish, subscribe, receive',
      ),
    });
  });

export type ParsedRule = z.output<typeof ruleSchema>;

export function toRuleConfig(rule: ParsedRule): RuleConfig {
  const actions = listOf(rule.allow ?? rule.deny ?? []).flatMap((one) => ACTIONS_OF[one]);
  return {
    effect: rule.deny === undefined ? 'allow' : 'deny',
    actions: [...new Set(actions)],
    topics: listOf(rule.topics),
    users: optionalList(rule.users),
    roles: optionalList(rule.roles),
    clientIds: optionalList(rule.clientIds),
    commonNames: optionalList(rule.commonNames),
  };
}

function listOf<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? value : [value as T];
}

function optionalList<T>(value: T | readonly T[] | undefined): readonly T[] | undefined {
  return value === undefined ? undefined : listOf(value);
}
