/** Routes that would send round what they bring: allowed, and probably not meant. */
import type { LinkConfig } from '../core/config.js';
import type { RouteConfig } from '../core/route-config.js';
import { type Filter, matches, overlaps, parseFilter } from '../core/topic-filter.js';
import { shapeOf, TopicTemplate } from '../core/topic-template.js';

/** One filter of one direction of a route. */
interface Way {
  readonly path: string;
  readonly link: LinkConfig;
  readonly from: string;
  readonly to: string;
  map(topic: string): string | undefined;
  readonly except: readonly Filter[];
}

/** A sentence for each route in whose topics come back by way of a route out. */
export function linkNotes(links: Readonly<Record<string, LinkConfig>>, gatewayId: string): readonly string[] {
  const all = Object.values(links).flatMap((link) =>
    link.routes.flatMap((route, index) => waysOf(link, route, index, gatewayId)),
  );
  const notes = new Set<string>();
  for (const { isIn, way: coming } of all) {
    if (!isIn) continue;
    for (const { isIn: isOther, way: going } of all) {
      if (isOther || hostOf(coming.link) !== hostOf(going.link)) continue;
      if (!isRound(coming, going)) continue;
      const note = coming.link === going.link ? noteOfOne(coming, going) : noteOfTwo(coming, going);
      if (note !== undefined) notes.add(note);
    }
  }
  return [...notes];
}

function waysOf(link: LinkConfig, route: RouteConfig, index: number, gatewayId: string) {
  const path = `links.${link.name}.routes[${index}]`;
  const filters = typeof route.filter === 'string' ? [route.filter] : route.filter;
  const except = (route.except ?? []).map(parseFilter);
  return filters.flatMap((filter) => {
    const shape = shapeOf(route.to, filter, gatewayId);
    const way = (from: string, to: string, template: string, left: readonly Filter[]): Way => {
      const rename = new TopicTemplate(template, from, gatewayId);
      const map = (topic: string) => rename.make(topic, topic.split('/'));
      return { path, link, from, to, map, except: left };
    };
    const ways = [{ isIn: route.direction === 'in', way: way(filter, shape.filter, route.to, except) }];
    if (route.direction === 'both' && shape.back !== undefined) {
      ways.push({ isIn: true, way: way(shape.filter, filter, shape.back, []) });
    }
    return ways;
  });
}

function hostOf({ url }: LinkConfig): string {
  const { hostname, port, protocol } = new URL(url);
  return `${hostname}:${port || (protocol === 'mqtts:' ? 8883 : 1883)}`;
}

/** After so many rounds a topic is taken to go on for ever: names that lose a level each time end before. */
const ROUNDS = 4;

/** Follows a topic that comes by one and goes by the other. */
function isRound(coming: Way, going: Way): boolean {
  let here: string | undefined = sampleOf(parseFilter(coming.to), parseFilter(going.from));
  for (let round = 0; round < ROUNDS; round++) {
    const there: string | undefined = here === undefined ? undefined : pass(going, here);
    here = there === undefined ? undefined : pass(coming, there);
  }
  return here !== undefined;
}

function pass({ from, except, map }: Way, topic: string): string | undefined {
  const levels = topic.split('/');
  const isTaken = matches(parseFilter(from), levels) && !except.some((one) => matches(one, levels));
  return isTaken ? map(topic) : undefined;
}

/** A topic that matches both filters; undefined: there is none. */
function sampleOf(one: Filter, other: Filter): string | undefined {
  if (!overlaps(one, other)) return undefined;
  const length = Math.max(one.levels.length, other.levels.length);
  const levels = Array.from({ length }, (_, at) => one.levels[at] ?? other.levels[at] ?? 'x');
  if (one.isMultiLevel && other.isMultiLevel) levels.push('x', 'x');
  return levels.join('/');
}

/** A link does not send back what it brought; names that change on the way round do so when another gateway does the same. */
function noteOfOne(coming: Way, going: Way): string | undefined {
  if (coming.path === going.path) return undefined;
  const local = sampleOf(parseFilter(coming.to), parseFilter(going.from));
  const there = local === undefined ? undefined : pass(going, local);
  const again = there === undefined ? undefined : pass(going, pass(coming, there) ?? '');
  if (again === undefined || again === there) return undefined;
  return `${coming.path} brings ${there}, which ${going.path} would send as ${again}: this link does not, but a second gateway with these routes would, and round again`;
}

function noteOfTwo(coming: Way, going: Way): string {
  return `${going.path} sends what ${coming.path} brings back to the same broker, from where it comes again, without end: leave it out with \`except\``;
}
