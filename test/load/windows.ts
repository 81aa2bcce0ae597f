/** What the others notice in a time, apart from what the machine does to everybody. */
import { setTimeout as sleep } from 'node:timers/promises';
import { goFirst, pin, pinning } from '../bench/process.js';
import { startWorker, type Worker } from './processes.js';
import type { ProbeResult } from './roles/probe.js';
import type { Pause } from './roles/watch.js';

/** Until what waited for a core has been answered, ms. */
const CATCH_UP = 0.5;

export interface Window {
  /** ms; Infinity: nothing came back. */
  readonly p50: number;
  /** Of the round trips during which no core was taken away, ms. */
  readonly p99: number;
  /** Of all of them, ms. */
  readonly p99OfAll: number;
  /** Share of the round trips during which a core was taken away, of those among the slowest tenth. */
  readonly disturbed: number;
  readonly received: number;
}

/** Measures with a probe, and watches the cores of the gateway and of the probe, where both have one. */
export class Windows {
  readonly #probe: Worker<'probe'>;
  readonly #watches: readonly Worker<'watch'>[];

  private constructor(probe: Worker<'probe'>, watches: readonly Worker<'watch'>[]) {
    this.#probe = probe;
    this.#watches = watches;
  }

  /** @param isWatched - false: everything counts */
  static async start(stack: AsyncDisposableStack, probe: Worker<'probe'>, isWatched: boolean): Promise<Windows> {
    const watches: Worker<'watch'>[] = [];
    for (const core of isWatched && pinning !== undefined ? [pinning.broker, pinning.generator] : []) {
      const watch = startWorker(stack, 'watch', {});
      await watch.hear('ready');
      pin(watch.pid, core);
      if (!goFirst(watch.pid))
        throw new Error('watching the cores needs the right to real-time priority: run it as root');
      watches.push(watch);
    }
    return new Windows(probe, watches);
  }

  /** @param work - the window ends with it, but not before `ms` */
  async measure(ms: number, work?: Promise<void>): Promise<Window> {
    for (const one of [...this.#watches, this.#probe]) one.say('start');
    await Promise.all([work, sleep(ms)]);
    for (const one of [this.#probe, ...this.#watches]) one.say('stop');
    const result = JSON.parse(await this.#probe.next()) as ProbeResult;
    const pauses: Pause[] = [];
    for (const watch of this.#watches) pauses.push(...(JSON.parse(await watch.next()) as Pause[]));
    return windowOf(result, pauses);
  }
}

export function windowOf({ p50, p99, received, slowest }: ProbeResult, pauses: readonly Pause[]): Window {
  const isCalm = ([ms, at]: readonly [number, number]) =>
    !pauses.some(([from, to]) => at < to + CATCH_UP && at + ms > from);
  const calm = slowest.filter(isCalm);
  const disturbed = slowest.length - calm.length;
  const last = slowest.at(-1)?.[0] ?? Number.POSITIVE_INFINITY;
  return {
    p50: p50 ?? Number.POSITIVE_INFINITY,
    p99: calm[Math.floor((received - disturbed) / 100)]?.[0] ?? last,
    p99OfAll: p99 ?? Number.POSITIVE_INFINITY,
    disturbed: received === 0 ? 0 : disturbed / received,
    received,
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  return sorted.length === 0 ? Number.NaN : (sorted[Math.ceil(half) - 1]! + sorted[Math.floor(half)]!) / 2;
}
