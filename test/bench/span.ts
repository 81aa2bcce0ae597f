/** What a broker and the generator did between two moments. */
import type { Load } from './load.js';
import { cpuSeconds, watchStolen } from './process.js';

export interface Span {
  readonly seconds: number;
  /** CPU time of the broker, user and system, s. */
  readonly cpuSeconds: number;
  /** CPU time of the generator, s. */
  readonly generatorSeconds: number;
  readonly published: number;
  readonly delivered: number;
  readonly lost: number;
  /** Share of the time of all cores that the host of this machine took. */
  readonly stolen: number;
}

/** @returns tells what happened since this call */
export function watchSpan(load: Load, pid: number): () => Span {
  const stolen = watchStolen();
  const { published, delivered, lost } = load;
  const cpu = cpuSeconds(pid);
  const own = process.cpuUsage();
  const at = performance.now();
  return () => {
    const { user, system } = process.cpuUsage(own);
    return {
      seconds: (performance.now() - at) / 1_000,
      cpuSeconds: cpuSeconds(pid) - cpu,
      generatorSeconds: (user + system) / 1e6,
      published: load.published - published,
      delivered: load.delivered - delivered,
      lost: load.lost - lost,
      stolen: stolen(),
    };
  };
}

export function sum(spans: readonly Span[]): Span {
  const of = (figure: keyof Span) => spans.reduce((all, span) => all + span[figure], 0);
  const seconds = of('seconds');
  return {
    seconds,
    cpuSeconds: of('cpuSeconds'),
    generatorSeconds: of('generatorSeconds'),
    published: of('published'),
    delivered: of('delivered'),
    lost: of('lost'),
    stolen: spans.reduce((all, span) => all + span.stolen * span.seconds, 0) / seconds,
  };
}

/** CPU s of the broker per million messages published. */
export function perMillion({ cpuSeconds: cpu, published }: Span): number {
  return (cpu / published) * 1e6;
}
