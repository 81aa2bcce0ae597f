/** `broker.limits`: what clients may make the broker do and keep. */
import { z } from 'zod';
import { duration, size, whole } from './values.js';

export const limits = z.strictObject({
  connections: whole(1, 1_000_000).default(1_000).describe('clients connected at a time'),
  packetBytes: size('1KB', '256MB').prefault('1MB').describe('largest control packet accepted'),
  queuedMessages: whole(1, 1_000_000).default(1_000).describe('messages queued for one session; the oldest goes first'),
  receiveMaximum: whole(1, 65_535).default(100).describe('QoS 1 and 2 messages in flight per direction'),
  retainedMessages: whole(1, 10_000_000).default(100_000).describe('retained messages in all'),
  subscriptions: whole(1, 100_000).default(1_000).describe('subscriptions per session'),
  sessionExpiry: duration('0ms', '49710d').prefault('7d').describe('longest Session Expiry Interval granted'),
  keepAlive: duration('1s', '65535s')
    .prefault('65535s')
    .describe('longest Keep Alive of 5.0 clients, which are told; less than 65535s: also of those that ask for none'),
  connectTimeout: duration('100ms', '10m').prefault('10s').describe('time from accept to CONNECT'),
  drainTimeout: duration('1s', '1h')
    .prefault('30s')
    .describe('a receiver that takes nothing for so long is disconnected'),
});
