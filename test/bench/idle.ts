/** Many connections that do nothing: what each costs in memory, and how fast they come. */
import { type BenchClient, openClient, type Target } from './client.js';
import { Latencies } from './counters.js';
import type { Load } from './load.js';
import { residentBytes } from './process.js';

/** Connections that are being made at a time. */
const AT_ONCE = 50;
/** One address has some 28,000 ports. */
const PER_ADDRESS = 10_000;

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
      const localAddress = `127.0.${1 + Math.floor(number / PER_ADDRESS)}.1`;
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
