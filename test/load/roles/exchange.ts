/** Many clients that connect, subscribe, publish, and check that each of them receives all it should, once and in order. */
import { setTimeout as sleep } from 'node:timers/promises';
import { LoadClient, publishFrame, sourceAddress } from '../client.js';
import type { Context } from './role.js';

export interface ExchangeOptions {
  readonly port: number;
  /** Index of the first client; source addresses and groups follow from it. */
  readonly first: number;
  readonly clients: number;
  /** Clients that share a topic. */
  readonly group: number;
  /** Messages of each client to its own topic, and to that of its group. */
  readonly rounds: number;
  /** Messages that the first worker publishes to a topic of all clients. */
  readonly shared: number;
  /** Of all workers together. */
  readonly allClients: number;
  readonly connectAtOnce: number;
}

export interface ExchangeResult {
  readonly connectMs: number;
  readonly exchangeMs: number;
  readonly expected: number;
  readonly received: number;
  /** Not expected, twice, or out of order. */
  readonly wrong: number;
}

const STEPS = 50;
/** Everything is there, or will not come, ms. */
const PATIENCE = 60_000;

export async function exchange(context: Context, options: ExchangeOptions): Promise<ExchangeResult> {
  const { port, first, clients: count, group, rounds, shared } = options;
  const clients: LoadClient[] = [];
  let received = 0;
  let wrong = 0;
  /** The last number received by a client of a sender: own, of each in the group, of the shared topic. */
  const last = Array.from({ length: count }, () => new Int32Array(group + 2).fill(-1));
  const startedAt = performance.now();
  for (let from = 0; from < count; from += options.connectAtOnce) {
    const batch = Array.from({ length: Math.min(options.connectAtOnce, count - from) }, (_, k) => from + k);
    await Promise.all(
      batch.map(async (i) => {
        const index = first + i;
        const client = new LoadClient({ port, localAddress: sourceAddress(index) }, `load-${index}`);
        clients[i] = client;
        const code = await client.connack;
        if (code !== 0) throw new Error(`client ${index} was answered ${code}`);
        const ownGroup = Math.floor(index / group);
        client.onPublish = (topic, payload) => {
          const sender = payload.readUInt32BE(0);
          const number = payload.readInt32BE(4);
          const place = topic.startsWith('load/own/')
            ? sender === index && topic === `load/own/${index}`
              ? group
              : -1
            : topic === 'load/all'
              ? group + 1
              : Math.floor(sender / group) === ownGroup && topic === `load/group/${ownGroup}`
                ? sender % group
                : -1;
          received++;
          if (place < 0 || last[i]![place] !== number - 1) wrong++;
          else last[i]![place] = number;
        };
        await client.subscribe([`load/own/${index}`, 1], [`load/group/${ownGroup}`, 1], ['load/all', 0]);
      }),
    );
  }
  const connectMs = performance.now() - startedAt;
  context.say('connected');
  await context.hear('exchange');
  const exchangeAt = performance.now();
  const payload = Buffer.alloc(64);
  for (let round = 0; round < rounds; round++) {
    for (let step = 0; step < STEPS; step++) {
      for (let i = step; i < count; i += STEPS) {
        payload.writeUInt32BE(first + i, 0);
        payload.writeInt32BE(round, 4);
        const { socket } = clients[i]!;
        socket.write(publishFrame(`load/own/${first + i}`, payload, 1, 1));
        socket.write(publishFrame(`load/group/${Math.floor((first + i) / group)}`, payload, 1, 2));
      }
      await sleep(5);
    }
    // The next round when this one is through: clients, not a flood.
    const all = count * (round + 1) * (1 + group);
    for (const until = performance.now() + PATIENCE; received < all && performance.now() < until; ) await sleep(5);
  }
  for (let number = 0; first === 0 && number < shared; number++) {
    payload.writeUInt32BE(0, 0);
    payload.writeInt32BE(number, 4);
    clients[0]!.socket.write(publishFrame('load/all', payload, 0));
    await sleep(20);
  }
  const expected = count * (rounds * (1 + group) + shared);
  for (const until = performance.now() + PATIENCE; received < expected && performance.now() < until; ) await sleep(20);
  const exchangeMs = performance.now() - exchangeAt;
  context.say('done');
  await context.hear('close');
  for (const client of clients) client.close();
  return { connectMs, exchangeMs, expected, received, wrong };
}
