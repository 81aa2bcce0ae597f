/** Certificates that are replaced on disk: who is connected stays, who comes gets the new one, a bad one changes nothing. */
import { copyFileSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import mqtt from 'mqtt';
import t from 'tap';
import { type Clock, systemClock } from '../../src/core/clock.js';
import { LOOK_INTERVAL } from '../../src/core/file-watch.js';
import { tempFolder } from '../support/gateway.js';
import { listener, recordingLog, startBroker, tlsConfig } from '../support/listeners.js';
import { eventually, needs, startPeer } from '../support/peers.js';
import { createAuthority, type Pair } from '../support/pki.js';

const peers = needs('openssl', 'mosquitto_pub', 'mosquitto_sub');
const names = 'DNS:localhost,IP:127.0.0.1';

/** As the real one, but the files are looked at more often. */
const clock: Clock = {
  ...systemClock,
  after: (ms, callback) => systemClock.after(ms === LOOK_INTERVAL ? 150 : ms, callback),
};

/** The serial number that a new handshake shows. */
function serialOf(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerX509Certificate()?.serialNumber ?? '');
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

t.test('a certificate is replaced', peers, async (t) => {
  const ca = createAuthority(t);
  const issue = () => ca.issue({ subject: '/CN=localhost', names });
  const [first, second, third] = [issue(), issue(), issue()];
  const folder = tempFolder(t);
  // As Kubernetes mounts secrets: the files are links into `..data`, which is a link to the folder of a version.
  const version = (name: string, pair: Pair) => {
    mkdirSync(join(folder, name));
    copyFileSync(pair.cert, join(folder, name, 'tls.crt'));
    copyFileSync(pair.key, join(folder, name, 'tls.key'));
  };
  const swap = (name: string) => {
    symlinkSync(name, join(folder, '..data-new'));
    renameSync(join(folder, '..data-new'), join(folder, '..data'));
  };
  version('..v1', first);
  swap('..v1');
  for (const name of ['tls.crt', 'tls.key']) symlinkSync(join('..data', name), join(folder, name));
  const [cert, key] = [join(folder, 'tls.crt'), join(folder, 'tls.key')];

  const { log, lines } = recordingLog();
  const listeners = [
    listener('tls', { tls: tlsConfig({ cert, key, serial: '' }) }),
    listener('wss', {
      tls: tlsConfig({ cert, key, serial: '' }, { alpn: [] }),
      webSocket: { path: '/mqtt', origins: undefined },
    }),
  ];
  const { broker, port } = await startBroker(t, listeners, { log, clock });
  const wss = broker.addresses()[1]!;
  t.equal(await serialOf(port), first.serial);

  const secure = ['-h', 'localhost', '-p', `${port}`, '--cafile', ca.cert];
  const sub = startPeer(t, 'mosquitto_sub', [...secure, '-i', 'watcher', '-t', 'a/#', '-q', '1', '-F', '%p']);
  await eventually(() => broker.router.counters().subscriptions === 1);
  const client = await mqtt.connectAsync(wss, { ca: readFileSync(ca.cert), reconnectPeriod: 0, clientId: 'browser' });
  t.teardown(() => client.endAsync(true));
  const seen: string[] = [];
  let closed = 0;
  client.on('message', (_topic, payload) => seen.push(payload.toString()));
  client.on('close', () => closed++);
  await client.subscribeAsync('a/#', { qos: 1 });
  const say = async (text: string) => {
    const pub = startPeer(t, 'mosquitto_pub', [...secure, '-t', 'a/b', '-m', text, '-q', '1']);
    t.equal(await pub.ended, 0, pub.stderr());
    await eventually(() => seen.includes(text) && sub.stdout().includes(`${text}\n`));
  };
  await say('before');

  version('..v2', second);
  swap('..v2');
  await eventually(async () => (await serialOf(port)) === second.serial, 15_000);
  await say('between');

  // An editor replaces a file by renaming: first only the certificate, so that it does not fit the key.
  const replace = (from: string, to: string) => {
    copyFileSync(from, `${to}.new`);
    renameSync(`${to}.new`, to);
  };
  replace(third.cert, cert);
  // Each listener looks for itself: the files stand still until both have seen them.
  const [alarm] = await eventually(() => (broker.alarms().length === 2 ? broker.alarms() : undefined), 15_000);
  t.match(alarm, {
    severity: 'error',
    subject: 'listener:tls',
    error: { code: 'BROKER_CERTIFICATE_INVALID', message: /tls\.key does not belong to the certificate/ },
  });
  t.equal(await serialOf(port), second.serial, 'the pair that fits is in use');
  await say('bad pair');
  replace(third.key, key);
  await eventually(async () => (await serialOf(port)) === third.serial, 15_000);
  await eventually(() => broker.alarms().length === 0);

  const expired = ca.issue({ subject: '/CN=localhost', names, from: '20200101000000Z', to: '20200201000000Z' });
  writeFileSync(cert, readFileSync(expired.cert));
  writeFileSync(key, readFileSync(expired.key));
  const [late] = await eventually(() => (broker.alarms().length === 2 ? broker.alarms() : undefined), 15_000);
  t.match(late?.error.message, /tls\.crt expired on 2020-02-01/);
  t.equal(await serialOf(port), third.serial);
  await say('after');

  t.same(
    broker
      .clients()
      .filter(({ connected }) => connected)
      .map(({ clientId }) => clientId)
      .toSorted(),
    ['browser', 'watcher'],
    'both are still connected',
  );
  t.equal(closed, 0);
  t.equal(sub.stderr(), '');
  t.same(seen, ['before', 'between', 'bad pair', 'after']);
  t.equal(
    lines.filter(({ message }) => message === 'new certificate files are not used').length,
    4,
    'two per listener',
  );
});

t.test('a new revocation list ends the resumption of sessions, too', needs('openssl'), async (t) => {
  const ca = createAuthority(t);
  const pair = ca.issue({ subject: '/CN=localhost', names });
  const client = ca.issue({ subject: '/CN=line-3' });
  const list = join(tempFolder(t), 'list.pem');
  copyFileSync(ca.revocationList(), list);
  const { log, lines } = recordingLog();
  const tls = tlsConfig(pair, { clientCa: ca.cert, crl: [list] });
  const { broker, port } = await startBroker(t, [listener('tls', { tls })], { log, clock });
  const session = join(tempFolder(t), 'session.pem');
  const shown = ['s_client', '-connect', `127.0.0.1:${port}`, '-tls1_2', '-cert', client.cert, '-key', client.key];
  /** One that is served stays open until it is killed; one that is not is closed. */
  const come = async (...more: readonly string[]) => {
    const before = broker.connections();
    const peer = startPeer(t, 'openssl', [...shown, ...more]);
    let isOver = false;
    void peer.ended.then(() => {
      isOver = true;
    });
    await eventually(() => isOver || broker.connections() > before);
    const isServed = broker.connections() > before;
    await peer.sees(/Session-ID/).catch(() => {});
    await peer.kill();
    await eventually(() => broker.connections() === before);
    return { isServed, text: peer.stdout() };
  };
  t.equal((await come('-sess_out', session)).isServed, true);
  const again = await come('-sess_in', session);
  t.equal(again.isServed, true);
  t.match(again.text, /Reused, TLSv1\.2/);
  ca.revoke(client);
  copyFileSync(ca.revocationList(), list);
  await eventually(() => lines.some(({ message }) => message === 'certificate files were read again'));
  t.equal((await come('-sess_in', session)).isServed, false);
  const reasons = lines.filter(({ message }) => message === 'handshake failed').map(({ fields }) => fields.reason);
  t.match(reasons.at(-1), /CERT_REVOKED|closed by the client/);
});
