/** All links of the gateway. A link that is down never keeps the gateway from starting or stopping. */
import type { LinkConfig } from '../core/config.js';
import { topicFilterFault } from '../core/topic.js';
import { linkError } from './errors.js';
import { FarMemories } from './far-memory.js';
import { Link } from './link.js';
import { type Links, type LinksOptions, linksService } from './links-service.js';
import { routeFault } from './rules.js';
import { SessionMemories } from './session-memory.js';

export { linkErrors } from './errors.js';
export { type Links, type LinksOptions, linksTables } from './links-service.js';
export { routeFault } from './rules.js';

/** @throws GatewayError LINK_ROUTE_INVALID when a route does not pass {@link routeFault} */
export function createLinks(options: LinksOptions): Links {
  const { gatewayId, router, mesh, store, log, clock, random = Math.random } = options;
  const { resolveSrv, interfaces, onChanged, isAnnounced = false, linkTransform } = options;
  const keep = store && { store, refusal: options.storeRefusal ?? (() => undefined) };
  const memories = new FarMemories(store, new Set(Object.keys(options.links)));
  const endpoints = new SessionMemories(store);
  const links = Object.values(options.links).map((config) => {
    checkRoutes(config);
    const sessions = endpoints.of(config.name);
    const more = { resolveSrv, interfaces, onChanged, isAnnounced, linkTransform };
    return new Link({ config, gatewayId, router, mesh, memories, sessions, keep, log, clock, random, ...more });
  });
  mesh?.hubs.forgetOthers();
  return linksService(options, links);
}

/** The configuration layer has refused these already, with line and column; here they would be our own mistake. */
function checkRoutes({ name, routes }: LinkConfig): void {
  if (topicFilterFault(`$link/${name}/#`) !== undefined || name.includes('/')) {
    throw linkError('LINK_ROUTE_INVALID', `"${name}" cannot be the name of a link`);
  }
  for (const [index, route] of routes.entries()) {
    const fault = routeFault(route);
    if (fault !== undefined) throw linkError('LINK_ROUTE_INVALID', `link ${name}, route ${index}: ${fault}`);
  }
}
