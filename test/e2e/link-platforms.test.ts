/**
 * One stream of readings, three platforms: mosquitto, aedes and a broker of ours, each told in its own form. One of them is
 * down for a while, and the gateway is killed in between: everybody gets everything, in order.
 */
import { createServer } from 'node:net';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { Aedes } from 'aedes';
import mqtt from 'mqtt';
import t, { type Test } from 'tap';
import { subscriptionTo } from '../../src/core/router.js';
import { startTestGateway, tempFolder } from '../support/gateway.js';
import { publish, startMosquitto, subscriber } from '../support/links.js';
import { eventually, freePort, needs } from '../support/peers.js';
import { startBroker } from '../support/served-broker.js';

const FILTERS = "filter: ['hpmq/plant-7/+/+', 'hpmq/plant-7/+/$state'], except: 'hpmq/plant-7/+/secret'";

const config = (ports: { mosquitto: number; aedes: number; ours: number; broker: number }) => `
gateway: { id: plant-7 }
broker: { listeners: [ { type: tcp, port: ${ports.broker} } ] }
links:
  dashboard:
    type: mqtt
    url: mqtt://127.0.0.1:${ports.mosquitto}
    routes:
      - { direction: out, ${FILTERS}, to: 'factory/{device}/{point}', format: value, retain: set }
  platform:
    type: mqtt
    url: mqtt://127.0.0.1:${ports.aedes}
    protocolVersion: 4
    routes:
      - direction: out
        ${FILTERS.replace(', except', '\n        except')}
        to: v1/gateway/telemetry
        format: { type: thingsboard, api: gateway }
        batch: { maxMessages: 40, maxDelay: 100ms }
        compress: gzip
  archive:
    type: mqtt
    url: mqtt://127.0.0.1:${ports.ours}
    routes:
      - direction: out
        ${FILTERS.replace(', except', '\n        except')}
        to: archive/{device}
        format: { type: template, template: { tag: '{device}.{point}', value: '{v}', at: '{t}' } }
        batch: { maxMessages: 10, maxDelay: 100ms, as: lines }
        compress: zstd
`;

/** What arrived at a platform. */
class Books {
  readonly counts: number[] = [];

  /** Of 1 to `last`, those that did not arrive. */
  missing(last: number): readonly number[] {
    const seen = new Set(this.counts);
    return Array.from({ length: last }, (_, i) => i + 1).filter((count) => !seen.has(count));
  }

  /** In the order of their first arrival. */
  get first(): readonly number[] {
    return [...new Set(this.counts)];
  }
}

async function startAedes(t: Test): Promise<{ port: number; books: Books }> {
  const books = new Books();
  const broker = await Aedes.createBroker();
  const server = createServer(broker.handle);
  t.teardown(async () => {
    await new Promise<void>((resolve) => broker.close(resolve));
    server.close();
  });
  broker.on('publish', ({ topic, payload }) => {
    if (topic !== 'v1/gateway/telemetry') return;
    const devices = JSON.parse(gunzipSync(payload as Buffer).toString()) as Record<
      string,
      { ts: number; values: { n?: number } }[]
    >;
    for (const { ts, values } of devices.boiler ?? [])
      if (values.n !== undefined && ts === values.n) books.counts.push(values.n);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as { port: number }).port, books };
}

async function startOurs(t: Test): Promise<{ port: number; books: Books }> {
  const books = new Books();
  const { broker, port } = await startBroker(t);
  const attachment = broker.router.attach({
    id: 'archive',
    kind: 'recorder',
    origin: 'gateway:archive',
    durable: false,
    deliver({ payload, properties }) {
      t.strictSame(
        properties?.userProperties?.find(([name]) => name === 'content-encoding'),
        ['content-encoding', 'zstd'],
      );
      for (const line of zstdDecompressSync(payload).toString().trimEnd().split('\n')) {
        const { tag, value, at } = JSON.parse(line) as { tag: string; value: number; at: number };
        if (tag === 'boiler.n' && value === at) books.counts.push(value);
      }
      return true;
    },
  });
  attachment.subscribe(subscriptionTo('archive/boiler'));
  return { port, books };
}

t.test(
  'three platforms, each in its own form; one down for a while, then the gateway: nobody misses anything',
  { ...needs('mosquitto', 'mosquitto_sub'), timeout: 120_000 },
  async (t) => {
    const mosquitto = await startMosquitto(t, [
      'allow_anonymous true',
      'persistence true',
      'persistence_location {dir}/',
    ]);
    // The far side remembers the subscriber, so that it does not matter who is back first.
    const dashboard = await subscriber(t, mosquitto, 'factory/boiler/n', ['-c', '-x', '3600']);
    const aedes = await startAedes(t);
    const ours = await startOurs(t);
    const ports = { mosquitto: mosquitto.port, aedes: aedes.port, ours: ours.port, broker: await freePort() };
    const folder = tempFolder(t);
    const shown = () => {
      const books = new Books();
      for (const line of dashboard.lines()) books.counts.push(Number(line.split(' ').at(-1)));
      return books;
    };

    let gateway = await startTestGateway(t, config(ports), folder);
    let device = await mqtt.connectAsync(`mqtt://127.0.0.1:${ports.broker}`, { clientId: 'device' });
    let count = 0;
    const send = async (messages: number) => {
      for (const last = count + messages; count < last; ) {
        const some: Promise<unknown>[] = [];
        for (let i = 0; i < 20; i++) {
          count++;
          const payload = JSON.stringify({ v: count, q: 'good', t: count });
          some.push(device.publishAsync('hpmq/plant-7/boiler/n', payload, { qos: 1 }));
        }
        some.push(device.publishAsync('hpmq/plant-7/boiler/secret', '0', { qos: 1 }));
        await Promise.all(some);
      }
    };
    await send(200);
    await eventually(
      () => [shown(), aedes.books, ours.books].every((books) => books.missing(200).length === 0),
      20_000,
    );

    mosquitto.peer().child.kill('SIGUSR1');
    await mosquitto.peer().sees(/Saving in-memory database/);
    // It does one thing at a time: when it has taken this, it has saved.
    await publish(t, mosquitto, ['-q', '1', '-t', 'saved', '-m', 'x']);
    await mosquitto.peer().kill('SIGKILL');
    await send(300);
    await eventually(() => [aedes.books, ours.books].every((books) => books.missing(500).length === 0), 20_000);
    t.match(
      (await gateway.hpmq('status', '--json')).stdout,
      /LINK_(LOST|UNREACHABLE)/,
      'one is down, and that is said',
    );

    // In the middle of batches.
    await send(100);
    await gateway.process.kill('SIGKILL');
    await device.endAsync(true);
    gateway = await startTestGateway(t, config(ports), folder);
    device = await mqtt.connectAsync(`mqtt://127.0.0.1:${ports.broker}`, { clientId: 'device' });
    t.teardown(() => device.endAsync(true));
    await send(100);
    await mosquitto.restart();
    await send(100);
    const all = () => [shown(), aedes.books, ours.books];
    await eventually(() => all().every((books) => books.missing(800).length === 0), 60_000).catch(() => {});
    for (const [index, name] of ['dashboard', 'platform', 'archive'].entries()) {
      const books = all()[index]!;
      t.strictSame(books.missing(800), [], `${name}: everything that was acknowledged arrived`);
      t.strictSame(
        books.first,
        books.first.toSorted((a, b) => a - b),
        `${name}: in order`,
      );
    }
    t.notOk(dashboard.lines().some((line) => line.includes('secret')));
  },
);
