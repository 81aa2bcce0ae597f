/** A gateway that lives in this process: a small plant that moves, behind the interface of the API client. */

import type {
  AlarmView,
  ApiClient,
  ClientView,
  CommandResult,
  DeviceView,
  EventOptions,
  GatewayEvent,
  HistorySummary,
  LinkView,
  LogLine,
  MessageView,
  PeriodView,
  PointView,
  RequestOptions,
  RouteName,
  Routes,
  StatusView,
  TopicView,
} from '../../src/api/contract.js';
import type { Clock } from '../../src/core/clock.js';
import { type ErrorCatalogue, type ErrorView, errorsOf } from '../../src/core/errors.js';
import { topicMatches } from '../../src/core/topic.js';
import { historyError } from '../../src/history/errors.js';
import { clientView } from '../support/client-view.js';
import { FakeFunctions } from '../support/function-view.js';
import { idleOutbox, quietLink } from '../support/link-view.js';
import { type Definition, plant } from './fake-plant.js';

export const fakeErrors = {
  API_UNREACHABLE: { fault: 'peer', hint: 'start the gateway with `hpmq run`' },
  API_CONNECTION_LOST: { fault: 'peer', hint: 'the gateway may be restarting' },
  POINT_UNKNOWN: { fault: 'caller', hint: 'list the points with `hpmq point list`' },
  WRITE_REFUSED: { fault: 'caller', hint: 'switch the controller to remote' },
} as const satisfies ErrorCatalogue;
export const fakeError = errorsOf(fakeErrors);

const timeout: ErrorView = {
  code: 'MODBUS_TIMEOUT',
  fault: 'device',
  message: 'unit 3 did not answer within 500 ms',
  hint: 'check wiring, unit id, baud rate and parity',
};
const refused: ErrorView = {
  code: 'LINK_REFUSED',
  fault: 'peer',
  message: 'connect ECONNREFUSED 192.0.2.8:8883',
  hint: 'check that the other gateway runs and its port is open',
};

/** How a write ends. */
export type WriteAnswer = 'verified' | 'refused' | 'failed' | 'unknown' | 'throw';

const recorded: HistorySummary = {
  ...{ series: 1, recorded: 96, dropped: 0, waiting: 0, bytes: 65_536, maxBytes: 1e9, keep: 30 * 86_400_000 },
};

interface Stream {
  readonly options: EventOptions;
  readonly queue: GatewayEvent[];
  wake: () => void;
  error: Error | undefined;
}

export interface FakeOptions {
  readonly clock: Clock;
  /** Further points `row-0…` on the meter, for long lists. */
  readonly extraPoints?: number;
  readonly readOnly?: boolean;
}

export class FakeGateway implements ApiClient {
  readonly #clock: Clock;
  readonly #startedAt: number;
  readonly #readOnly: boolean;
  readonly #definitions: readonly Definition[];
  readonly #streams = new Set<Stream>();
  readonly #values = new Map<string, PointView['value']>();
  readonly #topics = new Map<string, TopicView>();
  readonly #logs: LogLine[] = [];
  readonly #paused = new Set<string>();
  /** Clients that were disconnected, and whether their session ended. */
  readonly #kicked = new Map<string, boolean>();
  #step = 0;
  /** Requests fail and streams break while false. */
  isUp = true;
  /** Streams that were asked for and refused. */
  refusals = 0;
  writeAnswer: WriteAnswer = 'verified';
  /** Of the temperature of the boiler; nothing else is recorded. undefined: nothing at all. */
  day: readonly PeriodView[] | undefined;
  /** Every request, for assertions: `POST /v1/devices/{device}/pause boiler`. */
  readonly requests: string[] = [];
  alarms: readonly AlarmView[];
  readonly functions = new FakeFunctions(Date.now(), []);

  constructor(options: FakeOptions) {
    this.#clock = options.clock;
    this.#readOnly = options.readOnly ?? false;
    this.#startedAt = options.clock.now() - 274_000_000;
    const extra = Array.from({ length: options.extraPoints ?? 0 }, (_, i): Definition => {
      return { device: 'meter', point: `row-${String(i).padStart(5, '0')}`, base: i };
    });
    this.#definitions = [...plant, ...extra];
    for (const { device, point, base } of this.#definitions) this.#values.set(`${device}/${point}`, base);
    const since = this.#clock.now() - 12_000;
    this.alarms = [
      { severity: 'error', subject: 'device:tank', since, error: timeout },
      { severity: 'warn', subject: 'link:peer-2', since: since - 60_000, error: refused },
    ];
    this.log('info', 'broker', 'listening', { host: '127.0.0.1', port: 1883 });
    this.log('info', 'devices', 'port open', { port: 'line-a' });
    this.log('warn', 'devices', 'device does not answer', { device: 'tank', code: 'MODBUS_TIMEOUT' });
    this.log('debug', 'broker', 'client connected', { clientId: 'scada-1' });
    for (const view of this.points())
      this.publish(view.topic, JSON.stringify({ v: view.value, q: view.quality }), true);
  }

  /** Moves the plant on by one step, and tells the streams. */
  advance(): void {
    this.#step++;
    for (const { device, point, base, swing, decimals } of this.#definitions) {
      if (swing === undefined || typeof base !== 'number') continue;
      const phase = point.length + device.length;
      const value = base + swing * Math.sin(this.#step / 7 + phase) * Math.cos(this.#step / 19);
      this.#values.set(`${device}/${point}`, Number(value.toFixed(decimals ?? 0)));
    }
    const changed = this.#points(this.#definitions.filter(({ swing }) => swing !== undefined));
    this.#emit({ kind: 'points', data: changed });
    this.#emit({ kind: 'status', data: this.status() });
    for (const view of changed.slice(0, 6)) {
      this.publish(view.topic, JSON.stringify({ v: view.value, q: view.quality, t: view.at, u: view.unit }), true);
    }
  }

  log(level: LogLine['level'], service: string, message: string, fields: LogLine['fields'] = {}): void {
    const line = { at: this.#clock.now(), level, service, message, fields };
    this.#logs.push(line);
    this.#emit({ kind: 'logs', data: [line] });
  }

  publish(topic: string, text: string, retain = false): void {
    const at = this.#clock.now();
    const view = { topic, retained: retain, messages: (this.#topics.get(topic)?.messages ?? 0) + 1, at };
    this.#topics.set(topic, view);
    const message: MessageView = { topic, text, bytes: Buffer.byteLength(text), qos: 0, retain, origin: 'device', at };
    for (const stream of this.#streams) {
      if (!topicMatches(stream.options.filter ?? '#', topic)) continue;
      this.#send(stream, { kind: 'topics', data: [view] });
      this.#send(stream, { kind: 'messages', data: { items: [message], dropped: 0 } });
    }
  }

  /** Breaks all streams; new ones are refused until `isUp` again. */
  cut(): void {
    this.isUp = false;
    for (const stream of this.#streams) {
      stream.error = fakeError('API_CONNECTION_LOST', 'the gateway closed the connection');
      stream.wake();
    }
  }

  get streams(): readonly string[] {
    return [...this.#streams].map(({ options }) => `${options.kinds.join(',')} ${options.filter ?? ''}`.trim());
  }

  status(): StatusView {
    const points = this.points();
    const count = (quality: PointView['quality']) => points.filter((view) => view.quality === quality).length;
    const now = this.#clock.now();
    const service = (name: string, state: 'up' | 'degraded' | 'down', reason?: string) => ({
      name,
      state,
      since: state === 'up' ? this.#startedAt : now - 12_000,
      ...(reason === undefined ? {} : { reason }),
    });
    return {
      gateway: 'plant-7',
      version: '0.1.0',
      pid: 4711,
      state: this.alarms.length > 0 ? 'degraded' : 'up',
      startedAt: this.#startedAt,
      now,
      listeners: ['mqtt://127.0.0.1:1883'],
      mqtt: {
        listeners: [{ name: 'local', type: 'tcp', addresses: ['127.0.0.1:1883'], connections: 3 }],
        refused: { bad_user_name_or_password: 7, quota_exceeded: 1 },
        limits: {},
        ended: {},
        handshakesFailed: 0,
      },
      services: [
        service('broker', 'up'),
        service('devices', 'degraded', '1 of 3 devices offline'),
        service('port:line-a', 'up'),
        service('port:plc', 'up'),
        service('link:cloud', 'up'),
        service('link:peer-2', 'down', 'connection refused'),
        service('api', 'up'),
      ],
      alarms: this.alarms,
      messages: {
        received: 182_331,
        delivered: 401_222,
        dropped: 0,
        receivedPerSecond: 1_234,
        deliveredPerSecond: 1_118.4,
      },
      ledger: { difference: 0, waiting: 18, dropped: 0, expired: 0 },
      clients: 3,
      subscriptions: 12,
      retained: this.#topics.size,
      devices: { starting: 0, online: 2, degraded: 0, offline: 1, paused: this.#paused.size },
      points: { good: count('good'), stale: count('stale'), bad: count('bad') },
      ...(this.day !== undefined && { history: recorded }),
      rssBytes: 61_400_000,
      readOnly: this.#readOnly,
    };
  }

  devices(): DeviceView[] {
    const device = (name: string, port: string, endpoint: string, address: string, p50: number): DeviceView => {
      const offline = name === 'tank';
      const points = this.#definitions.filter((definition) => definition.device === name).length;
      return {
        name,
        adapter: 'modbus',
        port,
        endpoint,
        address,
        state: this.#paused.has(name) ? 'paused' : offline ? 'offline' : 'online',
        since: offline ? this.#clock.now() - 12_000 : this.#startedAt,
        points,
        badPoints: offline ? points : 0,
        exchangeMs: offline ? { p50: null, p95: null, p99: null } : { p50, p95: p50 * 2.5, p99: p50 * 3 },
        latencyMs: offline ? null : p50 / 2,
        requests: 412_000,
        timeouts: offline ? 24 : 0,
        errors: offline ? 24 : 1,
        crcErrors: 0,
        exceptions: offline ? {} : { 2: 1 },
        errorsPerMinute: offline ? 12 : 0,
        overruns: 0,
        busyShare: offline ? 0 : 0.018,
        plan: { requests: 1, cycleMs: p50, load: p50 / 1_000, tooFast: [], absent: 0 },
        ...(offline ? { error: timeout, nextTryAt: this.#clock.now() + 3_000 } : {}),
      };
    };
    return [
      device('boiler', 'line-a', '/dev/ttyUSB0 19200 8E1', 'unit 1', 18.2),
      device('meter', 'plc', '10.0.0.7:502', 'unit 2', 4.1),
      device('tank', 'line-a', '/dev/ttyUSB0 19200 8E1', 'unit 3', 0),
    ];
  }

  points(): PointView[] {
    return this.#points(this.#definitions);
  }

  #points(definitions: readonly Definition[]): PointView[] {
    const now = this.#clock.now();
    return definitions.map(({ device, point, unit, every = 1_000, decimals, write }): PointView => {
      const value = this.#values.get(`${device}/${point}`) ?? null;
      const bad = device === 'tank';
      return {
        device,
        point,
        topic: `hpmq/plant-7/${device}/${point}`,
        value: bad ? null : value,
        text: bad ? '—' : typeof value === 'number' ? value.toFixed(decimals ?? 0) : String(value),
        ...(unit === undefined ? {} : { unit }),
        quality: bad ? 'bad' : point === 'energy' ? 'stale' : 'good',
        at: bad ? now - 12_000 : now - (every > 1_000 ? every : 0),
        every,
        writable: write !== undefined,
        ...(write === undefined ? { readOnlyReason: 'no write: in its configuration' } : { write }),
        ...(bad ? { error: timeout } : {}),
      };
    });
  }

  links(): LinkView[] {
    const now = this.#clock.now();
    return [
      {
        ...quietLink,
        name: 'cloud',
        type: 'mqtt',
        url: 'mqtts://iot.example.com:8883',
        state: 'up',
        since: this.#startedAt,
        in: 1_201,
        out: 801_233,
        inPerSecond: 0.4,
        outPerSecond: 1_102,
        ...idleOutbox(0),
        oldestMs: null,
        dropped: 0,
      },
      {
        ...quietLink,
        name: 'peer-2',
        type: 'mqtt',
        url: 'mqtts://plant-8.example.com:8883',
        state: 'connecting',
        since: now - 72_000,
        error: refused,
        in: 0,
        out: 0,
        inPerSecond: 0,
        outPerSecond: 0,
        ...idleOutbox(1_340),
        oldestMs: 72_000,
        dropped: 0,
        nextTryAt: now + 4_000,
      },
    ];
  }

  clients(): ClientView[] {
    const now = this.#clock.now();
    const more = { since: this.#startedAt };
    const all = [
      clientView(now, { clientId: 'scada-1', user: 'scada', ...more }),
      clientView(now, { clientId: 'historian', protocol: '3.1.1', transport: 'tls', ...more }),
      clientView(now, {
        clientId: 'phone-7',
        protocol: '3.1.1',
        connected: false,
        queued: 18,
        queuedBytes: 2_000,
        ...more,
      }),
    ];
    return all
      .filter(({ clientId }) => this.#kicked.get(clientId) !== true)
      .map((one) => (this.#kicked.has(one.clientId) ? { ...one, connected: false } : one));
  }

  async request<R extends RouteName>(route: R, options: RequestOptions<R> = {}): Promise<Routes[R]['out']> {
    this.requests.push([route, ...Object.values(options.params ?? {})].join(' '));
    if (!this.isUp) throw fakeError('API_UNREACHABLE', 'nothing listens on unix:/run/hpmq/control.sock');
    const answer = this.#answer(route, options as RequestOptions<RouteName>);
    // The type of the answer follows from the route; the compiler cannot follow the switch.
    return answer as Routes[R]['out'];
  }

  #answer(route: RouteName, { params = {}, body, query }: RequestOptions<RouteName>): unknown {
    const device = params.device ?? '';
    const key = `${device}/${params.point ?? ''}`;
    const point = () => {
      const found = this.points().find((view) => `${view.device}/${view.point}` === key);
      if (found === undefined) throw fakeError('POINT_UNKNOWN', `there is no point ${key}`);
      return found;
    };
    if (route.includes('/v1/functions/')) return this.functions.answer(route, params.function ?? '');
    switch (route) {
      case 'GET /v1/history/{device}/{point}':
        if (key !== 'boiler/temperature') throw historyError('HISTORY_UNKNOWN', `nothing is recorded of ${key}`);
        return { device, point: 'temperature', unit: '°C', from: 0, to: 0, every: 900_000, periods: this.day };
      case 'GET /v1/status':
        return this.status();
      case 'GET /v1/links':
        return { items: this.links() };
      case 'GET /v1/clients':
        return { items: this.clients() };
      case 'DELETE /v1/clients/{client}': {
        const clientId = params.client ?? '';
        const isForgotten = (query as { forget?: string } | undefined)?.forget === 'true';
        const known = this.clients().find((one) => one.clientId === clientId);
        if (known === undefined) throw fakeError('POINT_UNKNOWN', `there is no client ${clientId}`);
        this.#kicked.set(clientId, isForgotten);
        return { clientId, wasConnected: known.connected, isForgotten };
      }
      case 'POST /v1/devices/{device}/pause':
        this.#paused.add(device);
        return this.devices().find(({ name }) => name === device);
      case 'POST /v1/devices/{device}/resume':
        this.#paused.delete(device);
        return this.devices().find(({ name }) => name === device);
      case 'POST /v1/devices/{device}/retry':
        return this.devices().find(({ name }) => name === device);
      case 'POST /v1/points/{device}/{point}/read':
        return point();
      case 'POST /v1/points/{device}/{point}/write':
        return this.#write(point(), (body as unknown as { value: number | boolean | string }).value);
      default:
        throw new TypeError(`the fake gateway has no ${route}`);
    }
  }

  #retained(filter: string): MessageView[] {
    return [...this.#topics.values()]
      .filter(({ topic, retained }) => retained && topicMatches(filter, topic))
      .map(({ topic, at }) => {
        const text = '{"v":71.4,"q":"good"}';
        return { topic, text, bytes: text.length, qos: 0, retain: true, stored: true, origin: 'device', at: at ?? 0 };
      });
  }

  #write({ device, point }: PointView, value: number | boolean | string): CommandResult {
    const at = this.#clock.now();
    switch (this.writeAnswer) {
      case 'verified':
        this.#values.set(`${device}/${point}`, value);
        this.#emit({
          kind: 'points',
          data: this.points().filter((view) => view.device === device && view.point === point),
        });
        return { status: 'verified', device, point, value, at };
      case 'refused':
        throw fakeError('WRITE_REFUSED', 'the controller is in local mode');
      case 'throw':
        throw fakeError('API_CONNECTION_LOST', 'the gateway closed the connection');
      case 'failed':
      case 'unknown':
        return { status: this.writeAnswer, device, point, value: null, at, error: timeout };
    }
  }

  async *events(options: EventOptions): AsyncIterable<GatewayEvent> {
    if (!this.isUp) this.refusals++;
    if (!this.isUp) throw fakeError('API_UNREACHABLE', 'nothing listens on unix:/run/hpmq/control.sock');
    const stream: Stream = { options, queue: [this.#snapshot(options)], wake: () => {}, error: undefined };
    this.#send(stream, { kind: 'messages', data: { items: this.#retained(options.filter ?? '#'), dropped: 0 } });
    const onAbort = () => stream.wake();
    options.signal.addEventListener('abort', onAbort);
    this.#streams.add(stream);
    try {
      while (!options.signal.aborted) {
        const event = stream.queue.shift();
        if (event !== undefined) yield event;
        else if (stream.error !== undefined) throw stream.error;
        else await new Promise<void>((resolve) => (stream.wake = resolve));
      }
    } finally {
      this.#streams.delete(stream);
      options.signal.removeEventListener('abort', onAbort);
    }
  }

  #snapshot({ kinds, filter = '#' }: EventOptions): GatewayEvent {
    return {
      kind: 'snapshot',
      data: {
        ...(kinds.includes('status') ? { status: this.status() } : {}),
        ...(kinds.includes('devices') ? { devices: this.devices() } : {}),
        ...(kinds.includes('points') ? { points: this.points() } : {}),
        ...(kinds.includes('links') ? { links: this.links() } : {}),
        ...(kinds.includes('functions') ? { functions: this.functions.views } : {}),
        ...(kinds.includes('logs') ? { logs: [...this.#logs] } : {}),
        ...(kinds.includes('topics')
          ? { topics: [...this.#topics.values()].filter(({ topic }) => topicMatches(filter, topic)) }
          : {}),
      },
    };
  }

  #emit(event: GatewayEvent): void {
    for (const stream of this.#streams) this.#send(stream, event);
  }

  #send(stream: Stream, event: GatewayEvent): void {
    if (event.kind === 'snapshot' || !stream.options.kinds.includes(event.kind)) return;
    stream.queue.push(event);
    stream.wake();
  }
}
