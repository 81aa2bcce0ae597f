/** DNS SRV records (RFC 2782): by priority, and by weighted chance within one. */
import type { Resolver } from 'node:dns/promises';

export interface SrvRecord {
  /** The lowest first. */
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly name: string;
}

export type ResolveSrv = (name: string, signal: AbortSignal) => Promise<readonly SrvRecord[]>;

/** Time for the name servers to answer, ms. */
const TIMEOUT = 5_000;
/** More are not tried. */
const MOST_RECORDS = 16;

/** Asks the name servers of this machine. */
export async function resolveSrv(name: string, signal: AbortSignal): Promise<readonly SrvRecord[]> {
  const { Resolver } = await import('node:dns/promises');
  return askSrv(new Resolver({ timeout: TIMEOUT, tries: 2 }), name, signal);
}

export async function askSrv(resolver: Resolver, name: string, signal: AbortSignal): Promise<readonly SrvRecord[]> {
  const cancel = () => resolver.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    return await resolver.resolveSrv(name);
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

/**
 * The order in which they are to be tried. A single record with the name "." says that there is no such service.
 *
 * @param random - in [0, 1)
 */
export function srvOrder(records: readonly SrvRecord[], random: () => number): readonly SrvRecord[] {
  const there = records.filter(({ name }) => name !== '' && name !== '.');
  const priorities = [...new Set(there.map(({ priority }) => priority))].sort((a, b) => a - b);
  const ordered = priorities.flatMap((priority) =>
    byWeight(
      there.filter((record) => record.priority === priority),
      random,
    ),
  );
  return ordered.slice(0, MOST_RECORDS);
}

/** Each next one by chance in proportion to its weight; those of weight 0 have a very small one (RFC 2782, "Weight"). */
function byWeight(records: readonly SrvRecord[], random: () => number): readonly SrvRecord[] {
  const left = records.toSorted((a, b) => a.weight - b.weight);
  const ordered: SrvRecord[] = [];
  while (left.length > 0) {
    const sum = left.reduce((total, { weight }) => total + weight, 0);
    let chance = Math.floor(random() * (sum + 1));
    const index = left.findIndex(({ weight }) => {
      chance -= weight;
      return chance <= 0;
    });
    ordered.push(...left.splice(Math.max(0, index), 1));
  }
  return ordered;
}

/**
 * Which name the certificate of a target must have. Records are not signed: whoever can forge them must not choose the
 * name as well, so it is the domain that was asked for (RFC 6125 §6.2.1), or the target's where it lies in that domain.
 *
 * @param service - `_mqtt._tcp.example.com`
 */
export function srvServerName(service: string, target: string): string {
  const domain = service.replace(/^(_[^.]+\.)+/, '').toLowerCase();
  const host = target.toLowerCase().replace(/\.$/, '');
  return host === domain || host.endsWith(`.${domain}`) ? host : domain;
}
