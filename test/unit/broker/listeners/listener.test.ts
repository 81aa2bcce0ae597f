/** Where listeners listen, what they say when they cannot, and who their peers are. */
import { chmodSync, existsSync, linkSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import t, { type Test } from 'tap';
import { type Listener, listen } from '../../../../src/broker/listeners/listener.js';
import type { Peer } from '../../../../src/broker/peer.js';
import { systemClock } from '../../../../src/core/clock.js';
import type { ListenerConfig } from '../../../../src/core/config.js';
import { tempFolder } from '../../../support/gateway.js';
import { listener, portOf, recordingLog, tlsConfig } from '../../../support/listeners.js';
import { eventually, needs } from '../../../support/peers.js';
import { createAuthority } from '../../../support/pki.js';
import { admitEverybody } from '../harness.js';

interface Open {
  readonly listener: Listener;
  readonly peers: Peer[];
  readonly reasons: () => readonly unknown[];
}

async function open(t: Test, config: ListenerConfig): Promise<Open> {
  const peers: Peer[] = [];
  const streams: Duplex[] = [];
  const { log, lines } = recordingLog();
  const opened = await listen({
    config,
    packetBytes: 1_000,
    clock: systemClock,
    log,
    activated: new Map(),
    admit: admitEverybody(),
    onStream: (stream, peer) => {
      peers.push(peer);
      streams.push(stream);
      stream.on('error', () => {}).resume();
    },
    onHandshakeFailed: () => {},
    onError: () => {},
  });
  t.teardown(() => {
    for (const stream of streams) stream.destroy();
    return opened[Symbol.asyncDispose]();
  });
  return { listener: opened, peers, reasons: () => lines.map(({ fields }) => fields.reason) };
}

const failure = (t: Test, config: ListenerConfig) =>
  open(t, config).then(
    () => undefined,
    (error: unknown) => error,
  );
const unix = (path: string, mode = 0o660) => listener('unix', { host: '', unix: { path, mode } });

t.test('addresses: tcp as before, the others with their scheme', needs('openssl'), async (t) => {
  const tls = tlsConfig(createAuthority(t).issue({ subject: '/CN=x' }));
  const webSocket = { path: '/ws', origins: undefined };
  const path = join(tempFolder(t), 's');
  for (const [config, expected] of [
    [listener('tcp'), /^127\.0\.0\.1:[1-9]\d*$/],
    [listener('tcp', { host: '::1' }), /^\[::1\]:[1-9]\d*$/],
    [listener('tls', { tls }), /^tls:\/\/127\.0\.0\.1:[1-9]\d*$/],
    [listener('ws', { webSocket }), /^ws:\/\/127\.0\.0\.1:[1-9]\d*\/ws$/],
    [listener('wss', { tls, webSocket, host: '::1' }), /^wss:\/\/\[::1\]:[1-9]\d*\/ws$/],
    [unix(path), new RegExp(`^unix:${path}$`)],
  ] as const) {
    t.match((await open(t, config)).listener.addresses, [expected]);
  }
});

t.test('addresses in use are named, for every type', needs('openssl'), async (t) => {
  const tls = tlsConfig(createAuthority(t).issue({ subject: '/CN=x' }));
  const webSocket = { path: '/mqtt', origins: undefined };
  const { listener: first } = await open(t, listener('tcp'));
  const port = portOf(first.addresses[0]!);
  for (const config of [
    listener('tcp', { port }),
    listener('tls', { port, tls }),
    listener('ws', { port, webSocket }),
    listener('wss', { port, tls, webSocket }),
  ]) {
    t.match(await failure(t, config), {
      code: 'BROKER_ADDRESS_IN_USE',
      fault: 'config',
      message: `cannot listen on 127.0.0.1:${port}: the address is in use`,
      details: { host: '127.0.0.1', port, errno: 'EADDRINUSE' },
    });
  }
});

t.test('a Unix socket: of a live program it is left alone, of a dead one it is replaced', async (t) => {
  const path = join(tempFolder(t), 's');
  const live = await open(t, unix(path, 0o600));
  t.equal(statSync(path).mode & 0o777, 0o600);
  t.match(await failure(t, unix(path)), {
    code: 'BROKER_ADDRESS_IN_USE',
    message: `cannot listen on ${path}: another program answers there`,
  });
  await live.listener[Symbol.asyncDispose]();
  t.notOk(existsSync(path), 'removed at the end');

  // A server that ends without closing: libuv does not unlink it.
  const dead = createServer();
  await new Promise<void>((resolve) => dead.listen(`${path}.tmp`, () => resolve()));
  linkSync(`${path}.tmp`, path);
  await new Promise<void>((resolve) => dead.close(() => resolve()));
  t.ok(existsSync(path));
  const second = await open(t, unix(path, 0o666));
  t.equal(statSync(path).mode & 0o777, 0o666);
  connect(path).on('error', () => {});
  const peer = await eventually(() => second.peers[0]);
  t.match(peer, { address: `unix:${path}`, host: `unix:${path}` });
});

t.test('a Unix socket that cannot be', async (t) => {
  const folder = tempFolder(t);
  const file = join(folder, 'file');
  writeFileSync(file, 'precious');
  t.match(await failure(t, unix(file)), { code: 'BROKER_LISTEN_FAILED', message: /a file that is no socket is there/ });
  t.equal(statSync(file).size, 8, 'it is still there');
  t.match(await failure(t, unix(join(folder, 'absent', 's'))), { fault: 'config', hint: /the folder of the socket/ });
  const closed = join(folder, 'closed');
  mkdirSync(closed);
  chmodSync(closed, 0o500);
  if (process.getuid?.() !== 0) {
    t.match(await failure(t, unix(join(closed, 's'))), { code: 'BROKER_ADDRESS_NOT_PERMITTED' });
  }
});

t.test('sockets of systemd that were not passed', async (t) => {
  t.match(await failure(t, listener('tcp', { systemd: 'mqtt' })), {
    code: 'BROKER_SOCKET_MISSING',
    message: 'systemd passed no socket with the name mqtt: it passed none',
  });
});

t.test('the certificate of a client', needs('openssl'), async (t) => {
  const ca = createAuthority(t);
  const pair = ca.issue({ subject: '/CN=localhost' });
  const client = ca.issue({
    subject: '/O=Plant, seven/OU=Line/CN=first/CN=línea "3"',
    names: 'DNS:line-3.example,IP:10.0.0.7,URI:urn:dev:mac:0024befffe804ff1,email:a@b.example',
  });
  const { listener: opened, peers } = await open(t, listener('tls', { tls: tlsConfig(pair, { clientCa: ca.cert }) }));
  const shown = { cert: readFileSync(client.cert), key: readFileSync(client.key) };
  const come = async (maxVersion: 'TLSv1.2' | 'TLSv1.3', session?: Buffer) => {
    const before = peers.length;
    const port = portOf(opened.addresses[0]!);
    const options = { port, host: '127.0.0.1', rejectUnauthorized: false, maxVersion, ...shown };
    const socket = connectTls({ ...options, ...(session !== undefined && { session }) });
    socket.on('error', () => {});
    const sessions: Buffer[] = [];
    socket.on('session', (one) => sessions.push(one));
    const peer = await eventually(() => peers[before]);
    // A resumed session need not bring a new ticket.
    const saved = session ?? (await eventually(() => sessions.at(-1)));
    const isReused = socket.isSessionReused();
    socket.destroy();
    return { peer, saved, isReused };
  };
  const expected = {
    verified: true,
    commonName: 'línea "3"',
    subject: 'CN=línea \\"3\\",CN=first,OU=Line,O=Plant\\, seven',
    subjectAltNames: [
      'DNS:line-3.example',
      'IP Address:10.0.0.7',
      'URI:urn:dev:mac:0024befffe804ff1',
      'email:a@b.example',
    ],
    serial: client.serial,
    fingerprint256: /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/,
  };
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const { peer, saved } = await come(version);
    t.match(peer.certificate, expected);
    t.equal(peer.host, '127.0.0.1');
    t.equal(peer.listener.name, 'tls');
    const again = await come(version, saved);
    t.ok(again.isReused, `${version}: the session is resumed`);
    t.match(again.peer.certificate, expected, 'and the certificate is known');
  }
});

t.test('a handshake that says nothing is ended in time, and all of them at the end', needs('openssl'), async (t) => {
  const tls = tlsConfig(createAuthority(t).issue({ subject: '/CN=x' }));
  const config = listener('tls', { tls, handshakes: { timeout: 50, atOnce: 10 } });
  const { listener: opened, reasons } = await open(t, config);
  const silent = connect(portOf(opened.addresses[0]!), '127.0.0.1');
  await new Promise<void>((resolve) => silent.on('error', () => {}).once('close', () => resolve()));
  t.same(reasons(), ['not done within 50 ms']);
  const late = connect(portOf(opened.addresses[0]!), '127.0.0.1');
  await new Promise<void>((resolve) => late.once('connect', () => resolve()));
  late.on('error', () => {});
  await opened[Symbol.asyncDispose]();
});
