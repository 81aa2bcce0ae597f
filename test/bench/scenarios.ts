/** The loads. Each is a closed loop with a window, except those with a fixed rate; none relies on the broker to queue more. */

import { ROOT } from './client.js';
import { closedLoop, type Shape } from './closed-loop.js';
import { fixedRate } from './fixed-rate.js';
import { idleConnections } from './idle.js';
import type { Scenario } from './load.js';
import { offlineSession, retainedReplay } from './stored.js';

const TOPIC = `${ROOT}/line1/temperature`;

const oneTopic = {
  topic: () => TOPIC,
  publishers: 1,
  subscribers: [[TOPIC]],
  copies: () => 1,
  qos: 0,
  payloadBytes: 64,
  window: 1_000,
  batch: 100,
} satisfies Shape;

/** 1,000 topics: 10 lines with 100 devices each. */
const deviceTopic = (_publisher: number, message: number) =>
  `${ROOT}/line${message % 10}/dev${String(Math.floor(message / 10) % 100).padStart(2, '0')}/temperature`;

/** 50 clients watch a whole line, five each; 50 watch a device on all lines, every second one. */
const mixed: Shape = {
  topic: deviceTopic,
  publishers: 1,
  subscribers: Array.from({ length: 100 }, (_, i) =>
    i < 50 ? [`${ROOT}/line${i % 10}/#`] : [`${ROOT}/+/dev${String((i - 50) * 2).padStart(2, '0')}/temperature`],
  ),
  copies: (topic) => (Number(/dev(\d+)/.exec(topic)?.[1]) % 2 === 0 ? 6 : 5),
  qos: 0,
  payloadBytes: 64,
  window: 1_000,
  batch: 100,
};

function loop(id: string, title: string, shape: Partial<Shape>): Scenario {
  return { id, title, start: (target) => closedLoop(target, { ...oneTopic, ...shape }) };
}

/** One message out at a time. */
function pingPong(id: string, title: string, qos: 0 | 1): Scenario {
  const shape: Shape = { ...oneTopic, qos, window: 1, batch: 1, isUnpipelined: true };
  return { id, title, takesTurns: true, start: (target) => closedLoop(target, shape) };
}

const hundred = Array.from({ length: 100 }, () => [TOPIC]);

export const scenarios: readonly Scenario[] = [
  loop('A', '1 → 1, QoS 0, 64 B, window 1000, 100 per write', {}),
  loop('B', '1 → 100, QoS 0, 64 B, window 100, 10 per write', {
    subscribers: hundred,
    copies: () => 100,
    window: 100,
    batch: 10,
  }),
  loop('C', '100 → 1, QoS 0, 64 B, window 100 each, 10 per write', { publishers: 100, window: 100, batch: 10 }),
  loop('D', '1 → 1, QoS 1, 64 B, window 100, 10 per write', { qos: 1, window: 100, batch: 10 }),
  loop('E', '1 → 1, QoS 2, 64 B, window 20, 5 per write', { qos: 2, window: 20, batch: 5 }),
  loop('F', '1,000 topics × 100 clients with wildcards, QoS 0, 64 B, window 1000, 100 per write', mixed),
  loop('F200', 'the same, window 200, 20 per write', { ...mixed, window: 200, batch: 20 }),
  loop('H', '1 → 1, QoS 0, 1 KiB, window 200, 20 per write', { payloadBytes: 1_024, window: 200, batch: 20 }),
  loop('H16', '1 → 1, QoS 0, 16 KiB, window 50, 5 per write', { payloadBytes: 16_384, window: 50, batch: 5 }),
  loop('Au', '1 → 1, QoS 0, 64 B, window 100, one per write', { window: 100, batch: 10, isUnpipelined: true }),
  pingPong('A1', '1 → 1, QoS 0, 64 B, ping-pong: one out at a time', 0),
  loop('Bu', '1 → 100, QoS 0, 64 B, window 10, one per write', {
    subscribers: hundred,
    copies: () => 100,
    window: 10,
    batch: 2,
    isUnpipelined: true,
  }),
  loop('Du', '1 → 1, QoS 1, 64 B, window 100, one per write', { qos: 1, window: 100, batch: 10, isUnpipelined: true }),
  pingPong('D1', '1 → 1, QoS 1, 64 B, ping-pong', 1),
  loop('Eu', '1 → 1, QoS 2, 64 B, window 20, one per write', { qos: 2, window: 20, batch: 5, isUnpipelined: true }),
  {
    id: 'G',
    title: '10,000 idle connections',
    start: (target, pid) => idleConnections(target, pid, 10_000),
  },
  {
    id: 'I',
    title: '100,000 retained messages of 64 B, replayed to a wildcard subscription (per message replayed)',
    start: (target) => retainedReplay(target, { root: `${ROOT}/retained`, messages: 100_000, payloadBytes: 64 }),
  },
  {
    id: 'J',
    title: '1 → 1, QoS 0, 64 B, 1000 messages/s, one per write',
    takesTurns: true,
    start: (target) => fixedRate(target, { topic: TOPIC, payloadBytes: 64, perSecond: 1_000 }),
  },
  {
    id: 'K',
    title: 'QoS 1, 128 B, to a persistent session that is away, window 1000 (latency: a PINGREQ beside it)',
    isDurable: true,
    start: (target) => offlineSession(target, { topic: TOPIC, payloadBytes: 128, window: 1_000 }),
  },
];
