/** Readers that stop reading, one that does not, and a publisher that waits for the latter only. */
import { setTimeout as sleep } from 'node:timers/promises';
import { LoadClient, publishFrame, sourceAddress } from '../client.js';
import type { Context } from './role.js';

export interface SlowReadersOptions {
  readonly port: number;
  readonly clients: number;
  readonly qos: 0 | 1;
  /** Each has its own topic beside the shared one, so that nothing can be shared in memory. */
  readonly ownTopics: boolean;
}

/** Until `close`: subscribes, then reads nothing. */
export async function slowReaders(context: Context, options: SlowReadersOptions): Promise<void> {
  const clients: LoadClient[] = [];
  for (let from = 0; from < options.clients; from += 100) {
    const batch = Array.from({ length: Math.min(100, options.clients - from) }, (_, k) => from + k);
    await Promise.all(
      batch.map(async (i) => {
        const client = new LoadClient({ port: options.port, localAddress: sourceAddress(i) }, `slow-${i}`);
        clients.push(client);
        const code = await client.connack;
        if (code !== 0) throw new Error(`reader ${i} was answered ${code}`);
        const filter = options.ownTopics ? `load/slow/${i}` : 'load/slow/all';
        await client.subscribe([filter, options.qos]);
        client.socket.pause();
      }),
    );
  }
  context.say('connected');
  await context.hear('close');
  for (const client of clients) client.close();
}

export interface ReaderOptions {
  readonly port: number;
  readonly qos: 0 | 1;
  readonly messages: number;
}

/** Reads everything. @returns how many came, and how many of them out of order or twice */
export async function reader(
  context: Context,
  { port, qos, messages }: ReaderOptions,
): Promise<{ received: number; wrong: number }> {
  const client = new LoadClient({ port }, 'healthy');
  if ((await client.connack) !== 0) throw new Error('the reader was refused');
  let received = 0;
  let wrong = 0;
  client.onPublish = (_topic, payload) => {
    if (payload.readInt32BE(0) !== received++) wrong++;
  };
  await client.subscribe(['load/slow/+', qos]);
  context.say('connected');
  await context.hear('published');
  for (let tries = 0; received < messages && tries < 500; tries++) await sleep(20);
  client.close();
  return { received, wrong };
}

export interface PublisherOptions {
  readonly port: number;
  readonly qos: 0 | 1;
  readonly messages: number;
  readonly bytes: number;
  /** Topics in turn; 0: the shared one. */
  readonly topics: number;
}

/** Publishes as fast as its own echo comes back: the broker is busy, but nobody who reads is flooded. */
export async function publisher(context: Context, options: PublisherOptions): Promise<{ ms: number }> {
  const { port, qos, messages, bytes, topics } = options;
  const client = new LoadClient({ port }, 'publisher');
  if ((await client.connack) !== 0) throw new Error('the publisher was refused');
  await client.subscribe(['load/echo', 0]);
  let echo: () => void = () => {};
  client.onPublish = () => echo();
  await context.hear('publish');
  const startedAt = performance.now();
  const payload = Buffer.alloc(bytes, 0x78);
  for (let i = 0; i < messages; i++) {
    payload.writeInt32BE(i, 0);
    const topic = topics === 0 ? 'load/slow/all' : `load/slow/${i % topics}`;
    client.socket.write(publishFrame(topic, payload, qos, (i % 65_535) + 1));
    if (i % 4 !== 3) continue;
    const echoed = new Promise<void>((resolve) => {
      echo = resolve;
    });
    client.socket.write(publishFrame('load/echo', 'x'));
    await echoed;
  }
  const ms = performance.now() - startedAt;
  client.close();
  return { ms };
}
