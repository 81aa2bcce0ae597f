/**
 * `/metrics`: what the gateway counts and holds, for Prometheus. Loaded when somebody asks for the first time.
 *
 * Rules: nothing is counted here, a scrape reads the counters that are kept anyway; labels are listeners, devices, links
 * and reasons, which the configuration and the code bound, never clients or topics.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import Counter from 'prom-client/lib/counter.js';
import Gauge from 'prom-client/lib/gauge.js';
import Registry from 'prom-client/lib/registry.js';
import type { StatusView } from '../api/contract.js';
import type { BrokerFigures } from '../broker/figures.js';
import type { DeviceView, LinkView, PortView } from '../core/views.js';
import { defineWires } from './wires.js';

/** How exactly the delay of the event loop is known, ms. */
const LOOP_RESOLUTION = 50;

export interface MetricsSources {
  readonly status: () => StatusView;
  readonly figures: () => BrokerFigures;
  readonly devices: () => readonly DeviceView[];
  readonly ports: () => readonly PortView[];
  readonly links: () => readonly LinkView[];
}

export interface Metrics extends Disposable {
  readonly contentType: string;
  text(): Promise<string>;
}

export type SetValue = (value: number, ...labels: readonly string[]) => void;

/** Defines one metric. `read` gives the values of this moment; those not given any more are gone. */
export type Define = (
  name: string,
  help: string,
  read: (now: Snapshot, set: SetValue) => void,
  ...labels: readonly string[]
) => void;

export interface Snapshot {
  readonly status: StatusView;
  readonly figures: BrokerFigures;
  readonly devices: readonly DeviceView[];
  readonly ports: readonly PortView[];
  readonly links: readonly LinkView[];
}

export function createMetrics(sources: MetricsSources): Metrics {
  const registry = new Registry();
  const loop = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION });
  loop.enable();
  let now: Snapshot | undefined;

  /** @param read - gives the values of this moment; those not given any more are gone */
  function define(
    kind: 'counter' | 'gauge',
    name: string,
    help: string,
    labels: readonly string[],
    read: (now: Snapshot, set: SetValue) => void,
  ) {
    const options = { name: `hpmq_${name}`, help, labelNames: [...labels], registers: [registry] };
    const values = (set: SetValue) => {
      if (now !== undefined) read(now, set);
    };
    const named = (given: readonly string[]) => Object.fromEntries(labels.map((label, i) => [label, given[i] ?? '']));
    if (kind === 'gauge') {
      const gauge: Gauge = new Gauge({
        ...options,
        collect() {
          gauge.reset();
          values((value, ...given) => gauge.set(named(given), value));
        },
      });
    } else {
      const counter: Counter = new Counter({
        ...options,
        collect() {
          counter.reset();
          values((value, ...given) => counter.inc(named(given), value));
        },
      });
    }
  }
  const counter: Define = (name, help, read, ...labels) => define('counter', name, help, labels, read);
  const gauge: Define = (name, help, read, ...labels) => define('gauge', name, help, labels, read);
  const each = (record: Readonly<Record<string, number>>, set: SetValue) => {
    for (const [name, value] of Object.entries(record)) set(value, snakeCase(name));
  };

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

  counter('mqtt_packets_received_total', 'MQTT control packets from clients', ({ figures }, set) =>
    set(figures.statistics.packetsReceived),
  );
  counter('mqtt_packets_sent_total', 'MQTT control packets to clients', ({ figures }, set) =>
    set(figures.statistics.packetsSent),
  );
  counter('mqtt_bytes_received_total', 'Bytes from clients', ({ figures }, set) =>
    set(figures.statistics.bytesReceived),
  );
  counter('mqtt_bytes_sent_total', 'Bytes to clients', ({ figures }, set) => set(figures.statistics.bytesSent));
  counter('mqtt_messages_received_total', 'PUBLISH packets from clients', ({ figures }, set) =>
    set(figures.statistics.publishReceived),
  );
  counter('mqtt_messages_sent_total', 'PUBLISH packets to clients', ({ figures }, set) =>
    set(figures.statistics.publishSent),
  );
  counter('mqtt_payload_bytes_received_total', 'Bytes of payloads from clients', ({ figures }, set) =>
    set(figures.statistics.publishBytesReceived),
  );
  counter('mqtt_payload_bytes_sent_total', 'Bytes of payloads to clients', ({ figures }, set) =>
    set(figures.statistics.publishBytesSent),
  );
  counter('mqtt_messages_refused_total', 'PUBLISH packets to a topic that the client may not use', ({ figures }, set) =>
    set(figures.statistics.publishRefused),
  );
  counter(
    'mqtt_messages_expired_total',
    'Messages whose Message Expiry Interval ended in a queue',
    ({ figures }, set) => set(figures.statistics.publishExpired),
  );
  counter(
    'mqtt_dropped_total',
    'Copies for a client that it will not get',
    ({ figures }, set) => each({ ...figures.statistics.ledger.drops }, set),
    'reason',
  );

  const messages = 'ledger_messages';
  const copies = 'ledger_copies';
  counter(
    `${messages}_received_total`,
    'Messages that came in, from clients and from inside the gateway',
    ({ figures }, set) => {
      set(figures.ledger.messages.fromClients, 'clients');
      set(figures.ledger.messages.fromInside, 'inside');
    },
    'from',
  );
  counter(`${messages}_routed_total`, 'Messages that somebody subscribes to', ({ figures }, set) =>
    set(figures.ledger.messages.routed),
  );
  counter(`${messages}_unmatched_total`, 'Messages that nobody subscribes to', ({ figures }, set) =>
    set(figures.ledger.messages.unmatched),
  );
  counter(
    `${messages}_refused_total`,
    'Messages that were refused',
    ({ figures }, set) => each(figures.ledger.messages.refusedBy, set),
    'reason',
  );
  counter(
    `${copies}_made_total`,
    'Copies for receivers',
    ({ figures }, set) => {
      set(figures.ledger.copies.routed, 'routed');
      set(figures.ledger.copies.replayed, 'retained');
    },
    'kind',
  );
  counter(
    `${copies}_delivered_total`,
    'Copies delivered: QoS 0 given to the network, QoS 1 and 2 acknowledged',
    ({ figures }, set) => set(figures.ledger.copies.delivered),
  );
  counter(`${copies}_expired_total`, 'Copies that expired while they waited', ({ figures }, set) =>
    set(figures.ledger.copies.expired),
  );
  gauge(
    `${copies}_waiting`,
    'Copies not delivered yet',
    ({ figures }, set) => {
      set(figures.ledger.copies.inFlight, 'in_flight');
      set(figures.ledger.copies.queued, 'queued');
    },
    'state',
  );
  gauge(
    'ledger_difference',
    '0: the books balance',
    ({ figures }, set) => {
      set(figures.ledger.messages.difference, 'messages');
      set(figures.ledger.copies.difference, 'copies');
    },
    'of',
  );

  gauge(
    'mqtt_connections',
    'Open network connections',
    ({ figures }, set) => {
      for (const { name, connections } of figures.listeners) set(connections, name);
    },
    'listener',
  );
  counter('mqtt_connections_opened_total', 'Network connections that were accepted by a listener', ({ figures }, set) =>
    set(figures.statistics.connectionsOpened),
  );
  counter(
    'mqtt_connect_refused_total',
    'Connections refused before CONNACK said yes',
    ({ figures }, set) => each(figures.connectRefused, set),
    'reason',
  );
  counter(
    'mqtt_disconnected_total',
    'Connections of accepted clients that the broker ended',
    ({ figures }, set) => each(figures.disconnected, set),
    'reason',
  );
  counter(
    'mqtt_limit_refused_total',
    'Connections refused because of a limit',
    ({ figures }, set) => each(figures.statistics.refusedBy, set),
    'limit',
  );
  counter(
    'mqtt_ended_total',
    'Connections ended for a fault of the peer or a limit',
    ({ figures }, set) => each(figures.statistics.endedBy, set),
    'reason',
  );
  counter(
    'mqtt_throttled_total',
    'How often a client was not read for a while',
    ({ figures }, set) => each(figures.statistics.throttledBy, set),
    'limit',
  );
  counter(
    'mqtt_handshakes_failed_total',
    'Connections that ended before MQTT: PROXY header, TLS, WebSocket',
    ({ figures }, set) => set(figures.statistics.handshakesFailed),
  );
  counter('mqtt_logins_failed_total', 'CONNECT with credentials that were not accepted', ({ figures }, set) =>
    set(figures.statistics.loginsFailed),
  );
  counter('mqtt_logins_turned_away_total', 'CONNECT not looked at: too many failures before', ({ figures }, set) =>
    set(figures.statistics.loginsTurnedAway),
  );
  counter(
    'mqtt_subscriptions_refused_total',
    'Subscriptions that a client asked for and did not get',
    ({ figures }, set) => set(figures.statistics.subscriptionsRefused),
  );
  gauge(
    'mqtt_pending_bytes',
    'What waits in memory for clients',
    ({ figures }, set) => each({ ...figures.memory }, set),
    'of',
  );
  gauge(
    'mqtt_sessions',
    'Sessions of clients',
    ({ figures }, set) => {
      set(figures.clients.connected, 'connected');
      set(figures.clients.total - figures.clients.connected, 'away');
    },
    'state',
  );
  counter(
    'mqtt_sessions_expired_total',
    'Sessions that ended because their Session Expiry Interval was over',
    ({ figures }, set) => set(figures.statistics.sessionsExpired),
  );
  gauge('mqtt_subscriptions', 'Subscriptions, those of the gateway itself included', ({ figures }, set) =>
    set(figures.router.subscriptions),
  );
  gauge('mqtt_shared_subscriptions', 'Shared subscriptions', ({ figures }, set) => set(figures.sharedSubscriptions));
  gauge('mqtt_retained_messages', 'Retained messages', ({ figures }, set) => set(figures.router.retained));
  gauge('mqtt_stored_messages', 'Messages retained, queued and in flight', ({ figures }, set) =>
    set(figures.stored.messages),
  );
  gauge('mqtt_stored_bytes', 'Roughly what the stored messages hold', ({ figures }, set) => set(figures.stored.bytes));
  gauge('mqtt_unsent_bytes', 'Written by the broker and not yet taken by the network', ({ figures }, set) =>
    set(figures.waiting.bytes),
  );

  gauge('devices', 'Devices by state', ({ status }, set) => each(status.devices, set), 'state');
  gauge('points', 'Points by quality', ({ status }, set) => each(status.points, set), 'quality');
  defineWires(counter, gauge);
  gauge(
    'link_up',
    '1: the link is up; 0: it is not',
    ({ links }, set) => {
      for (const { name, state } of links) set(Number(state === 'up'), name);
    },
    'link',
  );
  counter(
    'link_messages_total',
    'Messages over the link',
    ({ links }, set) => {
      for (const link of links) {
        set(link.in, link.name, 'in');
        set(link.out, link.name, 'out');
      }
    },
    'link',
    'direction',
  );
  gauge(
    'link_queued_messages',
    'Messages not yet acknowledged by the far side',
    ({ links }, set) => {
      for (const { name, queued } of links) set(queued, name);
    },
    'link',
  );
  counter(
    'link_dropped_total',
    'Messages that the queue of the link could not keep',
    ({ links }, set) => {
      for (const { name, dropped } of links) set(dropped, name);
    },
    'link',
  );

  return {
    contentType: registry.contentType,
    async text() {
      const { status, figures, devices, ports, links } = sources;
      now = { status: status(), figures: figures(), devices: devices(), ports: ports(), links: links() };
      const text = await registry.metrics();
      loop.reset();
      return text;
    },
    [Symbol.dispose]: () => void loop.disable(),
  };
}

/** `queueFull` → `queue_full`: labels are written as Prometheus does. */
function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
