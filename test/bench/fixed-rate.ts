/** Messages at a fixed rate, one frame per write, each with its latency; the first ones faster, for the warm-up. */
import { setTimeout as sleep } from 'node:timers/promises';
import { openClient, publishFrame, type Target } from './client.js';
import { FrameCounter, Latencies } from './counters.js';
import type { Load } from './load.js';

/** Messages whose times are remembered: more than can be out. */
const REMEMBERED = 10_000;

/** The rate of the first ones: a millisecond brings several, but never a queue. */
const FIRST_PER_SECOND = 10_000;

export interface FixedRate {
  readonly topic: string;
  readonly payloadBytes: number;
  readonly perSecond: number;
  /** So many come faster. */
  readonly first: number;
}

export async function fixedRate(target: Target, { topic, payloadBytes, perSecond, first }: FixedRate): Promise<Load> {
  const frame = publishFrame(topic, payloadBytes, 0, 0, { version: target.version });
  const latencies = new Latencies();
  const sentAt = new Float64Array(REMEMBERED);
  const subscriber = await openClient(target, 'subscriber', { filters: [topic] });
  const publisher = await openClient(target, 'publisher');
  const counter = new FrameCounter(frame.length);
  let published = 0;
  let stopped = false;
  let fault: string | undefined;
  subscriber.onBytes((bytes) => {
    if (counter.isNew && bytes[0] !== frame[0]) fault ??= `delivers frames that begin with ${bytes[0]?.toString(16)}`;
    const now = performance.now();
    const { count } = counter;
    const frames = counter.add(bytes.length);
    for (let i = 0; i < frames; i++) latencies.add(now - sentAt[(count + i) % REMEMBERED]!);
  });
  const startedAt = performance.now();
  const firstMs = (first / FIRST_PER_SECOND) * 1_000;
  const dueAfter = (ms: number) =>
    ms < firstMs ? (ms * FIRST_PER_SECOND) / 1_000 : first + ((ms - firstMs) * perSecond) / 1_000;
  const run = async () => {
    while (!stopped) {
      const due = Math.floor(dueAfter(performance.now() - startedAt));
      for (; published < due; published++) {
        sentAt[published % REMEMBERED] = performance.now();
        publisher.write(frame);
      }
      await sleep(1);
    }
  };
  const running = run();
  running.catch(() => {});
  return {
    get published() {
      return published;
    },
    get delivered() {
      return counter.count;
    },
    get lost() {
      return 0;
    },
    get fault() {
      return fault;
    },
    latencies,
    stop() {
      stopped = true;
      publisher.close();
      subscriber.close();
    },
  };
}
