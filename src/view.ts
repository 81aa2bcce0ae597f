/** What the control API may see and do: one GatewayView over the services. */
import { isUtf8 } from 'node:buffer';
import type { ConfigView, GatewayView, PublishRequest, StatusView } from './api/contract.js';
import type { Broker } from './broker/broker.js';
import { isShared } from './broker/shared-filter.js';
import { filterRefusal, topicRefusal } from './broker/topic-rules.js';
import type { Clock } from './core/clock.js';
import type { StoreLimits } from './core/config.js';
import { errorsOf, errorView } from './core/errors.js';
import { historySpan } from './core/history.js';
import { createMessage, type Message, type OriginKind } from './core/message.js';
import { subscriptionTo } from './core/router.js';
import type { Service } from './core/service.js';
import type { Store } from './core/store.js';
import { topicFilterFault, topicNameFault } from './core/topic.js';
import type { AlarmView, LedgerView, MessageView, ServiceView } from './core/views.js';
import type { Devices } from './devices/devices.js';
import type { Servers } from './devices/servers/servers.js';
import type { Functions } from './functions/functions.js';
import { historyError } from './history/errors.js';
import type { History } from './history/history.js';
import type { Links } from './links/links-service.js';
import type { Logging } from './logging.js';
import type { Metrics } from './metrics/metrics.js';
import { Rates } from './rates.js';
import { storeSummary, storeView } from './store-view.js';
import type { Updates } from './update/updates.js';

/** Payload bytes shown of one message. */
const SHOWN_BYTES = 65_536;
const NO_HISTORY = 'nothing is recorded: there is no `history` in the configuration';

export const viewErrors = {
  NO_FUNCTIONS: { fault: 'caller', hint: 'add it to `functions` in the configuration, and restart the gateway' },
  TOPIC_REFUSED: {
    fault: 'caller',
    hint: '$SYS/… is published by the gateway alone, $share/… is for MQTT clients, and a topic has at most 201 levels',
  },
  TOPIC_INVALID: {
    fault: 'caller',
    hint: 'a topic is 1 to 65,535 bytes; wildcards + and # stand only in filters, as whole levels',
  },
} as const;
const viewError = errorsOf(viewErrors);

export interface ViewParts {
  readonly gatewayId: string;
  readonly version: string;
  readonly startedAt: number;
  readonly readOnly: boolean;
  readonly clock: Clock;
  readonly logging: Logging;
  readonly broker: Broker;
  readonly devices: Devices;
  /** undefined: the gateway serves no masters. */
  readonly servers?: Servers;
  readonly links: Links;
  /** undefined: there are none. */
  readonly functions?: Functions | undefined;
  /** undefined: nothing is recorded. */
  readonly history?: History | undefined;
  /** undefined: nothing is kept on disk. */
  readonly store?: Store & Service;
  readonly storeLimits?: StoreLimits;
  readonly config: ConfigView;
  readonly updates: Updates;
  /** Of parts that are no services. */
  readonly moreAlarms?: () => readonly AlarmView[];
  /** The gateway's own phase; `up` is refined by the services. */
  readonly phase: () => 'starting' | 'up' | 'stopping';
}

export function createView(parts: ViewParts): GatewayView & Disposable {
  const { broker, devices, servers, links, functions, history, store, clock, logging } = parts;
  const { router } = broker;
  const rates = new Rates<'received' | 'delivered'>(clock, () => router.counters());
  let tails = 0;
  let metrics: Metrics | undefined;

  const status = (): StatusView => {
    const counters = router.counters();
    const figures = broker.figures();
    const services: ServiceView[] = [
      { name: broker.name, ...broker.status() },
      ...(store === undefined ? [] : [{ name: store.name, ...store.status() }]),
      { name: devices.name, ...devices.status() },
      ...devices.services(),
      ...(servers?.services() ?? []),
      ...links.services(),
      ...(functions === undefined ? [] : [{ name: functions.name, ...functions.status() }]),
      ...(history === undefined ? [] : [{ name: history.name, ...history.status() }]),
    ];
    const alarms = [
      ...broker.alarms(),
      ...storeAlarms(store),
      ...devices.alarms(),
      ...(servers?.alarms() ?? []),
      ...links.alarms(),
      ...(functions?.alarms() ?? []),
      ...(history?.alarms() ?? []),
      ...(parts.moreAlarms?.() ?? []),
    ].sort((a, b) => severity(a) - severity(b) || a.since - b.since);
    const phase = parts.phase();
    const healthy = alarms.length === 0 && services.every((service) => service.state === 'up');
    const states = { starting: 0, online: 0, degraded: 0, offline: 0, paused: 0 };
    for (const { state } of devices.devices()) states[state]++;
    const qualities = { good: 0, stale: 0, bad: 0 };
    devices.countQualities(qualities);
    return {
      gateway: parts.gatewayId,
      version: parts.version,
      pid: process.pid,
      state: phase === 'up' && !healthy ? 'degraded' : phase,
      startedAt: parts.startedAt,
      now: clock.now(),
      listeners: broker.addresses(),
      mqtt: {
        listeners: figures.listeners,
        refused: figures.connectRefused,
        limits: Object.fromEntries(Object.entries(figures.statistics.refusedBy).filter(([, count]) => count > 0)),
        ended: figures.disconnected,
        handshakesFailed: figures.statistics.handshakesFailed,
      },
      services,
      alarms,
      messages: {
        received: counters.received,
        delivered: counters.delivered,
        dropped: counters.dropped,
        receivedPerSecond: rates.perSecond('received'),
        deliveredPerSecond: rates.perSecond('delivered'),
      },
      ledger: ledgerSummary(figures.ledger),
      clients: figures.clients.connected,
      subscriptions: figures.clients.subscriptions,
      retained: counters.retained,
      devices: states,
      ...(store !== undefined && { store: storeSummary(store) }),
      ...(history !== undefined && { history: history.summary() }),
      points: qualities,
      rssBytes: process.memoryUsage.rss(),
      readOnly: parts.readOnly,
    };
  };

  return {
    status,
    devices: () => devices.devices(),
    ports: () => devices.ports(),
    plan: (device) => devices.plan(device),
    points: () => devices.points(),
    pointsChangedSince: (revision) => devices.pointsChangedSince(revision),
    clients: () => broker.clients(),
    client: (clientId) => broker.client(clientId),
    disconnect: (clientId, forget) => broker.disconnect(clientId, forget),
    links: () => links.links(),
    pauseDrain: (link, isPaused) => links.pauseDrain(link, isPaused),
    orphanedOutboxes: () => links.orphans(),
    forgetOutbox: (link) => links.forget(link),
    servers: () => servers?.servers() ?? [],
    functions: () => functions?.functions() ?? [],
    functionLogs: (name, after, limit) => functions?.logs(name, after, limit) ?? [],
    deployFunction: (name, module, source) => the(functions, name).deploy(name, module, source),
    shadowFunction: (name, module, source, run) => the(functions, name).shadow(name, module, source, run),
    functionShadow: (name) => the(functions, name).shadowView(name),
    endFunctionShadow: (name) => the(functions, name).endShadow(name),
    changeFunction: (name, change) => the(functions, name)[change](name),
    logs: () => logging.lines(),
    onLog: (listener) => logging.onLine(listener),
    *retained(filter) {
      checkFilter(filter);
      for (const message of router.retained(filter)) yield storedView(message);
    },
    tail(filter, listener) {
      checkFilter(filter);
      const origin = `gateway:tail-${tails++}` as const;
      const attachment = router.attach({
        id: origin,
        kind: 'api',
        origin,
        durable: false,
        deliver(message) {
          listener(messageView(message));
          return true;
        },
      });
      for (const message of attachment.subscribe(subscriptionTo(filter))) {
        if (message === undefined) continue;
        listener(storedView(message));
      }
      return attachment;
    },
    async publish(request) {
      await router.publish(toMessage(request, clock.now()));
    },
    read: (device, point, signal) => devices.read(device, point, signal),
    write: (device, point, request, signal) => devices.write(device, point, request, signal),
    recording: (port, after, limit) => devices.recording(port, after, limit),
    identify: (device, signal) => devices.identify(device, signal),
    pause: (device) => devices.pause(device),
    resume: (device) => devices.resume(device),
    retry: (device) => devices.retry(device),
    config: () => parts.config,
    update: () => parts.updates.view(),
    restart: (reason) => parts.updates.restart(reason),
    ledger: () => broker.figures().ledger,
    store: async () => store && parts.storeLimits && storeView(store, parts.storeLimits, broker, links, clock.now()),
    async history() {
      if (history === undefined) return { summary: null, items: [] };
      return { summary: history.summary(), items: await history.list() };
    },
    async historyOf(request) {
      if (history === undefined) throw historyError('HISTORY_OFF', NO_HISTORY);
      return history.query({ ...request, ...historySpan(request, clock.now()) });
    },
    async metrics() {
      // Many gateways are never scraped.
      const { createMetrics } = await import('./metrics/metrics.js');
      metrics ??= createMetrics({
        status,
        figures: () => broker.figures(),
        store: () => store?.figures(),
        history: () => history?.summary(),
        devices: () => devices.devices(),
        ports: () => devices.ports(),
        servers: () => servers?.servers() ?? [],
        links: () => links.links(),
        functions: () => functions?.functions() ?? [],
      });
      return { contentType: metrics.contentType, text: await metrics.text() };
    },
    [Symbol.dispose]() {
      rates[Symbol.dispose]();
      metrics?.[Symbol.dispose]();
    },
  };
}

function the(functions: Functions | undefined, name: string): Functions {
  if (functions === undefined) throw viewError('NO_FUNCTIONS', `there is no function "${name.slice(0, 64)}"`);
  return functions;
}

function ledgerSummary({ messages, copies }: LedgerView): StatusView['ledger'] {
  return {
    difference: Math.abs(messages.difference) + Math.abs(copies.difference),
    waiting: copies.inFlight + copies.queued,
    dropped: copies.dropped,
    expired: copies.expired,
  };
}

const severity = (alarm: { severity: 'error' | 'warn' }): number => (alarm.severity === 'error' ? 0 : 1);

function checkFilter(filter: string): void {
  const fault = topicFilterFault(filter);
  if (fault !== undefined) throw viewError('TOPIC_INVALID', `topic filter "${filter.slice(0, 100)}" ${fault}`);
  // What MQTT clients may not do, clients of the API may not either. Who only looks takes no share from those who work.
  if (filterRefusal(filter) !== undefined || isShared(filter)) throw refused(filter);
}

const refused = (topic: string): Error => viewError('TOPIC_REFUSED', `topic "${topic.slice(0, 100)}" is not allowed`);

function toMessage(request: PublishRequest, now: number): Message {
  const fault = topicNameFault(request.topic);
  if (fault !== undefined) throw viewError('TOPIC_INVALID', `topic "${request.topic.slice(0, 100)}" ${fault}`);
  if (topicRefusal(request.topic) !== undefined) throw refused(request.topic);
  const payload =
    request.base64 === undefined ? Buffer.from(request.text ?? '') : Buffer.from(request.base64, 'base64');
  return createMessage({ ...request, payload, origin: 'gateway:api', receivedAt: now });
}

function storedView(message: Message): MessageView {
  return { ...messageView(message), stored: true };
}

function messageView(message: Message): MessageView {
  const { payload } = message;
  const truncated = payload.length > SHOWN_BYTES;
  const isText = isUtf8(payload);
  let end = SHOWN_BYTES;
  // A text is cut between characters: before a byte that does not continue one (10xxxxxx).
  while (isText && truncated && (payload[end]! & 0xc0) === 0x80) end--;
  const shown = payload.subarray(0, end);
  return {
    topic: message.topic,
    ...(isText ? { text: shown.toString('utf8') } : { base64: shown.toString('base64') }),
    bytes: payload.length,
    ...(truncated ? { truncated } : {}),
    qos: message.qos,
    retain: message.retain,
    origin: message.origin.slice(0, message.origin.indexOf(':')) as OriginKind,
    at: message.receivedAt,
  };
}

function storeAlarms(store: ViewParts['store']): readonly AlarmView[] {
  const fault = store?.fault;
  if (store === undefined || fault === undefined) return [];
  return [{ severity: 'error', subject: 'store', since: store.status().since, error: errorView(fault) }];
}
