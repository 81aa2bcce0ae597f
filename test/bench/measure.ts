/** One measurement: a fresh broker, one load, warm-up, then the figures between two moments. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Broker, startBroker } from './brokers.js';
import type { Version } from './client.js';
import { quantile } from './counters.js';
import { countSyncs, type DiskFigures, loopDelay } from './disk.js';
import type { IdleFigures } from './idle.js';
import type { Load, LoneScenario } from './load.js';
import { cpuSeconds, residentBytes, watchStolen } from './process.js';
import { perMillion, type Span, watchSpan } from './span.js';

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
  /** As {@link cpuSecondsPerMillion}, of the first seconds after the start; only of a load that is measured in turns. */
  readonly firstCpuSecondsPerMillion?: number;
  /** Only of idle connections. */
  readonly bytesEach: number;
  readonly connectsPerSecond: number;
  /** Only of durable loads; see disk.ts. */
  readonly disk?: DiskFigures & { readonly loopP99Ms: number };
}

export async function measure(
  broker: Broker,
  scenario: LoneScenario,
  seconds: number,
  version: Version,
): Promise<Measurement> {
  const stolenSinceStart = watchStolen();
  await using running = await startBroker(broker);
  const load: Load & { idle?: IdleFigures } = await scenario.start({ port: running.port, version }, running.pid);
  try {
    if (load.idle !== undefined)
      return idle(load.idle, residentBytes(running.pid), cpuSeconds(running.pid), stolenSinceStart());
    await warmUp(running.pid, seconds * 5_000);
    load.latencies.clear();
    if (scenario.isDurable) await loopDelay(running.socket);
    const spanned = watchSpan(load, running.pid);
    await sleep(seconds * 1_000);
    const span = spanned();
    const result = figures(broker, load, span, load.latencies.take(), residentBytes(running.pid));
    if (!scenario.isDurable) return result;
    const loopP99Ms = await loopDelay(running.socket);
    const syncs = await countSyncs(running.pid, () => load.published);
    return { ...result, disk: { loopP99Ms, ...syncs } };
  } finally {
    load.stop();
  }
}

/** @throws when the load says that they would mean nothing */
export function figures(
  { name }: Broker,
  { fault }: Load,
  span: Span,
  latenciesMs: Float64Array,
  resident: number,
): Measurement {
  const { seconds, published, delivered, generatorSeconds, lost, stolen } = span;
  if (fault !== undefined) throw new Error(`${name} ${fault}`);
  if (published === 0) throw new Error(`${name} took no message in ${seconds.toFixed(1)} s`);
  return {
    cpuSecondsPerMillion: perMillion(span),
    publishedPerSecond: published / seconds,
    deliveredPerSecond: delivered / seconds,
    p50Ms: quantile(latenciesMs, 0.5),
    p99Ms: quantile(latenciesMs, 0.99),
    residentBytes: resident,
    generatorCpu: generatorSeconds / seconds,
    lost,
    stolen,
    bytesEach: Number.NaN,
    connectsPerSecond: Number.NaN,
  };
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

/** Of an even number the mean of the two in the middle; of none NaN. */
export function middle(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** The middle of each figure over several measurements; the most that was stolen. */
export function median(all: readonly Measurement[]): Measurement {
  const of = (figure: Exclude<keyof Measurement, 'disk'>) => middle(all.map((one) => one[figure] ?? Number.NaN));
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
function idle(had: IdleFigures, resident: number, cpu: number, stolen: number): Measurement {
  const { connections, bytesEach, connectsPerSecond } = had;
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
