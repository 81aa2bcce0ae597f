/** Looks for devices that nobody has configured, without a gateway. */
import { lookup } from 'node:dns/promises';
import type { AnyAdapter, FoundDevice } from './core/adapter.js';
import { systemClock } from './core/clock.js';
import type { Address } from './core/transport.js';
import { openDatagrams } from './devices/transport/datagrams.js';

export interface DiscoverOptions {
  /** One host, `10.0.0.7` or `10.0.0.7:5683`; undefined: all that answer to the multicast group. */
  readonly target: string | undefined;
  /** Address of this machine to ask from. */
  readonly local: string | undefined;
  readonly waitMs: number;
  readonly signal: AbortSignal;
}

/** @throws GatewayError PORT_FAILED; the error of the system when the host is not known */
export async function discover(adapter: AnyAdapter, o: DiscoverOptions): Promise<readonly FoundDevice[]> {
  const { finder } = adapter;
  if (finder === undefined) return [];
  const hosts = o.target === undefined ? [] : [await addressOf(o.target, finder.port)];
  using net = await openDatagrams(o.local);
  const signal = AbortSignal.any([o.signal, AbortSignal.timeout(o.waitMs)]);
  return await finder.find(net, { hosts, groups: o.target === undefined ? finder.groups : [] }, systemClock, signal);
}

async function addressOf(target: string, port: number): Promise<Address> {
  const [host = '', own] = target.split(':');
  const { address } = await lookup(host, 4);
  return { host: address, port: own === undefined ? port : Number(own) };
}
