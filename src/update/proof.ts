/** What a new version has to show before it stays: it serves, it keeps, and it reaches whom the version before reached. */
import type { LinkView } from '../core/link-views.js';
import type { UpdateFacts } from '../core/update-views.js';

export interface Evidence {
  readonly phase: 'starting' | 'up' | 'stopping';
  /** Why the store takes nothing; undefined: it does. */
  readonly storeFault: string | undefined;
  readonly links: readonly LinkView[];
}

/** Links that an update may not cut. */
export function factsOf(links: readonly Pick<LinkView, 'name' | 'state'>[]): UpdateFacts {
  return { links: links.filter(({ state }) => state === 'up').map(({ name }) => name) };
}

/** What is not yet shown, in words; a link that is not configured any more is nobody's fault. */
export function missingOf(facts: UpdateFacts, { phase, storeFault, links }: Evidence): readonly string[] {
  const missing: string[] = [];
  if (phase !== 'up') missing.push(`the gateway is ${phase}`);
  if (storeFault !== undefined) missing.push(`the store takes nothing: ${storeFault}`);
  for (const name of facts.links) {
    const link = links.find((one) => one.name === name);
    if (link === undefined) continue;
    const isProven = link.state === 'up' && link.heartbeat !== 'waiting';
    if (!isProven) {
      const cause = link.error === undefined ? '' : `: ${link.error.message}`;
      const state = link.state === 'up' ? 'up, but nothing was delivered yet' : link.state;
      missing.push(`link ${name} was up before the update and is ${state}${cause}`);
    }
  }
  return missing;
}
