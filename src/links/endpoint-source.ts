/** The endpoints of a link as they are now: what is configured, what DNS says, which uplinks are there. */
import type { LinkReachConfig } from '../core/config.js';
import type { GatewayError } from '../core/errors.js';
import { type Endpoint, endpointAt, endpointOf, viaUplink } from './endpoint.js';
import { linkError } from './errors.js';
import { type ResolveSrv, resolveSrv, srvOrder, srvServerName } from './srv.js';
import { localAddressOf, type ReadInterfaces } from './uplinks.js';

/** SRV records are asked for again after this time, ms: Node does not tell their TTL. */
const SRV_INTERVAL = 60_000;

export interface EndpointSourceOptions {
  readonly reach: LinkReachConfig;
  /** Name in the certificate where the configuration gives one. */
  readonly serverName: string | undefined;
  readonly random: () => number;
  readonly resolveSrv?: ResolveSrv;
  readonly interfaces?: ReadInterfaces;
}

export class EndpointSource {
  readonly #o: EndpointSourceOptions;
  #places: readonly Endpoint[] = [];
  /** What {@link #places} was made of. */
  #records = '';
  #askedAt = Number.NEGATIVE_INFINITY;
  /** Why there are none, or fewer. */
  error: GatewayError | undefined;

  constructor(options: EndpointSourceOptions) {
    this.#o = options;
  }

  /**
   * All of the first uplink come before those of the second.
   *
   * @param now - monotonic ms
   */
  async list(now: number, signal: AbortSignal): Promise<readonly Endpoint[]> {
    const { reach, interfaces } = this.#o;
    this.error = undefined;
    const places = await this.#listPlaces(now, signal);
    if (reach.via.length === 0) return places;
    const found: Endpoint[] = [];
    const absent: string[] = [];
    for (const via of reach.via) {
      const before = found.length;
      for (const place of places) {
        const address = localAddressOf(via, place.host, interfaces);
        if (address !== undefined) found.push(viaUplink(place, via, address));
      }
      if (found.length === before && places.length > 0) absent.push(via);
    }
    if (absent.length > 0) {
      this.error = linkError('LINK_UPLINK_ABSENT', `the uplink ${absent.join(' and ')} has no address`, {
        details: { via: absent.join(', ') },
      });
    }
    return found;
  }

  async #listPlaces(now: number, signal: AbortSignal): Promise<readonly Endpoint[]> {
    const { reach, serverName, random } = this.#o;
    const { srv, urls } = reach;
    if (srv === undefined) return urls.map((url) => ({ ...endpointOf(url), serverName }));
    if (this.#places.length > 0 && now - this.#askedAt < SRV_INTERVAL) return this.#places;
    try {
      const records = await (this.#o.resolveSrv ?? resolveSrv)(srv.name, signal);
      this.#askedAt = now;
      const signature = JSON.stringify(records.map((one) => [one.name, one.port, one.priority, one.weight]).sort());
      // Chance decides once: the same records in another order would send the link to and fro.
      if (signature === this.#records && this.#places.length > 0) return this.#places;
      this.#records = signature;
      this.#places = srvOrder(records, random).map(({ name, port }) => {
        const host = name.replace(/\.$/, '');
        const certified = serverName ?? srvServerName(srv.name, name);
        return endpointAt({ host, port, secure: srv.secure, serverName: certified, path: undefined });
      });
      if (this.#places.length === 0) this.error = unresolved(srv.name, 'there are no records', undefined);
    } catch (cause) {
      signal.throwIfAborted();
      // The name server being away does not make the records wrong that it gave before.
      this.error = unresolved(
        srv.name,
        String((cause as NodeJS.ErrnoException).code ?? (cause as Error).message),
        cause,
      );
    }
    return this.#places;
  }
}

function unresolved(name: string, why: string, cause: unknown): GatewayError {
  return linkError('LINK_SRV', `the SRV records of ${name} cannot be had: ${why}`, { cause, details: { name } });
}
