/** TLS as foreign clients see it: who gets in, who does not, and what is not negotiated. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import mqtt from 'mqtt';
import t, { type Test } from 'tap';
import { startTestGateway, tempFolder } from '../support/gateway.js';
import { listener, recordingLog, startBroker, tlsConfig } from '../support/listeners.js';
import { eventually, needs, startPeer } from '../support/peers.js';
import { type Authority, asn1Time, createAuthority, type Pair } from '../support/pki.js';

const peers = needs('openssl', 'mosquitto_pub');
const names = 'DNS:localhost,IP:127.0.0.1';

/** mosquitto_pub over TLS: how it ended. */
async function publish(
  t: Test,
  port: number,
  ...options: readonly string[]
): Promise<{ code: number | string; text: string }> {
  const args = ['-h', 'localhost', '-p', `${port}`, '-t', 'a', '-m', 'x', '-q', '1', ...options];
  const peer = startPeer(t, 'mosquitto_pub', args);
  const code = await peer.ended;
  return { code, text: peer.stderr() };
}

/** `openssl s_client`: everything it said. Its input ends at once unless something is sent. */
function sClient(port: number, args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve) => {
    const all = ['s_client', '-connect', `127.0.0.1:${port}`, ...args];
    const child = execFile('openssl', all, { timeout: 10_000 }, (_error, stdout, stderr) => resolve(stdout + stderr));
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}

function server(ca: Authority): Pair {
  return ca.issue({ subject: '/CN=localhost', names });
}

t.test('the client checks the server', peers, async (t) => {
  const ca = createAuthority(t);
  const stranger = createAuthority(t, 'Other CA');
  const expired = ca.issue({ subject: '/CN=localhost', names, from: '20200101000000Z', to: '20200201000000Z' });
  const elsewhere = ca.issue({ subject: '/CN=plant-8.example', names: 'DNS:plant-8.example' });
  const cases: readonly [what: string, Pair, trusted: Authority, alert: RegExp, code: string][] = [
    ['an unknown authority', server(ca), stranger, /alert unknown ca/, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ['an expired certificate', expired, ca, /alert certificate expired/, 'CERT_HAS_EXPIRED'],
    ['another host name', elsewhere, ca, /./, 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ];
  for (const [what, pair, trusted, alert, code] of cases) {
    t.test(what, async (t) => {
      const { log, lines } = recordingLog();
      const { broker, port } = await startBroker(t, [listener('tls', { tls: tlsConfig(pair) })], { log });
      t.not((await publish(t, port, '--cafile', trusted.cert)).code, 0);
      const failed = await eventually(() => lines.find(({ message }) => message === 'handshake failed'));
      t.equal(failed.level, 'debug');
      t.match(failed.fields.reason, alert);
      const options = { ca: readFileSync(trusted.cert), reconnectPeriod: 0 };
      await t.rejects(mqtt.connectAsync(`mqtts://localhost:${port}`, options), { code });
      await eventually(() => broker.connections() === 0);
      t.equal(broker.router.counters().received, 0, 'nothing was published');
    });
  }
  await t.test('and takes the right one', async (t) => {
    const { port } = await startBroker(t, [listener('tls', { tls: tlsConfig(server(ca)) })]);
    t.same(await publish(t, port, '--cafile', ca.cert), { code: 0, text: '' });
  });
});

t.test('the server checks the client', peers, async (t) => {
  const ca = createAuthority(t);
  const stranger = createAuthority(t, 'Other CA');
  const pair = server(ca);
  const good = ca.issue({ subject: '/O=Plant/CN=line-3' });
  const revoked = ca.issue({ subject: '/O=Plant/CN=line-4' });
  const expired = ca.issue({ subject: '/O=Plant/CN=line-5', from: '20200101000000Z', to: '20200201000000Z' });
  const foreign = stranger.issue({ subject: '/O=Plant/CN=line-3' });
  ca.revoke(revoked);
  const crl = [ca.revocationList()];
  const shown = (one: Pair) => ['--cafile', ca.cert, '--cert', one.cert, '--key', one.key];

  for (const version of ['tlsv1.2', 'tlsv1.3']) {
    t.test(`required, ${version}`, async (t) => {
      const tls = tlsConfig(pair, { clientCa: ca.cert, crl });
      const { broker, port } = await startBroker(t, [listener('tls', { tls })]);
      const sent = async (...options: readonly string[]) => publish(t, port, '--tls-version', version, ...options);
      t.equal((await sent(...shown(good))).code, 0);
      t.not((await sent('--cafile', ca.cert)).code, 0, 'without a certificate');
      t.not((await sent(...shown(revoked))).code, 0, 'revoked');
      t.not((await sent(...shown(expired))).code, 0, 'expired');
      t.not((await sent(...shown(foreign))).code, 0, 'of an unknown authority');
      t.equal(broker.router.counters().received, 1);
    });
  }

  t.test('optional: who shows none is served, who shows a bad one is not', async (t) => {
    const tls = tlsConfig(pair, { clientCertificate: 'optional', clientCa: ca.cert, crl });
    const { port } = await startBroker(t, [listener('tls', { tls })]);
    t.equal((await publish(t, port, ...shown(good))).code, 0);
    t.equal((await publish(t, port, '--cafile', ca.cert)).code, 0);
    t.not((await publish(t, port, ...shown(revoked))).code, 0);
    t.not((await publish(t, port, ...shown(foreign))).code, 0);
  });

  t.test('a resumed session does not outlive a revocation', async (t) => {
    const session = join(tempFolder(t), 'session.pem');
    const tls = tlsConfig(pair, { clientCa: ca.cert, crl: [] });
    const { port } = await startBroker(t, [listener('tls', { tls })]);
    const args = ['-tls1_2', '-cert', revoked.cert, '-key', revoked.key];
    t.match(await sClient(port, [...args, '-sess_out', session]), /New, TLSv1\.2/);
    t.match(await sClient(port, [...args, '-sess_in', session]), /Reused, TLSv1\.2/);
    const other = await startBroker(t, [listener('tls', { tls: { ...tls, crl } })]);
    t.match(await sClient(other.port, [...args, '-sess_in', session]), /New, TLSv1\.2/, 'tickets are of one context');
  });
});

t.test('old versions are refused', peers, async (t) => {
  const ca = createAuthority(t);
  const pair = server(ca);
  const modern = await startBroker(t, [listener('tls', { tls: tlsConfig(pair) })]);
  // The client is told to allow what OpenSSL forbids by default.
  const lax = ['-cipher', 'DEFAULT@SECLEVEL=0'];
  for (const version of ['-tls1', '-tls1_1']) {
    const text = await sClient(modern.port, [version, ...lax]);
    t.match(text, /alert protocol version/, version);
    t.match(text, /New, \(NONE\)/);
  }
  t.match(await sClient(modern.port, ['-tls1_2']), /New, TLSv1\.2/);
  t.match(await sClient(modern.port, ['-tls1_3']), /New, TLSv1\.3/);
  const strict = await startBroker(t, [listener('tls', { tls: tlsConfig(pair, { minVersion: 'TLSv1.3' }) })]);
  t.match(await sClient(strict.port, ['-tls1_2']), /alert protocol version/);
  t.match(await sClient(strict.port, ['-tls1_3']), /New, TLSv1\.3/);
});

t.test('renegotiation is refused', needs('openssl'), async (t) => {
  const ca = createAuthority(t);
  const { port } = await startBroker(t, [listener('tls', { tls: tlsConfig(server(ca)) })]);
  const peer = startPeer(t, 'openssl', ['s_client', '-connect', `127.0.0.1:${port}`, '-tls1_2']);
  await peer.sees(/Verify return code/);
  peer.write('R\n');
  await peer.sees(/RENEGOTIATING/);
  await peer.sees(/no renegotiation/);
  t.not(await peer.ended, 0);
});

t.test('only the ciphers of the configuration', needs('openssl'), async (t) => {
  const ca = createAuthority(t);
  const tls = tlsConfig(server(ca), { ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' });
  const { port } = await startBroker(t, [listener('tls', { tls })]);
  t.match(await sClient(port, ['-tls1_2']), /Cipher is ECDHE-ECDSA-AES256-GCM-SHA384/);
  t.match(await sClient(port, ['-tls1_2', '-cipher', 'ECDHE-ECDSA-AES128-GCM-SHA256']), /handshake failure/);
});

function handshake(port: number, options: ConnectionOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options }, () => resolve(socket));
    socket.once('error', reject);
  });
}

t.test('the certificate by the host name that is asked for (RFC 6066 §3)', needs('openssl'), async (t) => {
  const ca = createAuthority(t);
  const pairs = {
    own: server(ca),
    a: ca.issue({ subject: '/CN=a.example' }),
    any: ca.issue({ subject: '/CN=*.b.example' }),
  };
  const tls = tlsConfig(pairs.own, { sni: { 'a.example': pairs.a, '*.b.example': pairs.any } });
  const { port } = await startBroker(t, [listener('tls', { tls })]);
  for (const [servername, pair] of [
    ['a.example', pairs.a],
    ['A.Example', pairs.a],
    ['x.b.example', pairs.any],
    ['x.y.b.example', pairs.own],
    ['b.example', pairs.own],
    ['unknown.example', pairs.own],
    [undefined, pairs.own],
  ] as const) {
    const socket = await handshake(port, servername === undefined ? {} : { servername });
    t.equal(socket.getPeerX509Certificate()?.serialNumber, pair.serial, servername ?? 'no name');
    socket.destroy();
  }
});

t.test('the application protocol (RFC 7301)', needs('openssl'), async (t) => {
  const ca = createAuthority(t);
  const tls = tlsConfig(server(ca));
  const { port } = await startBroker(t, [listener('tls', { tls })]);
  const spoken = await handshake(port, { ALPNProtocols: ['http/1.1', 'mqtt'] });
  t.equal(spoken.alpnProtocol, 'mqtt');
  spoken.destroy();
  const silent = await handshake(port, {});
  t.equal(silent.alpnProtocol, false, 'not asked for');
  silent.destroy();
  await t.rejects(handshake(port, { ALPNProtocols: ['http/1.1'] }), /no application protocol/i);
  const deaf = await startBroker(t, [listener('tls', { tls: { ...tls, alpn: [] } })]);
  const served = await handshake(deaf.port, { ALPNProtocols: ['x-amzn-mqtt-ca'] });
  t.equal(served.alpnProtocol, false);
  served.destroy();
});

t.test('a key from the environment', needs('openssl'), async (t) => {
  const ca = createAuthority(t);
  const pair = server(ca);
  const tls = { ...tlsConfig(pair), key: readFileSync(pair.key) };
  const { port } = await startBroker(t, [listener('tls', { tls })]);
  const socket = await handshake(port, {});
  t.equal(socket.getPeerX509Certificate()?.serialNumber, pair.serial);
  socket.destroy();
});

t.test('a certificate that ends soon is an alarm of the gateway', needs('openssl'), async (t) => {
  const ca = createAuthority(t);
  const pair = ca.issue({ subject: '/CN=localhost', to: asn1Time(Date.now() + 10 * 86_400_000) });
  const listeners = `[{ type: tcp, port: 0 }, { type: tls, port: 0, cert: ${pair.cert}, key: { file: ${pair.key} } }]`;
  const gateway = await startTestGateway(t, `broker: { listeners: ${listeners} }\n`);
  const status = JSON.parse((await gateway.hpmq('status', '--json')).stdout);
  t.match(status.listeners, [/^127\.0\.0\.1:\d+$/, /^tls:\/\/127\.0\.0\.1:\d+$/]);
  t.match(status.alarms, [
    { severity: 'warn', subject: 'listener:tls:127.0.0.1:0', error: { code: 'BROKER_CERTIFICATE_EXPIRES' } },
  ]);
  t.match((await gateway.hpmq('status')).stdout, /expires on/);
  t.match((await gateway.hpmq('explain', 'BROKER_CERTIFICATE_EXPIRES')).stdout, /replacing the files is enough/);
});
