/**
 * Functions: one {@link Slot} for each of the configuration, and all that calls them.
 *
 *   broker ─ transform ─▶ Pipeline ─▶ Slot        links ─ linkTransform ─▶ Pipeline ─▶ Slot
 *   router ─ deliver ─▶ Subscriber ─▶ Slot ─▶ Publisher ─▶ router
 *   clock ─▶ FunctionTimer ─▶ Slot                devices, broker ─ hooks ─▶ Slot
 *
 * Rules: a function that cannot be loaded, or fails, costs its own messages their turn, and nobody else anything; nothing
 * here throws or rejects into the path of messages.
 */
import type { Clock } from '../core/clock.js';
import type { FunctionConfig } from '../core/config.js';
import { errorView } from '../core/errors.js';
import type { CompileFunction, ConnectHook, FrameHooks, LinkTransform, Transform } from '../core/function.js';
import type { FunctionLogLine, FunctionState, FunctionView } from '../core/function-views.js';
import type { Log } from '../core/log.js';
import type { Router } from '../core/router.js';
import type { Service, ServiceStatus } from '../core/service.js';
import type { ShadowRun, ShadowView } from '../core/shadow-views.js';
import type { Store } from '../core/store.js';
import { parseFilter } from '../core/topic-filter.js';
import type { AlarmView } from '../core/views.js';
import { hostCalls, type PointAccess } from './capabilities.js';
import { DeadLetters } from './dead-letters.js';
import { functionError } from './errors.js';
import { connectHook, frameHooks } from './hooks.js';
import { HttpAgent, requestTimeout } from './http.js';
import { type Kv, KvTables } from './kv.js';
import { Pipeline, type Stage } from './pipeline.js';
import { Publisher } from './publisher.js';
import { tidyRemoved } from './removed-functions.js';
import { Shadows } from './shadows.js';
import { Slot } from './slot.js';
import { type ImageAccess, SlotLoader } from './slot-loader.js';
import { slotView } from './slot-view.js';
import { Subscriber } from './subscriber.js';
import { callAtTime, FunctionTimer } from './timers.js';
import { VersionFolder } from './version-folder.js';

export interface FunctionsOptions {
  readonly functions: Readonly<Record<string, FunctionConfig>>;
  readonly gatewayId: string;
  /** Of the gateway, for what must survive; undefined: versions are kept in memory. */
  readonly data: string | undefined;
  /** Asked when there is something to publish: the broker is made with what functions are. */
  readonly router: () => Router;
  readonly store: Store | undefined;
  readonly compile: CompileFunction;
  /** Absent: images cannot be had. */
  readonly images?: ImageAccess;
  readonly points?: PointAccess | undefined;
  readonly log: Log;
  readonly clock: Clock;
  /** The state of one of them is another one. */
  readonly onState?: () => void;
}

export interface Functions extends Service {
  /** In the path of messages; undefined: no function is. */
  readonly transform: Transform | undefined;
  readonly linkTransform: LinkTransform;
  readonly frames: FrameHooks;
  /** undefined: no function decides. */
  readonly connect: ConnectHook | undefined;
  /** Timers and on_start: when everybody else is there. */
  begin(): void;
  functions(): readonly FunctionView[];
  states(): readonly { readonly name: string; readonly state: FunctionState }[];
  /** @throws GatewayError FUNCTION_UNKNOWN */
  function(name: string): FunctionView;
  logs(name: string, after?: number, limit?: number): readonly FunctionLogLine[];
  onLog(name: string, listener: (line: FunctionLogLine) => void): Disposable;
  /** Bytes of a module take the place of what runs. @throws GatewayError when they are not fit to run */
  deploy(name: string, bytes: Buffer, source: string): Promise<FunctionView>;
  rollback(name: string): Promise<FunctionView>;
  /** A candidate beside what runs. @throws GatewayError FUNCTION_SHADOW_RUNS, or it is not fit to run */
  shadow(name: string, bytes: Buffer, source: string, run: ShadowRun): Promise<ShadowView>;
  /** @throws GatewayError FUNCTION_NO_SHADOW */
  shadowView(name: string): ShadowView;
  endShadow(name: string): Promise<ShadowView>;
  /** What the configuration names, read again. */
  reload(name: string): Promise<FunctionView>;
  pause(name: string): Promise<FunctionView>;
  resume(name: string): Promise<FunctionView>;
  alarms(): readonly AlarmView[];
}

export function createFunctions(options: FunctionsOptions): Functions {
  return new RunningFunctions(options);
}

class RunningFunctions implements Functions {
  readonly name = 'functions';
  readonly transform: Pipeline | undefined;
  readonly frames: FrameHooks;
  readonly connect: ConnectHook | undefined;
  readonly #o: FunctionsOptions;
  readonly #slots = new Map<string, Slot>();
  readonly #kv = new Map<string, Kv>();
  readonly #loaders = new Map<string, SlotLoader>();
  readonly #path: Pipeline;
  readonly #links = new Map<string, Pipeline>();
  readonly #deadLetters: DeadLetters;
  readonly #publisher: Publisher;
  readonly #shadows: Shadows;
  readonly #open: Disposable[] = [];
  readonly #createdAt: number;
  #hasBegun = false;
  #isStarted = false;

  constructor(options: FunctionsOptions) {
    this.#o = options;
    const { clock, gatewayId, log, router } = options;
    this.#createdAt = clock.now();
    this.#shadows = new Shadows(clock, options.points);
    this.#deadLetters = new DeadLetters(gatewayId, router, clock);
    this.#publisher = new Publisher({ router, path: () => this.#path, clock, log });
    const tables = new KvTables(options.store);
    const gone = tables.keepOnly(new Set(Object.keys(options.functions)));
    if (gone.length > 0)
      log.info({ functions: gone }, 'what functions kept is removed: they are not configured any more');
    for (const config of Object.values(options.functions)) this.#add(config, tables);
    const slots = [...this.#slots.values()];
    this.#path = new Pipeline({ stages: this.#stages(), clock, deadLetters: this.#deadLetters });
    this.transform = this.#stages().length === 0 ? undefined : this.#path;
    this.frames = frameHooks(slots);
    const decides = slots.some(({ config }) => config.triggers.some(({ type }) => type === 'connect'));
    this.connect = decides ? connectHook(slots) : undefined;
  }

  readonly linkTransform: LinkTransform = (link, direction) => {
    const key = `${direction} ${link}`;
    const known = this.#links.get(key);
    if (known !== undefined) return known;
    const stages = this.#stages(link, direction);
    if (stages.length === 0) return undefined;
    const pipeline = new Pipeline({
      stages,
      clock: this.#o.clock,
      deadLetters: this.#deadLetters,
      direction: direction === 'out' ? 'upstream' : 'downstream',
    });
    this.#links.set(key, pipeline);
    return pipeline;
  };

  /** Loads all of them. One that cannot be loaded is down, and no reason not to start. */
  async start(signal: AbortSignal): Promise<void> {
    for (const loader of this.#loaders.values()) {
      signal.throwIfAborted();
      await loader.load();
    }
    this.#isStarted = true;
    await this.#tidy();
    for (const slot of this.#slots.values()) {
      const filters = slot.config.triggers.flatMap((one) => (one.type === 'subscribe' ? [one.filter] : []));
      if (filters.length === 0) continue;
      const { clock, router } = this.#o;
      const [publisher, deadLetters] = [this.#publisher, this.#deadLetters];
      this.#open.push(new Subscriber({ slot, filters, router: router(), publisher, deadLetters, clock }));
    }
  }

  begin(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    const { clock } = this.#o;
    for (const slot of this.#slots.values()) {
      for (const trigger of slot.config.triggers) {
        if (trigger.type !== 'timer') continue;
        this.#open.push(new FunctionTimer(slot, trigger.every, clock, this.#publisher));
      }
      if (slot.running !== undefined) this.#began(slot);
    }
    for (const slot of this.#slots.values()) slot.warm().catch(() => {});
  }

  status(): ServiceStatus {
    const down = [...this.#slots.values()].filter((slot) => slot.state === 'down' || slot.state === 'open');
    if (!this.#isStarted) return { state: 'starting', since: this.#createdAt };
    const [first] = down;
    if (first === undefined) return { state: 'up', since: this.#createdAt };
    const reason = `${down.map(({ name }) => name).join(', ')}: not asked`;
    return { state: 'degraded', since: first.since, reason, hint: 'see `hpmq function list`' };
  }

  functions(): readonly FunctionView[] {
    return [...this.#slots.values()].map((slot) => slotView(slot, this.#kv.get(slot.name)));
  }

  states(): readonly { readonly name: string; readonly state: FunctionState }[] {
    return [...this.#slots.values()].map(({ name, state }) => ({ name, state }));
  }

  function(name: string): FunctionView {
    return slotView(this.#slot(name), this.#kv.get(name));
  }

  logs(name: string, after?: number, limit?: number): readonly FunctionLogLine[] {
    return this.#slot(name).lines.lines(after, limit);
  }

  onLog(name: string, listener: (line: FunctionLogLine) => void): Disposable {
    return this.#slot(name).lines.onLine(listener);
  }

  async deploy(name: string, bytes: Buffer, source: string): Promise<FunctionView> {
    const slot = this.#slot(name);
    const loader = this.#loaders.get(name)!;
    await slot.deploy(bytes, source, await loader.configured());
    loader.cancel();
    return this.function(name);
  }

  async rollback(name: string): Promise<FunctionView> {
    await this.#slot(name).rollback();
    this.#loaders.get(name)!.cancel();
    return this.function(name);
  }

  shadow(name: string, bytes: Buffer, source: string, run: ShadowRun): Promise<ShadowView> {
    const slot = this.#slot(name);
    const deploy = () => this.deploy(name, bytes, source);
    return this.#shadows.start({ slot, kv: this.#kv.get(name), deploy }, bytes, source, run);
  }

  shadowView(name: string): ShadowView {
    return this.#shadows.view(this.#slot(name).name);
  }

  endShadow(name: string): Promise<ShadowView> {
    return this.#shadows.end(this.#slot(name).name);
  }

  async reload(name: string): Promise<FunctionView> {
    this.#slot(name);
    await this.#loaders.get(name)!.reload();
    return this.function(name);
  }

  async pause(name: string): Promise<FunctionView> {
    await this.#slot(name).pause(true);
    return this.function(name);
  }

  async resume(name: string): Promise<FunctionView> {
    await this.#slot(name).pause(false);
    return this.function(name);
  }

  alarms(): readonly AlarmView[] {
    return [...this.#slots.values()].flatMap((slot): AlarmView[] => {
      const alarm = (severity: 'error' | 'warn', error: Parameters<typeof errorView>[0]): AlarmView => ({
        severity,
        subject: `function:${slot.name}`,
        since: slot.since,
        error: errorView(error),
      });
      const notices = slot.notices.map((error) => alarm('warn', error));
      if (slot.state === 'down' && slot.error !== undefined) return [alarm('error', slot.error), ...notices];
      if (slot.state !== 'open' && slot.state !== 'half-open') return notices;
      const { cause, message } = slot.stats.lastFailure ?? { cause: 'crashed', message: '' };
      return [alarm('error', functionError('FUNCTION_BREAKER_OPEN', `it failed: ${cause}, ${message}`)), ...notices];
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const loader of this.#loaders.values()) loader.cancel();
    for (const one of this.#open.splice(0)) one[Symbol.dispose]();
    await this.#shadows.close();
    await Promise.all([...this.#slots.values()].map((slot) => slot.close()));
  }

  #add(config: FunctionConfig, tables: KvTables): void {
    const { clock, data, points, compile, log } = this.#o;
    const { kv: quota, http } = config.grants;
    const kv = quota === undefined ? undefined : tables.open(config.name, quota);
    if (kv !== undefined) this.#kv.set(config.name, kv);
    const agent = http && new HttpAgent(http.hosts, requestTimeout(http.timeout, config.limits.deadline));
    const folder = data === undefined ? undefined : new VersionFolder(data, config.name);
    const slot = new Slot({
      config,
      clock,
      log,
      compile,
      folder,
      host: (lines, publish) => hostCalls({ config, clock, log: lines, kv, points, http: agent, publish }),
      publish: (from, records, chain) => this.#publisher.publish(from, records, chain),
      onSwapped: (swapped) => this.#began(swapped),
      onChanged: () => this.#changed(),
      onState: () => this.#o.onState?.(),
    });
    this.#slots.set(config.name, slot);
    this.#loaders.set(config.name, new SlotLoader({ slot, folder, images: this.#o.images, log, clock }));
  }

  async #tidy(): Promise<void> {
    const { data, functions, clock, log } = this.#o;
    if (data === undefined) return;
    const gone = await tidyRemoved(data, new Set(Object.keys(functions)), clock);
    if (gone.length > 0)
      log.info({ functions: gone }, 'versions are removed of functions that are not configured any more');
  }

  #began(slot: Slot): void {
    if (!this.#hasBegun || slot.isPaused || !slot.config.triggers.some(({ type }) => type === 'start')) return;
    void callAtTime(slot, 'on_start', this.#o.clock, this.#publisher);
  }

  #changed(): void {
    this.#path?.changed();
    for (const pipeline of this.#links.values()) pipeline.changed();
  }

  /** Of the path, or of one door of a link. */
  #stages(link?: string, door?: 'out' | 'in'): readonly Stage[] {
    return [...this.#slots.values()].flatMap((slot, order) =>
      slot.config.triggers.flatMap((one): Stage[] => {
        if (one.type === 'path' && link === undefined) {
          return [{ slot, filter: parseFilter(one.filter), direction: one.direction, order }];
        }
        if (one.type !== 'link' || one.link !== link || one.direction !== door) return [];
        return [{ slot, filter: parseFilter(one.filter), direction: 'both', order }];
      }),
    );
  }

  #slot(name: string): Slot {
    const slot = this.#slots.get(name);
    if (slot === undefined) throw functionError('FUNCTION_UNKNOWN', `there is no function ${name.slice(0, 64)}`);
    return slot;
  }
}
