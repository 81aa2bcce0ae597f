/** `servers.<name>` in the words of CoAP: which points and topics are resources, and what may be done with them. */
import { z } from 'zod';
import { DURATION_PATTERN, parseDuration } from '../../../src/adapter.js';

const REFERENCE = /^([A-Za-z0-9_.-]{1,64})\.([A-Za-z0-9_-]{1,64})$/;

const duration = (min: string, max: string) =>
  z
    .string()
    .regex(DURATION_PATTERN, 'expected a duration such as "10s" or "1h"')
    .transform((text) => parseDuration(text)!)
    .refine((ms) => ms >= parseDuration(min)! && ms <= parseDuration(max)!, `expected a duration from ${min} to ${max}`)
    .meta({ $comment: `duration, ${min} to ${max}` });

/** `boiler.temperature`: the last dot is between device and point. */
const reference = z
  .string()
  .regex(REFERENCE, 'expected a device and a point, such as "boiler.temperature"')
  .transform((text) => {
    const [, device = '', point = ''] = REFERENCE.exec(text) ?? [];
    return { device, point };
  });

/** A topic without wildcards. */
const topic = z
  .string()
  .min(1)
  .max(1_024)
  .regex(/^[^+#\0]+$/, 'expected a topic without wildcards');

export const roleSchema = z.object({
  user: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .describe('user of the access rules as whom CoAP clients act; without it they are anonymous'),
  points: z
    .union([z.enum(['all', 'none']), z.array(reference).min(1).max(10_000)], {
      error: 'expected all, none, or a list of points such as [boiler.temperature]',
    })
    .default('all')
    .describe('resources /points/<device>/<point>'),
  write: z
    .boolean()
    .default(false)
    .describe('points with `write` may be written by PUT and POST, within their limits and the access rules'),
  topics: z
    .boolean()
    .default(true)
    .describe(
      'resources /ps/<topic>: PUT keeps (retained), POST passes on, GET reads, Observe subscribes, DELETE clears',
    ),
  qos: z.literal([0, 1, 2]).default(1).describe('MQTT quality of service of what is published'),
  mailboxes: z
    .record(
      z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/, 'expected a name of letters, digits, "_", "." and "-"'),
      z.strictObject({
        topic: topic.describe('messages to it wait for the device'),
        keep: z.int().min(1).max(1_000).default(16).describe('messages that wait; the oldest goes first'),
        expiry: duration('1s', '24d').prefault('1d').describe('a message that waits longer is thrown away'),
      }),
    )
    .default({})
    .describe('resources /mailbox/<name> for devices that sleep: GET shows the oldest message, DELETE takes it out'),
  ackTimeout: duration('50ms', '1m')
    .prefault('2s')
    .describe('ACK_TIMEOUT: how long the first acknowledgement of a notification is awaited; doubles each time'),
  maxRetransmit: z.int().min(0).max(10).default(4).describe('MAX_RETRANSMIT: then an observer is taken for gone'),
  maxAge: duration('1s', '1d').prefault('60s').describe('Max-Age of values: how long a client may believe them'),
  blockSize: z
    .literal([16, 32, 64, 128, 256, 512, 1024])
    .default(1024)
    .describe('largest block that is sent and taken, bytes'),
  maxBytes: z
    .int()
    .min(64)
    .max(16_777_216)
    .default(65_536)
    .describe('largest body that is put together from blocks, bytes'),
});

export type RoleOptions = z.output<typeof roleSchema>;
