/** `store`: how what was accepted is kept; and where, by default. */
import { join } from 'node:path';
import { z } from 'zod';
import type { StoreConfig } from '../core/config.js';
import { parseSize, SIZE_PATTERN } from '../core/duration.js';
import { say, shown, size } from './values.js';

const PERCENT_PATTERN = /^(\d{1,2})%$/;

/** A size such as `64MB`, or a part of the disk such as `5%`. */
export const diskSpace = z.string().transform((text, context) => {
  const percent = PERCENT_PATTERN.exec(text)?.[1];
  if (percent !== undefined) return { bytes: 0, share: Number(percent) / 100 };
  if (SIZE_PATTERN.test(text)) return { bytes: parseSize(text)!, share: 0 };
  const hint = 'write a size such as 64MB, or a part of the disk from 0% to 99%';
  context.addIssue({ code: 'custom', message: say(`${shown(text)} is neither a size nor a percentage`, hint) });
  return z.NEVER;
});

export const storeSchema = z.strictObject({
  durability: z
    .enum(['strict', 'relaxed'])
    .default('strict')
    .describe(
      'strict: what is acknowledged is on disk, nothing is lost by a power cut; relaxed: acknowledged at once and written once a second: a power cut or crash loses at most what came in the last second, for fewer writes',
    ),
  maxBytes: size('1MB', '1000GB').prefault('1GB').describe('messages of all queues together, on disk'),
  overflow: z
    .enum(['refuse', 'drop-oldest'])
    .default('refuse')
    .describe('beyond maxBytes: publishers are told 0x97, or the oldest messages of each session go, counted'),
  minFree: diskSpace
    .prefault('32MB')
    .describe('less free on the disk, and no message is taken that must be kept (0x97): "64MB" or "5%"'),
});

export function toStoreConfig(parsed: z.output<typeof storeSchema>): StoreConfig {
  return parsed;
}

/** The folder of systemd's StateDirectory, or of the user. */
export function defaultDataFolder(env: Readonly<Record<string, string | undefined>>, id: string): string {
  const ofService = env.STATE_DIRECTORY?.split(':')[0];
  if (ofService) return ofService;
  return join(env.XDG_STATE_HOME || join(env.HOME || '/var/lib', '.local', 'state'), 'hpmq', id);
}
