/**
 * Who may say by the PROXY protocol for whom it speaks. Who is believed can say anything: another address for each guess of
 * a password, and that a client certificate was verified.
 */
import { BlockList, isIP, isIPv6 } from 'node:net';
import { plainHost } from '../address.js';

/** Without a list: programs of this machine. */
const LOOPBACK = ['127.0.0.0/8', '::1'];

export class TrustedProxies {
  readonly #networks = new BlockList();

  /** @param networks - addresses, or networks with the length of their prefix: `10.1.0.0/16` */
  constructor(networks: readonly string[] = LOOPBACK) {
    for (const network of networks) {
      const [address = '', prefix] = network.split('/');
      const family = familyOf(address);
      if (prefix === undefined) this.#networks.addAddress(address, family);
      else this.#networks.addSubnet(address, Number(prefix), family);
    }
  }

  /** @param host - what is no address came through a Unix socket, whose mode says who may */
  trusts(host: string): boolean {
    const plain = plainHost(host).split('%', 1)[0]!;
    return isIP(plain) === 0 || this.#networks.check(plain, familyOf(plain));
  }
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4';
}
