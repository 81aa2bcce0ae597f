/** What all links are together, and what is left of those that are not configured any more: there may be none. */
import type { Clock } from '../core/clock.js';
import type { LinkConfig } from '../core/config.js';
import type { LinkTransform } from '../core/function.js';
import type { Log } from '../core/log.js';
import type { Mesh } from '../core/mesh.js';
import type { Router } from '../core/router.js';
import type { Service, ServiceStatus } from '../core/service.js';
import type { Store } from '../core/store.js';
import type { AlarmView, LinkView, OrphanedOutboxView, ServiceView } from '../core/views.js';
import { linksTables as memoryTables } from './far-memory.js';
import { keepTables } from './keep.js';
import type { Link } from './link.js';
import { OrphanedOutboxes } from './orphans.js';
import type { ResolveSrv } from './srv.js';
import type { ReadInterfaces } from './uplinks.js';

/** Tables that links use; the store is opened with these. */
export const linksTables = [...memoryTables, ...keepTables] as const;

export interface LinksOptions {
  readonly links: Readonly<Record<string, LinkConfig>>;
  readonly gatewayId: string;
  readonly router: Router;
  /** Of the gateways that are peers of this one; absent: no stamps. */
  readonly mesh?: Mesh | undefined;
  /** undefined: nothing outlives the process. */
  readonly store?: Store | undefined;
  readonly log: Log;
  readonly clock: Clock;
  /** Why no message is taken now that must be kept. */
  readonly storeRefusal?: () => Error | undefined;
  /** In [0, 1), for the jitter of reconnects. */
  readonly random?: () => number;
  /** What links say about themselves is published here, retained: see announcer.ts. */
  readonly isAnnounced?: boolean;
  /** The state, cause or endpoint of a link may be another. */
  readonly onChanged?: () => void;
  /** Functions at the doors of links. */
  readonly linkTransform?: LinkTransform | undefined;
  /** Tests bring their own. */
  readonly resolveSrv?: ResolveSrv;
  readonly interfaces?: ReadInterfaces;
}

export interface Links extends Service {
  links(): readonly LinkView[];
  /** One per link, `link:<name>`. */
  services(): readonly ServiceView[];
  alarms(): readonly AlarmView[];
  /** What waits for links that are not configured any more. */
  orphans(): readonly OrphanedOutboxView[];
  /** Gives up what waits for such a link. @returns undefined when there is none of this name */
  forget(name: string): OrphanedOutboxView | undefined;
  /** Holds the backlog of a link back, or lets it go on; new messages pass. @returns undefined when there is no such link */
  pauseDrain(name: string, isPaused: boolean): LinkView | undefined;
}

export function linksService({ store, log, clock }: LinksOptions, links: readonly Link[]): Links {
  const outboxes = new OrphanedOutboxes(store);
  let since = clock.now();
  let state: ServiceStatus['state'] = 'starting';

  return {
    name: 'links',
    async start(signal) {
      signal.throwIfAborted();
      for (const link of links) link.start();
      for (const { name, messages } of outboxes.orphans()) {
        log.warn({ link: name, messages }, 'messages wait for a link that is not configured any more');
      }
      since = clock.now();
      state = 'up';
    },
    status() {
      const poor = state === 'up' ? links.map((link) => link.service()).filter((view) => view.state !== 'up') : [];
      if (poor.length === 0) return { state, since };
      const reason = poor.map((view) => `${view.name} ${view.state}`).join(', ');
      const hint = poor.find((view) => view.hint !== undefined)?.hint;
      return {
        state: 'degraded',
        since: Math.max(...poor.map((view) => view.since)),
        reason,
        ...(hint === undefined ? {} : { hint }),
      };
    },
    links: () => links.map((link) => link.view()),
    services: () => links.map((link) => link.service()),
    alarms: () => links.flatMap((link) => link.alarms()),
    orphans: () => outboxes.orphans(),
    forget: (name) => outboxes.forget(name),
    pauseDrain(name, isPaused) {
      const link = links.find((one) => one.name === name);
      link?.pauseDrain(isPaused);
      return link?.view();
    },
    async [Symbol.asyncDispose]() {
      state = 'stopping';
      since = clock.now();
      // What one brings to its end is for the others.
      await Promise.allSettled(links.map((link) => link.stop()));
      const results = await Promise.allSettled(links.map((link) => link[Symbol.asyncDispose]()));
      const errors = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
      if (errors.length > 0) throw new AggregateError(errors, 'not all links closed cleanly');
    },
  };
}
