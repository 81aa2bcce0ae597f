/** Many connections that do nothing: what each costs in memory, and how fast they come. */
import { type BenchClient, openClient, type Target } from './client.js';
import { Latencies } from './counters.js';
import type { Load } from './load.js';
import { residentBytes } from './process.js';

/** Connections that are being made at a time. */
const AT_ONCE = 50;
/** One address has some 28,000 ports, and one that was closed is not free again for a minute. */
const PER_ADDRESS = 10_000;
/** Each broker's connections come from addresses of their own: 127.0.1.1, 127.0.2.1, … */
let addresses = 0;

export interface IdleFigures {
  readonly connections: number;
  readonly bytesEach: number;
  readonly connectsPerSecond: number;
  /** Resident before the first of them, bytes. */
  readonly emptyBytes: number;
}

export async function idleConnections(
  target: Target,
  pid: number,
  connections: number,
): Promise<Load & { idle: IdleFigures }> {
  const emptyBytes = residentBytes(pid);
  const clients: BenchClient[] = [];
  // The first one's password is checked at leisure: how slow that is on purpose is not the question here.
  clients.push(await openClient(target, 'first'));
  const startedAt = performance.now();
  let next = 0;
  const worker = async () => {
    while (next < connections) {
      const number = next++;
      if (number % PER_ADDRESS === 0) addresses = (addresses % 255) + 1;
      const localAddress = `127.0.${addresses}.1`;
      clients.push(await openClient(target, `idle-${number}`, { localAddress }));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  const connectsPerSecond = connections / ((performance.now() - startedAt) / 1_000);
  return {
    published: connections,
    delivered: connections,
    lost: 0,
    fault: undefined,
    latencies: new Latencies(),
    idle: {
      connections,
      bytesEach: (residentBytes(pid) - emptyBytes) / connections,
      connectsPerSecond,
      emptyBytes,
    },
    stop: () => {
      for (const client of clients) client.close();
    },
  };
}
