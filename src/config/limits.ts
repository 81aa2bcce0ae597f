/** `broker.limits`: what clients may make the broker do and keep; and `limits` of a listener. */
import { z } from 'zod';
import { duration, size, whole } from './values.js';

/** Without defaults: as a listener may set them, for itself, in place of those of the broker. */
const perListener = {
  connections: whole(1, 1_000_000).describe('clients connected at a time'),
  connectionsPerAddress: whole(0, 1_000_000).describe(
    'clients connected at a time from one address (IPv6: one /64 network); 0: no limit of its own',
  ),
  connectRate: whole(0, 1_000_000).describe('new connections per second, twice as many after a rest; 0: no limit'),
  connectRatePerAddress: whole(0, 1_000_000).describe('the same from one address (IPv6: one /64 network); 0: no limit'),
  connectTimeout: duration('100ms', '10m').describe('time from accept to CONNECT'),
  messageRate: whole(0, 10_000_000).describe('PUBLISH packets per second and client; 0: no limit'),
  byteRate: size('0B', '10GB').describe('bytes received per second and client; 0B: no limit'),
  overRate: z
    .enum(['throttle', 'disconnect'])
    .describe('a client beyond its rate is read more slowly (nothing is lost), or disconnected'),
  packetBytes: size('1KB', '256MB').describe('largest control packet accepted'),
  subscriptions: whole(1, 100_000).describe('subscriptions per session'),
  topicLevels: whole(1, 201).describe('levels of a topic or filter'),
  topicBytes: whole(1, 65_535).describe('length of a topic or filter, bytes of UTF-8'),
};

export const listenerLimits = z.strictObject(perListener).partial();

const slowConsumer = z.strictObject({
  qos0: z
    .enum(['drop-new', 'drop-oldest', 'disconnect'])
    .default('drop-new')
    .describe('QoS 0 messages for a client with maxBytes unwritten'),
  maxBytes: size('16KB', '256MB')
    .prefault('1MB')
    .describe('unwritten bytes of one connection; less while many clients are slow'),
  timeout: duration('0ms', '1d').prefault('0ms').describe('a client behind for so long is disconnected; 0ms: never'),
});

export const limits = z.strictObject({
  connections: perListener.connections.default(1_000),
  connectionsPerAddress: perListener.connectionsPerAddress.default(0),
  connectionsPerUser: whole(0, 1_000_000).default(0).describe('clients connected at a time per user; 0: no limit'),
  connectRate: perListener.connectRate.default(2_000),
  connectRatePerAddress: perListener.connectRatePerAddress.default(500),
  connectTimeout: perListener.connectTimeout.prefault('10s'),
  messageRate: perListener.messageRate.default(0),
  byteRate: perListener.byteRate.prefault('0B'),
  overRate: perListener.overRate.default('throttle'),
  packetBytes: perListener.packetBytes.prefault('1MB'),
  subscriptions: perListener.subscriptions.default(1_000),
  topicLevels: perListener.topicLevels.default(201),
  topicBytes: perListener.topicBytes.default(65_535),
  queuedMessages: whole(1, 1_000_000).default(1_000).describe('messages queued for one session; the oldest goes first'),
  queuedBytes: size('64KB', '10GB')
    .prefault('8MB')
    .describe('bytes queued for one session, and in flight to it; the oldest queued goes first'),
  pendingBytes: size('4MB', '100GB')
    .prefault('256MB')
    .describe(
      'bytes that wait for all clients together: half for connections (QoS 0 is dropped first), half for sessions (the oldest of the fullest go)',
    ),
  subscriptionBytes: size('1MB', '100GB')
    .prefault('256MB')
    .describe('bytes that the subscriptions of all sessions may take, each level of a filter included'),
  receiveMaximum: whole(1, 65_535).default(100).describe('QoS 1 and 2 messages in flight per direction'),
  retainedMessages: whole(1, 10_000_000).default(100_000).describe('retained messages in all'),
  sessionExpiry: duration('0ms', '49710d').prefault('7d').describe('longest Session Expiry Interval granted'),
  keepAlive: duration('1s', '65535s')
    .prefault('65535s')
    .describe('longest Keep Alive of 5.0 clients, which are told; less than 65535s: also of those that ask for none'),
  drainTimeout: duration('1s', '1h')
    .prefault('30s')
    .describe('a receiver that takes nothing for so long is disconnected'),
  slowConsumer: slowConsumer.prefault({}).describe('a client that takes less than is sent to it'),
});
