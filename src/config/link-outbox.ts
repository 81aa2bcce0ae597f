/** `outbox` of a link: what it keeps while its far side takes nothing, and how it catches up. */
import { z } from 'zod';
import type { OutboxConfig } from '../core/config.js';
import { topicNameFault } from '../core/topic.js';
import { diskSpace } from './store.js';
import { duration, say, shown, size, whole } from './values.js';

const localTopic = z.string().superRefine((text, context) => {
  const fault = topicNameFault(text);
  if (fault === undefined && !text.startsWith('$')) return;
  const message = `${shown(text)} cannot begin a topic${fault === undefined ? '' : `: it ${fault}`}`;
  context.addIssue({ code: 'custom', message: say(message, 'write a topic without wildcards, such as dead/cloud') });
});

const thin = z
  .strictObject({
    every: whole(2, 10_000).optional().describe('of each topic every n-th message stays'),
    interval: duration('1s', '30d').optional().describe('of each topic the last message of each interval stays'),
  })
  .superRefine(({ every, interval }, context) => {
    if ((every === undefined) !== (interval === undefined)) return;
    context.addIssue({
      code: 'custom',
      message: say('needs one of `every` and `interval`', 'write `thin: { every: 10 }` or `thin: { interval: 1m }`'),
    });
  });

export const outboxSchema = z
  .strictObject({
    maxMessages: whole(1, 100_000_000).default(1_000_000).describe('waiting on disk'),
    maxBytes: size('64KB', '1000GB').prefault('256MB').describe('waiting on disk, as they are kept'),
    maxAge: duration('1s', '3650d').optional().describe('older ones are dropped, counted'),
    minFree: diskSpace.prefault('64MB').describe('with less free on the disk it counts as full: "64MB" or "5%"'),
    full: z
      .enum(['drop-oldest', 'drop-new', 'thin'])
      .default('drop-oldest')
      .describe('what goes when it is full: lower priorities first, counted, and reported upstream'),
    thin: thin.optional().describe('for `full: thin`'),
    deadLetter: localTopic
      .optional()
      .describe('messages that the far side refuses for good are published here, under this topic and a slash'),
    order: z
      .enum(['live-first', 'history-first', 'interleaved'])
      .default('live-first')
      .describe('after an outage; messages of one topic stay in order in any case'),
    rate: whole(1, 1_000_000).optional().describe('messages of the backlog a second'),
    bandwidth: size('100B', '1GB').optional().describe('bytes of the backlog a second'),
  })
  .superRefine((outbox, context) => {
    if (outbox.full !== 'thin' || outbox.thin !== undefined) return;
    context.addIssue({
      code: 'custom',
      path: ['full'],
      message: say('does not say what is to stay', 'add `thin: { every: 10 }` or `thin: { interval: 1m }`'),
    });
  });

export function toOutboxConfig(parsed: z.output<typeof outboxSchema>): OutboxConfig {
  const { order, rate, bandwidth, thin: rule, maxAge, deadLetter, ...rest } = parsed;
  const { every, interval } = rule ?? {};
  return {
    ...rest,
    maxAge,
    deadLetter,
    thin: interval !== undefined ? { interval } : { every: every ?? 2 },
    drain: { order, rate, bandwidth },
  };
}
