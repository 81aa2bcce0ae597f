/** From what is configured, DNS and the interfaces to endpoints. */
import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import type { LinkReachConfig } from '../../../src/core/config.js';
import { EndpointSource } from '../../../src/links/endpoint-source.js';
import { askSrv, type SrvRecord, srvOrder, srvServerName } from '../../../src/links/srv.js';
import { localAddressOf } from '../../../src/links/uplinks.js';

const never = new AbortController().signal;
const reach = (more: Partial<LinkReachConfig>): LinkReachConfig => ({
  urls: [],
  srv: undefined,
  via: [],
  choose: 'first',
  failBack: 60_000,
  maxWait: 30_000,
  ...more,
});
const record = (name: string, priority: number, weight = 0, port = 8_883): SrvRecord => ({
  name,
  priority,
  weight,
  port,
});
const interfaces = (names: Record<string, string[]>) => () =>
  Object.fromEntries(
    Object.entries(names).map(([name, list]) => [
      name,
      list.map((address) => ({ address, family: address.includes(':') ? 'IPv6' : 'IPv4', internal: false })),
    ]),
  );

t.test('SRV: priorities in order, weights as chances (RFC 2782)', async (t) => {
  const records = [record('backup', 20), record('big', 10, 90), record('small', 10, 10)];
  let bigFirst = 0;
  for (let i = 0; i < 2_000; i++) {
    const order = srvOrder(records, Math.random).map(({ name }) => name);
    t.equal(order[2] === 'backup' && order.length, 3);
    if (order[0] === 'big') bigFirst++;
  }
  t.ok(bigFirst > 1_650 && bigFirst < 1_950, `the heavy one was first ${bigFirst} of 2000 times`);
  t.strictSame(srvOrder([record('.', 0)], Math.random), [], 'a single dot: no such service');
  fc.assert(
    fc.property(
      fc.array(
        fc.record({ name: fc.string({ minLength: 1 }), priority: fc.nat(3), weight: fc.nat(5), port: fc.nat(9) }),
        { maxLength: 16 },
      ),
      (any) => {
        const named = any.map((one, index) => ({ ...one, name: `h${index}` }));
        const order = srvOrder(named, Math.random);
        return (
          order.length === named.length && order.every((one, i) => i === 0 || order[i - 1]!.priority <= one.priority)
        );
      },
    ),
  );
});

t.test('the name of the certificate follows from the name that was asked for (RFC 6125 §6.2.1)', async (t) => {
  t.equal(srvServerName('_secure-mqtt._tcp.example.com', 'b1.example.com.'), 'b1.example.com');
  t.equal(srvServerName('_secure-mqtt._tcp.example.com', 'evil.example.org'), 'example.com');
  t.equal(srvServerName('_secure-mqtt._tcp.example.com', 'evilexample.com'), 'example.com');
});

t.test('SRV of a real name server; the same answer in another order changes nothing', async (t) => {
  const server = await dnsServer(t, [record('b.example.com', 20, 0, 1_884), record('a.example.com', 10, 0, 1_883)]);
  const resolver = new Resolver({ timeout: 500, tries: 1 });
  resolver.setServers([`127.0.0.1:${server.port}`]);
  const source = new EndpointSource({
    reach: reach({ srv: { name: '_mqtt._tcp.example.com', secure: false } }),
    serverName: undefined,
    random: () => 0,
    resolveSrv: (name, signal) => askSrv(resolver, name, signal),
  });
  const expected = ['mqtt://a.example.com:1883', 'mqtt://b.example.com:1884'];
  const keys = async (now: number) => (await source.list(now, never)).map(({ key }) => key);
  t.strictSame(await keys(0), expected);
  t.equal(server.asked(), 1);
  t.strictSame(await keys(59_999), expected);
  t.equal(server.asked(), 1, 'asked again only after a minute');
  server.answer([]);
  t.strictSame(await keys(60_000), expected, 'no records: those from before may still be there');
  t.match(source.error, { code: 'LINK_SRV', message: /ENODATA/ });
  server.answer([record('c.example.com', 1, 0, 1_885)]);
  t.strictSame(await keys(180_000), ['mqtt://c.example.com:1885']);
  server.answer(undefined);
  t.strictSame(await keys(240_000), ['mqtt://c.example.com:1885'], 'a silent name server makes nothing wrong');
  t.match(source.error, { code: 'LINK_SRV' });
});

t.test('uplinks: by interface or address, of the family of the far side', async (t) => {
  const all = interfaces({ eth0: ['fe80::1', '2001:db8::7', '10.0.0.7'], wwan0: ['100.64.0.9'], tun0: ['fe80::2'] });
  t.equal(localAddressOf('eth0', 'broker.example.com', all), '10.0.0.7');
  t.equal(localAddressOf('eth0', '2001:db8::1', all), '2001:db8::7');
  t.equal(localAddressOf('wwan0', '2001:db8::1', all), undefined);
  t.equal(localAddressOf('tun0', 'broker.example.com', all), undefined, 'link-local goes nowhere');
  t.equal(localAddressOf('100.64.0.9', '192.0.2.1', all), '100.64.0.9');
  t.equal(localAddressOf('100.64.0.8', '192.0.2.1', all), undefined, 'not ours');
  t.equal(localAddressOf('eth9', '192.0.2.1', all), undefined);
});

t.test('all endpoints over the first uplink, then all over the second; an absent uplink is told', async (t) => {
  let present = interfaces({ eth0: ['10.0.0.7'], wwan0: ['100.64.0.9'] });
  const source = new EndpointSource({
    reach: reach({ urls: ['mqtts://a', 'mqtts://b:443'], via: ['eth0', 'wwan0'] }),
    serverName: 'cloud.example.com',
    random: () => 0,
    interfaces: () => present(),
  });
  const list = await source.list(0, never);
  t.strictSame(
    list.map(({ key, localAddress }) => [key, localAddress]),
    [
      ['mqtts://a:8883 via eth0', '10.0.0.7'],
      ['mqtts://b:443 via eth0', '10.0.0.7'],
      ['mqtts://a:8883 via wwan0', '100.64.0.9'],
      ['mqtts://b:443 via wwan0', '100.64.0.9'],
    ],
  );
  t.ok(list.every(({ serverName }) => serverName === 'cloud.example.com'));
  t.equal(source.error, undefined);
  present = interfaces({ wwan0: ['100.64.0.9'] });
  t.equal((await source.list(0, never)).length, 2);
  t.match(source.error, { code: 'LINK_UPLINK_ABSENT', message: /eth0/ });
});

/** Answers every question with these SRV records; `undefined`: not at all. */
async function dnsServer(t: Test, first: readonly SrvRecord[]) {
  let records: readonly SrvRecord[] | undefined = first;
  let asked = 0;
  const socket = createSocket('udp4');
  socket.on('message', (query, { port, address }) => {
    asked++;
    if (records === undefined) return;
    let end = 12;
    while (query[end] !== 0) end += query[end]! + 1;
    const question = query.subarray(12, end + 5);
    const header = Buffer.from(query.subarray(0, 12));
    header.writeUInt16BE(0x8180, 2);
    header.writeUInt16BE(records.length, 6);
    header.writeUInt32BE(0, 8);
    const answers = records.map(({ name, priority, weight, port }) => {
      const labels = name.split('.').map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
      const target = Buffer.concat([...labels, Buffer.from([0])]);
      const fixed = Buffer.alloc(18);
      fixed.writeUInt16BE(0xc00c, 0);
      fixed.writeUInt16BE(33, 2);
      fixed.writeUInt16BE(1, 4);
      fixed.writeUInt32BE(60, 6);
      fixed.writeUInt16BE(6 + target.length, 10);
      fixed.writeUInt16BE(priority, 12);
      fixed.writeUInt16BE(weight, 14);
      fixed.writeUInt16BE(port, 16);
      return Buffer.concat([fixed, target]);
    });
    socket.send(Buffer.concat([header, question, ...answers]), port, address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  t.teardown(() => socket.close());
  return {
    port: socket.address().port,
    asked: () => asked,
    answer: (next: readonly SrvRecord[] | undefined) => {
      records = next;
    },
  };
}
