/** Who reaches a listener behind a proxy without being one must not be believed. */
import { connect } from 'node:net';
import t from 'tap';
import { TrustedProxies } from '../../../../src/broker/listeners/trusted-proxies.js';
import { listener, recordingLog, startBroker } from '../../../support/listeners.js';

t.test('this machine by default; else what is listed', async (t) => {
  const local = new TrustedProxies();
  for (const host of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1', 'unix:/run/mqtt.sock']) {
    t.ok(local.trusts(host), host);
  }
  for (const host of ['10.0.0.7', '::ffff:10.0.0.7', '2001:db8::7', 'fe80::1%eth0', '0.0.0.0', '::']) {
    t.notOk(local.trusts(host), host);
  }
  const listed = new TrustedProxies(['10.1.0.0/16', '192.0.2.7', '2001:db8:1::/48']);
  for (const host of ['10.1.255.1', '192.0.2.7', '::ffff:10.1.2.3', '::ffff:a01:203', '2001:db8:1:9::7']) {
    t.ok(listed.trusts(host), host);
  }
  for (const host of ['10.2.0.1', '192.0.2.8', '127.0.0.1', '::1', '2001:db8:2::7']) t.notOk(listed.trusts(host), host);
});

t.test('a header from elsewhere is not read: no foreign address, no certificate by hearsay', async (t) => {
  const { log, lines } = recordingLog();
  const proxied = { proxyProtocol: true, proxies: ['127.0.0.1'] };
  const { broker, port } = await startBroker(t, [listener('tcp', proxied)], { log });
  /** CONNECT behind a header; what comes back. */
  const answer = (localAddress: string) =>
    new Promise<string>((resolve) => {
      const socket = connect({ host: '127.0.0.1', port, localAddress });
      const connectPacket = Buffer.from('101000044d5154540502000000000374657374', 'hex');
      connectPacket[1] = connectPacket.length - 2;
      let received = '';
      socket.on('data', (chunk) => {
        received += chunk.toString('hex');
        socket.end();
      });
      socket.on('error', () => {});
      socket.on('close', () => resolve(received));
      socket.write(Buffer.concat([Buffer.from('PROXY TCP4 10.9.9.9 192.0.2.1 51234 1883\r\n'), connectPacket]));
    });
  t.match(await answer('127.0.0.1'), /^20/);
  t.equal(await answer('127.0.0.2'), '');
  t.equal(await answer('127.0.0.3'), '');
  t.equal(broker.statistics.handshakesFailed, 2);
  t.same(
    lines.filter(({ level }) => level === 'warn').map(({ fields }) => fields.address?.toString().split(':')[0]),
    ['127.0.0.2'],
    'one line, however many come',
  );
});
