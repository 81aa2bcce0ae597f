/** Routes of a link against Debian's mosquitto: names both ways, forms, batches, compression, demand. */
import { gunzipSync, gzipSync } from 'node:zlib';
import mqtt from 'mqtt';
import t, { type Test } from 'tap';
import type { RouteConfig } from '../../src/core/config.js';
import { startTestGateway, tempFolder } from '../support/gateway.js';
import { linkConfig, type Mosquitto, publish, startLink, startMosquitto, subscriber } from '../support/links.js';
import { eventually, needs } from '../support/peers.js';

const peers = needs('mosquitto', 'mosquitto_sub', 'mosquitto_pub');
const reading = (v: unknown, t = 1_763_841_600_123) => JSON.stringify({ v, q: 'good', t });

const out = (more: Partial<RouteConfig>): RouteConfig => ({
  direction: 'out',
  filter: 'hpmq/plant-7/#',
  to: '{topic}',
  qos: 1,
  ...more,
});

interface Packet {
  readonly topic: string;
  readonly payload: Buffer;
  readonly properties: mqtt.IPublishPacket['properties'];
}

/** Everything below a filter with its properties, by MQTT.js. */
async function watch(t: Test, far: Mosquitto, filter: string): Promise<readonly Packet[]> {
  const client = await mqtt.connectAsync(far.url, { protocolVersion: 5 });
  t.teardown(() => client.endAsync(true));
  const packets: Packet[] = [];
  client.on('message', (topic, payload, { properties }) => packets.push({ topic, payload, properties }));
  await client.subscribeAsync(filter, { qos: 1 });
  return packets;
}

for (const protocolVersion of [4, 5] as const) {
  t.test(`a prefix that is swapped both ways, and exceptions, protocol ${protocolVersion}`, peers, async (t) => {
    const far = await startMosquitto(t);
    const sub = await subscriber(t, far, '#');
    const both = out({ direction: 'both', filter: 'shared/#', to: 'plants/7/{topic:1}', except: ['shared/secret/#'] });
    const { router, links, is } = await startLink(t, linkConfig(far.url, [both], { protocolVersion }));
    await is('up');
    router.put('shared/secret/key', 'x', { qos: 1 });
    router.put('shared/a/b', 'ours', { qos: 1 });
    await sub.sees('1 0 plants/7/a/b ours');
    await publish(t, far, ['-q', '1', '-t', 'plants/7/secret/key', '-m', 'x']);
    await publish(t, far, ['-q', '1', '-t', 'plants/7/c', '-m', 'theirs']);
    await eventually(() => router.published.some(({ topic }) => topic === 'shared/c'));
    router.put('shared/a/b', 'again', { qos: 1 });
    await sub.sees('1 0 plants/7/a/b again');
    t.strictSame(
      router.published.map(({ topic, payload }) => `${topic} ${payload}`),
      ['shared/secret/key x', 'shared/a/b ours', 'shared/c theirs', 'shared/a/b again'],
      'nothing comes back, and nothing that is excepted comes',
    );
    t.notOk(sub.lines().some((line) => line.startsWith('1 0 plants/7/secret') && line.endsWith('ours')));
    t.match(links.links()[0], { dropped: 0 });
  });
}

t.test('one reading in several forms, under several names', peers, async (t) => {
  const far = await startMosquitto(t);
  const sub = await subscriber(t, far, '#', ['-F', '%q %r %t %p|%C|%E']);
  const routes = [
    out({ to: 'raw/{topic:2}', retain: 'clear', expiry: { ms: 60_000, mode: 'set' } }),
    out({ filter: 'hpmq/plant-7/+/+', to: 'value/{device}/{point}', format: { type: 'value' }, qos: 0 }),
    out({ filter: 'hpmq/plant-7/+/+', to: 'tb', format: { type: 'thingsboard', api: 'gateway', quality: false } }),
    out({
      filter: 'hpmq/+/+/temperature',
      to: '{1}/{2}',
      retain: 'set',
      format: { type: 'template', template: { at: '{t:iso}', value: '{v}', source: '{gateway}/{device}' } },
    }),
  ];
  const { router, links, is } = await startLink(t, linkConfig(far.url, routes));
  await is('up');
  const expiresAt = Date.now() + 5_000;
  const options = { qos: 1, retain: true, receivedAt: Date.now(), expiresAt } as const;
  router.put('hpmq/plant-7/boiler/temperature', reading(71.4), options);
  await sub.sees(`1 0 raw/boiler/temperature ${reading(71.4)}\\|\\|(60|59)`);
  await sub.sees('0 [01] value/boiler/temperature 71.4\\|text/plain\\|[0-9]');
  await sub.sees(
    '1 [01] tb {"boiler":\\[{"ts":1763841600123,"values":{"temperature":71.4}}\\]}\\|application/json\\|[0-9]',
  );
  await sub.sees('1 [01] plant-7/boiler {"at":"2025-11-22T20:00:00.123Z","value":71.4,"source":"plant-7/boiler"}\\|.*');
  // A failed read has no value: two of the forms cannot say it.
  router.put('hpmq/plant-7/boiler/temperature', '{"v":null,"q":"bad","t":5,"e":"MODBUS_TIMEOUT"}', { qos: 1 });
  await eventually(() => links.links()[0]!.dropped === 2);
  t.match(links.alarms(), [{ severity: 'warn', error: { code: 'LINK_FORMAT', fault: 'config' } }]);
  await sub.sees('1 0 plant-7/boiler {"at":"1970-01-01T00:00:00.005Z","value":null,"source":"plant-7/boiler"}\\|.*');
});

t.test('a batch is one packet, compressed and marked; it is acknowledged as one', peers, async (t) => {
  const far = await startMosquitto(t);
  const packets = await watch(t, far, 'batch');
  const route = out({
    to: 'batch',
    format: { type: 'json' },
    // No batch leaves because the machine is slow.
    batch: { maxMessages: 100, maxBytes: 64_000, maxDelay: 60_000, as: 'array' },
    compress: 'gzip',
  });
  const { router, links, is } = await startLink(t, linkConfig(far.url, [route]));
  await is('up');
  for (let i = 0; i < 300; i++) router.put(`hpmq/plant-7/boiler/p${i % 3}`, `${i}`, { qos: 1 });
  await eventually(() => packets.length >= 3);
  await eventually(() => links.links()[0]!.queued === 0);
  const all = packets.map(({ payload }) => JSON.parse(gunzipSync(payload).toString()) as { payload: number }[]);
  t.strictSame(
    all.map(({ length }) => length),
    [100, 100, 100],
  );
  t.strictSame(
    all.flat().map(({ payload }) => payload),
    Array.from({ length: 300 }, (_, i) => i),
    'in order, nothing twice',
  );
  t.match(packets[0]!.properties, { contentType: 'application/json', userProperties: { 'content-encoding': 'gzip' } });
  t.match(links.links()[0], { dropped: 0 });
});

t.test('a batch that the far side finds too large goes in parts', peers, async (t) => {
  const far = await startMosquitto(t, ['allow_anonymous true', 'max_packet_size 2000']);
  const packets = await watch(t, far, 'batch');
  const batch = { maxMessages: 100, maxBytes: 64_000, maxDelay: 50, as: 'lines' } as const;
  const { router, links, is } = await startLink(
    t,
    linkConfig(far.url, [out({ to: 'batch', format: { type: 'json' }, batch })]),
  );
  await is('up');
  for (let i = 0; i < 100; i++) router.put('hpmq/plant-7/boiler/n', `${i}`, { qos: 1 });
  const lines = () => packets.flatMap(({ payload }) => payload.toString().split('\n').slice(0, -1));
  await eventually(() => lines().length >= 100);
  t.strictSame(
    lines().map((line) => (JSON.parse(line) as { payload: number }).payload),
    Array.from({ length: 100 }, (_, i) => i),
  );
  t.ok(packets.length > 1 && packets.every(({ payload }) => payload.length < 2_000));
  await eventually(() => links.links()[0]!.queued === 0);
  t.match(links.links()[0], { dropped: 0 });
});

t.test('what comes in compressed is unpacked; a bomb is not', peers, async (t) => {
  const far = await startMosquitto(t);
  const route: RouteConfig = {
    direction: 'in',
    filter: 'cmd/#',
    to: 'near/{1}',
    qos: 1,
    maxSize: { bytes: 100_000, over: 'refuse' },
  };
  const { router, links, is } = await startLink(t, linkConfig(far.url, [route]));
  await is('up');
  const client = await mqtt.connectAsync(far.url, { protocolVersion: 5 });
  t.teardown(() => client.endAsync(true));
  const properties = { userProperties: { 'content-encoding': 'gzip', kept: 'yes' } };
  await client.publishAsync('cmd/bomb', gzipSync(Buffer.alloc(10_000_000)), { qos: 1, properties });
  await client.publishAsync('cmd/rubbish', 'rubbish', { qos: 1, properties });
  await client.publishAsync('cmd/good', gzipSync('{"v":5}'), { qos: 1, properties });
  const good = await eventually(() => router.published.find(({ topic }) => topic === 'near/good'));
  t.equal(good.payload.toString(), '{"v":5}');
  t.strictSame(good.properties?.userProperties, [['kept', 'yes']]);
  t.equal(router.published.length, 1);
  t.match(links.links()[0], { dropped: 2 });
  t.match(links.alarms(), [{ error: { code: 'LINK_PAYLOAD' } }]);
});

t.test('onDemand: subscribed there while somebody here is', peers, async (t) => {
  const far = await startMosquitto(t);
  await publish(t, far, ['-r', '-t', 'weather/berlin', '-m', 'rain']);
  const route: RouteConfig = { direction: 'in', filter: 'weather/#', to: '{topic}', qos: 1, onDemand: { linger: 200 } };
  const { router, is } = await startLink(t, linkConfig(far.url, [route]));
  await is('up');
  const log = () => far.peer().stderr();
  t.notMatch(log(), /Received SUBSCRIBE from hpmq/);
  const seen: string[] = [];
  const listen = () => router.listen('weather/+', ({ topic, payload }) => seen.push(`${topic} ${payload}`));
  const first = listen();
  await eventually(() => seen.includes('weather/berlin rain'));
  first[Symbol.dispose]();
  await far.peer().sees(/Received UNSUBSCRIBE from hpmq/);
  await publish(t, far, ['-q', '1', '-t', 'weather/berlin', '-m', 'nobody here']);
  listen();
  await eventually(() => log().split('Received SUBSCRIBE from hpmq').length === 3);
  await publish(t, far, ['-q', '1', '-t', 'weather/berlin', '-m', 'sun']);
  await eventually(() => seen.includes('weather/berlin sun'));
  t.notOk(seen.includes('weather/berlin nobody here'));
});

t.test(
  'a route in that is gone from the configuration is unsubscribed, although the session goes on',
  peers,
  async (t) => {
    const far = await startMosquitto(t);
    const folder = tempFolder(t);
    const config = (filter: string) => `
gateway: { id: plant-7 }
broker: { listeners: [ { type: tcp, port: 0 } ] }
links:
  cloud:
    type: mqtt
    url: ${far.url}
    routes: [ { direction: in, filter: ${filter} } ]
`;
    const first = await startTestGateway(t, config('[kept/#, old/#]'), folder);
    await far.peer().sees(/\told\/# \(QoS 1\)/);
    await first.process.kill('SIGKILL');
    await startTestGateway(t, config('kept/#'), folder);
    await far.peer().sees(/Received UNSUBSCRIBE from hpmq-plant-7-cloud\n.*\told\/#/);
    t.notMatch(far.peer().stderr(), /UNSUBSCRIBE from hpmq-plant-7-cloud\n.*\tkept/);
  },
);
