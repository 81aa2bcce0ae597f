/**
 * Runs the adapters: ports, devices, points and commands of one gateway.
 *
 *   wire ◀─▶ Session (bus of the adapter) ◀─▶ Port ◀─▶ Supervisor ─▶ Shadow ─▶ Publisher ─▶ router
 *                                               ▲          ▲                                  │
 *                                               └─ Commands ◀── CommandTopics ◀───────────────┘
 *
 * Rules: start() waits for no device; nothing a device or a wire does reaches the caller as an exception.
 */
import type { AnyAdapter, Quality } from '../core/adapter.js';
import type { Audit } from '../core/audit.js';
import type { Clock } from '../core/clock.js';
import type { DeviceConfig, PortConfig } from '../core/config.js';
import { errorView } from '../core/errors.js';
import type { FrameHooks } from '../core/function.js';
import type { HistoryRecorder } from '../core/history.js';
import type { Log } from '../core/log.js';
import { costsOf } from '../core/plan-views.js';
import type { Router } from '../core/router.js';
import type { ServedDevice } from '../core/server-role.js';
import type { Service, ServiceStatus } from '../core/service.js';
import type { Store } from '../core/store.js';
import type { OpenTransport } from '../core/transport.js';
import type {
  AlarmView,
  CommandResult,
  DeviceState,
  DeviceView,
  IdentityView,
  PlanView,
  PointView,
  PortView,
  RecordingView,
  ServiceView,
} from '../core/views.js';
import { CommandTopics, pointOf, type Target } from './command-topics.js';
import { Commands, DEFAULT_DEADLINE_MS } from './commands.js';
import { DeadMen } from './dead-men.js';
import { DevicePoint } from './device-point.js';
import { devicesError, didYouMean } from './errors.js';
import { FigureTopics } from './figure-topics.js';
import { LEARNED_TABLE, LearnedStore } from './learned-store.js';
import { resultJson, type WriteResult } from './payload.js';
import { Port } from './port.js';
import { Publisher } from './publisher.js';
import { Safeguards } from './safeguards.js';
import { servedDevice } from './servers/served-device.js';
import { Shadow, viewValue } from './shadow.js';
import { Supervisor } from './supervisor.js';
import { alarmViews, deviceView, portPlans, portView, type RunningPort, recordingView } from './views.js';

export { devicesErrors } from './errors.js';
export { Wires } from './transport/open.js';

type SafeValue = number | boolean | string;

export interface DevicesOptions {
  readonly ports: Readonly<Record<string, PortConfig>>;
  readonly devices: Readonly<Record<string, DeviceConfig>>;
  readonly gatewayId: string;
  /** By `type`. */
  readonly adapters: ReadonlyMap<string, AnyAdapter>;
  readonly router: Router;
  readonly openTransport: OpenTransport;
  readonly log: Log;
  /** Every command is recorded there. */
  readonly audit?: Audit;
  /** Of {@link devicesTables}: what commands leave behind, and what is learned of devices, survives the end of the gateway; absent: it does not. */
  readonly store?: Store;
  /** Keeps what is published of points; absent: nobody does. */
  readonly history?: HistoryRecorder | undefined;
  /** Functions that know frames of devices. */
  readonly frames?: FrameHooks | undefined;
  readonly clock: Clock;
  /** Time between two looks of `$SYS/hpmq/…`, ms; 0 or absent: it is not published. */
  readonly sysInterval?: number;
  /** Returns a number in [0, 1). */
  readonly random?: () => number;
}

/** What the control API sends; a 64-bit integer comes as text. */
export interface WriteRequest {
  readonly value: number | boolean | string;
  /** The write must get the wire within this time; 5 s when absent. */
  readonly timeoutMs?: number;
}

/** Tables of the store that the devices use. */
export const devicesTables = [LEARNED_TABLE, 'command', 'dead-man'] as const;

export interface Devices extends Service {
  devices(): readonly DeviceView[];
  ports(): readonly PortView[];
  /** @throws GatewayError DEVICE_UNKNOWN */
  plan(device: string): PlanView;
  /**
   * What the wire of a port carried last.
   *
   * @param after - only what came after this sequence
   * @throws GatewayError PORT_UNKNOWN
   */
  recording(port: string, after: number, limit: number): RecordingView;
  points(): readonly PointView[];
  /** undefined: there is no such point. */
  point(device: string, point: string): PointView | undefined;
  /** Adds the points of each quality to what is given. */
  countQualities(counts: Record<Quality, number>): void;
  pointsChangedSince(revision: number): { readonly revision: number; readonly points: readonly PointView[] };
  /**
   * Reads from the device now, before the next poll. A device that refuses or does not answer is a view of quality bad.
   *
   * @throws GatewayError DEVICE_UNKNOWN, POINT_UNKNOWN, DEVICE_PAUSED; DEVICE_OFFLINE and the port's errors when
   *   nothing could be asked
   */
  read(device: string, point: string, signal: AbortSignal): Promise<PointView>;
  /** @throws GatewayError DEVICE_UNKNOWN, POINT_UNKNOWN; everything else is in the result */
  write(device: string, point: string, request: WriteRequest, signal: AbortSignal): Promise<CommandResult>;
  /** Leaves the device alone until resume(); its values become stale. */
  pause(device: string): void;
  resume(device: string): void;
  /** Tries now what would be tried later. */
  retry(device: string): void;
  /**
   * Asks the device what it is, now.
   *
   * @throws GatewayError DEVICE_UNKNOWN, DEVICE_NO_IDENTITY, DEVICE_OFFLINE, and what the adapter says
   */
  identify(device: string, signal: AbortSignal): Promise<IdentityView>;
  /** For servers; undefined: there is no such device. */
  served(device: string): ServedDevice | undefined;
  /** One per port. */
  services(): readonly ServiceView[];
  /** Worst first. */
  alarms(): readonly AlarmView[];
}

/** @throws GatewayError of fault `config` when ports, devices and adapters do not fit together */
export function createDevices(options: DevicesOptions): Devices {
  return new RunningDevices(options);
}

class RunningDevices implements Devices {
  readonly name = 'devices';
  readonly #log: Log;
  readonly #audit: Audit | undefined;
  readonly #shadow = new Shadow();
  readonly #publisher: Publisher;
  readonly #learned: LearnedStore;
  readonly #ports: readonly RunningPort[];
  readonly #targets = new Map<string, Target & { readonly port: RunningPort }>();
  readonly #topics: CommandTopics;
  readonly #safeguards: Safeguards;
  readonly #deadMen: DeadMen;
  readonly #createdAt: number;
  readonly #o: DevicesOptions;
  #figures: FigureTopics | undefined;
  #started = false;
  #stopping = false;

  constructor(o: DevicesOptions) {
    this.#o = o;
    const log = o.log;
    const random = o.random ?? Math.random;
    this.#log = log;
    this.#audit = o.audit;
    this.#createdAt = o.clock.now();
    this.#publisher = new Publisher(o.gatewayId, o.router, o.clock, log, o.history);
    this.#safeguards = new Safeguards(o.clock, (device, point) =>
      this.#targets.get(device)?.supervisor.points.get(point),
    );
    const revert = (point: DevicePoint, value: SafeValue) => this.#revert(point, value);
    this.#deadMen = new DeadMen({ clock: o.clock, log, random, store: o.store, revert });
    this.#learned = new LearnedStore(o.store, o.clock);
    for (const device of Object.values(o.devices)) {
      if (o.ports[device.port] === undefined) {
        const message = `device ${device.name} uses port ${device.port}, which does not exist`;
        throw devicesError('PORT_UNKNOWN', message, didYouMean(device.port, Object.keys(o.ports)));
      }
    }
    this.#ports = Object.values(o.ports).map((config) => this.#createPort(config, { ...o, log, random }));
    this.#learned.forgetOthers();
    for (const port of this.#ports) {
      for (const supervisor of port.supervisors) {
        this.#targets.set(supervisor.config.name, { supervisor, commands: port.commands, port });
      }
    }
    this.#topics = new CommandTopics({ ...o, log, publisher: this.#publisher, targets: this.#targets });
  }

  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#started = true;
    this.#topics.start();
    this.#deadMen.start([...this.#targets.values()].flatMap(({ supervisor }) => [...supervisor.points.values()]));
    for (const { port, supervisors } of this.#ports) {
      for (const supervisor of supervisors) supervisor.start();
      port?.start();
    }
    const { sysInterval = 0 } = this.#o;
    if (sysInterval > 0) {
      const { router, clock, gatewayId } = this.#o;
      this.#figures = new FigureTopics({
        router,
        clock,
        origin: `gateway:${gatewayId}`,
        interval: sysInterval,
        devices: () => this.devices(),
        ports: () => this.ports(),
      });
    }
    this.#log.info({ ports: this.#ports.length, devices: this.#targets.size }, 'polling');
  }

  status(): ServiceStatus {
    const supervisors = [...this.#targets.values()].map(({ supervisor }) => supervisor);
    const newest = Math.max(this.#createdAt, ...supervisors.map((supervisor) => supervisor.since));
    if (this.#stopping) return { state: 'stopping', since: newest };
    if (!this.#started) return { state: 'starting', since: this.#createdAt };
    const count = (state: DeviceState) => supervisors.filter((supervisor) => supervisor.state === state).length;
    const [offline, degraded] = [count('offline'), count('degraded')];
    if (offline + degraded === 0) return { state: 'up', since: newest };
    const reason = `${offline} of ${supervisors.length} devices offline, ${degraded} degraded`;
    return { state: 'degraded', since: newest, reason };
  }

  devices(): readonly DeviceView[] {
    return this.#ports.flatMap((port) => {
      const plans = portPlans(port);
      return port.supervisors.map((supervisor, index) => deviceView(supervisor, port.config, plans[index]!));
    });
  }

  ports(): readonly PortView[] {
    return this.#ports.map((port) => portView(port, this.#createdAt));
  }

  plan(device: string): PlanView {
    const { port } = this.#target(device);
    return portPlans(port).find((plan) => plan.device === device)!;
  }

  recording(name: string, after: number, limit: number): RecordingView {
    const found = this.#ports.find(({ config }) => config.name === name);
    if (found === undefined) throw devicesError('PORT_UNKNOWN', `there is no port ${name}`);
    const adapter = this.#o.adapters.get(found.supervisors[0]?.config.adapter ?? '');
    return recordingView(found, adapter, after, limit);
  }

  points(): readonly PointView[] {
    return this.#shadow.views();
  }

  point(device: string, point: string): PointView | undefined {
    return this.#targets.get(device)?.supervisor.points.get(point)?.shadow.view();
  }

  countQualities(counts: Record<Quality, number>): void {
    for (const { supervisor } of this.#targets.values()) {
      for (const { shadow } of supervisor.points.values()) counts[shadow.sample?.quality ?? 'stale']++;
    }
  }

  pointsChangedSince(revision: number): { readonly revision: number; readonly points: readonly PointView[] } {
    return this.#shadow.changedSince(revision);
  }

  async read(device: string, point: string, signal: AbortSignal): Promise<PointView> {
    const { supervisor } = this.#target(device);
    const found = pointOf(supervisor, point);
    if (supervisor.unavailable !== undefined) throw supervisor.unavailable;
    const outcome = await supervisor.readNow(found, 'ask', signal);
    if (!outcome.ok && !outcome.sent) throw outcome.error;
    return found.shadow.view();
  }

  async write(device: string, point: string, request: WriteRequest, signal: AbortSignal): Promise<CommandResult> {
    const { supervisor, commands } = this.#target(device);
    const found = pointOf(supervisor, point);
    const { value, timeoutMs: withinMs = DEFAULT_DEADLINE_MS } = request;
    const result = await commands.submit({
      target: supervisor,
      point: found,
      value,
      withinMs,
      signal,
      who: 'control socket',
    });
    const view = { status: result.status, device, point, value: viewValue(result.value), at: result.at };
    return result.error === undefined ? view : { ...view, error: errorView(result.error) };
  }

  async identify(device: string, signal: AbortSignal): Promise<IdentityView> {
    const { supervisor } = this.#target(device);
    if (supervisor.unavailable !== undefined) throw supervisor.unavailable;
    const outcome = await supervisor.lend(
      'ask',
      (one, deadline) => {
        if (one.identify !== undefined) return one.identify(deadline);
        const message = `${device} cannot be asked what it is: its adapter knows no way`;
        return Promise.reject(devicesError('DEVICE_NO_IDENTITY', message));
      },
      signal,
    );
    if (!outcome.ok) throw outcome.error;
    return { device, source: outcome.value.source, fields: outcome.value.fields };
  }

  served(device: string): ServedDevice | undefined {
    const target = this.#targets.get(device);
    return target === undefined ? undefined : servedDevice(target, this.#audit);
  }

  pause(device: string): void {
    this.#target(device).supervisor.pause();
  }

  resume(device: string): void {
    this.#target(device).supervisor.resume();
  }

  retry(device: string): void {
    this.#target(device).supervisor.retry();
  }

  services(): readonly ServiceView[] {
    return this.#ports.map(({ port, config }) =>
      port === undefined
        ? { name: `port:${config.name}`, state: 'up', since: this.#createdAt, reason: 'no device uses it' }
        : port.view(),
    );
  }

  alarms(): readonly AlarmView[] {
    return alarmViews(this.#ports);
  }

  /**
   * All parts stop at once, because each waits for exchanges that only the end of the wires ends. The publisher is last:
   * the results of commands that were on the wire still go out.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true;
    this.#figures?.[Symbol.dispose]();
    const parts = this.#ports.flatMap(({ port, supervisors, commands }) => [...supervisors, commands, port]);
    const closing = [this.#topics, this.#deadMen, ...parts].map((part) => part?.[Symbol.asyncDispose]());
    const outcomes = await Promise.allSettled(closing);
    outcomes.push(...(await Promise.allSettled([this.#publisher[Symbol.asyncDispose]()])));
    const errors = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
    if (errors.length > 0) throw new AggregateError(errors, 'the devices could not close cleanly');
  }

  #target(device: string): Target & { readonly port: RunningPort } {
    const target = this.#targets.get(device);
    if (target !== undefined) return target;
    throw devicesError('DEVICE_UNKNOWN', `there is no device ${device}`, didYouMean(device, this.#targets.keys()));
  }

  /** The safe value of a point whose dead man fired. */
  async #revert(point: DevicePoint, value: SafeValue): Promise<WriteResult> {
    const { device, topic } = point.shadow;
    const { supervisor, commands } = this.#target(device);
    const order = { target: supervisor, point, value, withinMs: DEFAULT_DEADLINE_MS, who: 'dead man', isRevert: true };
    const result = await commands.submit(order);
    const isDone = result.status === 'verified' || result.status === 'written';
    if (isDone) this.#publisher.result(device, `${topic}/set/result`, resultJson(result, undefined), undefined);
    return result;
  }

  #createPort(config: PortConfig, o: DevicesOptions & { readonly random: () => number }): RunningPort {
    const { clock, log, openTransport, random } = o;
    const members = Object.values(o.devices).filter((device) => device.port === config.name);
    const safety = { safeguards: this.#safeguards, deadMen: this.#deadMen };
    const commands = new Commands({ clock, log, audit: this.#audit, ...safety });
    const first = members[0];
    if (first === undefined) return { config, port: undefined, commands, supervisors: [] };
    const stranger = members.find((device) => device.adapter !== first.adapter);
    if (stranger !== undefined) {
      throw devicesError(
        'PORT_SHARED',
        `port ${config.name} has devices of ${first.adapter} (${first.name}) and of ${stranger.adapter} (${stranger.name})`,
      );
    }
    const adapter = o.adapters.get(first.adapter);
    if (adapter === undefined) {
      const hint = didYouMean(first.adapter, o.adapters.keys());
      throw devicesError('ADAPTER_UNKNOWN', `device ${first.name} wants the adapter ${first.adapter}`, hint);
    }
    if (!adapter.endpoints.includes(config.endpoint.type)) {
      const message = `the adapter ${adapter.type} cannot use port ${config.name} of type ${config.endpoint.type}`;
      throw devicesError('ADAPTER_ENDPOINT', message, { hint: `use one of ${adapter.endpoints.join(', ')}` });
    }
    const supervisors: Supervisor[] = [];
    const port = new Port({
      config,
      adapter,
      devices: new Map(members.map((device) => [device.name, device.options])),
      openTransport,
      clock,
      log,
      random,
      frames: this.#o.frames,
      onOpen: (session) => {
        for (const supervisor of supervisors) supervisor.onOpen(session);
      },
      onUp: () => {
        for (const supervisor of supervisors) supervisor.onPortUp();
      },
      onDown: (error) => {
        for (const supervisor of supervisors) supervisor.onPortDown(error);
      },
    });
    for (const [index, device] of members.entries()) {
      const points = Object.values(device.points).map((point) => {
        const topic = this.#publisher.topics.point(device.name, point.id);
        return new DevicePoint(device, point, adapter, this.#shadow, topic, config.options);
      });
      const costs = costsOf(adapter, device, config);
      const learned = this.#learned.open(device, config);
      const options = { config: device, port, points, publisher: this.#publisher, clock, log, random, costs, learned };
      supervisors.push(new Supervisor(options, (index + 1) / members.length));
    }
    return { config, port, commands, supervisors };
  }
}
