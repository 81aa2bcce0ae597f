/** The same device on every wire: a TCP converter, one that dials in, UDP, and a line of another machine (RFC 2217). */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { mqttSubscribe, reading } from '../support/foreign-mqtt.js';
import { startTestGateway } from '../support/gateway.js';
import { PYTHON } from '../support/modbus-peers.js';
import { eventually, freePort, repoRoot, startPeer } from '../support/peers.js';
import { needsSerialPeers } from '../support/serial-peers.js';

const device = (port: string) => `
gateway: { id: plant }
broker: { listeners: [ { type: tcp, port: 0 } ] }
ports: { wire: { ${port}, timeout: 1s } }
devices:
  one:
    adapter: serial
    port: wire
    frame: line
    parse: { regex: '^=(?<n>[0-9]+)$' }
    every: 200ms
    poll: "=42\\r\\n"
    points: { n: { type: number } }
`;

t.test('a device that is asked over each wire', needsSerialPeers('mosquitto_sub'), async (t) => {
  const answers = async (port: string, connected?: () => void) => {
    const gateway = await startTestGateway(t, device(port));
    const seen = await mqttSubscribe(t, gateway.mqttPort, 'hpmq/plant/#');
    connected?.();
    const good = reading(await seen('hpmq/plant/one/n', (text) => text.includes('"good"')));
    await gateway.process.kill('SIGTERM');
    return good;
  };

  const echo = createServer((socket) => socket.on('error', () => {}).pipe(socket)).listen(0, '127.0.0.1');
  t.teardown(() => echo.close());
  await once(echo, 'listening');
  const { port: tcp } = echo.address() as AddressInfo;
  t.match(await answers(`type: tcp, host: 127.0.0.1, port: ${tcp}`), { v: 42 }, 'tcp');

  const udp = createSocket('udp4');
  t.teardown(() => udp.close());
  udp.on('message', (bytes, from) => udp.send(bytes, from.port, from.address));
  udp.bind(0, '127.0.0.1');
  await once(udp, 'listening');
  t.match(await answers(`type: udp, host: 127.0.0.1, port: ${udp.address().port}`), { v: 42 }, 'udp');

  const listen = await freePort();
  const dial = () => {
    const socket = connect(listen, '127.0.0.1', () => socket.write('MODEM-7'));
    t.teardown(() => socket.destroy());
    socket.on('error', () => {}).pipe(socket);
  };
  t.match(
    await answers(`type: listen, host: 127.0.0.1, port: ${listen}, registration: MODEM-7`, dial),
    { v: 42 },
    'a device that dials in',
  );

  const remote = await freePort();
  const server = startPeer(t, PYTHON, [join(repoRoot, 'test/peers/rfc2217-server.py'), String(remote)]);
  await server.sees(/ready/);
  t.match(
    await answers(`type: rfc2217, host: 127.0.0.1, port: ${remote}, baudRate: 9600, parity: none`),
    { v: 42 },
    'rfc2217',
  );
  await eventually(() => /line 9600/.test(server.stdout()));
});
