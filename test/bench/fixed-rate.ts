/** Messages at a fixed rate, one frame per write, each with its latency. */
import { setTimeout as sleep } from 'node:timers/promises';
import { openClient, publishFrame, type Target } from './client.js';
import { FrameCounter, Latencies } from './counters.js';
import type { PausableLoad } from './load.js';

/** Messages whose times are remembered: more than can be out. */
const REMEMBERED = 10_000;

export interface FixedRate {
  readonly topic: string;
  readonly payloadBytes: number;
  readonly perSecond: number;
}

export async function fixedRate(target: Target, { topic, payloadBytes, perSecond }: FixedRate): Promise<PausableLoad> {
  const frame = publishFrame(topic, payloadBytes, 0, 0, { version: target.version });
  const latencies = new Latencies();
  const sentAt = new Float64Array(REMEMBERED);
  const subscriber = await openClient(target, 'subscriber', { filters: [topic] });
  const publisher = await openClient(target, 'publisher');
  const counter = new FrameCounter(frame.length);
  let published = 0;
  let fault: string | undefined;
  subscriber.onBytes((bytes) => {
    if (counter.isNew && bytes[0] !== frame[0]) fault ??= `delivers frames that begin with ${bytes[0]?.toString(16)}`;
    const now = performance.now();
    const { count } = counter;
    const frames = counter.add(bytes.length);
    for (let i = 0; i < frames; i++) latencies.add(now - sentAt[(count + i) % REMEMBERED]!);
  });
  let running: AbortController | undefined;
  const run = async ({ signal }: AbortController) => {
    const startedAt = performance.now();
    const before = published;
    while (!signal.aborted) {
      const due = before + Math.floor(((performance.now() - startedAt) * perSecond) / 1_000);
      for (; published < due; published++) {
        sentAt[published % REMEMBERED] = performance.now();
        publisher.write(frame);
      }
      await sleep(1);
    }
  };
  const pause = () => running?.abort();
  const resume = () => {
    pause();
    running = new AbortController();
    run(running).catch(() => {});
  };
  resume();
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
    pause,
    resume,
    stop() {
      pause();
      publisher.close();
      subscriber.close();
    },
  };
}
