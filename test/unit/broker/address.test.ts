import t from 'tap';
import { networkOf, plainHost } from '../../../src/broker/address.js';

t.test('IPv4 in IPv6 clothes is IPv4, however it is written', async (t) => {
  for (const host of ['::ffff:10.0.0.7', '::FFFF:10.0.0.7', '::ffff:a00:7', '0:0:0:0:0:ffff:0a00:0007']) {
    t.equal(plainHost(host), '10.0.0.7', host);
  }
  for (const host of ['10.0.0.7', '::1', '::', '::a00:7', '64:ff9b::10.0.0.7', 'fe80::1%eth0', 'unix:/run/x', '']) {
    t.equal(plainHost(host), host);
  }
});

t.test('what counts as one: an IPv4 address, the /64 of an IPv6 address', async (t) => {
  for (const [host, network] of [
    ['10.0.0.7', '10.0.0.7'],
    ['::ffff:10.0.0.7', '10.0.0.7'],
    ['::FFFF:10.0.0.7', '10.0.0.7'],
    ['::ffff:a00:7', '10.0.0.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
    ['2001:0db8:0001:0002::9', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['1:2:3:4:5::1.2.3.4', '1:2:3:4::/64'],
    ['unknown', 'unknown'],
    ['', ''],
  ] as const) {
    t.equal(networkOf(host), network, host);
  }
});
