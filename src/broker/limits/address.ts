/** Which addresses count as one. */
import { isIPv6 } from 'node:net';

/**
 * IPv4: the address, in IPv6 clothes or not. IPv6: the /64 network, which is what one customer has (RFC 6177). Anything else
 * stays as it is.
 */
export function networkOf(host: string): string {
  const plain = host.toLowerCase().startsWith('::ffff:') && host.includes('.') ? host.slice(7) : host;
  if (!isIPv6(plain)) return plain;
  const address = plain.split('%', 1)[0]!.toLowerCase();
  const [head = '', tail] = address.split('::');
  const front = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const back = tail === '' ? [] : tail.split(':');
    const written = front.length + back.length + (back.at(-1)?.includes('.') ? 1 : 0);
    front.push(...new Array<string>(Math.max(0, 8 - written)).fill('0'), ...back);
  }
  const network = front.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${network.join(':')}::/64`;
}
