/** One client that sends messages at which a function fails, at a pace. */
import { LoadClient, publishFrame } from '../client.js';
import type { Context } from './role.js';

export interface HostileOptions {
  readonly port: number;
  readonly topic: string;
  readonly payload: string;
  /** Per second. */
  readonly rate: number;
}

/** Sends from each `start` to the next `stop`. */
export async function hostile(context: Context, { port, topic, payload, rate }: HostileOptions): Promise<void> {
  const client = new LoadClient({ port, localAddress: '127.0.0.252' }, `hostile-${topic}`);
  if ((await client.connack) !== 0) throw new Error('the client was refused');
  context.say('connected');
  const frame = publishFrame(topic, payload);
  for (;;) {
    await context.hear('start');
    const timer = setInterval(() => client.socket.write(frame), 1_000 / rate);
    await context.hear('stop');
    clearInterval(timer);
  }
}
