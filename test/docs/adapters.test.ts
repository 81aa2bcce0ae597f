/** The adapter that docs/adapters.md shows, in a gateway, against a thermometer over TCP. */
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { createClient } from '../../src/api/client.js';
import { loadConfig } from '../../src/config/load.js';
import { systemClock } from '../../src/core/clock.js';
import { startGateway } from '../../src/gateway.js';
import { createLogging } from '../../src/logging.js';
import { readDocument } from '../support/documents.js';
import { tempFolder } from '../support/gateway.js';
import { eventually, repoRoot } from '../support/peers.js';
import thermometer from './thermometer.js';

const { fences } = readDocument('docs/adapters.md');

t.test('what the page shows is what runs here', async (t) => {
  const shown = fences.find(({ info }) => info.startsWith('ts'));
  const file = 'test/docs/thermometer.ts';
  t.equal(shown?.info, `ts file=${file}`);
  t.equal(`${shown?.text}\n`, readFileSync(join(repoRoot, file), 'utf8'));
});

t.test('it reads, says what is no number, writes and outlives a cut', async (t) => {
  const sensors = new Map([
    ['T1', '812.5'],
    ['T2', '7300'],
    ['L1', '900'],
  ]);
  const sockets = new Set<Socket>();
  const device = createServer((socket) => {
    sockets.add(socket);
    socket.setEncoding('utf8').on('error', () => {});
    socket.on('data', (text) => {
      for (const line of String(text).trim().split('\n')) {
        const [verb, sensor = '', value] = line.split(' ');
        if (verb === 'SET') sensors.set(sensor, value!);
        socket.write(`${sensors.get(sensor) ?? '?'}\n`);
      }
    });
  });
  await new Promise<void>((resolve) => device.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    device.close();
  });
  const { port } = device.address() as { port: number };
  const folder = tempFolder(t);
  const file = join(folder, 'kiln.yaml');
  const shown = fences.find(({ info }) => info === 'yaml adapter')!.text.replace('7000', String(port));
  writeFileSync(
    file,
    `gateway: { id: test, data: data }\nbroker: { listeners: [{ type: tcp, host: 127.0.0.1, port: 0 }] }\n${shown}\n`,
  );
  const adapters = [thermometer];
  const { config } = loadConfig({ file, env: {}, cwd: folder, adapters });
  const socket = join(folder, 'c.sock');
  const logging = createLogging({ level: 'info', pretty: false, write: () => {} });
  const gateway = await startGateway({
    config,
    shown: { file, yaml: '' },
    adapters,
    socket,
    logging,
    clock: systemClock,
  });
  t.teardown(() => gateway[Symbol.asyncDispose]());
  const client = createClient({ socket });
  const points = async () => {
    const { items } = await client.request('GET /v1/points');
    return Object.fromEntries(items.map((one) => [one.point, one]));
  };
  const good = await eventually(async () => {
    const all = await points();
    return all.bottom?.quality === 'good' && all;
  });
  t.match(good, { top: { value: 812.5 }, bottom: { value: 730 }, limit: { value: 900 } });

  sensors.set('T1', 'Err 3');
  const bad = await eventually(async () => {
    const { top } = await points();
    return top?.quality === 'bad' && top;
  });
  t.match(bad, { error: { code: 'THERMOMETER_TEXT' } });

  const written = await client.request('POST /v1/points/{device}/{point}/write', {
    params: { device: 'kiln', point: 'limit' },
    body: { value: 950 },
  });
  t.match([written.status, sensors.get('L1')], ['verified', '950']);

  for (const one of sockets) one.destroy();
  sensors.set('T1', '20');
  await eventually(async () => (await points()).top?.value === 20, 20_000);
  t.pass('it is there again after the connection was cut');
});
