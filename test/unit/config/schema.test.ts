import t from 'tap';
import { z } from 'zod';
import { loadAdapters } from '../../../src/builtin.js';
import { configJsonSchema } from '../../../src/config/json-schema.js';
import { loadConfig } from '../../../src/config/load.js';
import { createConfigSchema } from '../../../src/config/schema.js';
import type { AnyAdapter } from '../../../src/core/adapter.js';
import { fakeAdapters, fieldbus } from '../../support/fake-adapters.js';
import { repoRoot } from '../../support/peers.js';

const inputs = { folder: '/', env: {}, hostName: 'plant 7.example' };
const parse = (document: unknown) => createConfigSchema(fakeAdapters, inputs).parse(document);

t.test('without a file: a broker on the loopback interface and nothing else', async (t) => {
  const config = parse({});
  t.strictSame(
    config.broker.listeners,
    [
      {
        name: 'tcp:127.0.0.1:1883',
        type: 'tcp',
        host: '127.0.0.1',
        port: 1883,
        handshakes: { timeout: 10_000, atOnce: 256 },
        auth: { anonymous: true },
      },
    ],
    'only programs of this machine reach it',
  );
  t.equal(config.gateway.id, 'plant-7.example', 'the host name, safe as a topic level');
  t.strictSame([config.ports, config.devices, config.links], [{}, {}, {}]);
  t.strictSame(config.broker.limits, {
    connections: 1_000,
    connectionsPerAddress: 0,
    connectionsPerUser: 0,
    connectRate: 2_000,
    connectRatePerAddress: 500,
    messageRate: 0,
    byteRate: 0,
    overRate: 'throttle',
    packetBytes: 1_000_000,
    topicLevels: 201,
    topicBytes: 65_535,
    queuedBytes: 8_000_000,
    pendingBytes: 256_000_000,
    subscriptionBytes: 256_000_000,
    queuedMessages: 1_000,
    receiveMaximum: 100,
    retainedMessages: 100_000,
    subscriptions: 1_000,
    sessionExpiry: 604_800_000,
    connectTimeout: 10_000,
    keepAlive: 65_535_000,
    drainTimeout: 30_000,
    slowConsumer: { qos0: 'drop-new', maxBytes: 1_000_000, timeout: 0 },
  });
  t.strictSame([config.log.level, config.tui.readOnly, config.api.socket], ['info', false, undefined]);
});

t.test('a point gets its defaults, and its period from the device', async (t) => {
  const config = parse({
    ports: { plc: { type: 'tcp', host: '10.0.0.7', port: 502, framing: 'tcp', pause: '5ms' } },
    devices: {
      boiler: {
        adapter: 'modbus',
        port: 'plc',
        unit: 3,
        every: '5s',
        points: {
          plain: { address: 'input:1' },
          full: {
            address: 'holding:2',
            type: 'int16',
            scale: 0.1,
            unit: '°C',
            every: '250ms',
            report: { mode: 'always', deadband: 0.2, maxSilence: '10s' },
            write: { min: 1, max: 2, verify: false },
          },
          open: { address: 'holding:3', write: true },
        },
      },
    },
  });
  t.strictSame(config.ports, {
    plc: {
      name: 'plc',
      endpoint: { type: 'tcp', host: '10.0.0.7', port: 502 },
      timeout: 1_000,
      pause: 5,
      options: { framing: 'tcp' },
    },
  });
  const { points, ...device } = config.devices.boiler!;
  t.strictSame(device, { name: 'boiler', adapter: 'modbus', port: 'plc', encoding: 'json', options: { unit: 3 } });
  t.strictSame(points.plain, {
    id: 'plain',
    address: { address: 'input:1', type: 'uint16' },
    scale: 1,
    offset: 0,
    decimals: undefined,
    unit: undefined,
    every: 5_000,
    report: { mode: 'change', deadband: 0, maxSilence: 60_000 },
    retain: true,
    qos: 1,
    write: undefined,
  });
  t.match(points.full, { every: 250, scale: 0.1, unit: '°C', report: { mode: 'always', maxSilence: 10_000 } });
  t.strictSame(points.full?.write, { min: 1, max: 2, step: undefined, verify: false, critical: false });
  t.strictSame(points.open?.write, { min: undefined, max: undefined, step: undefined, verify: true, critical: false });
});

t.test('when a port lets go of its connection', (t) => {
  const tcp = { type: 'tcp', host: '10.0.0.7', port: 502 };
  const { ports } = parse({
    ports: {
      stays: { ...tcp, idleTimeout: '0s', closeAfterCycle: false },
      idle: { ...tcp, idleTimeout: '30s' },
      cycle: { ...tcp, type: 'tls', closeAfterCycle: true },
    },
  });
  t.strictSame(
    Object.values(ports).map(({ closeAfter }) => closeAfter),
    [undefined, 30_000, 0],
  );
  t.notOk('closeAfter' in ports.stays!);
  t.end();
});

t.test('a port written into its device has the name of the device', async (t) => {
  const config = parse({
    devices: {
      boiler: {
        adapter: 'modbus',
        port: { type: 'serial', path: '/dev/ttyS0', baudRate: 9_600, parity: 'odd', framing: 'rtu' },
      },
      sim: { adapter: 'simulator' },
    },
  });
  t.equal(config.devices.boiler?.port, 'boiler');
  t.strictSame(config.ports.boiler, {
    name: 'boiler',
    endpoint: { type: 'serial', path: '/dev/ttyS0', baudRate: 9_600, dataBits: 8, parity: 'odd', stopBits: 1 },
    timeout: 1_000,
    pause: 0,
    options: { framing: 'rtu' },
  });
  t.strictSame(config.ports.sim?.endpoint, { type: 'memory' }, 'an adapter without a wire needs no port');
});

t.test('names of Object.prototype are ordinary names', async (t) => {
  const result = createConfigSchema(fakeAdapters, inputs).safeParse({
    devices: { boiler: { adapter: 'modbus', port: 'constructor' } },
  });
  t.match(result.error?.issues[0]?.message, /there is no port "constructor"/);
  const config = parse({ devices: { constructor: { adapter: 'simulator', points: { toString: {} } } } });
  t.strictSame(Object.keys(Object.values(config.devices)[0]?.points ?? {}), ['toString']);
});

t.test('the example file says what it promises', async (t) => {
  const { config } = loadConfig({ file: 'hpmq.example.yaml', env: {}, cwd: repoRoot, adapters: await loadAdapters() });
  t.equal(config.gateway.id, 'plant-7');
  t.strictSame(Object.keys(config.devices), ['boiler', 'scale', 'meter', 'chiller', 'incomer', 'room-7']);
  const written = config.broker.limits;
  t.strictSame(written, parse({}).broker.limits, 'the limits marked as defaults are the defaults');
  t.equal(config.links.cloud?.routes.length, 4);
  t.match(config.links.platform?.routes, [
    { format: { api: 'gateway' }, batch: { maxDelay: 5_000 }, compress: 'gzip' },
  ]);
});

t.test('the JSON Schema has every adapter, the defaults as they are written, and no machine in it', async (t) => {
  const schema = configJsonSchema(fakeAdapters);
  const text = JSON.stringify(schema);
  t.match(text, /"default":"60s"/, 'durations as text');
  t.match(text, /"const":"modbus"/);
  t.match(text, /"framing"/, "the adapter's keys of a port");
  t.notOk(schema.properties?.gateway?.properties?.id?.default, 'the host name is not part of it');
  t.equal(schema.additionalProperties, false);
});

t.test('an adapter cannot take a key of the gateway', async (t) => {
  const greedy: AnyAdapter = { ...fieldbus, address: z.object({ scale: z.number() }) };
  t.throws(() => createConfigSchema([greedy], inputs), /the key "scale" belongs to the gateway/);
  const port: AnyAdapter = { ...fieldbus, port: z.object({ host: z.string() }) };
  t.throws(() => createConfigSchema([port], inputs), /the key "host" belongs to the gateway/);
});

t.test('links that may ask for updates are links that there are, and only where MQTT may', async (t) => {
  const links = { cloud: { type: 'mqtt', url: 'mqtt://far', routes: [{ direction: 'out', filter: 'a/#' }] } };
  const issues = (update: object) =>
    createConfigSchema(fakeAdapters, inputs)
      .safeParse({ links, update })
      .error?.issues.map(({ path, message }) => [path.join('.'), message.split(/[:;]/)[0]]);
  t.equal(issues({ mqtt: true, links: ['cloud'] }), undefined);
  t.match(issues({ mqtt: true, links: ['cloud', 'clout'] }), [['update.links.1', /^there is no link "clout"/]]);
  t.match(issues({ links: ['cloud'] }), [['update.links', /^no link can ask for updates/]]);
  t.strictSame(parse({}).update, { mqtt: false, links: [] });
});
