/** Header and first bytes of the client in one segment, or byte by byte: nothing is lost, for every type of listener. */
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import mqtt from 'mqtt';
import t, { type Test } from 'tap';
import type { ListenerConfig } from '../../../../src/core/config.js';
import { listener, portOf, startBroker, tlsConfig } from '../../../support/listeners.js';
import { eventually, needs } from '../../../support/peers.js';
import { createAuthority } from '../../../support/pki.js';

const HEADERS = {
  v1: Buffer.from('PROXY TCP6 2001:db8::7 2001:db8::1 51234 1883\r\n'),
  v2: Buffer.from('0d0a0d0a000d0a515549540a2111000cc0000207c6336401c822075b', 'hex'),
};
const SOURCES = { v1: '[2001:db8::7]:51234', v2: '192.0.2.7:51234' };

/** A relay that puts the header in front. @param joined - in one segment with the first bytes of the client, else byte by byte */
async function relay(t: Test, to: number, header: Buffer, joined: boolean): Promise<number> {
  const sockets: Socket[] = [];
  const server = createServer((client) => {
    const far = connect({ port: to, host: '127.0.0.1', noDelay: true });
    sockets.push(client, far);
    client.on('error', () => far.destroy());
    far.on('error', () => client.destroy());
    far.pipe(client);
    client.once('data', (first: Buffer) => {
      client.pause();
      const rest = () => client.pipe(far);
      if (joined) {
        far.write(Buffer.concat([header, first]), rest);
        return;
      }
      let next = 0;
      const step = (): void => {
        if (next < header.length) far.write(header.subarray(next, ++next), () => setImmediate(step));
        else far.write(first, rest);
      };
      step();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

t.test('the header in pieces, and with what follows', needs('openssl'), async (t) => {
  const ca = createAuthority(t);
  const pair = ca.issue({ subject: '/CN=localhost', names: 'DNS:localhost' });
  const webSocket = { path: '/mqtt', origins: undefined };
  const listeners: ListenerConfig[] = [
    listener('tcp', { proxyProtocol: true }),
    listener('tls', { proxyProtocol: true, tls: tlsConfig(pair) }),
    listener('ws', { proxyProtocol: true, webSocket }),
    listener('wss', { proxyProtocol: true, webSocket, tls: tlsConfig(pair, { alpn: [] }) }),
  ];
  const { broker } = await startBroker(t, listeners);
  const schemes = { tcp: 'mqtt', tls: 'mqtts', ws: 'ws', wss: 'wss', unix: '' };
  for (const [index, { type }] of listeners.entries()) {
    for (const version of ['v1', 'v2'] as const) {
      for (const joined of [true, false]) {
        const port = await relay(t, portOf(broker.addresses()[index]!), HEADERS[version], joined);
        const clientId = `${type}-${version}-${joined}`;
        const url = `${schemes[type]}://localhost:${port}/mqtt`;
        const client = await mqtt.connectAsync(url, { clientId, reconnectPeriod: 0, ca: readFileSync(ca.cert) });
        let received = 0;
        client.on('message', (_topic, payload) => {
          received += payload.length;
        });
        await client.subscribeAsync(clientId);
        await client.publishAsync(clientId, Buffer.alloc(100_000), { qos: 1 });
        await eventually(() => received === 100_000);
        t.equal(broker.clients().find((one) => one.clientId === clientId)?.address, SOURCES[version], clientId);
        await client.endAsync();
      }
    }
  }
});
