/** Routes of a link: which topics pass, and what they are called on the other side. */
import type { RouteConfig } from '../core/config.js';
import type { QoS } from '../core/message.js';
import { topicFilterFault, topicMatches, topicNameFault } from '../core/topic.js';

/** One direction of a route, ready to use. */
export interface Rule {
  readonly filter: string;
  /** Highest QoS that travels. */
  readonly qos: QoS;
  /**
   * The topic on the other side.
   *
   * @returns undefined when the result is no legal Topic Name (§4.7) or the topic has too few levels
   */
  map(topic: string): string | undefined;
}

export interface Rules {
  /** From local topics to the far side. */
  readonly out: readonly Rule[];
  /** From the far side to local topics. */
  readonly in: readonly Rule[];
}

type Part = { readonly literal: string } | { readonly dropLevels: number } | 'gateway';

const PLACEHOLDER = /\{([^{}]*)\}/g;

/** @returns the parts, or what is wrong with the template */
function parseTemplate(template: string): readonly Part[] | string {
  if (template === '') return 'the template is empty';
  const parts: Part[] = [];
  let end = 0;
  for (const match of template.matchAll(PLACEHOLDER)) {
    if (match.index > end) parts.push({ literal: template.slice(end, match.index) });
    end = match.index + match[0].length;
    const levels = /^topic(?::([1-9]\d{0,3}))?$/.exec(match[1]!);
    if (levels !== null) parts.push({ dropLevels: Number(levels[1] ?? 0) });
    else if (match[1] === 'gateway') parts.push('gateway');
    else return `"${match[0]}" is not one of {topic}, {topic:N}, {gateway}`;
  }
  if (end < template.length) parts.push({ literal: template.slice(end) });
  for (const part of parts) {
    if (part === 'gateway' || !('literal' in part)) continue;
    if (/[{}]/.test(part.literal)) return 'a brace is not closed or not opened';
    const fault = topicNameFault(part.literal);
    if (fault !== undefined) return `the template ${fault}`;
  }
  return parts;
}

/** What is wrong with a route, for the author of the configuration; undefined: nothing. */
export function routeFault(route: RouteConfig): string | undefined {
  const filter = topicFilterFault(route.filter);
  if (filter !== undefined) return `the filter ${filter === 'empty' ? 'is empty' : filter}`;
  if (route.filter.startsWith('$share/')) return 'shared subscriptions cannot be used in a route';
  const template = parseTemplate(route.to);
  if (typeof template === 'string') return template;
  if (route.direction === 'both' && route.to !== '{topic}') {
    return `direction "both" needs to: "{topic}", because "${route.to}" cannot be reversed; write two routes`;
  }
  return undefined;
}

/** The topic without its first levels; undefined when nothing is left. */
function dropLevels(topic: string, levels: number): string | undefined {
  let start = 0;
  for (let i = 0; i < levels; i++) {
    const slash = topic.indexOf('/', start);
    if (slash < 0) return undefined;
    start = slash + 1;
  }
  return topic.slice(start);
}

function compileTemplate(template: string, gatewayId: string): (topic: string) => string | undefined {
  const parts = parseTemplate(template);
  if (typeof parts === 'string') throw new RangeError(`route was not checked: ${parts}`);
  return (topic) => {
    let result = '';
    for (const part of parts) {
      if (part === 'gateway') result += gatewayId;
      else if ('literal' in part) result += part.literal;
      else {
        const rest = dropLevels(topic, part.dropLevels);
        if (rest === undefined) return undefined;
        result += rest;
      }
    }
    return topicNameFault(result) === undefined ? result : undefined;
  };
}

/** Makes the rules of a link. Every route must have passed {@link routeFault}. */
export function compileRoutes(routes: readonly RouteConfig[], gatewayId: string): Rules {
  const rules = { out: [] as Rule[], in: [] as Rule[] };
  for (const { direction, filter, to, qos } of routes) {
    const rename = compileTemplate(to, gatewayId);
    if (direction !== 'in') rules.out.push({ filter, qos, map: rename });
    if (direction !== 'out') {
      const ours = to.startsWith('$');
      rules.in.push({
        filter,
        qos,
        // Topics with `$` are the gateway's own ($SYS, reply topics): the far side reaches them only when the route says so.
        map: (topic) => {
          const name = rename(topic);
          return name?.startsWith('$') && !ours ? undefined : name;
        },
      });
    }
  }
  return rules;
}

export interface Target {
  readonly topic: string;
  readonly qos: QoS;
}

/**
 * Where a topic goes by a set of rules: each target once, with the highest QoS of the rules that lead there.
 *
 * @param unmapped - called for each rule that matches but gives no legal topic
 */
export function targetsOf(rules: readonly Rule[], topic: string, unmapped: () => void): readonly Target[] {
  const targets: Target[] = [];
  for (const rule of rules) {
    if (!topicMatches(rule.filter, topic)) continue;
    const mapped = rule.map(topic);
    if (mapped === undefined) {
      unmapped();
      continue;
    }
    const known = targets.findIndex((target) => target.topic === mapped);
    if (known < 0) targets.push({ topic: mapped, qos: rule.qos });
    else if (targets[known]!.qos < rule.qos) targets[known] = { topic: mapped, qos: rule.qos };
  }
  return targets;
}
