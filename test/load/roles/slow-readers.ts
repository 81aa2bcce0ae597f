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

export interface PublisherOptions {
  readonly port: number;
  readonly qos: 0 | 1;
  readonly messages: number;
  readonly bytes: number;
  /** Topics in turn; 0: the shared one. */
  readonly topics: number;
}

export interface PublisherResult {
  readonly ms: number;
  readonly received: number;
  /** Out of order, or twice. */
  readonly wrong: number;
}

/** Messages on their way to the reader that keeps up: no more than one write holds. */
const WINDOW = 4;

/** Publishes as fast as a reader that keeps up can read: it is subscribed to everything itself. */
export async function publisher(context: Context, options: PublisherOptions): Promise<PublisherResult> {
  const { port, qos, messages, bytes, topics } = options;
  const [source, reader] = [new LoadClient({ port }, 'publisher'), new LoadClient({ port }, 'healthy')];
  if ((await source.connack) !== 0 || (await reader.connack) !== 0) throw new Error('the publisher was refused');
  let received = 0;
  let wrong = 0;
  let onReceived: () => void = () => {};
  reader.onPublish = (_topic, payload) => {
    if (payload.readInt32BE(0) !== received++) wrong++;
    onReceived();
  };
  await reader.subscribe(['load/slow/+', qos]);
  context.say('connected');
  await context.hear('publish');
  const startedAt = performance.now();
  const payload = Buffer.alloc(bytes, 0x78);
  for (let i = 0; i < messages; i++) {
    payload.writeInt32BE(i, 0);
    const topic = topics === 0 ? 'load/slow/all' : `load/slow/${i % topics}`;
    source.socket.write(publishFrame(topic, payload, qos, (i % 65_535) + 1));
    // A message that is lost must not stop the run: it is counted at the end.
    for (const until = performance.now() + 1_000; i + 1 - received >= WINDOW && performance.now() < until; ) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 1_000);
        onReceived = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
  const ms = performance.now() - startedAt;
  for (let tries = 0; received < messages && tries < 500; tries++) await sleep(20);
  source.close();
  reader.close();
  return { ms, received, wrong };
}
