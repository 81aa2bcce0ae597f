/** 1,000 readers that stop reading: the gateway's memory keeps to its limit, who reads gets everything, nothing is lost uncounted. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from '../../../src/api/client.js';
import type { ClientView } from '../../../src/core/views.js';
import { startGateway, startWorker } from '../processes.js';
import { brokerYaml, megabytes, milliseconds, type Scenario, type ScenarioOptions, type Verdict } from '../scenario.js';

const PENDING_BYTES = 64_000_000;
/** What the runtime needs above what is counted: garbage (it collects buffers each 64 MB only), and its own heap. */
const SLACK_BYTES = 160_000_000;

interface Case {
  readonly name: string;
  readonly qos: 0 | 1;
  readonly ownTopics: boolean;
}

const cases: readonly Case[] = [
  { name: 'QoS 0, one topic', qos: 0, ownTopics: false },
  { name: 'QoS 1, one topic', qos: 1, ownTopics: false },
  { name: 'QoS 0, a topic each', qos: 0, ownTopics: true },
  { name: 'QoS 1, a topic each', qos: 1, ownTopics: true },
];

export const slowReaders: Scenario = async function* (options) {
  for (const one of cases.filter(({ name }) => name.includes(options.only))) yield await run(one, options);
};

async function run({ name, qos, ownTopics }: Case, { short, entry }: ScenarioOptions): Promise<Verdict> {
  await using stack = new AsyncDisposableStack();
  const readers = short ? 30 : 1_000;
  const bytes = 10_000;
  /** So much for each reader, that the system's buffers (megabytes) are full and ours have to decide. */
  const perReader = short ? 20 : ownTopics ? 200 : 2_000;
  const messages = ownTopics ? perReader * readers : perReader;
  const limits = {
    connections: readers + 100,
    connectRate: 0,
    connectRatePerAddress: 0,
    pendingBytes: `${PENDING_BYTES / 1_000_000}MB`,
    drainTimeout: '10m',
  };
  const gateway = await startGateway(stack, brokerYaml(limits), {}, entry);
  const { port } = gateway;
  const slow = startWorker(stack, 'slowReaders', { port, clients: readers, qos, ownTopics });
  const source = startWorker(stack, 'publisher', { port, qos, messages, bytes, topics: ownTopics ? readers : 0 });
  await Promise.all([slow.hear('connected'), source.hear('connected')]);
  const before = gateway.residentBytes();
  let most = before;
  const watch = setInterval(() => {
    most = Math.max(most, gateway.residentBytes());
  }, 50);
  source.say('publish');
  const { ms, ...read } = await source.result;
  await sleep(short ? 0 : 1_000);
  clearInterval(watch);
  const { items } = await createClient({ socket: gateway.socket, timeoutMs: 60_000 }).request('GET /v1/clients');
  const views = items.filter(({ clientId }) => clientId.startsWith('slow-'));
  slow.say('close');
  const failures: string[] = [];
  if (read.received !== messages) failures.push(`who reads got ${read.received} of ${messages}`);
  if (read.wrong > 0) failures.push(`who reads got ${read.wrong} twice or out of order`);
  const limit = before + PENDING_BYTES + SLACK_BYTES;
  if (!short && most > limit) failures.push(`RSS reached ${megabytes(most)}, more than ${megabytes(limit)}`);
  if (views.length !== readers) failures.push(`${views.length} of ${readers} readers are still connected`);
  const unbalanced = views.filter((view) => view.sent + view.queued + view.dropped !== perReader);
  if (unbalanced.length > 0)
    failures.push(`the books of ${unbalanced.length} readers do not balance: ${shown(unbalanced[0]!)}`);
  const sum = (key: 'sent' | 'queued' | 'dropped') => views.reduce((all, view) => all + view[key], 0);
  if (!short && sum('dropped') === 0) failures.push('nothing was dropped: the run proves nothing');
  return {
    scenario: `slow-readers ${name}`,
    failures,
    figures: {
      readers,
      published: `${messages} × ${bytes} B in ${milliseconds(ms)}`,
      'RSS before': megabytes(before),
      most: megabytes(most),
      limit: megabytes(limit),
      'for the readers': megabytes(readers * perReader * bytes),
      sent: sum('sent'),
      queued: sum('queued'),
      dropped: sum('dropped'),
      'who reads got': `${read.received} of ${messages}`,
    },
  };
}

function shown({ clientId, sent, queued, dropped }: ClientView): string {
  return `${clientId} sent ${sent}, queued ${queued}, dropped ${dropped}`;
}
