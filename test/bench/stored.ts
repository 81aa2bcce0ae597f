/** Loads on what a broker keeps: messages for a session that is away, and retained messages. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type BenchClient, openClient, publishFrame, type Target } from './client.js';
import { FrameCounter, Latencies } from './counters.js';
import type { Load } from './load.js';

const BLOCK = 1_000;
/** How often another client asks whether the broker is there, ms; how long that takes shows what blocks it. */
const PING_INTERVAL = 5;

/** QoS 1 messages for a persistent session without a connection. `latencies` are those of a PINGREQ beside them. */
export async function offlineSession(
  target: Target,
  { topic, payloadBytes, window }: { topic: string; payloadBytes: number; window: number },
): Promise<Load> {
  const away = await openClient(target, 'away', { filters: [topic], qos: 1, isDurable: true });
  await away.disconnect();
  const frames = Array.from({ length: BLOCK }, (_, i) =>
    publishFrame(topic, payloadBytes, 1, i + 1, { version: target.version }),
  );
  const frameBytes = frames[0]!.length;
  const block = Buffer.concat([...frames, ...frames]);
  const publisher = await openClient(target, 'publisher');
  const acknowledged = new FrameCounter(4);
  let published = 0;
  let stopped = false;
  const pump = () => {
    const room = Math.min(window - (published - acknowledged.count), BLOCK);
    if (stopped || room < 10) return;
    const first = published % BLOCK;
    publisher.write(block.subarray(first * frameBytes, (first + room) * frameBytes));
    published += room;
  };
  publisher.onBytes((bytes) => {
    acknowledged.add(bytes.length);
    pump();
  });
  const { latencies, stop } = await pings(target);
  pump();
  return {
    get published() {
      return acknowledged.count;
    },
    get delivered() {
      return acknowledged.count;
    },
    get lost() {
      return 0;
    },
    fault: undefined,
    latencies,
    stop() {
      stopped = true;
      stop();
      publisher.close();
    },
  };
}

/** A client of its own that asks for a PINGRESP again and again. */
async function pings(target: Target): Promise<{ latencies: Latencies; stop(): void }> {
  const latencies = new Latencies();
  const client = await openClient(target, 'pings');
  let sentAt = 0;
  let stopped = false;
  client.onBytes(() => {
    latencies.add(performance.now() - sentAt);
    sentAt = 0;
  });
  const run = async () => {
    while (!stopped) {
      if (sentAt === 0) {
        sentAt = performance.now();
        client.write(Buffer.from([0xc0, 0]));
      }
      await sleep(PING_INTERVAL);
    }
  };
  const running = run();
  running.catch(() => {});
  return {
    latencies,
    stop() {
      stopped = true;
      client.close();
    },
  };
}

/** Retained messages, given to a client that subscribes to all of them again and again. `latencies` are whole replays. */
export async function retainedReplay(
  target: Target,
  { root, messages, payloadBytes }: { root: string; messages: number; payloadBytes: number },
): Promise<Load> {
  const publisher = await openClient(target, 'publisher');
  const frames = Array.from({ length: messages }, (_, i) => {
    const topic = `${root}/${String(i % 100).padStart(2, '0')}/${String(i).padStart(6, '0')}`;
    return publishFrame(topic, payloadBytes, 1, (i % 60_000) + 1, { version: target.version, retain: true });
  });
  const acknowledged = new FrameCounter(4);
  let sent = 0;
  await new Promise<void>((resolve) => {
    const pump = () => {
      const room = Math.min(sent + 100, acknowledged.count + 200, messages);
      if (room > sent) publisher.write(Buffer.concat(frames.slice(sent, room)));
      sent = Math.max(sent, room);
      if (acknowledged.count === messages) resolve();
    };
    publisher.onBytes((bytes) => {
      acknowledged.add(bytes.length);
      pump();
    });
    pump();
  });
  const latencies = new Latencies();
  // Retained messages come with QoS 0: two bytes shorter, one frame size for all.
  const replayBytes = (frames[0]!.length - 2) * messages;
  let delivered = 0;
  let stopped = false;
  const replay = async () => {
    for (let n = 0; !stopped; n++) {
      const startedAt = performance.now();
      const all = Promise.withResolvers<void>();
      let bytes = 0;
      const onBytes = (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes >= replayBytes) all.resolve();
      };
      const client: BenchClient = await openClient(target, `reader-${n}`, { filters: [`${root}/#`], onBytes });
      await Promise.race([all.promise, sleep(20_000)]);
      client.close();
      delivered += messages;
      latencies.add(performance.now() - startedAt);
    }
  };
  const running = replay();
  running.catch(() => {});
  return {
    get published() {
      return delivered;
    },
    get delivered() {
      return delivered;
    },
    get lost() {
      return 0;
    },
    fault: undefined,
    latencies,
    stop() {
      stopped = true;
      publisher.close();
    },
  };
}
