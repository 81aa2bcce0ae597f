/**
 * `/metrics`: what the gateway counts and holds, for Prometheus. Loaded when somebody asks for the first time.
 *
 * Rules: nothing is counted here, a scrape reads the counters that are kept anyway; labels are listeners, devices, links
 * and reasons, which the configuration and the code bound, never clients or topics.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import Registry from 'prom-client/lib/registry.js';
import type { StatusView } from '../api/contract.js';
import type { BrokerFigures } from '../broker/figures.js';
import type { HistorySummary } from '../core/history.js';
import type { StoreFigures } from '../core/store.js';
import type { DeviceView, FunctionView, LinkView, PortView, ServerView } from '../core/views.js';
import type { Snapshot } from './define.js';
import { definitions } from './definitions.js';
import { defineField } from './field-metrics.js';
import { defineFunctions } from './function-metrics.js';
import { defineHistory } from './history-metrics.js';
import { defineLedger } from './ledger-metrics.js';
import { defineMqtt } from './mqtt-metrics.js';
import { defineServers } from './server-metrics.js';
import { defineStore } from './store-metrics.js';
import { defineWires } from './wires.js';

/** How exactly the delay of the event loop is known, ms. */
const LOOP_RESOLUTION = 50;

export interface MetricsSources {
  readonly status: () => StatusView;
  readonly figures: () => BrokerFigures;
  /** undefined: nothing is kept on disk. */
  readonly store: () => StoreFigures | undefined;
  /** undefined: nothing is recorded. */
  readonly history: () => HistorySummary | undefined;
  readonly devices: () => readonly DeviceView[];
  readonly ports: () => readonly PortView[];
  readonly servers: () => readonly ServerView[];
  readonly links: () => readonly LinkView[];
  readonly functions: () => readonly FunctionView[];
}

export interface Metrics extends Disposable {
  readonly contentType: string;
  text(): Promise<string>;
}

export function createMetrics(sources: MetricsSources): Metrics {
  const registry = new Registry();
  const loop = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION });
  loop.enable();
  let now: Snapshot | undefined;

  const defined = definitions(registry, () => now);
  const { counter, gauge } = defined;
  gauge(
    'info',
    'Always 1; the labels say which gateway this is',
    ({ status }, set) => set(1, status.gateway, status.version),
    'gateway',
    'version',
  );
  gauge('start_time_seconds', 'Unix time at which the gateway started', ({ status }, set) =>
    set(status.startedAt / 1_000),
  );
  gauge('resident_memory_bytes', 'Resident memory of the process', ({ status }, set) => set(status.rssBytes));
  counter('cpu_seconds_total', 'CPU time of the process', (_now, set) => {
    const { user, system } = process.cpuUsage();
    set((user + system) / 1e6);
  });
  const lateness = (nanoseconds: number) => Math.max(0, nanoseconds / 1e9 - LOOP_RESOLUTION / 1_000);
  gauge('event_loop_delay_p50_seconds', 'How late the event loop ran since the last scrape, median', (_now, set) =>
    set(lateness(loop.percentile(50))),
  );
  gauge(
    'event_loop_delay_p99_seconds',
    'How late the event loop ran since the last scrape, 99th percentile',
    (_now, set) => set(lateness(loop.percentile(99))),
  );
  // An empty histogram has no maximum.
  gauge('event_loop_delay_max_seconds', 'How late the event loop ran since the last scrape at most', (_now, set) =>
    set(loop.count === 0 ? 0 : lateness(loop.max)),
  );
  gauge(
    'service_up',
    '1: the service is up; 0: it is not',
    ({ status }, set) => {
      for (const { name, state } of status.services) set(Number(state === 'up'), name);
    },
    'service',
  );
  gauge(
    'alarms',
    'Things that need a person',
    ({ status }, set) => {
      for (const severity of ['error', 'warn'])
        set(status.alarms.filter((alarm) => alarm.severity === severity).length, severity);
    },
    'severity',
  );
  defineMqtt(defined);
  defineLedger(defined);
  defineStore(defined);
  defineHistory(defined);
  defineField(defined);
  defineFunctions(defined);
  defineWires(counter, gauge);
  defineServers(defined);

  return {
    contentType: registry.contentType,
    async text() {
      const { status, figures, store, history, devices, ports, servers, links, functions } = sources;
      now = {
        status: status(),
        figures: figures(),
        store: store(),
        history: history(),
        devices: devices(),
        ports: ports(),
        servers: servers(),
        links: links(),
        functions: functions(),
      };
      const text = await registry.metrics();
      loop.reset();
      return text;
    },
    [Symbol.dispose]: () => void loop.disable(),
  };
}
