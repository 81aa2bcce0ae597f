/** The composition: what was started is closed, in every case. */
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { createClient } from '../../src/api/client.js';
import { loadAdapters } from '../../src/builtin.js';
import { loadConfig } from '../../src/config/load.js';
import { startGateway } from '../../src/gateway.js';
import { createLogging } from '../../src/logging.js';
import { tempFolder } from '../support/gateway.js';
import { ManualClock } from '../support/manual-clock.js';

async function setup(t: Test, port = 0, more = '') {
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
  const start = () => startGateway({ config, shown: { file, yaml: '' }, adapters, socket, logging, clock });
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
