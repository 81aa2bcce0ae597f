/** A process that makes load: one role, told by its parent over IPC, which it answers with its result. */
import { exchange } from './roles/exchange.js';
import { flood } from './roles/flood.js';
import { guess } from './roles/guess.js';
import { hostile } from './roles/hostile.js';
import { probe } from './roles/probe.js';
import type { Context } from './roles/role.js';
import { publisher, slowReaders } from './roles/slow-readers.js';
import { steady } from './roles/steady.js';
import { watch } from './roles/watch.js';

const roles = { exchange, flood, guess, hostile, probe, publisher, slowReaders, steady, watch };
export type RoleName = keyof typeof roles;
export type Options<R extends RoleName> = Parameters<(typeof roles)[R]>[1];
export type Result<R extends RoleName> = Awaited<ReturnType<(typeof roles)[R]>>;

if (process.send !== undefined) {
  const waiting = new Map<string, () => void>();
  const told = new Set<string>();
  const context: Context = {
    say: (word) => void process.send?.({ word }),
    hear: (word) =>
      new Promise((resolve) => {
        if (told.delete(word)) resolve();
        else waiting.set(word, resolve);
      }),
  };
  process.on('disconnect', () => process.exit(0));
  process.on('message', (message: { role?: RoleName; options?: unknown; word?: string }) => {
    if (message.word !== undefined) {
      const resolve = waiting.get(message.word);
      if (resolve === undefined) told.add(message.word);
      else resolve();
      return;
    }
    const role = roles[message.role!] as (context: Context, options: unknown) => Promise<unknown>;
    role(context, message.options).then(
      (result) => process.send?.({ result: result ?? null }),
      (error: unknown) => process.send?.({ error: String(error instanceof Error ? error.stack : error) }),
    );
  });
}
