/** Routes of a link: which topics pass, and what they are called on the other side. */
import { createHash } from 'node:crypto';
import type { QoS } from '../core/message.js';
import { DEFAULT_PRIORITY, type RouteConfig } from '../core/route-config.js';
import { parseSchedule } from '../core/schedule.js';
import { type Filter, matches, parseFilter } from '../core/topic-filter.js';
import { remapFault, shapeOf, TopicTemplate } from '../core/topic-template.js';
import { createDecoder, createEncoder } from './formats/formats.js';
import type { InRoute, OutRoute, Target } from './route-types.js';

/** One filter of one direction of a route, ready to use. */
export interface Rule<R = OutRoute | InRoute> {
  readonly filter: string;
  /** Highest QoS that travels. */
  readonly qos: QoS;
  /** Lowest. */
  readonly minQos: QoS;
  readonly route: R;
  /** A Topic Filter of what {@link map} gives. */
  readonly mapped: string;
  /** Does the route carry this topic? `levels`: of the topic. */
  takes(topic: string, levels: readonly string[]): boolean;
  /**
   * The topic on the other side.
   *
   * @returns undefined when the result is no legal Topic Name (§4.7) or the topic has too few levels
   */
  map(topic: string): string | undefined;
}

export interface Rules {
  /** From local topics to the far side. */
  readonly out: readonly Rule<OutRoute>[];
  /** From the far side to local topics. */
  readonly in: readonly Rule<InRoute>[];
}

export function filtersOf({ filter }: RouteConfig): readonly string[] {
  return typeof filter === 'string' ? [filter] : filter;
}

/** What is wrong with a route, for the author of the configuration; undefined: nothing. */
export function routeFault(route: RouteConfig): string | undefined {
  for (const filter of filtersOf(route)) {
    const fault = remapFault(filter, route.to, route.direction === 'both');
    if (fault !== undefined) return fault.fault;
  }
  for (const filter of route.except ?? []) {
    const fault = remapFault(filter, '{topic}', false);
    if (fault !== undefined) return fault.fault;
  }
  const schedule = parseSchedule(route.schedule ?? []);
  return 'fault' in schedule ? schedule.fault : undefined;
}

/**
 * Makes the rules of a link. Every route must have passed {@link routeFault}.
 *
 * @param isOnce - see {@link OutRoute.isOnce}
 */
export function compileRoutes(routes: readonly RouteConfig[], gatewayId: string, isOnce = false): Rules {
  const rules = { out: [] as Rule<OutRoute>[], in: [] as Rule<InRoute>[] };
  for (const [index, config] of routes.entries()) {
    const fault = routeFault(config);
    if (fault !== undefined) throw new RangeError(`route was not checked: ${fault}`);
    const { direction, to, batch, minQos = 0 } = config;
    // A batch that is sent again after a crash may hold other messages: its receiver must not take it for known.
    const qos = batch === undefined ? config.qos : (Math.min(config.qos, 1) as QoS);
    const except = (config.except ?? []).map(parseFilter);
    const isExcepted = (levels: readonly string[]) => except.some((filter) => matches(filter, levels));
    const shapes = filtersOf(config).map((filter) => ({ filter, shape: shapeOf(to, filter, gatewayId) }));
    if (direction !== 'in') {
      const route = outRoute(config, index, gatewayId, isOnce);
      for (const { filter, shape } of shapes) {
        const { back, filter: far } = shape;
        // With the wildcards by number nothing is lost on the way there that is needed on the way back.
        const template = direction === 'both' && back !== undefined ? shapeOf(back, far, gatewayId).back! : to;
        const isIn = direction === 'both' ? inside(far) : undefined;
        const map = mapOf(template, filter, gatewayId, isIn);
        const takes = takesOf(parseFilter(filter), isExcepted);
        rules.out.push({ filter, qos, minQos, route, mapped: far, takes, map });
      }
    }
    if (direction === 'out') continue;
    const route = inRoute(config, index, gatewayId);
    for (const { filter, shape } of shapes) {
      const from = direction === 'both' ? shape.filter : filter;
      const template = direction === 'both' ? shape.back! : to;
      const mapped = direction === 'both' ? filter : shape.filter;
      // Topics with `$` are the gateway's own ($SYS, reply topics): the far side reaches them only when the route says so.
      const ours = template.startsWith('$');
      const isOurs = inside(direction === 'both' ? filter : '#');
      const map = mapOf(template, from, gatewayId, (name, levels) =>
        name.startsWith('$') ? ours : isOurs(name, levels),
      );
      const takes =
        direction === 'in'
          ? takesOf(parseFilter(from), isExcepted)
          : // `except` names topics of here.
            takesOf(parseFilter(from), (_levels, topic) => isExcepted(map(topic)?.split('/') ?? []));
      rules.in.push({ filter: from, qos, minQos, route, mapped, takes, map });
    }
  }
  return rules;
}

type IsAllowed = (name: string, levels: readonly string[]) => boolean;

function inside(filter: string): IsAllowed {
  const parsed = parseFilter(filter);
  return (_name, levels) => matches(parsed, levels);
}

function mapOf(template: string, filter: string, gatewayId: string, isAllowed: IsAllowed | undefined) {
  const rename = new TopicTemplate(template, filter, gatewayId);
  return (topic: string) => {
    const name = rename.make(topic, topic.split('/'));
    return name === undefined || (isAllowed !== undefined && !isAllowed(name, name.split('/'))) ? undefined : name;
  };
}

function takesOf(filter: Filter, isExcepted: (levels: readonly string[], topic: string) => boolean) {
  return (topic: string, levels: readonly string[]) => matches(filter, levels) && !isExcepted(levels, topic);
}

function outRoute(config: RouteConfig, index: number, gatewayId: string, isOnce: boolean): OutRoute {
  const { retain = 'keep', priority = DEFAULT_PRIORITY, maxSize, format, batch, compress, expiry } = config;
  const schedule = config.schedule === undefined ? undefined : parseSchedule(config.schedule);
  return {
    index,
    retain,
    isOnce,
    priority,
    maxSize,
    encoder: createEncoder(batch === undefined ? format : (format ?? { type: 'json' }), filtersOf(config), gatewayId),
    batch,
    compress,
    schedule: schedule !== undefined && 'isOpen' in schedule ? schedule : undefined,
    expiry,
    key: hashOf(JSON.stringify(filtersOf(config))),
    form: JSON.stringify([retain, maxSize, format, batch, compress, expiry, config.schedule]),
  };
}

function inRoute(config: RouteConfig, index: number, gatewayId: string): InRoute {
  const { retain = 'keep', maxSize, format, compress, expiry, onDemand } = config;
  const decoder = createDecoder(format, filtersOf(config), gatewayId);
  const form = JSON.stringify([retain, maxSize, format, compress, expiry]);
  return { index, retain, maxSize, decoder, compress, expiry, linger: onDemand?.linger, form };
}

function hashOf(text: string): string {
  return createHash('sha1').update(text).digest('base64url').slice(0, 6);
}

/** Between the key of the route and the topic in a {@link Target.tag}; no key has it. */
const TAG_SEPARATOR = ' ';

/** Where a message goes by one route. */
export interface Hit<R> {
  readonly topic: string;
  readonly qos: QoS;
  readonly minQos: QoS;
  readonly route: R;
}

/**
 * Where a topic goes by a set of rules: each place once, with the highest QoS and `minQos` of the routes that lead there in the same form.
 *
 * @param unmapped - called for each route that matches but gives no legal topic
 */
export function hitsOf<R extends OutRoute | InRoute>(
  rules: readonly Rule<R>[],
  topic: string,
  unmapped: () => void,
): readonly Hit<R>[] {
  const hits: Hit<R>[] = [];
  const levels = topic.split('/');
  let done = -1;
  for (const rule of rules) {
    const { route, qos, minQos } = rule;
    // The filters of one route are one after the other.
    if (route.index === done || !rule.takes(topic, levels)) continue;
    done = route.index;
    const mapped = rule.map(topic);
    if (mapped === undefined) {
      unmapped();
      continue;
    }
    const at = hits.findIndex((hit) => hit.topic === mapped && hit.route.form === route.form);
    if (at < 0) hits.push({ topic: mapped, qos, minQos, route });
    else {
      const other = hits[at]!;
      hits[at] = {
        topic: mapped,
        qos: Math.max(qos, other.qos) as QoS,
        minQos: Math.max(minQos, other.minQos) as QoS,
        route: moreUrgent(other.route, route),
      };
    }
  }
  return hits;
}

function moreUrgent<R extends OutRoute | InRoute>(one: R, other: R): R {
  return 'priority' in one && 'priority' in other && other.priority > one.priority ? other : one;
}

interface Known {
  readonly targets: readonly Target[];
  readonly unmapped: number;
}

/** Topics come again and again: what is known of the last of them, by rules. */
const known = new WeakMap<readonly Rule<OutRoute>[], Map<string, Known>>();
const MAX_KNOWN = 10_000;
/** A longer topic is not worth its place. */
const MAX_KNOWN_LENGTH = 200;

/** {@link hitsOf} of what goes out. */
export function targetsOf(rules: readonly Rule<OutRoute>[], topic: string, unmapped: () => void): readonly Target[] {
  let topics = known.get(rules);
  if (topics === undefined) {
    topics = new Map();
    known.set(rules, topics);
  }
  let found = topics.get(topic);
  if (found === undefined) {
    let count = 0;
    found = { targets: hitsOf(rules, topic, () => count++).map(toTarget), unmapped: count };
    if (topics.size >= MAX_KNOWN) topics.clear();
    if (topic.length <= MAX_KNOWN_LENGTH) topics.set(topic, found);
  }
  for (let i = 0; i < found.unmapped; i++) unmapped();
  return found.targets;
}

function toTarget({ topic, qos, minQos, route }: Hit<OutRoute>): Target {
  return { topic, qos, minQos, route, tag: `${route.key}${TAG_SEPARATOR}${topic}` };
}

/**
 * The target of a message that was kept with a tag, by the routes of today: the same; else of the same route, which was
 * renamed meanwhile; else by whichever route leads to the same place; else as it was accepted.
 */
export function resume(rules: readonly Rule<OutRoute>[], topic: string, tag: string): Target {
  const targets = targetsOf(rules, topic, () => {});
  const at = tag.indexOf(TAG_SEPARATOR);
  const [key, there] = [tag.slice(0, at), tag.slice(at + 1)];
  return (
    targets.find((target) => target.tag === tag) ??
    targets.find(({ route }) => route.key === key) ??
    targets.find((target) => target.topic === there) ??
    toTarget({ topic: there, qos: 2, minQos: 0, route: { ...PLAIN, key } })
  );
}

/** A route that changes nothing. */
export const PLAIN: OutRoute = {
  index: -1,
  retain: 'keep',
  isOnce: false,
  priority: DEFAULT_PRIORITY,
  maxSize: undefined,
  encoder: undefined,
  batch: undefined,
  compress: undefined,
  schedule: undefined,
  expiry: undefined,
  key: '',
  form: '',
};
