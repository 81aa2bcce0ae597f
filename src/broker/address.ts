/** Addresses of peers, as they are shown, compared and counted. */
import { isIPv6 } from 'node:net';

/** IPv4 in IPv6 clothes (RFC 4291 §2.5.5.2: `::ffff:10.0.0.7`, `::ffff:a00:7`) is IPv4; anything else stays as it is. */
export function plainHost(host: string): string {
  if (!isIPv6(host)) return host;
  const groups = groupsOf(host);
  const isMapped = groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0);
  return isMapped
    ? groups
        .slice(6)
        .flatMap((group) => [group >> 8, group & 0xff])
        .join('.')
    : host;
}

/**
 * Which addresses count as one: an IPv4 address alone; of IPv6 the /64 network, which is what one customer has (RFC 6177).
 * What is no address stays as it is.
 */
export function networkOf(host: string): string {
  const plain = plainHost(host);
  if (!isIPv6(plain)) return plain;
  const network = groupsOf(plain).slice(0, 4);
  return `${network.map((group) => group.toString(16)).join(':')}::/64`;
}

/** The eight groups of a valid IPv6 address, its zone left out (RFC 4291 §2.2). */
function groupsOf(address: string): readonly number[] {
  const [head = '', tail] = address.split('%', 1)[0]!.split('::');
  const front = parsed(head);
  const back = parsed(tail ?? '');
  return [...front, ...new Array<number>(8 - front.length - back.length).fill(0), ...back];
}

/** The last part may be IPv4, in the place of two groups. */
function parsed(text: string): readonly number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
    return [(a << 8) | b, (c << 8) | d];
  });
}
