/** What waits in an outbox survives what people do to a gateway: other routes, a link that is gone for a while, crashes, upgrades. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { createClient } from '../../src/api/client.js';
import { SessionClient } from '../crash/client.js';
import { publish } from '../crash/queued.js';
import { startTestGateway, tempFolder } from '../support/gateway.js';
import { startMosquitto } from '../support/links.js';
import { eventually, freePort, needs, repoRoot } from '../support/peers.js';
import { Relay } from '../support/relay.js';

const MESSAGES = 10_000;
const peers = needs('mosquitto');

/** Puts a store of the first version into a data folder that is yet to be. */
async function unpack(vector: string, folder: string): Promise<void> {
  mkdirSync(join(folder, 'data'));
  const packed = await readFile(join(repoRoot, 'test', 'vectors', 'store', vector));
  writeFileSync(join(folder, 'data', 'store.sqlite'), zstdDecompressSync(packed));
}

/**
 * A gateway with so many messages in the outbox of a link whose far side is away.
 *
 * @param vector - a store of an older version that has them; undefined: they are published now
 */
async function waiting(t: Test, vector?: string) {
  const far = await startMosquitto(t, ['allow_anonymous true', 'max_queued_messages 100000']);
  const relay = await Relay.open(far.port);
  t.teardown(() => relay[Symbol.asyncDispose]());
  relay.refuse();
  const got = new Map<string, number[]>();
  const collector = new SessionClient({
    clientId: 'collector',
    filters: [{ topic: '#', qos: 1 }],
    onMessage: ({ topic, payload }) => {
      const numbers = got.get(topic) ?? [];
      got.set(topic, numbers);
      numbers.push(Number(String(payload).slice(-8)));
    },
  });
  await collector.connect(far.port);
  t.teardown(() => collector.drop());

  const folder = tempFolder(t);
  const port = await freePort();
  const yaml = (routes: string | undefined) =>
    [
      `gateway: { id: plant-7, data: ${join(folder, 'data')} }`,
      `broker: { listeners: [{ type: tcp, host: 127.0.0.1, port: ${port} }] }`,
      ...(routes === undefined
        ? []
        : [
            'links:',
            '  cloud:',
            '    type: mqtt',
            `    url: mqtt://127.0.0.1:${relay.port}`,
            '    keepAlive: 2s',
            `    routes: [${routes}]`,
          ]),
    ].join('\n');
  if (vector !== undefined) await unpack(vector, folder);
  let gateway = await startTestGateway(t, yaml("{ direction: out, filter: 'up/#', to: 'first/{topic:1}' }"), folder);
  if (vector === undefined) await publish(port, 0, MESSAGES, 'up/history');
  const links = async () => (await createClient({ socket: gateway.socket }).request('GET /v1/links')).items;
  t.equal((await links())[0]?.queued, MESSAGES);
  return {
    /** Ends it, and starts it with other routes; undefined: without the link. */
    async edit(routes: string | undefined, signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM') {
      await gateway.process.kill(signal);
      gateway = await startTestGateway(t, yaml(routes), folder);
      if (routes !== undefined) t.equal((await links())[0]?.queued, MESSAGES, `all wait with ${routes}`);
    },
    /** The far side is there again: all must arrive, in order, under this topic. */
    async arrive(topic: string) {
      relay.pass();
      const complete = () => new Set(got.get(topic)).size === MESSAGES;
      await eventually(complete, 60_000).catch(() => {});
      const numbers = got.get(topic) ?? [];
      t.equal(new Set(numbers).size, MESSAGES, `of ${[...got].map(([name, { length }]) => `${length} as ${name}`)}`);
      const first = numbers.filter((number, at) => at === 0 || number > numbers[at - 1]!);
      t.equal(first.length, MESSAGES, 'in order');
      await eventually(async () => (await links())[0]?.queued === 0);
      t.equal((await links())[0]?.dropped, 0);
    },
  };
}

t.test('a route is renamed: 10,000 messages go to the new name', peers, async (t) => {
  const { edit, arrive } = await waiting(t);
  await edit("{ direction: out, filter: 'up/#', to: 'second/{topic:1}' }");
  await arrive('second/history');
});

t.test('a route is removed: 10,000 messages go where they were to go when they were accepted', peers, async (t) => {
  const { edit, arrive } = await waiting(t);
  await edit("{ direction: out, filter: 'other/#' }", 'SIGKILL');
  await edit("{ direction: out, filter: 'another/#' }");
  await arrive('first/history');
});

t.test('a link is gone for a while: its 10,000 messages wait for it', peers, async (t) => {
  const { edit, arrive } = await waiting(t);
  await edit(undefined);
  await edit(undefined, 'SIGKILL');
  await edit("{ direction: out, filter: 'up/#', to: 'third/{topic:1}' }");
  await arrive('third/history');
});

t.test('the program is upgraded: 10,000 messages in the outbox of the first version arrive', peers, async (t) => {
  const { edit, arrive } = await waiting(t, 'schema-1-outbox.sqlite.zst');
  await edit("{ direction: out, filter: 'up/#', to: 'first/{topic:1}' }", 'SIGKILL');
  await arrive('first/history');
});

t.test('the data folder of the first version: its sessions, messages and retained messages are there', async (t) => {
  const folder = tempFolder(t);
  await unpack('schema-1.sqlite.zst', folder);
  const port = await freePort();
  const yaml = [
    `gateway: { id: crash, data: ${join(folder, 'data')} }`,
    `broker: { listeners: [{ type: tcp, host: 127.0.0.1, port: ${port} }], limits: { queuedMessages: 10000 } }`,
    'links: { cloud: { type: mqtt, url: mqtt://127.0.0.1:1, routes: [{ direction: out, filter: kept/# }] } }',
  ].join('\n');
  await startTestGateway(t, yaml, folder);
  const got: number[] = [];
  const client = new SessionClient({
    clientId: 'away',
    filters: [{ topic: 'kept/#', qos: 2 }],
    onMessage: ({ payload }) => void got.push(Number(String(payload))),
  });
  await client.connect(port);
  t.teardown(() => client.drop());
  await eventually(() => got.length >= 2_000);
  t.strictSame(
    got,
    Array.from({ length: 2_000 }, (_, i) => i + 1),
  );
  const retained = new Map<string, string>();
  const reader = new SessionClient({
    clientId: 'reader',
    filters: [{ topic: 'retained/#', qos: 1 }],
    onMessage: ({ topic, payload }) => void retained.set(topic, String(payload)),
  });
  await reader.connect(port);
  t.teardown(() => reader.drop());
  await eventually(() => retained.size === 20);
});
