/** What the configuration says about serial devices: three zod shapes, merged flat into port, device and point. */
import { z } from 'zod';
import { checksumSchema, frameSchema } from './frame.js';
import { parseSchema } from './parse.js';
import { pollSchema, sendSchema } from './send.js';
import { duration } from './values.js';

const staleAfter = duration(10, '10ms')
  .optional()
  .describe('without a value for so long, the last one is stale; absent: never, as of a scanner');

const secret = z
  .union([z.strictObject({ env: z.string().min(1).max(128) }), z.strictObject({ file: z.string().startsWith('/') })], {
    error: 'expected { env: NAME } or { file: /absolute/path }: secrets do not stand in the configuration',
  })
  .describe('password for writing (IEC 62056-21 programming mode)');

export const portSchema = z.object({});

export const deviceSchema = z.object({
  address: z
    .string()
    .regex(/^[ -~]{1,32}$/, 'expected up to 32 printable ASCII characters')
    .optional()
    .describe('how the device is called on a line with several; {address} in templates'),
  protocol: z
    .enum(['frames', 'iec62056-21'])
    .default('frames')
    .describe('frames: as `frame` and `parse` say; iec62056-21: meters with sign-on (mode A, B and C)'),
  frame: frameSchema.optional().describe('how frames are told apart'),
  checksum: checksumSchema.optional().describe('checksum of a frame: its name, or { type, encoding, endian, … }'),
  parse: parseSchema.optional().describe('how a frame becomes fields: json, nmea, obis, regex, csv, columns, struct'),
  charset: z.enum(['ascii', 'latin1', 'utf8']).default('latin1').describe('of text in frames'),
  poll: pollSchema.optional().describe('what the device is asked; absent: it sends by itself, and is listened to'),
  wrap: z.boolean().optional().describe('what is sent is made a frame of; true with slip, cobs and nmea'),
  staleAfter,
  raw: z
    .strictObject({
      encoding: z.enum(['hex', 'base64', 'text']).default('hex').describe('how bytes are written in these messages'),
      tee: z.boolean().default(false).describe('every frame is published to …/$raw/rx, what is sent to …/$raw/tx'),
      request: z
        .boolean()
        .default(false)
        .describe('what comes to …/$raw/set is sent, and the next frame is the result'),
    })
    .optional()
    .describe('the bytes themselves, over MQTT'),
  password: secret.optional(),
  fixedBaudRate: z
    .boolean()
    .default(false)
    .describe('iec62056-21: stay at the baud rate of the port, also where the wire could change it'),
});

export const addressSchema = z.object({
  field: z.string().min(1).max(64).optional().describe('field of the frame; the name of the point when absent'),
  type: z
    .enum(['auto', 'number', 'text', 'boolean', 'hex'])
    .default('auto')
    .describe('auto: a number where the text is one; hex: the text is hexadecimal digits'),
  decimal: z.enum(['.', ',']).default('.').describe('decimal point'),
  is: z
    .union([z.string(), z.array(z.string()).min(1).max(32)])
    .transform((one) => [one].flat())
    .optional()
    .describe('the value is whether the field is this text, or one of these'),
  poll: pollSchema.optional().describe('what is asked for this point, in place of the poll of the device'),
  staleAfter,
  send: sendSchema.optional().describe('how the point is written: {value} is the value'),
  encoded: z
    .boolean()
    .default(false)
    .describe(
      'the point is written with the frames that a function makes (its `encode`); `send` says how they are answered',
    ),
  command: z.boolean().default(false).describe('the point is a command only, such as a tare: it has no value'),
});

export type DeviceOptions = z.output<typeof deviceSchema>;
export type PointAddress = z.output<typeof addressSchema>;
