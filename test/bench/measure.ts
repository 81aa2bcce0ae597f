/** One measurement: a fresh broker, one load, warm-up, then the figures between two moments. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Broker, startBroker } from './brokers.js';
import type { Version } from './client.js';
import { countSyncs, type DiskFigures, loopDelay } from './disk.js';
import type { IdleFigures } from './idle.js';
import { FIRST_SECONDS, type Load, type Scenario } from './load.js';
import { cpuSeconds, residentBytes, watchStolen } from './process.js';

const WARM_UP_CPU_SECONDS = 0.7;

export interface Measurement {
  /** CPU of the broker, user and system, s per million messages published. */
  readonly cpuSecondsPerMillion: number;
  readonly publishedPerSecond: number;
  readonly deliveredPerSecond: number;
  /** From write to delivery to the last subscriber (and PUBACK), ms; with a window it contains the wait in the window. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly residentBytes: number;
  /** Share of its core that the generator used: near 1 it was the bottleneck, and only the CPU figure stands. */
  readonly generatorCpu: number;
  readonly lost: number;
  /** Share of the time of all cores that the host of this machine took. */
  readonly stolen: number;
  /** As {@link cpuSecondsPerMillion}, of the first seconds after the start; only of a load that settles. */
  readonly firstCpuSecondsPerMillion?: number;
  /** Only of idle connections. */
  readonly bytesEach: number;
  readonly connectsPerSecond: number;
  /** Only of durable loads; see disk.ts. */
  readonly disk?: DiskFigures & { readonly loopP99Ms: number };
}

export async function measure(
  broker: Broker,
  scenario: Scenario,
  seconds: number,
  version: Version,
  settleSeconds: number,
): Promise<Measurement> {
  const stolenSinceStart = watchStolen();
  await using running = await startBroker(broker);
  const load: Load & { idle?: IdleFigures } = await scenario.start({ port: running.port, version }, running.pid);
  try {
    if (load.idle !== undefined)
      return idle(load.idle, residentBytes(running.pid), cpuSeconds(running.pid), stolenSinceStart());
    const first = scenario.settles ? await settle(load, running.pid, settleSeconds) : undefined;
    if (!scenario.settles) await warmUp(running.pid, seconds * 5_000);
    load.latencies.clear();
    if (scenario.isDurable) await loopDelay(running.socket);
    const stolenSince = watchStolen();
    const before = { ...counts(load), cpu: cpuSeconds(running.pid), own: process.cpuUsage(), at: performance.now() };
    await sleep(seconds * 1_000);
    const after = { ...counts(load), cpu: cpuSeconds(running.pid), at: performance.now() };
    const own = process.cpuUsage(before.own);
    const elapsed = (after.at - before.at) / 1_000;
    const stolen = stolenSince();
    const p99Ms = load.latencies.quantile(0.99);
    const p50Ms = load.latencies.quantile(0.5);
    const disk = scenario.isDurable && {
      loopP99Ms: await loopDelay(running.socket),
      ...(await countSyncs(running.pid, () => load.published)),
    };
    const published = after.published - before.published;
    if (load.fault !== undefined) throw new Error(`${broker.name} ${load.fault}`);
    if (published === 0) throw new Error(`${broker.name} took no message in ${seconds} s`);
    return {
      cpuSecondsPerMillion: ((after.cpu - before.cpu) / published) * 1e6,
      publishedPerSecond: published / elapsed,
      deliveredPerSecond: (after.delivered - before.delivered) / elapsed,
      p50Ms,
      p99Ms,
      residentBytes: residentBytes(running.pid),
      generatorCpu: (own.user + own.system) / 1e6 / elapsed,
      lost: after.lost - before.lost,
      stolen,
      bytesEach: Number.NaN,
      connectsPerSecond: Number.NaN,
      ...(first !== undefined && { firstCpuSecondsPerMillion: first }),
      ...(disk && { disk }),
    };
  } finally {
    load.stop();
  }
}

/**
 * By CPU time and not by the clock: what a runtime has compiled depends on the work done, and on a loaded machine a second
 * is not always the same.
 */
async function warmUp(pid: number, atMostMs: number): Promise<void> {
  const enough = cpuSeconds(pid) + WARM_UP_CPU_SECONDS;
  const deadline = performance.now() + atMostMs;
  while (cpuSeconds(pid) < enough && performance.now() < deadline) await sleep(50);
}

/** @returns CPU s per million messages of the first seconds; undefined when it took less */
async function settle(load: Load, pid: number, seconds: number): Promise<number | undefined> {
  const { published } = load;
  const cpu = cpuSeconds(pid);
  await sleep(Math.min(seconds, FIRST_SECONDS) * 1_000);
  const first = ((cpuSeconds(pid) - cpu) / (load.published - published)) * 1e6;
  await sleep(Math.max(0, seconds - FIRST_SECONDS) * 1_000);
  return seconds < FIRST_SECONDS ? undefined : first;
}

function counts({ published, delivered, lost }: { published: number; delivered: number; lost: number }) {
  return { published, delivered, lost };
}

/** The middle of each figure over several measurements, of an even number the mean of the two in the middle; the most that was stolen. */
export function median(all: readonly Measurement[]): Measurement {
  const of = (figure: Exclude<keyof Measurement, 'disk'>) => {
    const sorted = all.map((one) => one[figure] ?? Number.NaN).sort((a, b) => a - b);
    const middle = Math.floor(sorted.length / 2);
    return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  };
  return {
    cpuSecondsPerMillion: of('cpuSecondsPerMillion'),
    publishedPerSecond: of('publishedPerSecond'),
    deliveredPerSecond: of('deliveredPerSecond'),
    p50Ms: of('p50Ms'),
    p99Ms: of('p99Ms'),
    residentBytes: of('residentBytes'),
    generatorCpu: of('generatorCpu'),
    lost: of('lost'),
    stolen: Math.max(...all.map(({ stolen }) => stolen)),
    bytesEach: of('bytesEach'),
    connectsPerSecond: of('connectsPerSecond'),
    ...(all[0]?.firstCpuSecondsPerMillion !== undefined && {
      firstCpuSecondsPerMillion: of('firstCpuSecondsPerMillion'),
    }),
    ...(all.at(-1)?.disk && { disk: all.at(-1)!.disk! }),
  };
}

/** @param cpu - since the start of the broker: what it took to let all of them in */
function idle(figures: IdleFigures, resident: number, cpu: number, stolen: number): Measurement {
  const { connections, bytesEach, connectsPerSecond } = figures;
  return {
    cpuSecondsPerMillion: (cpu / connections) * 1e6,
    publishedPerSecond: Number.NaN,
    deliveredPerSecond: Number.NaN,
    p50Ms: Number.NaN,
    p99Ms: Number.NaN,
    residentBytes: resident,
    generatorCpu: Number.NaN,
    lost: 0,
    stolen,
    bytesEach,
    connectsPerSecond,
  };
}
