/** An outbox that is full: its policy works, and what the loss record says is what is missing upstream, exactly. */
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { createClient } from '../../src/api/client.js';
import { SessionClient } from '../crash/client.js';
import { startTestGateway, tempFolder } from '../support/gateway.js';
import { startMosquitto } from '../support/links.js';
import { eventually, freePort, needs } from '../support/peers.js';
import { Relay } from '../support/relay.js';

const LIMIT = 300;
const MESSAGES = 1_500;
const TOPICS = 5;
const peers = needs('mosquitto');

interface Record {
  readonly number: number;
  readonly count: number;
}

/** At the far side: messages by topic, in the order in which they came first, and the loss records by number. */
async function collector(t: Test, port: number) {
  const got = new Map<string, number[]>();
  const records = new Map<number, Record>();
  const client = new SessionClient({
    clientId: 'collector',
    filters: [
      { topic: 'up/#', qos: 2 },
      { topic: 'hpmq/+/$loss/#', qos: 2 },
    ],
    onMessage: ({ topic, payload }) => {
      if (topic.includes('$loss')) {
        const record = JSON.parse(String(payload)) as Record;
        records.set(record.number, record);
        return;
      }
      const numbers = got.get(topic) ?? [];
      got.set(topic, numbers);
      numbers.push(Number(String(payload).trim()));
    },
  });
  await client.connect(port);
  t.teardown(() => client.drop());
  return {
    got,
    received: () => [...got.values()].reduce((sum, { length }) => sum + length, 0),
    lost: () => [...records.values()].reduce((sum, { count }) => sum + count, 0),
  };
}

async function overfull(t: Test, outbox: string, isKilled: boolean) {
  const far = await startMosquitto(t, ['allow_anonymous true', 'max_queued_messages 100000']);
  const relay = await Relay.open(far.port);
  t.teardown(() => relay[Symbol.asyncDispose]());
  relay.refuse();
  const there = await collector(t, far.port);
  const folder = tempFolder(t);
  const port = await freePort();
  const yaml = [
    `gateway: { id: plant-7, data: ${join(folder, 'data')} }`,
    `broker: { listeners: [{ type: tcp, host: 127.0.0.1, port: ${port} }] }`,
    'links:',
    '  cloud:',
    '    type: mqtt',
    `    url: mqtt://127.0.0.1:${relay.port}`,
    '    keepAlive: 2s',
    `    outbox: { maxMessages: ${LIMIT}, ${outbox} }`,
    "    routes: [{ direction: out, filter: 'up/#', qos: 2 }]",
  ].join('\n');
  let gateway = await startTestGateway(t, yaml, folder);

  // QoS 2: what is sent again after a crash is not accepted twice.
  const publisher = new SessionClient({ clientId: 'publisher', filters: [] });
  await publisher.connect(port);
  t.teardown(() => publisher.drop());
  for (let n = 0; n < MESSAGES; n++) {
    publisher.publish({ topic: `up/${n % TOPICS}`, payload: String(n), qos: 2, retain: false, expiry: 0 });
    if (isKilled && (n === 500 || n === 1_000)) {
      await gateway.process.kill('SIGKILL');
      gateway = await startTestGateway(t, yaml, folder);
      await publisher.connect(port);
    }
    await eventually(() => publisher.unacknowledged < 50);
  }
  await eventually(() => publisher.unacknowledged === 0);

  const link = async () => {
    const { items } = await createClient({ socket: gateway.socket }).request('GET /v1/links');
    return items[0]!;
  };
  t.ok((await link()).queued <= LIMIT * 1.02 + 1_000, 'bounded');
  relay.pass();
  await eventually(() => there.received() > 0, 40_000);
  relay.swallow('down');
  await eventually(async () => relay.swallowedBytes > 0 || (await link()).queued === 0);
  relay.pass();
  if (isKilled) {
    await gateway.process.kill('SIGKILL');
    gateway = await startTestGateway(t, yaml, folder);
  }
  await eventually(async () => {
    const { queued, losses } = await link();
    return queued === 0 && losses.unreported === 0 && there.received() + there.lost() >= MESSAGES;
  }, 40_000);
  const view = await link();
  t.equal(
    there.received() + there.lost(),
    MESSAGES,
    `${there.received()} arrived, ${there.lost()} are said to be lost`,
  );
  t.equal(view.losses.total, there.lost(), 'as the gateway says itself');
  t.ok(there.lost() > 0);
  for (const numbers of there.got.values()) {
    t.equal(new Set(numbers).size, numbers.length, 'none twice');
    t.strictSame(
      numbers,
      numbers.toSorted((a, b) => a - b),
      'in order',
    );
  }
  return [...there.got.values()].flat().sort((a, b) => a - b);
}

t.test('drop-oldest: the newest stay', peers, async (t) => {
  const numbers = await overfull(t, 'full: drop-oldest', false);
  t.equal(numbers.at(-1), MESSAGES - 1);
  t.ok(numbers.length <= LIMIT, `${numbers.length}`);
  t.equal(numbers[0], MESSAGES - numbers.length, 'without a gap');
});

t.test('drop-new: the oldest stay', peers, async (t) => {
  const numbers = await overfull(t, 'full: drop-new', false);
  t.equal(numbers[0], 0);
  t.ok(numbers.length >= LIMIT, `${numbers.length}`);
});

t.test('thin: some of each topic stay, over the whole time', peers, async (t) => {
  const numbers = await overfull(t, 'full: thin, thin: { every: 10 }', false);
  t.ok(numbers[0]! < MESSAGES / 4, `from ${numbers[0]}`);
  t.ok(numbers.at(-1)! >= MESSAGES - TOPICS, `to ${numbers.at(-1)}`);
});

for (const policy of ['full: drop-oldest', 'full: thin, thin: { every: 3 }']) {
  t.test(`${policy}, and the gateway is killed meanwhile: the record is exact`, peers, async (t) => {
    await overfull(t, policy, true);
  });
}
