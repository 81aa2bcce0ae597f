/** What the bench of the links publishes and sees: numbered messages, written and counted without a codec. */
import { openClient, type Target } from '../client.js';
import { FrameCounter, FrameScanner } from '../counters.js';

/** Topics of the backlog; each has its own numbers. */
export const TOPICS = 1_000;
const WINDOW = 1_000;
/** A value as devices publish it has about so many bytes. */
const PADDING = '"q":"good","u":"degrees Celsius","src":"plc-7 holding 40017","n":';

function topicOf(number: number): string {
  return `bench/line-${number % TOPICS}/value`;
}

/** MQTT 3.1.1, QoS 1. */
export function publishBytes(topic: string, payload: string, packetId: number): Buffer {
  const topicBytes = Buffer.byteLength(topic);
  const remaining = 4 + topicBytes + Buffer.byteLength(payload);
  const head = remaining < 128 ? [0x32, remaining] : [0x32, (remaining & 0x7f) | 0x80, remaining >> 7];
  const bytes = Buffer.alloc(head.length + remaining);
  Buffer.from(head).copy(bytes);
  let at = bytes.writeUInt16BE(topicBytes, head.length);
  at += bytes.write(topic, at);
  at = bytes.writeUInt16BE(packetId, at);
  bytes.write(payload, at);
  return bytes;
}

/** Publishes the messages with these numbers, and resolves when all of them are acknowledged. */
export async function publishBacklog(target: Target, first: number, messages: number): Promise<void> {
  const client = await openClient(target, 'backlog');
  let sent = 0;
  let acknowledged = 0;
  await new Promise<void>((resolve) => {
    const pump = () => {
      const parts: Buffer[] = [];
      while (sent < messages && sent - acknowledged < WINDOW) {
        const number = first + sent;
        parts.push(publishBytes(topicOf(number), `{${PADDING}${number}}`, (sent % 65_535) + 1));
        sent++;
      }
      if (parts.length > 0) client.write(Buffer.concat(parts));
    };
    const counter = new FrameCounter(4);
    client.onBytes((bytes) => {
      counter.add(bytes.length);
      acknowledged = counter.count;
      if (acknowledged === messages) resolve();
      else pump();
    });
    pump();
  });
  await client.disconnect();
}

export interface Arrivals {
  readonly count: number;
  /** Of the backlog: messages that came behind a later one of their topic. */
  readonly disordered: number;
  readonly duplicates: number;
  close(): void;
}

/** Sees what arrives at the far side, and whether each topic is in order. */
export async function watchArrivals(target: Target): Promise<Arrivals> {
  const last = new Map<string, number>();
  const seen = new Set<number>();
  const arrivals = { count: 0, disordered: 0, duplicates: 0 };
  const scanner = new FrameScanner((head) => {
    if (head[0]! >> 4 !== 3) return;
    const at = head[1]! < 128 ? 2 : 3;
    const topicEnd = at + 2 + head.readUInt16BE(at);
    const topic = head.toString('latin1', at + 2, topicEnd);
    const text = head.toString('latin1', topicEnd);
    const number = Number(text.slice(text.lastIndexOf(':') + 1, -1));
    arrivals.count++;
    if (seen.has(number)) arrivals.duplicates++;
    else if (number < (last.get(topic) ?? -1)) arrivals.disordered++;
    seen.add(number);
    last.set(topic, Math.max(number, last.get(topic) ?? -1));
  });
  const client = await openClient(target, 'arrivals', { filters: ['bench/#'], qos: 0 });
  client.onBytes((bytes) => scanner.add(bytes));
  return {
    get count() {
      return arrivals.count;
    },
    get disordered() {
      return arrivals.disordered;
    },
    get duplicates() {
      return arrivals.duplicates;
    },
    close: () => client.close(),
  };
}

/** Publishes here and sees there: ms from one to the other, of each message. */
export async function watchLive(
  here: Target,
  there: Target,
  intervalMs: number,
): Promise<{ readonly latencies: readonly number[]; readonly published: number; stop(): void }> {
  const sentAt: number[] = [];
  const latencies: number[] = [];
  const scanner = new FrameScanner((head) => {
    if (head[0]! >> 4 !== 3) return;
    const at = head[1]! < 128 ? 2 : 3;
    const number = Number(head.toString('latin1', at + 2 + head.readUInt16BE(at)));
    latencies.push(performance.now() - sentAt[number]!);
  });
  const reader = await openClient(there, 'live-reader', { filters: ['live/#'], qos: 0 });
  reader.onBytes((bytes) => scanner.add(bytes));
  const writer = await openClient(here, 'live-writer');
  const timer = setInterval(() => {
    const number = sentAt.length;
    sentAt.push(performance.now());
    writer.write(publishBytes(`bench-live/point-${number % 50}`, String(number), (number % 65_535) + 1));
  }, intervalMs);
  return {
    latencies,
    get published() {
      return sentAt.length;
    },
    stop() {
      clearInterval(timer);
      writer.close();
      reader.close();
    },
  };
}
