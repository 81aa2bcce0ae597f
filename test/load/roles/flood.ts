/** One client that sends as fast as the broker reads. */

import type { Credentials } from '../client.js';
import { frame, LoadClient, publishFrame } from '../client.js';
import type { Context } from './role.js';

export const floods = ['qos0', 'fanout', 'large', 'subscribe', 'ping'] as const;
export type FloodKind = (typeof floods)[number];

export interface FloodOptions {
  readonly port: number;
  readonly kind: FloodKind;
  readonly credentials?: Credentials;
}

const BLOCK = 256 * 1024;

function repeated(...frames: readonly Buffer[]): Buffer {
  const one = Buffer.concat(frames);
  return Buffer.concat(Array.from({ length: Math.max(1, Math.floor(BLOCK / one.length)) }, () => one));
}

/** Floods from each `start` to the next `stop`. */
export async function flood(context: Context, { port, kind, credentials }: FloodOptions): Promise<void> {
  const client = new LoadClient({ port, localAddress: '127.0.0.251' }, `flood-${kind}`, credentials);
  if ((await client.connack) !== 0) throw new Error('the flooder was refused');
  if (kind === 'fanout') await client.subscribe(['load/flood', 0]);
  context.say('connected');
  const topic = 'load/flood';
  const subscriptions = Array.from({ length: 100 }, (_, i) => ({ topic: `load/storm/${i}/+`, qos: 0 as const }));
  const blocks: Readonly<Record<FloodKind, () => Buffer>> = {
    qos0: () => repeated(publishFrame(topic, Buffer.alloc(64))),
    fanout: () => repeated(publishFrame(topic, Buffer.alloc(64))),
    large: () => publishFrame(topic, Buffer.alloc(990_000)),
    subscribe: () =>
      repeated(
        frame({ cmd: 'subscribe', messageId: 1, subscriptions }),
        frame({ cmd: 'unsubscribe', messageId: 2, unsubscriptions: subscriptions.map((one) => one.topic) }),
      ),
    ping: () => repeated(frame({ cmd: 'pingreq' })),
  };
  const block = blocks[kind]();
  for (;;) {
    await context.hear('start');
    const stop = client.flood(block);
    await context.hear('stop');
    stop();
  }
}
