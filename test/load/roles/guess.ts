/** Somebody who tries passwords, from one address, on several connections at a time. */
import { LoadClient } from '../client.js';
import type { Context } from './role.js';

export interface GuessOptions {
  readonly port: number;
  readonly username: string;
  readonly tries: number;
  readonly atOnce: number;
}

export async function guess(
  context: Context,
  { port, username, tries, atOnce }: GuessOptions,
): Promise<{ refused: number; closed: number; accepted: number; ms: number }> {
  context.say('connected');
  await context.hear('start');
  const startedAt = performance.now();
  const outcome = { refused: 0, closed: 0, accepted: 0 };
  let next = 0;
  const attempt = async () => {
    while (next < tries) {
      const password = `guess-${next++}`;
      const client = new LoadClient({ port, localAddress: '127.0.0.252' }, `guess-${next}`, { username, password });
      const code = await client.connack;
      if (code === 0) outcome.accepted++;
      else if (code < 0) outcome.closed++;
      else outcome.refused++;
      client.close();
    }
  };
  await Promise.all(Array.from({ length: atOnce }, attempt));
  return { ...outcome, ms: performance.now() - startedAt };
}
