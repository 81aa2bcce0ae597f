/** Which masters may connect. */
import { BlockList, isIPv6 } from 'node:net';

/** A predicate on the remote address of a socket. @param networks - `10.0.0.7`, `10.1.0.0/16`; undefined: everybody */
export function allowList(networks: readonly string[] | undefined): (address: string) => boolean {
  if (networks === undefined) return () => true;
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix] = network.split('/');
    if (prefix === undefined) list.addAddress(address, familyOf(address));
    else list.addSubnet(address, Number(prefix), familyOf(address));
  }
  // An IPv4 master at a listener for both families comes as ::ffff:10.0.0.7; node's BlockList knows that form.
  return (address) => {
    const plain = address.split('%', 1)[0]!;
    return list.check(plain, familyOf(plain));
  };
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4';
}
