/** The PROXY protocol as HAProxy speaks it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import mqtt, { type IClientOptions } from 'mqtt';
import t, { type Test } from 'tap';
import { type Listener, listen } from '../../src/broker/listeners/listener.js';
import type { Peer } from '../../src/broker/peer.js';
import { systemClock } from '../../src/core/clock.js';
import type { ListenerConfig } from '../../src/core/config.js';
import { silentLog } from '../../src/core/log.js';
import { tempFolder } from '../support/gateway.js';
import { listener, portOf, recordingLog, startBroker, tlsConfig } from '../support/listeners.js';
import { eventually, freePort, listening, needs, startPeer } from '../support/peers.js';
import { createAuthority } from '../support/pki.js';
import { admitEverybody } from '../unit/broker/harness.js';

const webSocket = { path: '/mqtt', origins: undefined };

interface Way {
  /** Of `bind`, after the address. */
  readonly bind?: string;
  /** Of `server`, after the address. */
  readonly server: string;
  readonly to: number;
}

/** HAProxy with one way per name. @returns its ports */
async function startProxy<N extends string>(t: Test, ways: Readonly<Record<N, Way>>): Promise<Record<N, number>> {
  const folder = tempFolder(t);
  const lines = ['defaults', 'mode tcp', 'timeout connect 5s', 'timeout client 60s', 'timeout server 60s'];
  const ports = {} as Record<N, number>;
  for (const [name, { bind = '', server, to }] of Object.entries(ways) as [N, Way][]) {
    ports[name] = await freePort();
    lines.push(`listen ${name}`, `bind 127.0.0.1:${ports[name]} ${bind}`, `server s 127.0.0.1:${to} ${server}`);
  }
  writeFileSync(join(folder, 'haproxy.cfg'), `${lines.join('\n')}\n`);
  startPeer(t, 'haproxy', ['-db', '-f', join(folder, 'haproxy.cfg')]);
  for (const port of Object.values<number>(ports)) await listening(port);
  return ports;
}

t.test('clients have their own addresses', needs('haproxy', 'openssl'), async (t) => {
  const ca = createAuthority(t);
  const pair = ca.issue({ subject: '/CN=localhost', names: 'DNS:localhost,IP:127.0.0.1' });
  const behind = { proxyProtocol: true };
  const listeners: ListenerConfig[] = [
    listener('tcp', behind),
    listener('tls', { ...behind, tls: tlsConfig(pair) }),
    listener('ws', { ...behind, webSocket }),
    listener('wss', { ...behind, webSocket, tls: tlsConfig(pair, { alpn: [] }) }),
  ];
  const { log, lines } = recordingLog();
  const { broker } = await startBroker(t, listeners, { log });
  const [tcp, tls, ws, wss] = broker.addresses().map(portOf) as [number, number, number, number];
  const ports = await startProxy(t, {
    v1: { to: tcp, server: 'send-proxy' },
    v2: { to: tcp, server: 'send-proxy-v2 proxy-v2-options crc32c,unique-id' },
    tls: { to: tls, server: 'send-proxy-v2' },
    tlsV1: { to: tls, server: 'send-proxy' },
    ws: { to: ws, server: 'send-proxy-v2' },
    wss: { to: wss, server: 'send-proxy' },
  });
  const urls = {
    v1: `mqtt://127.0.0.1:${ports.v1}`,
    v2: `mqtt://127.0.0.1:${ports.v2}`,
    tls: `mqtts://localhost:${ports.tls}`,
    tlsV1: `mqtts://localhost:${ports.tlsV1}`,
    ws: `ws://127.0.0.1:${ports.ws}/mqtt`,
    wss: `wss://localhost:${ports.wss}/mqtt`,
  };
  // The proxy itself comes from 127.0.0.1.
  const wsOptions = { localAddress: '127.0.0.2' };
  for (const [name, url] of Object.entries(urls)) {
    const options: IClientOptions = {
      clientId: name,
      protocolVersion: 5,
      reconnectPeriod: 0,
      ca: readFileSync(ca.cert),
      wsOptions,
    };
    // Its first bytes may come with the header in one segment, and are the client's.
    const client = await mqtt.connectAsync(url, options);
    t.teardown(() => client.endAsync(true));
    const seen: string[] = [];
    client.on('message', (topic, payload) => seen.push(`${topic} ${payload.length}`));
    await client.subscribeAsync(name);
    await client.publishAsync(name, 'x'.repeat(200_000), { qos: 1 });
    await eventually(() => seen.length === 1);
    const shown = broker.clients().find(({ clientId }) => clientId === name)?.address;
    const { localPort } = client.stream as Socket;
    t.match(shown, localPort === undefined ? /^127\.0\.0\.2:\d+$/ : `127.0.0.1:${localPort}`, name);
  }
  t.same(
    lines.filter(({ message, fields }) => message === 'handshake failed' && fields.reason !== 'closed by the client'),
    [],
    'only the looks whether HAProxy listens ended early',
  );
});

/** A listener whose connections end as soon as it is known who they are. */
async function listenForPeers(
  t: Test,
  config: ListenerConfig,
): Promise<{ port: number; peers: Peer[]; listener: Listener }> {
  const peers: Peer[] = [];
  const listener = await listen({
    config,
    packetBytes: 1_000,
    clock: systemClock,
    log: silentLog,
    activated: new Map(),
    admit: admitEverybody(),
    onStream: (stream, peer) => {
      peers.push(peer);
      stream.destroy();
    },
    onHandshakeFailed: () => {},
    onError: () => {},
  });
  t.teardown(() => listener[Symbol.asyncDispose]());
  return { port: portOf(listener.addresses[0]!), peers, listener };
}

t.test('a proxy that ends TLS tells of the client certificate', needs('haproxy', 'openssl'), async (t) => {
  const ca = createAuthority(t);
  const pair = ca.issue({ subject: '/CN=localhost', names: 'DNS:localhost' });
  const good = ca.issue({ subject: '/O=Plant/CN=line-3' });
  const foreign = createAuthority(t, 'Other').issue({ subject: '/CN=line-4' });
  const both = join(tempFolder(t), 'both.pem');
  writeFileSync(both, Buffer.concat([readFileSync(pair.cert), readFileSync(pair.key)]));
  const { port: to, peers } = await listenForPeers(t, listener('tcp', { proxyProtocol: true }));
  const bind = `ssl crt ${both} ca-file ${ca.cert} verify optional crt-ignore-err all ca-ignore-err all`;
  const server = 'send-proxy-v2 proxy-v2-options ssl,cert-cn,crc32c';
  const ports = await startProxy(t, { ssl: { bind, server, to } });
  peers.length = 0;

  const come = async (shown: { cert: string; key: string } | undefined): Promise<Peer> => {
    const before = peers.length;
    const own = shown && { cert: readFileSync(shown.cert), key: readFileSync(shown.key) };
    const socket = connectTls({ host: '127.0.0.1', port: ports.ssl, rejectUnauthorized: false, ...own });
    socket.on('error', () => {});
    const peer = await eventually(() => peers[before]);
    const { localPort } = socket;
    t.equal(peer.host, '127.0.0.1');
    if (localPort !== undefined) t.equal(peer.address, `127.0.0.1:${localPort}`);
    socket.destroy();
    return peer;
  };
  t.match((await come(good)).certificate, { verified: true, commonName: 'line-3', serial: undefined });
  t.match((await come(foreign)).certificate, { verified: false, commonName: 'line-4' });
  t.equal((await come(undefined)).certificate, undefined);
});

t.test('a health check speaks for the proxy itself (LOCAL)', needs('haproxy'), async (t) => {
  const { port: to, peers } = await listenForPeers(t, listener('tcp', { proxyProtocol: true }));
  await startProxy(t, { checked: { server: 'send-proxy-v2 check inter 100ms', to } });
  const peer = await eventually(() => peers.at(-1));
  t.match(peer.address, /^(127\.0\.0\.1:\d+|unknown)$/, 'it hangs up so soon that its address may be gone');
});

t.test('without a header nobody is served', async (t) => {
  const { log, lines } = recordingLog();
  const { broker, port } = await startBroker(t, [listener('tcp', { proxyProtocol: true })], { log });
  const connectPacket = Buffer.from('100c00044d5154540402000000000000', 'hex');
  for (const bytes of [connectPacket, 'PROXY TCP4 192.0.2.7 192.0.2.1 51234 1883 and more\r\n', 'PRO']) {
    const socket = connect(port, '127.0.0.1');
    socket.end(bytes);
    socket.on('error', () => {});
    await new Promise<void>((resolve) => socket.resume().once('close', () => resolve()));
  }
  t.equal(broker.connections(), 0);
  t.same(
    lines.filter(({ message }) => message === 'handshake failed').map(({ level, fields }) => [level, fields.reason]),
    [
      ['debug', 'PROXY protocol: no PROXY protocol header'],
      ['debug', 'PROXY protocol: a malformed line of version 1'],
      ['debug', 'PROXY protocol: closed within the header'],
    ],
  );
});
