/** A gateway without a gateway: a GatewayView of fixed content that tests change, for the API, the CLI and the TUI. */
import type {
  ClientDetail,
  ClientEnd,
  ClientView,
  CommandResult,
  ConfigView,
  DeviceView,
  FunctionChange,
  GatewayView,
  HistoryListView,
  HistoryView,
  IdentityView,
  LedgerView,
  LinkView,
  LogLine,
  MessageView,
  OrphanedOutboxView,
  PlanView,
  PointView,
  PortView,
  PublishRequest,
  RecordingView,
  ServerView,
  StatusView,
  StoreView,
  UpdateView,
  WriteRequest,
} from '../../src/api/contract.js';
import { errorsOf } from '../../src/core/errors.js';
import { type HistoryRequest, historySpan } from '../../src/core/history.js';
import { topicMatches } from '../../src/core/topic.js';
import { clientView, message } from './client-view.js';
import { FakeHistory } from './fake-history.js';
import { fakeLedger } from './fake-ledger.js';
import { fakeServers } from './fake-servers.js';
import { fakeStore } from './fake-store.js';
import { fakeUpdate } from './fake-update.js';
import { FakeFunctions } from './function-view.js';
import { busyRoute, idleOutbox, quietLink } from './link-view.js';

/** 2026-01-01T00:00:00Z */
export const FAKE_NOW = Date.UTC(2026, 0, 1);

const fakeError = errorsOf({
  FAKE_TIMEOUT: { fault: 'device', hint: 'check the wiring' },
} as const);

function point(device: string, name: string, value: PointView['value'], more: Partial<PointView> = {}): PointView {
  return {
    device,
    point: name,
    topic: `hpmq/plant-7/${device}/${name}`,
    value,
    text: value === null ? '—' : String(value),
    quality: 'good',
    at: null,
    every: 1_000,
    writable: false,
    readOnlyReason: 'the point has no `write` in the configuration',
    ...more,
  };
}

const writable = (critical = false): Partial<PointView> => ({
  writable: true,
  write: { min: 10, max: 90, step: 0.5, verify: true, critical },
});

export class FakeView implements GatewayView {
  servers_: readonly ServerView[] = fakeServers;
  readonly now: number;
  points_: PointView[];
  devices_: DeviceView[];
  store_: StoreView | undefined;
  ledger_: LedgerView = fakeLedger;
  clients_: ClientView[];
  readonly drainsPaused = new Set<string>();
  orphans_: readonly OrphanedOutboxView[] = [
    { name: 'old-cloud', messages: 12, bytes: 2_400, oldestAt: FAKE_NOW - 86_400_000 },
  ];
  readonly history_ = new FakeHistory(FAKE_NOW);
  readonly fakeFunctions = new FakeFunctions(FAKE_NOW);
  /** `ID` or `ID forget`. */
  readonly kicked: string[] = [];
  retained_: MessageView[];
  readonly logs_: LogLine[];
  readonly published: PublishRequest[] = [];
  readonly written: (WriteRequest & { device: string; point: string })[] = [];
  readonly paused: string[] = [];
  outcome: Partial<CommandResult> = {};
  update_: Partial<UpdateView> = {};
  readonly restarts: string[] = [];
  readonly #tails = new Set<{ filter: string; listener: (message: MessageView) => void }>();
  readonly #logListeners = new Set<(line: LogLine) => void>();
  #revision = 0;
  readonly #changed = new Map<string, number>();

  constructor(now = FAKE_NOW) {
    this.now = now;
    this.store_ = fakeStore(now);
    this.points_ = [
      point('boiler', 'temperature', 71.4, { unit: '°C' }),
      point('boiler', 'setpoint', 65, { unit: '°C', ...writable() }),
      point('boiler', 'release', 0, writable(true)),
      point('meter', 'energy', '18446744073709551615', { unit: 'kWh' }),
      point('meter', 'power', null, {
        quality: 'bad',
        error: {
          code: 'FAKE_TIMEOUT',
          fault: 'device',
          message: 'unit 1 did not answer within 500 ms',
          hint: 'check the wiring',
        },
      }),
    ].map((one) => ({ ...one, at: now - 400 }));
    this.devices_ = [
      device(now, 'boiler', 'online', 3),
      device(now, 'meter', 'offline', 2, {
        error: {
          code: 'FAKE_TIMEOUT',
          fault: 'device',
          message: 'unit 1 did not answer within 500 ms',
          hint: 'check the wiring',
        },
        nextTryAt: this.now + 12_000,
      }),
    ];
    this.clients_ = [
      clientView(now, { clientId: 'scada-1', user: 'scada' }),
      clientView(now, {
        clientId: 'phone-7',
        protocol: '3.1.1',
        connected: false,
        queued: 18,
        queuedBytes: 2_048,
        dropped: 3,
        droppedBy: { queueFull: 2, offline: 1 },
        transport: 'wss',
        tls: { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' },
        since: now - 600_000,
        lastPacketAt: now - 605_000,
      }),
      clientView(now, { clientId: 'evil\u001b[2J', user: null, received: 0, sent: 0, keepAlive: 0, refused: 2 }),
    ];
    this.retained_ = [{ ...message(now, 'hpmq/plant-7/boiler/temperature', '{"v":71.4}', true), stored: true }];
    this.logs_ = [{ at: this.now, level: 'info', service: 'gateway', message: 'gateway is up', fields: {} }];
  }

  /** Subscriptions that somebody holds: 0 when nobody watches. */
  get watchers(): number {
    return this.#tails.size + this.#logListeners.size;
  }

  set(device: string, name: string, value: PointView['value']): void {
    this.points_ = this.points_.map((one) =>
      one.device === device && one.point === name ? { ...one, value, text: String(value), at: this.now } : one,
    );
    this.#changed.set(`${device}.${name}`, ++this.#revision);
  }

  log(text: string): void {
    const line: LogLine = { at: this.now, level: 'info', service: 'test', message: text, fields: {} };
    this.logs_.push(line);
    for (const listener of this.#logListeners) listener(line);
  }

  arrive(topic: string, text: string, retain = false): void {
    for (const tail of this.#tails)
      if (topicMatches(tail.filter, topic)) tail.listener(message(this.now, topic, text, retain));
  }

  status(): StatusView {
    return {
      gateway: 'plant-7',
      version: '0.0.0',
      pid: 4_711,
      state: 'degraded',
      startedAt: this.now - 3_600_000,
      now: this.now,
      listeners: ['127.0.0.1:1883'],
      mqtt: {
        listeners: [
          { name: 'tcp:127.0.0.1:1883', type: 'tcp', addresses: ['127.0.0.1:1883'], connections: 1 },
          { name: 'tls:10.0.0.1:8883', type: 'tls', addresses: ['tls://10.0.0.1:8883'], connections: 12 },
        ],
        refused: { bad_user_name_or_password: 7, quota_exceeded: 1 },
        limits: { connectionsPerAddress: 1 },
        ended: { keep_alive_timeout: 3 },
        handshakesFailed: 2,
      },
      services: [{ name: 'broker', state: 'up', since: this.now - 3_600_000 }],
      alarms: [
        {
          severity: 'error',
          subject: 'device:meter',
          since: this.now - 90_000,
          error: {
            code: 'FAKE_TIMEOUT',
            fault: 'device',
            message: 'unit 1 did not answer within 500 ms',
            hint: 'check the wiring',
          },
        },
      ],
      messages: { received: 1_200, delivered: 900, dropped: 0, receivedPerSecond: 12.5, deliveredPerSecond: 9 },
      ledger: { difference: 0, waiting: 19, dropped: 3, expired: 1 },
      clients: 2,
      subscriptions: 5,
      retained: 1,
      devices: { starting: 0, online: 1, degraded: 0, offline: 1, paused: 0 },
      points: { good: 4, stale: 0, bad: 1 },
      rssBytes: 61_000_000,
      readOnly: false,
    };
  }

  devices(): readonly DeviceView[] {
    return this.devices_;
  }

  points(): readonly PointView[] {
    return this.points_;
  }

  pointsChangedSince(revision: number): { revision: number; points: readonly PointView[] } {
    const points = this.points_.filter((one) => (this.#changed.get(`${one.device}.${one.point}`) ?? 0) > revision);
    return { revision: this.#revision, points };
  }

  clients(): readonly ClientView[] {
    return this.clients_;
  }

  client(clientId: string): ClientDetail | undefined {
    const view = this.clients_.find((one) => one.clientId === clientId);
    if (view === undefined) return undefined;
    const options = { noLocal: false, retainAsPublished: true, retainHandling: 0 } as const;
    return {
      ...view,
      filters: [
        { filter: 'plant/#', qos: 1, ...options, identifier: 7 },
        { filter: '$SYS/broker/uptime', qos: 0, ...options, noLocal: true, retainHandling: 2, identifier: null },
      ],
      will: { topic: 'plant/scada/state', qos: 1, retain: true, bytes: 7, delay: 5_000 },
    };
  }

  disconnect(clientId: string, forget: boolean): ClientEnd | undefined {
    const view = this.clients_.find((one) => one.clientId === clientId);
    if (view === undefined) return undefined;
    this.kicked.push(`${clientId}${forget ? ' forget' : ''}`);
    return { clientId, wasConnected: view.connected, isForgotten: forget };
  }

  servers(): readonly ServerView[] {
    return this.servers_;
  }

  async identify(deviceName: string): Promise<IdentityView> {
    return {
      device: deviceName,
      source: 'function 43/14',
      fields: { vendorName: 'ACME\x1b[2J', productCode: 'B-7', majorMinorRevision: '1.4' },
    };
  }

  links(): readonly LinkView[] {
    return [
      {
        ...quietLink,
        routes: [busyRoute],
        name: 'cloud',
        type: 'mqtt',
        url: 'mqtt://iot.example.com:1883',
        state: 'up',
        since: this.now - 60_000,
        in: 1,
        out: 2,
        inPerSecond: 0,
        outPerSecond: 1,
        ...idleOutbox(this.drainsPaused.has('cloud') ? 40 : 0, this.drainsPaused.has('cloud')),
        oldestMs: null,
        dropped: 0,
      },
    ];
  }

  functions = () => this.fakeFunctions.views;
  functionLogs = (name: string, after: number, limit: number) => this.fakeFunctions.logs(name, after, limit);
  deployFunction = (name: string, module: Buffer, source: string) => this.fakeFunctions.deploy(name, module, source);
  shadowFunction = this.fakeFunctions.shadow;
  functionShadow = this.fakeFunctions.shadowOf;
  endFunctionShadow = this.fakeFunctions.endShadow;
  changeFunction = (name: string, change: FunctionChange) => this.fakeFunctions.change(name, change);

  pauseDrain(link: string, isPaused: boolean): LinkView | undefined {
    if (isPaused) this.drainsPaused.add(link);
    else this.drainsPaused.delete(link);
    return this.links().find(({ name }) => name === link);
  }

  orphanedOutboxes(): readonly OrphanedOutboxView[] {
    return this.orphans_;
  }

  forgetOutbox(link: string): OrphanedOutboxView | undefined {
    const found = this.orphans_.find(({ name }) => name === link);
    this.orphans_ = this.orphans_.filter((one) => one !== found);
    return found;
  }

  logs(): Iterable<LogLine> {
    return this.logs_;
  }

  onLog(listener: (line: LogLine) => void): Disposable {
    this.#logListeners.add(listener);
    return { [Symbol.dispose]: () => void this.#logListeners.delete(listener) };
  }

  retained(filter: string): Iterable<MessageView> {
    if (filter === 'bad/#/filter') throw fakeError('FAKE_TIMEOUT', 'the filter is bad');
    return this.retained_.filter(({ topic }) => topicMatches(filter, topic));
  }

  tail(filter: string, listener: (message: MessageView) => void): Disposable {
    const tail = { filter, listener };
    this.#tails.add(tail);
    for (const one of this.retained(filter)) listener(one);
    return { [Symbol.dispose]: () => void this.#tails.delete(tail) };
  }

  async publish(request: PublishRequest): Promise<void> {
    this.published.push(request);
    this.arrive(request.topic, request.text ?? '', request.retain);
  }

  async read(deviceName: string, name: string): Promise<PointView> {
    if (deviceName === 'meter' && name === 'power') {
      throw fakeError('FAKE_TIMEOUT', 'unit 1 did not answer within 500 ms', { details: { unit: 1, timeoutMs: 500 } });
    }
    return this.points_.find((one) => one.device === deviceName && one.point === name)!;
  }

  async write(deviceName: string, name: string, request: WriteRequest): Promise<CommandResult> {
    this.written.push({ ...request, device: deviceName, point: name });
    return { status: 'verified', device: deviceName, point: name, value: request.value, at: this.now, ...this.outcome };
  }

  pause(deviceName: string): void {
    this.paused.push(deviceName);
  }

  resume(deviceName: string): void {
    this.paused.splice(this.paused.indexOf(deviceName), 1);
  }

  retry(): void {}

  ports(): readonly PortView[] {
    const devices = this.devices();
    return [...Map.groupBy(devices, ({ port }) => port)].map(([name, members]) => ({
      name,
      endpoint: members[0]!.endpoint,
      state: 'up' as const,
      since: members[0]!.since,
      devices: members.map((device) => device.name),
      exchangeMs: { p50: 12, p95: 30, p99: 44 },
      opens: 3,
      requests: 100 * members.length,
      timeouts: 7,
      errors: 9,
      errorsPerMinute: 1,
      crcErrors: 2,
      exceptions: { 2: 3 },
      overruns: 0,
      busyShare: 0.25,
      load: 0.3,
      cycleMs: 300,
    }));
  }

  recording(port: string, after: number, limit: number): RecordingView {
    const frames = [
      { sequence: 1, at: 1_763_841_600_123_456, sent: true, hex: '030300640001c437' },
      { sequence: 2, at: 1_763_841_600_140_001, sent: false, hex: '03030202ca40b3' },
    ].filter(({ sequence }) => sequence > after);
    return {
      port,
      adapter: 'modbus',
      endpoint: '/dev/ttyUSB0 19200 8E1',
      framing: 'rtu',
      next: 2,
      newest: 2,
      frames: frames.slice(0, limit),
    };
  }

  plan(device: string): PlanView {
    return {
      device,
      port: 'line-a',
      endpoint: '/dev/ttyUSB0 19200 8E1',
      latencyMs: 7.5,
      isMeasured: true,
      cycleMs: 1_400,
      load: 1.4,
      portCycleMs: 1_400,
      portLoad: 1.4,
      groups: [{ every: 1_000, points: 300, requests: 14, cycleMs: 1_400, needsMs: 1_400 }],
      reads: [{ every: 1_000, space: 'holding', start: 100, units: 60, points: 40, idle: 20, ms: 100 }],
      absent: [{ space: 'holding', start: 130, units: 1 }],
    };
  }

  ledger(): LedgerView {
    return this.ledger_;
  }

  async history(): Promise<HistoryListView> {
    return this.history_.list();
  }

  async historyOf(request: HistoryRequest): Promise<HistoryView> {
    return this.history_.query({ ...request, ...historySpan(request, this.now) });
  }

  async store(): Promise<StoreView | undefined> {
    return this.store_;
  }

  async metrics(): Promise<{ contentType: string; text: string }> {
    return { contentType: 'text/plain; version=0.0.4; charset=utf-8', text: 'hpmq_info 1\n' };
  }

  config(): ConfigView {
    return { file: '/etc/hpmq/hpmq.yaml', yaml: 'gateway:\n  id: plant-7\n' };
  }

  async update(): Promise<UpdateView> {
    return {
      ...fakeUpdate,
      ...this.update_,
    };
  }
  restart(reason: string): void {
    this.restarts.push(reason);
  }
}

function device(
  now: number,
  name: string,
  state: DeviceView['state'],
  points: number,
  more: Partial<DeviceView> = {},
): DeviceView {
  return {
    name,
    adapter: 'modbus',
    port: 'line-a',
    endpoint: '/dev/ttyUSB0 19200 8E1',
    address: `unit ${points}`,
    state,
    since: now - 3_570_000,
    points,
    badPoints: state === 'online' ? 0 : 1,
    exchangeMs: { p50: 12, p95: 30, p99: 44 },
    latencyMs: 7.5,
    requests: 100,
    timeouts: state === 'online' ? 0 : 7,
    errors: 0,
    crcErrors: 0,
    exceptions: {},
    errorsPerMinute: 0,
    overruns: 0,
    busyShare: 0.02,
    plan: { requests: 1, cycleMs: 20, load: 0.02, tooFast: [], absent: 0 },
    ...more,
  };
}
