/** Uplinks of this machine (Ethernet, LTE): from the name of an interface, or an address, to the address to connect from. */
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';

export type ReadInterfaces = () => Readonly<
  Record<
    string,
    readonly { readonly address: string; readonly family: string; readonly internal: boolean }[] | undefined
  >
>;

/**
 * The local address of an uplink as it is now, of the family of the far side where that is an IP address; undefined: the
 * uplink has none.
 */
export function localAddressOf(
  via: string,
  host: string,
  interfaces: ReadInterfaces = networkInterfaces,
): string | undefined {
  const family = isIP(host);
  const all = interfaces();
  if (isIP(via) !== 0) {
    const isThere = Object.values(all).some((list) => list?.some(({ address }) => address === via));
    return isThere && (family === 0 || family === isIP(via)) ? via : undefined;
  }
  const addresses = (all[via] ?? []).map(({ address }) => address).filter((address) => !/^fe80:/i.test(address));
  const wanted = family === 0 ? (addresses.find((address) => isIP(address) === 4) ?? addresses[0]) : undefined;
  return wanted ?? addresses.find((address) => isIP(address) === family);
}
