/** The ways to a far side: TLS with client certificates and ALPN, WebSocket, the bridge bit; ours, mosquitto and aedes. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { Aedes } from 'aedes';
import t, { type Test } from 'tap';
import type { RouteConfig } from '../../src/core/config.js';
import type { QoS } from '../../src/core/message.js';
import { type FarTls, memoryOf, type OpenFarSide, openFar, outgoing } from '../support/far-side.js';
import { linkConfig, publish, startLink, startMosquitto } from '../support/links.js';
import { listener, portOf, startBroker, tlsConfig } from '../support/listeners.js';
import { eventually, freePort, listening, needs, startPeer } from '../support/peers.js';
import { type Authority, createAuthority, type Pair } from '../support/pki.js';

const AWS_ALPN = 'x-amzn-mqtt-ca';
const names = 'DNS:localhost,IP:127.0.0.1';
const webSocket = { path: '/mqtt', origins: undefined };

/** As the configuration gives it to a link: what the files hold. */
function tlsOf(ca: Authority, pair?: Pair, alpn?: readonly string[]): FarTls {
  const bytes = (file: string | undefined) => (file === undefined ? undefined : readFileSync(file));
  return { ca: bytes(ca.cert), cert: bytes(pair?.cert), key: bytes(pair?.key), alpn };
}

/** QoS 0, 1 and 2, small and large, there and back. */
async function exchange(
  t: Test,
  { far, messages, acknowledged }: OpenFarSide,
  sizes: readonly number[],
): Promise<void> {
  t.equal(await far.subscribe('echo/#', 2, { noLocal: false }), undefined);
  let packetId = 0;
  let expected = 0;
  for (const size of sizes) {
    for (const qos of [0, 1, 2] as const) {
      const payload = Buffer.alloc(size, expected);
      far.publish(outgoing({ topic: `echo/${qos}/${size}`, payload, qos, packetId: qos === 0 ? 0 : ++packetId }));
      expected++;
      if (qos === 2) {
        await eventually(() => acknowledged.some((one) => one.packet === 'pubrec' && one.packetId === packetId));
        far.release(packetId);
      }
    }
  }
  await eventually(() => messages.length === expected);
  await eventually(() => acknowledged.filter(({ packet }) => packet !== 'pubrec').length === packetId);
  t.strictSame(
    messages.map(({ topic, payload, qos }) => `${topic} ${payload.length} ${payload.at(-1) ?? ''} ${qos}`).toSorted(),
    sizes
      .flatMap((size, i) =>
        [0, 1, 2].map((qos) => `echo/${qos}/${size} ${size} ${size === 0 ? '' : i * 3 + qos} ${qos}`),
      )
      .toSorted(),
  );
  t.ok(acknowledged.every(({ refusal }) => refusal === undefined));
}

interface Place {
  readonly ca: Authority;
  readonly pair: Pair;
  /** By the name of the way. */
  readonly urls: Readonly<Record<'mqtt' | 'mqtts' | 'mutual' | 'ws' | 'wss', string>>;
}

async function ours(t: Test): Promise<Place> {
  const ca = createAuthority(t);
  const server = ca.issue({ subject: '/CN=localhost', names });
  const tls = tlsConfig(server);
  const mutual = tlsConfig(server, { clientCa: ca.cert, alpn: [AWS_ALPN] });
  const listeners = [
    listener('tcp'),
    listener('tls', { tls }),
    listener('tls', { name: 'mutual', tls: mutual }),
    listener('ws', { webSocket }),
    listener('wss', { webSocket, tls: tlsConfig(server, { clientCa: ca.cert, alpn: ['http/1.1'] }) }),
  ];
  const { broker } = await startBroker(t, listeners);
  const [mqtt, mqtts, mtls, ws, wss] = broker.addresses().map(portOf);
  return {
    ca,
    pair: ca.issue({ subject: '/O=Plant/CN=line-3' }),
    urls: {
      mqtt: `mqtt://127.0.0.1:${mqtt}`,
      mqtts: `mqtts://localhost:${mqtts}`,
      mutual: `mqtts://localhost:${mtls}`,
      ws: `ws://127.0.0.1:${ws}/mqtt`,
      wss: `wss://localhost:${wss}/mqtt`,
    },
  };
}

async function mosquittos(t: Test): Promise<Place> {
  const ca = createAuthority(t);
  const server = ca.issue({ subject: '/CN=localhost', names });
  const [mqtts, mutual, ws, wss] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  const certificate = [`certfile ${server.cert}`, `keyfile ${server.key}`];
  const required = [`cafile ${ca.cert}`, 'require_certificate true'];
  const far = await startMosquitto(t, [
    'allow_anonymous true',
    ...[`listener ${mqtts} 127.0.0.1`, ...certificate],
    ...[`listener ${mutual} 127.0.0.1`, ...certificate, ...required],
    ...[`listener ${ws} 127.0.0.1`, 'protocol websockets'],
    ...[`listener ${wss} 127.0.0.1`, 'protocol websockets', ...certificate, ...required],
  ]);
  await Promise.all([mqtts, mutual, ws, wss].map((port) => listening(port)));
  return {
    ca,
    pair: ca.issue({ subject: '/O=Plant/CN=line-3' }),
    urls: {
      mqtt: far.url,
      mqtts: `mqtts://localhost:${mqtts}`,
      mutual: `mqtts://localhost:${mutual}`,
      ws: `ws://127.0.0.1:${ws}/mqtt`,
      wss: `wss://localhost:${wss}/mqtt`,
    },
  };
}

const places = { 'our own broker': ours, mosquitto: mosquittos };

for (const [name, open] of Object.entries(places)) {
  const alpn = name === 'mosquitto' ? undefined : [AWS_ALPN];
  // Mosquitto 2.0 stands still in the middle of large packets over WebSocket, whoever sends them.
  const isSlow = name === 'mosquitto';
  t.test(`${name}: every way there`, needs('openssl', 'mosquitto'), async (t) => {
    const { ca, pair, urls } = await open(t);
    const ways = {
      mqtt: undefined,
      ws: undefined,
      mqtts: tlsOf(ca),
      mutual: tlsOf(ca, pair, alpn),
      wss: tlsOf(ca, pair),
    };
    for (const protocolVersion of [4, 5] as const) {
      for (const [way, tls] of Object.entries(ways)) {
        await t.test(`${way}, protocol ${protocolVersion}`, async (t) => {
          const url = urls[way as keyof typeof urls];
          const memory = memoryOf();
          const config = { protocolVersion };
          const secure = tls === undefined ? {} : { tls };
          const more = { clientId: `${way}-${protocolVersion}` };
          const first = await openFar(t, url, { config, memory, more, ...secure });
          t.equal(first.far.sessionPresent, false);
          await exchange(t, first, [0, 10, isSlow && way.startsWith('ws') ? 3_000 : 300_000]);
          first.far.close(false);
          t.match(await first.far.closed, { code: 'LINK_LOST' });
          const second = await openFar(t, url, { config, memory, more, ...secure });
          t.equal(second.far.sessionPresent, true, 'the session is continued');
          await second.far.unsubscribeOthers();
          t.strictSame([...memory.filters], []);
        });
      }
    }
  });

  t.test(`${name}: what does not fit is told by its cause`, needs('openssl', 'mosquitto'), async (t) => {
    const { ca, pair, urls } = await open(t);
    const stranger = createAuthority(t, 'Other CA');
    const foreign = stranger.issue({ subject: '/O=Plant/CN=line-3' });
    const cases: readonly [
      what: string,
      url: string,
      tls: FarTls | undefined,
      expected: { code?: string | RegExp; hint?: RegExp },
    ][] = [
      ['an authority that did not sign', urls.mqtts, tlsOf(stranger), { code: 'LINK_TLS' }],
      ['the same over WebSocket', urls.wss, tlsOf(stranger, pair), { code: 'LINK_TLS' }],
      // What it says of it may be lost with its end of the connection.
      ['no client certificate', urls.mutual, tlsOf(ca), { code: /^LINK_(TLS|PROTOCOL)$/ }],
      ['no client certificate, WebSocket', urls.wss, tlsOf(ca), { code: /^LINK_(TLS|PROTOCOL)$/ }],
      // With TLS 1.3 the client has seen the end of the handshake before it is judged; some close without a word.
      ['a client certificate of others', urls.mutual, tlsOf(ca, foreign, alpn), { hint: /certificate/ }],
      ['another name', urls.mqtts.replace('localhost', '127.0.0.2'), tlsOf(ca), { code: /^LINK_(TLS|UNREACHABLE)$/ }],
      ['TLS to a port without', urls.mqtt.replace('mqtt:', 'mqtts:'), tlsOf(ca), { code: 'LINK_TLS' }],
      [
        'WebSocket where there is none',
        `${urls.mqtt.replace('mqtt:', 'ws:')}/mqtt`,
        undefined,
        { code: 'LINK_PROTOCOL' },
      ],
      [
        'MQTT to a WebSocket',
        `${urls.ws.replace('ws:', 'mqtt:').replace('/mqtt', '')}`,
        undefined,
        { code: 'LINK_PROTOCOL' },
      ],
    ];
    for (const [what, url, tls, expected] of cases) {
      await t.test(what, async (t) => {
        const opened = openFar(t, url, tls === undefined ? {} : { tls });
        t.match(await opened.then(String, (error: unknown) => error), expected);
      });
    }
  });
}

t.test('our own broker: a path that is none', needs('openssl'), async (t) => {
  const { urls } = await ours(t);
  await t.rejects(openFar(t, urls.ws.replace('/mqtt', '/other')), {
    code: 'LINK_PROTOCOL',
    message: /no WebSocket/,
    hint: /path of the url/,
  });
});

t.test(
  'ALPN: a far side that does not have the protocol ends the handshake [RFC 7301 §3.2]',
  needs('openssl'),
  async (t) => {
    const { ca, pair, urls } = await ours(t);
    await t.rejects(openFar(t, urls.mutual, { tls: tlsOf(ca, pair, ['other']) }), { code: 'LINK_TLS' });
    const several = await openFar(t, urls.mutual, { tls: tlsOf(ca, pair, ['other', AWS_ALPN]) });
    t.ok(several.far.isWritable);
  },
);

t.test('ALPN and the name as openssl sees them', needs('openssl'), async (t) => {
  const ca = createAuthority(t);
  const server = ca.issue({ subject: '/CN=localhost', names });
  const port = await freePort();
  const files = ['-cert', server.cert, '-key', server.key];
  const peer = startPeer(t, 'openssl', [
    's_server',
    ...['-accept', `127.0.0.1:${port}`, '-alpn', AWS_ALPN, '-tlsextdebug', ...files],
  ]);
  await peer.sees(/ACCEPT/);
  const ending = new AbortController();
  const tls = tlsOf(ca, undefined, [AWS_ALPN, 'mqtt']);
  const opened = openFar(t, `mqtts://localhost:${port}`, { tls, signal: ending.signal });
  await peer.sees(/ALPN protocols advertised by the client: x-amzn-mqtt-ca, mqtt/);
  await peer.sees(/ALPN protocols selected: x-amzn-mqtt-ca/);
  await peer.sees(/extension "server name"[\s\S]*localhost/);
  ending.abort(new Error('seen'));
  await t.rejects(opened, { message: 'seen' });
});

t.test('a handshake that never ends is given up, whatever the way', async (t) => {
  for (const scheme of ['mqtt', 'mqtts', 'ws', 'wss']) {
    const sockets = new Set<{ destroy(): void }>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => sockets.delete(socket));
      socket.resume();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.teardown(() => server.close());
    const { port } = server.address() as { port: number };
    const ending = new AbortController();
    const opened = openFar(t, `${scheme}://127.0.0.1:${port}`, { signal: ending.signal });
    await eventually(() => sockets.size === 1);
    ending.abort(new Error('enough'));
    await t.rejects(opened, { message: 'enough' }, scheme);
    await eventually(() => sockets.size === 0);
  }
});

t.test(
  'the bridge bit of mosquitto: nothing of ours comes back, retained stays retained',
  needs('mosquitto', 'mosquitto_pub'),
  async (t) => {
    const far = await startMosquitto(t);
    const {
      far: side,
      messages,
      acknowledged,
    } = await openFar(t, far.url, {
      config: { protocolVersion: 4, bridge: true },
    });
    t.equal(await side.subscribe('loop/#', 2), undefined);
    side.publish(outgoing({ topic: 'loop/ours', retain: true }));
    await eventually(() => acknowledged.length === 1);
    await publish(t, far, ['-q', '1', '-r', '-t', 'loop/theirs', '-m', 'x']);
    await eventually(() => messages.length === 1);
    t.match(messages, [{ topic: 'loop/theirs', retain: true, qos: 1 }]);
  },
);

t.test('aedes as far side: out and in, QoS 0, 1 and 2', async (t) => {
  const aedes = await Aedes.createBroker();
  const server = createServer(aedes.handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(async () => {
    await new Promise<void>((resolve) => aedes.close(resolve));
    server.close();
  });
  const { port } = server.address() as { port: number };
  const url = `mqtt://127.0.0.1:${port}`;
  const seen: string[] = [];
  aedes.on('publish', ({ topic, payload, qos }) => void seen.push(`${topic} ${payload} ${qos}`));
  const routes: RouteConfig[] = [
    { direction: 'out', filter: 'plant/#', to: 'cloud/{topic:1}', qos: 2 },
    { direction: 'in', filter: 'cmd/#', to: 'plant/{topic}', qos: 2 },
  ];
  const { router, links, is } = await startLink(t, linkConfig(url, routes, { protocolVersion: 4 }));
  await is('up');
  for (const qos of [0, 1, 2] as const) router.put(`plant/t${qos}`, `${qos}`, { qos });
  await eventually(() => [0, 1, 2].every((qos) => seen.includes(`cloud/t${qos} ${qos} ${qos}`)));
  await eventually(() => links.links()[0]!.queued === 0);
  for (const qos of [0, 1, 2] as const) {
    const packet = { cmd: 'publish', topic: `cmd/c${qos}`, payload: 'x', qos, retain: false, dup: false } as const;
    await new Promise<void>((resolve, reject) => aedes.publish(packet, (error) => (error ? reject(error) : resolve())));
  }
  await eventually(() => router.published.filter(({ origin }) => origin === 'link:cloud').length === 3);
  const came = router.published.filter(({ origin }) => origin === 'link:cloud');
  t.strictSame(came.map(({ topic, qos }) => [topic, qos] as [string, QoS]).toSorted(), [
    ['plant/cmd/c0', 0],
    ['plant/cmd/c1', 1],
    ['plant/cmd/c2', 2],
  ]);
  t.match(links.links()[0], { out: 3, in: 3, dropped: 0 });

  const five = await startLink(t, linkConfig(url, routes, { name: 'five', protocolVersion: 5 }));
  const error = await eventually(() => five.links.links()[0]!.error);
  t.match(error, { code: 'LINK_PROTOCOL' }, 'it knows no MQTT 5.0, and says so');
});
