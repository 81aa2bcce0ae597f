/** The loads. Each is a closed loop with a window, except J, which has a fixed rate; none relies on the broker to queue more. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type BenchClient, openClient, publishFrame } from './client.js';
import { Acknowledger, FrameCounter, Latencies } from './counters.js';

const TOPIC = 'bench/line1/temperature';
const PAYLOAD_BYTES = 64;
/** Frames in the precomputed block; packet identifiers are used again after so many, never while in flight. */
const BLOCK = 1_000;

export interface Load {
  /** Messages published so far. */
  readonly published: number;
  /** Messages delivered so far, to all subscribers. */
  readonly delivered: number;
  /** Messages that did not come within a second. */
  readonly lost: number;
  /** What the broker delivers is not what was published: its figures mean nothing. */
  readonly fault: string | undefined;
  readonly latencies: Latencies;
  stop(): void;
}

export interface Scenario {
  readonly id: string;
  readonly title: string;
  start(port: number): Promise<Load>;
}

/** Frames are counted by their size, so the first of each subscriber is looked at. */
function deliveryFault(sent: Buffer, got: Buffer): string | undefined {
  if (got[0] === sent[0] && got[1] === sent[1]) return undefined;
  return `delivers frames that begin with ${got.subarray(0, 2).toString('hex')}, not ${sent.subarray(0, 2).toString('hex')}`;
}

interface Shape {
  readonly subscribers: number;
  readonly qos: 0 | 1;
  /** Messages published but not yet delivered to every subscriber and acknowledged. */
  readonly window: number;
  /** Frames in one write at least, so that the load does not depend on how the broker groups what it delivers. */
  readonly batch: number;
}

/** Publishes as fast as the window allows. */
async function closedLoop(port: number, { subscribers, qos, window, batch }: Shape): Promise<Load> {
  const frames = Array.from({ length: BLOCK }, (_, i) => publishFrame(TOPIC, PAYLOAD_BYTES, qos, i + 1));
  const frameBytes = frames[0]!.length;
  // Twice, so that any run of up to BLOCK frames is one slice.
  const block = Buffer.concat([...frames, ...frames]);
  const idAt = 2 + 2 + TOPIC.length;
  const latencies = new Latencies();
  const sentAt = new Float64Array(BLOCK);
  const publisher = await openClient(port, 'publisher');
  const clients: BenchClient[] = [publisher];
  const counters: FrameCounter[] = [];
  const acknowledged = new FrameCounter(4);
  let published = 0;
  let delivered = 0;
  /** Settled and lost together: what no longer counts against the window. */
  let done = 0;
  let lost = 0;
  let scheduled = false;
  let stopped = false;
  let fault: string | undefined;

  const pump = () => {
    scheduled = false;
    if (stopped) return;
    let slowest = qos === 1 ? acknowledged.count : Number.POSITIVE_INFINITY;
    for (const { count } of counters) slowest = Math.min(slowest, count);
    // A message that was given up may still come.
    const settled = Math.min(published, slowest + lost);
    if (settled > done) {
      latencies.add(performance.now() - sentAt[(settled - 1) % BLOCK]!);
      done = settled;
    }
    const room = window - (published - done);
    if (room < batch) return;
    const now = performance.now();
    const first = published % BLOCK;
    for (let i = 0; i < room; i++) sentAt[(published + i) % BLOCK] = now;
    publisher.write(block.subarray(first * frameBytes, (first + room) * frameBytes));
    published += room;
  };
  // Once per turn of the event loop, however many connections had news.
  const schedule = () => {
    if (scheduled) return;
    scheduled = true;
    setImmediate(pump);
  };

  for (let i = 0; i < subscribers; i++) {
    const client = await openClient(port, `subscriber-${i}`, { filter: TOPIC, qos });
    const counter = new FrameCounter(frameBytes);
    const acknowledger = new Acknowledger(frameBytes, idAt);
    client.onBytes((bytes) => {
      if (counter.isNew) fault ??= deliveryFault(frames[0]!, bytes);
      delivered += counter.add(bytes.length);
      if (qos === 1) client.write(acknowledger.answer(bytes));
      schedule();
    });
    clients.push(client);
    counters.push(counter);
  }
  publisher.onBytes((bytes) => {
    acknowledged.add(bytes.length);
    schedule();
  });

  let seen = -1;
  const watchdog = setInterval(() => {
    if (done === seen && published > done) {
      lost += published - done;
      schedule();
    }
    seen = done;
  }, 1_000);
  pump();
  return {
    get published() {
      return published;
    },
    get delivered() {
      return delivered;
    },
    get lost() {
      return lost;
    },
    get fault() {
      return fault;
    },
    latencies,
    stop() {
      stopped = true;
      clearInterval(watchdog);
      for (const client of clients) client.close();
    },
  };
}

/** Publishes at a fixed rate, one frame per write, and measures each message. */
async function fixedRate(port: number, perSecond: number): Promise<Load> {
  const frame = publishFrame(TOPIC, PAYLOAD_BYTES, 0, 0);
  const latencies = new Latencies();
  const sentAt = new Float64Array(BLOCK * 10);
  const subscriber = await openClient(port, 'subscriber', { filter: TOPIC, qos: 0 });
  const publisher = await openClient(port, 'publisher');
  const counter = new FrameCounter(frame.length);
  let published = 0;
  let stopped = false;
  let fault: string | undefined;
  subscriber.onBytes((bytes) => {
    if (counter.isNew) fault ??= deliveryFault(frame, bytes);
    const now = performance.now();
    const first = counter.count;
    const frames = counter.add(bytes.length);
    for (let i = 0; i < frames; i++) latencies.add(now - sentAt[(first + i) % sentAt.length]!);
  });
  const startedAt = performance.now();
  const run = async () => {
    while (!stopped) {
      const due = Math.floor(((performance.now() - startedAt) * perSecond) / 1_000);
      for (; published < due; published++) {
        sentAt[published % sentAt.length] = performance.now();
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

export const scenarios: readonly Scenario[] = [
  {
    id: 'A',
    title: '1 → 1, QoS 0, 64 B, window 1000, 100 per write',
    start: (port) => closedLoop(port, { subscribers: 1, qos: 0, window: 1_000, batch: 100 }),
  },
  {
    id: 'D',
    title: '1 → 1, QoS 1, 64 B, window 100, 10 per write',
    start: (port) => closedLoop(port, { subscribers: 1, qos: 1, window: 100, batch: 10 }),
  },
  {
    id: 'B',
    title: '1 → 100, QoS 0, 64 B, window 100, 10 per write',
    start: (port) => closedLoop(port, { subscribers: 100, qos: 0, window: 100, batch: 10 }),
  },
  {
    id: 'J',
    title: '1 → 1, QoS 0, 64 B, 1000 messages/s, one per write',
    start: (port) => fixedRate(port, 1_000),
  },
];
