/** Defines metrics in a registry, whose values are read at each scrape. */
import Counter from 'prom-client/lib/counter.js';
import Gauge from 'prom-client/lib/gauge.js';
import type Registry from 'prom-client/lib/registry.js';
import type { Define, SetValue, Snapshot } from './define.js';

export interface Definitions {
  readonly counter: Define;
  readonly gauge: Define;
}

/** @param now - the moment that is scraped */
export function definitions(registry: Registry, now: () => Snapshot | undefined): Definitions {
  const options = (name: string, help: string, labels: readonly string[]) => ({
    name: `hpmq_${name}`,
    help,
    labelNames: [...labels],
    registers: [registry],
  });
  const values = (read: (now: Snapshot, set: SetValue) => void, set: SetValue) => {
    const snapshot = now();
    if (snapshot !== undefined) read(snapshot, set);
  };
  return {
    gauge(name, help, read, ...labels) {
      const gauge: Gauge = new Gauge({
        ...options(name, help, labels),
        collect() {
          gauge.reset();
          values(read, (value, ...given) => gauge.set(named(labels, given), value));
        },
      });
    },
    counter(name, help, read, ...labels) {
      const counter: Counter = new Counter({
        ...options(name, help, labels),
        collect() {
          counter.reset();
          values(read, (value, ...given) => counter.inc(named(labels, given), value));
        },
      });
    },
  };
}

/** One value for each name of a record. */
export function each(record: Readonly<Record<string, number>>, set: SetValue): void {
  for (const [name, value] of Object.entries(record)) set(value, snakeCase(name));
}

function named(labels: readonly string[], given: readonly string[]): Record<string, string> {
  return Object.fromEntries(labels.map((label, i) => [label, given[i] ?? '']));
}

/** `queueFull` → `queue_full`: labels are written as Prometheus does. */
function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
