/** The composition: what was started is closed, in every case. */
import { existsSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { generate, type Packet, parser } from 'mqtt-packet';
import t, { type Test } from 'tap';
import { createClient } from '../../src/api/client.js';
import { loadAdapters } from '../../src/builtin.js';
import { loadConfig } from '../../src/config/load.js';
import { type Clock, systemClock } from '../../src/core/clock.js';
import { startGateway } from '../../src/gateway.js';
import { createLogging } from '../../src/logging.js';
import { tempFolder } from '../support/gateway.js';
import { ManualClock } from '../support/manual-clock.js';
import { eventually } from '../support/peers.js';
import { friendly, scriptedBroker } from '../support/scripted-broker.js';

async function setup(t: Test, port = 0, more = '', time?: Clock) {
  const folder = tempFolder(t);
  const file = join(folder, 'hpmq.yaml');
  writeFileSync(
    file,
    `gateway: { id: test, data: data }\nbroker: { listeners: [{ type: tcp, host: 127.0.0.1, port: ${port} }] }\n${more}`,
  );
  const adapters = await loadAdapters();
  const clock = new ManualClock(Date.now());
  const socket = join(folder, 'c.sock');
  const { config } = loadConfig({ file, env: {}, cwd: folder, adapters });
  const logging = createLogging({ level: 'info', pretty: false, write: () => {} });
  const start = () =>
    startGateway({ config, shown: { file, yaml: '' }, adapters, socket, logging, clock: time ?? clock });
  return { start, clock, socket, logging };
}

const DEVICE = `
ports: { sim: { type: memory } }
devices:
  plant: { adapter: simulator, port: sim, every: 1s, points: { level: { wave: sine } } }
`;

t.test('up and down: the state is announced, and at the end nothing is left', async (t) => {
  const { start, clock, socket } = await setup(t, 0);
  const gateway = await start();
  t.match(gateway.addresses, [/^127\.0\.0\.1:\d+$/]);
  const client = createClient({ socket });
  t.match(await client.request('GET /v1/status'), { gateway: 'test', state: 'up' });
  const retained = await client.request('GET /v1/retained', { query: { filter: 'hpmq/test/$state' } });
  t.match(JSON.parse(retained.items[0]?.text ?? ''), { state: 'online' });
  await gateway[Symbol.asyncDispose]();
  t.notOk(existsSync(socket));
  t.equal(clock.pending, 0, 'no timer is left');
  await t.rejects(client.request('GET /v1/status'), { code: 'GATEWAY_NOT_RUNNING' });
});

t.test('a planned stop: what a client was told is kept waits for the link after the next start', async (t) => {
  const deaf = await scriptedBroker(t, (packet, connection) => {
    if (packet.cmd !== 'publish') friendly(packet, connection);
  });
  const routes = "[{ direction: out, filter: 'out/#', to: '{topic}' }]";
  const more = `links: { cloud: { type: mqtt, url: '${deaf.url}', routes: ${routes} } }`;
  const { start, socket } = await setup(t, 0, more, systemClock);
  const gateway = await start();
  await eventually(() => deaf.connections[0]?.packets.some(({ cmd }) => cmd === 'subscribe'));
  const client = connect(Number(gateway.addresses[0]!.split(':')[1]), '127.0.0.1');
  t.teardown(() => client.destroy());
  client.on('error', () => {});
  const answers: Packet[] = [];
  const parse = parser();
  parse.on('packet', (packet) => answers.push(packet));
  client.on('data', (chunk: Buffer) => parse.parse(chunk));
  const send = (packet: Packet) => client.write(generate(packet));
  let messageId = 0;
  const publish = () =>
    send({ cmd: 'publish', topic: 'out/x', payload: '', qos: 1, messageId: ++messageId, retain: false, dup: false });
  send({ cmd: 'connect', clientId: 'c', protocolId: 'MQTT', protocolVersion: 4, clean: true, keepalive: 0 });
  await eventually(() => answers.length === 1);
  publish();
  await eventually(() => answers.length === 2);
  let isClosed = false;
  const closing = gateway[Symbol.asyncDispose]().then(() => {
    isClosed = true;
  });
  while (!isClosed) {
    if (messageId - answers.length < 20) publish();
    await new Promise((resolve) => setImmediate(resolve));
  }
  await closing;
  const acknowledged = answers.filter(({ cmd }) => cmd === 'puback').length;
  const again = await start();
  const { items } = await createClient({ socket }).request('GET /v1/links');
  t.equal(items[0]!.name, 'cloud');
  t.ok(items[0]!.queued >= acknowledged, `${items[0]!.queued} wait, ${acknowledged} were acknowledged`);
  await again[Symbol.asyncDispose]();
});

t.test('the MQTT port is in use: the error names it, and nothing is left', async (t) => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  t.teardown(() => other.close());
  const { port } = other.address() as { port: number };
  const { start, clock, socket } = await setup(t, port, DEVICE);
  await t.rejects(start(), {
    code: 'BROKER_ADDRESS_IN_USE',
    fault: 'config',
    message: new RegExp(`127\\.0\\.0\\.1:${port}`),
  });
  t.notOk(existsSync(socket));
  t.equal(clock.pending, 0, 'no timer is left');
});

t.test('a second gateway on the same control socket is refused; the first is not disturbed', async (t) => {
  const { start, socket } = await setup(t);
  await using _first = await start();
  await t.rejects(start(), { code: 'API_SOCKET_IN_USE', fault: 'config', message: new RegExp(socket) });
  t.match(await createClient({ socket }).request('GET /v1/status'), { state: 'up' });
});
