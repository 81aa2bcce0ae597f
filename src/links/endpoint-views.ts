import type { LinkEndpointView } from '../core/link-views.js';
import type { Endpoints } from './endpoints.js';

/** @param now - monotonic ms */
export function endpointViews(endpoints: Endpoints, now: number): readonly LinkEndpointView[] {
  return endpoints.view(now).map(({ endpoint, state, isCurrent, isHeld, rttMs, connects }) => ({
    endpoint: endpoint.key,
    state,
    isCurrent,
    isHeld,
    rttMs: rttMs === undefined ? null : Math.round(rttMs * 100) / 100,
    connects,
  }));
}
