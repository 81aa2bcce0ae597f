/** As fast as a window allows: a message is out until every subscriber has it and the broker has acknowledged it. */
import { type BenchClient, openClient, publishFrame, type Target } from './client.js';
import { Acknowledger, FrameCounter, Latencies } from './counters.js';
import { Qos2Receiver, Qos2Sender } from './exactly-once.js';
import type { PausableLoad } from './load.js';

/** Frames in the precomputed block of a publisher; packet identifiers are used again after so many, never while in flight. */
const BLOCK = 1_000;

export interface Shape {
  /** Topic of each message, by publisher and number; used again after {@link BLOCK}. All of one length. */
  readonly topic: (publisher: number, message: number) => string;
  readonly publishers: number;
  /** The filters of each subscriber. */
  readonly subscribers: readonly (readonly string[])[];
  /** How many subscribers get the message with this topic; must be the same for each block of messages in all. */
  readonly copies: (topic: string) => number;
  readonly qos: 0 | 1 | 2;
  readonly payloadBytes: number;
  /** Messages out, of each publisher. */
  readonly window: number;
  /** Frames that are published together at least, so that the load does not depend on how the broker groups what it delivers. */
  readonly batch: number;
  /** Every frame is a write of its own. */
  readonly isUnpipelined?: boolean;
}

/** Frames are counted by their size, so the first of each subscriber is looked at. */
function deliveryFault(sent: Buffer, got: Buffer): string | undefined {
  if (got[0] === sent[0] && got[1] === sent[1]) return undefined;
  return `delivers frames that begin with ${got.subarray(0, 2).toString('hex')}, not ${sent.subarray(0, 2).toString('hex')}`;
}

class Publisher {
  published = 0;
  /** Acknowledged by the broker; QoS 0: as published. */
  acknowledged = 0;
  readonly #client: BenchClient;
  readonly #block: Buffer;
  readonly #shape: Shape;
  readonly #frameBytes: number;
  /** Copies that messages up to each of a block have. */
  readonly #copies: number[] = [0];

  constructor(client: BenchClient, shape: Shape, number: number, target: Target) {
    this.#client = client;
    this.#shape = shape;
    const topics = Array.from({ length: BLOCK }, (_, i) => shape.topic(number, i));
    const { payloadBytes, qos } = shape;
    const frames = topics.map((topic, i) => publishFrame(topic, payloadBytes, qos, i + 1, { version: target.version }));
    this.#frameBytes = frames[0]!.length;
    if (frames.some(({ length }) => length !== this.#frameBytes)) throw new Error('topics of different lengths');
    // Twice, so that any run of up to BLOCK frames is one slice.
    this.#block = Buffer.concat([...frames, ...frames]);
    for (const topic of topics) this.#copies.push(this.#copies.at(-1)! + shape.copies(topic));
  }

  get frame(): Buffer {
    return this.#block.subarray(0, this.#frameBytes);
  }

  /** Copies that all messages up to this one have. */
  copiesUpTo(messages: number): number {
    return Math.floor(messages / BLOCK) * this.#copies[BLOCK]! + this.#copies[messages % BLOCK]!;
  }

  /** @param out - messages of this publisher that are out. @returns whether something was published */
  publish(out: number): boolean {
    const { window, batch, isUnpipelined = false, qos } = this.#shape;
    const room = Math.min(window - out, BLOCK);
    if (room < batch) return false;
    const first = this.published % BLOCK;
    const bytes = this.#block.subarray(first * this.#frameBytes, (first + room) * this.#frameBytes);
    if (isUnpipelined) {
      for (let at = 0; at < bytes.length; at += this.#frameBytes) {
        this.#client.write(bytes.subarray(at, at + this.#frameBytes));
      }
    } else this.#client.write(bytes);
    this.published += room;
    if (qos === 0) this.acknowledged = this.published;
    return true;
  }
}

export async function closedLoop(target: Target, shape: Shape): Promise<PausableLoad> {
  const latencies = new Latencies();
  const clients: BenchClient[] = [];
  const publishers: Publisher[] = [];
  let delivered = 0;
  let lost = 0;
  let fault: string | undefined;
  let scheduled = false;
  let isPaused = false;
  /** When the message with which so many copies are due was sent: a ring of milestones. */
  const milestones: { copies: number; at: number }[] = [];

  const expected = () => publishers.reduce((sum, one) => sum + one.copiesUpTo(one.published), 0);
  const pump = () => {
    scheduled = false;
    const now = performance.now();
    while (milestones.length > 0 && milestones[0]!.copies <= delivered + lost) {
      latencies.add(now - milestones.shift()!.at);
    }
    if (isPaused) return;
    // Copies are not told apart: what is out is shared by the publishers as they have published.
    const open = expected() - delivered - lost;
    const total = publishers.reduce((sum, one) => sum + one.published, 0);
    const average = total === 0 ? 1 : expected() / total;
    const out = Math.ceil(open / average / publishers.length);
    for (const one of publishers) {
      const unacknowledged = one.published - one.acknowledged;
      if (one.publish(Math.max(out, unacknowledged))) milestones.push({ copies: expected(), at: now });
    }
  };
  // Once per turn of the event loop, however many connections had news.
  const schedule = () => {
    if (scheduled) return;
    scheduled = true;
    setImmediate(pump);
  };
  const sample = publishFrame(shape.topic(0, 0), shape.payloadBytes, shape.qos, 1, { version: target.version });
  const idAt = sample.indexOf(shape.topic(0, 0)) + shape.topic(0, 0).length;

  for (const [i, filters] of shape.subscribers.entries()) {
    const client = await openClient(target, `subscriber-${i}`, { filters, qos: shape.qos });
    clients.push(client);
    const arrived = (count: number) => {
      delivered += count;
      schedule();
    };
    if (shape.qos === 2) {
      const receiver = new Qos2Receiver(client, arrived);
      client.onBytes((bytes) => receiver.add(bytes));
      continue;
    }
    const counter = new FrameCounter(sample.length);
    const acknowledger = new Acknowledger(sample.length, idAt);
    client.onBytes((bytes) => {
      if (counter.isNew) fault ??= deliveryFault(sample, bytes);
      const count = counter.add(bytes.length);
      if (shape.qos === 1) client.write(acknowledger.answer(bytes));
      arrived(count);
    });
  }
  for (let i = 0; i < shape.publishers; i++) {
    const client = await openClient(target, `publisher-${i}`);
    const publisher = new Publisher(client, shape, i, target);
    clients.push(client);
    publishers.push(publisher);
    const counter = new FrameCounter(4);
    const sender = new Qos2Sender(client, (count) => {
      publisher.acknowledged += count;
      schedule();
    });
    client.onBytes((bytes) => {
      if (shape.qos === 2) sender.add(bytes);
      else publisher.acknowledged += counter.add(bytes.length);
      schedule();
    });
  }

  let seen = -1;
  const watchdog = setInterval(() => {
    const missing = expected() - delivered - lost;
    if (delivered === seen && missing > 0) {
      lost += missing;
      schedule();
    }
    seen = delivered;
  }, 1_000);
  pump();
  return {
    get published() {
      return publishers.reduce((sum, one) => sum + one.published, 0);
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
    pause() {
      isPaused = true;
    },
    resume() {
      isPaused = false;
      schedule();
    },
    stop() {
      isPaused = true;
      clearInterval(watchdog);
      for (const client of clients) client.close();
    },
  };
}
