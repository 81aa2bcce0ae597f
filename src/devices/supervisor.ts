/**
 * One device: when it is read, what state it is in, and what its readings become.
 *
 *   waiting ──port up──▶ probing ──first answer──▶ polling ──2 failures──▶ probing (offline)
 *      ▲                    │                         │
 *      └──────────── port does not open ──────────────┘            pause / resume from anywhere
 *
 * Rules: one read at a time per device, so neighbours on the wire get their turn; after an exchange without an answer
 * the device rests until its next beat; offline, only one exchange is tried, with growing delays.
 */
import type { Device, Reading, Value } from '../core/adapter.js';
import { backoffDelays } from '../core/backoff.js';
import type { Clock, Timer } from '../core/clock.js';
import type { DeviceConfig } from '../core/config.js';
import type { GatewayError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import { Scope } from '../core/scope.js';
import type { DeviceState } from '../core/views.js';
import { type DevicePoint, readAll } from './device-point.js';
import { devicesError } from './errors.js';
import type { Outcome, Priority } from './exchange.js';
import { type Entry, PollGroups } from './poll-groups.js';
import type { Port } from './port.js';
import type { Publisher } from './publisher.js';
import type { Sample } from './shadow.js';
import { ExchangeStats } from './stats.js';

/** Between two attempts to reach an offline device. */
const PROBE = { first: 500, max: 30_000 } as const;
/** Unanswered exchanges in a row that make a device offline. */
const OFFLINE_AFTER = 2;

type Mode = 'waiting' | 'probing' | 'polling' | 'paused';

export interface SupervisorOptions {
  readonly config: DeviceConfig;
  readonly port: Port;
  readonly points: readonly DevicePoint[];
  readonly publisher: Publisher;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
}

export class Supervisor implements AsyncDisposable {
  readonly config: DeviceConfig;
  readonly points: ReadonlyMap<string, DevicePoint>;
  readonly stats: ExchangeStats;
  readonly #port: Port;
  readonly #publisher: Publisher;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #random: () => number;
  readonly #scope: Scope;
  readonly #groups: PollGroups;
  #mode: Mode = 'waiting';
  /** Results of exchanges begun in an earlier epoch are not applied. */
  #epoch = 0;
  #busy = false;
  /** After an unanswered exchange, until the next beat. */
  #resting = false;
  /** Unanswered exchanges in a row. */
  #failures = 0;
  #error: GatewayError | undefined;
  /** Points whose last reading, since the device answers, was bad. */
  readonly #troubled = new Map<string, GatewayError>();
  #delays: Generator<number, never>;
  #probeDue = false;
  #probeTimer: Timer | undefined;
  #nextTryAt: number | undefined;
  #state: DeviceState = 'starting';
  #reason: string | undefined;
  #since: number;

  /** @param phase - of the device's beats among those of its port, above 0 to 1 */
  constructor(o: SupervisorOptions, phase: number) {
    this.config = o.config;
    this.points = new Map(o.points.map((point) => [point.id, point]));
    this.stats = new ExchangeStats(o.clock);
    this.#port = o.port;
    this.#publisher = o.publisher;
    this.#clock = o.clock;
    this.#random = o.random;
    this.#log = o.log.child({ device: o.config.name });
    this.#scope = new Scope((error) => this.#log.error({ err: error }, 'reading a device ended by a defect'));
    this.#delays = backoffDelays(PROBE, o.random);
    this.#since = o.clock.now();
    this.#groups = new PollGroups(o.points, o.clock, phase, () => {
      this.#resting = false;
      this.#kick();
    });
  }

  get state(): DeviceState {
    return this.#state;
  }

  /** Unix ms. */
  get since(): number {
    return this.#since;
  }

  get overruns(): number {
    return this.#groups.overruns;
  }

  /** What is wrong with it; undefined when nothing is. */
  get error(): GatewayError | undefined {
    switch (this.#state) {
      case 'online':
      case 'paused':
        return undefined;
      case 'degraded':
        return this.#failures > 0 ? this.#error : (this.#troubled.values().next().value ?? this.#error);
      default:
        return this.#error;
    }
  }

  /** Unix ms of the next attempt while offline. */
  get nextTryAt(): number | undefined {
    return this.#mode === 'waiting' ? this.#port.nextTryAt : this.#nextTryAt;
  }

  /** Why nothing can be sent to it now; undefined when something can. */
  get unavailable(): GatewayError | undefined {
    const name = this.config.name;
    if (this.#state === 'paused')
      return devicesError('DEVICE_PAUSED', `${name} is paused`, { details: { device: name } });
    if (this.#state !== 'offline') return undefined;
    const cause = this.#error;
    const why = cause === undefined ? '' : `: ${cause.message}`;
    const details = { device: name, code: cause?.code };
    return devicesError('DEVICE_OFFLINE', `${name} is offline${why}`, { cause, details, ...hintOf(cause) });
  }

  /** Makes the first state known; before that nothing is published. */
  start(): void {
    this.#publisher.state(this.config.name, this.#state, this.#since, this.#reason);
  }

  onPortUp(): void {
    if (this.#mode !== 'waiting') return;
    this.#mode = 'probing';
    this.#delays = backoffDelays(PROBE, this.#random);
    this.#tryNow();
    // Nothing to ask: an open wire is all there is to know.
    if (this.#groups.empty) this.#answered();
    this.#update();
  }

  onPortDown(error: GatewayError): void {
    if (this.#mode === 'paused') return;
    this.#halt('waiting');
    this.#failures = Math.max(this.#failures, OFFLINE_AFTER);
    this.#error = error;
    this.#spoil([...this.points.values()], error);
    this.#update();
  }

  pause(): void {
    if (this.#mode === 'paused') return;
    this.#halt('paused');
    this.#failures = 0;
    this.#error = undefined;
    this.#port.cancel(this.config.name, devicesError('DEVICE_PAUSED', `${this.config.name} was paused`));
    for (const point of this.points.values()) {
      const sample = point.shadow.sample;
      if (sample?.quality === 'good') this.#store(point, { ...sample, quality: 'stale' });
    }
    this.#update();
  }

  resume(): void {
    if (this.#mode !== 'paused') return;
    this.#mode = 'waiting';
    this.#update();
    if (this.#port.isUp) this.onPortUp();
    else if (this.#port.error !== undefined) this.onPortDown(this.#port.error);
  }

  /** Tries now what would be tried later. */
  retry(): void {
    switch (this.#mode) {
      case 'waiting':
        this.#port.retry();
        break;
      case 'probing':
        this.#tryNow();
        break;
      case 'polling':
        this.#groups.allDue();
        this.#resting = false;
        this.#kick();
        break;
      case 'paused':
        throw devicesError('DEVICE_PAUSED', `${this.config.name} is paused`);
    }
  }

  /** Reads the point soon: something was done that may have changed it. */
  refresh(point: DevicePoint): void {
    if (this.#mode !== 'polling') return;
    this.#groups.due(point);
    this.#kick();
  }

  /**
   * Reads one point now, through the queue of the wire. The shadow and the topic get what came.
   *
   * @returns the outcome; when it is ok the reading may still be bad, because the device refused
   */
  async readNow(point: DevicePoint, priority: Priority, signal?: AbortSignal): Promise<Outcome<Reading>> {
    const epoch = this.#epoch;
    const outcome = await this.#exchange(priority, (device, s) => readAll(device, [point], s), signal);
    const reading = outcome.ok ? outcome.value[0]! : undefined;
    if (epoch === this.#epoch) {
      if (reading !== undefined) {
        this.#answered();
        this.#take(point, reading, true);
        this.#update();
      } else if (!outcome.ok && outcome.sent) {
        this.#fault([point], outcome.error);
        this.#unanswered(outcome.error);
      }
    }
    return outcome.ok ? { ...outcome, value: reading! } : outcome;
  }

  /** Writes a raw value. Confirmed, refused or without an answer: the outcome says. */
  async write(
    run: (device: Device<unknown>, signal: AbortSignal) => Promise<void>,
    signal: AbortSignal,
  ): Promise<Outcome<void>> {
    const epoch = this.#epoch;
    const outcome = await this.#exchange('command', run, signal);
    if (epoch !== this.#epoch) return outcome;
    if (outcome.ok) this.#answered();
    else if (outcome.sent && (outcome.timedOut || outcome.lost)) this.#unanswered(outcome.error);
    this.#update();
    return outcome;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#halt('waiting');
    await this.#scope[Symbol.asyncDispose]();
  }

  /** Whatever is ready next goes to the port; one at a time. */
  #kick(): void {
    if (this.#busy || this.#scope.signal.aborted) return;
    const entry = this.#nextEntry();
    if (entry === undefined) return;
    this.#busy = true;
    this.#scope.run(async () => {
      try {
        await this.#read(entry);
      } finally {
        this.#busy = false;
        this.#kick();
      }
    });
  }

  #nextEntry(): Entry | undefined {
    if (this.#mode === 'polling') return this.#resting ? undefined : this.#groups.next();
    if (this.#mode !== 'probing' || !this.#probeDue) return undefined;
    this.#probeDue = false;
    return this.#groups.nextProbe();
  }

  async #read(entry: Entry): Promise<void> {
    const epoch = this.#epoch;
    const { points } = entry.piece;
    const outcome = await this.#exchange('poll', (device, signal) => readAll(device, points, signal));
    this.#groups.done(entry);
    if (epoch !== this.#epoch) return;
    if (outcome.ok) {
      this.#answered(entry);
      this.#apply(entry, outcome.value);
      this.#update();
    } else if (!outcome.sent) {
      if (this.#mode === 'probing') this.#probeLater();
    } else if (outcome.error.fault === 'caller') {
      // The adapter would not ask: that says nothing against the device.
      this.#answered(entry);
      this.#fault(points, outcome.error);
      this.#update();
    } else {
      this.#groups.failed(entry);
      this.#fault(points, outcome.error);
      this.#unanswered(outcome.error);
    }
  }

  /** Puts an exchange on the wire and counts it. */
  async #exchange<T>(
    priority: Priority,
    run: (device: Device<unknown>, signal: AbortSignal) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<Outcome<T>> {
    const outcome = await this.#port.exchange({ device: this.config.name, priority, run, signal });
    if (outcome.ok) this.stats.answered(outcome.ms);
    else if (outcome.sent && outcome.error.fault !== 'caller') this.stats.failed(outcome.timedOut);
    return outcome;
  }

  #apply(entry: Entry, readings: readonly Reading[]): void {
    const { points } = entry.piece;
    if (readings.every((reading) => reading.quality === 'bad')) {
      this.stats.error();
      const fromDevice = readings.every((reading) => reading.error?.fault === 'device');
      if (fromDevice && this.#groups.refused(entry)) return;
    } else {
      entry.group.plan.answered(entry.piece);
    }
    for (let i = 0; i < points.length; i++) this.#take(points[i]!, readings[i]!, false);
  }

  #take(point: DevicePoint, reading: Reading, force: boolean): void {
    const sample = point.sampleOf(reading);
    if (sample.error === undefined) this.#troubled.delete(point.id);
    else this.#troubled.set(point.id, sample.error);
    this.#store(point, sample, reading.value, force);
  }

  /** The attempt to read these points failed. */
  #fault(points: readonly DevicePoint[], error: GatewayError): void {
    for (const point of points) this.#troubled.set(point.id, error);
    this.#spoil(points, error);
  }

  /** The last attempt failed: no value is better than an old one that looks new. */
  #spoil(points: readonly DevicePoint[], error: GatewayError): void {
    const at = this.#clock.now();
    for (const point of points) this.#store(point, { value: undefined, quality: 'bad', at, error });
  }

  #store(point: DevicePoint, sample: Sample, raw?: Value, force = false): void {
    point.shadow.set(sample, raw);
    if (point.rule.accepts(sample, this.#clock.monotonic(), force)) this.#publisher.point(this.config, point.shadow);
  }

  /** The device is there. After an absence everything is read at once, except what was read just now. */
  #answered(entry?: Entry): void {
    this.#failures = 0;
    this.#error = undefined;
    if (this.#mode !== 'probing') return;
    this.#mode = 'polling';
    this.#resting = false;
    this.#stopProbing();
    this.#troubled.clear();
    this.#groups.start(entry);
    this.#kick();
  }

  #unanswered(error: GatewayError): void {
    this.#failures++;
    this.#error = error;
    if (this.#failures >= OFFLINE_AFTER) {
      if (this.#mode === 'polling') {
        this.#halt('probing');
        this.#delays = backoffDelays(PROBE, this.#random);
      }
      this.#spoil([...this.points.values()], error);
    }
    if (this.#mode === 'polling') this.#resting = true;
    if (this.#mode === 'probing') this.#probeLater();
    this.#update();
    if (this.#state === 'offline' && this.unavailable) this.#port.cancel(this.config.name, this.unavailable);
  }

  #halt(mode: Mode): void {
    this.#epoch++;
    this.#mode = mode;
    this.#resting = false;
    this.#groups.stop();
    this.#stopProbing();
  }

  #stopProbing(): void {
    this.#probeTimer?.cancel();
    this.#probeTimer = undefined;
    this.#probeDue = false;
    this.#nextTryAt = undefined;
  }

  #probeLater(): void {
    this.#stopProbing();
    const ms = this.#delays.next().value;
    this.#nextTryAt = this.#clock.now() + ms;
    this.#probeTimer = this.#clock.after(ms, () => this.#tryNow());
  }

  #tryNow(): void {
    this.#stopProbing();
    this.#probeDue = true;
    this.#kick();
  }

  #currentState(): DeviceState {
    switch (this.#mode) {
      case 'paused':
        return 'paused';
      case 'polling':
        return this.#failures > 0 || this.#troubled.size > 0 ? 'degraded' : 'online';
      default:
        return this.#failures >= OFFLINE_AFTER ? 'offline' : 'starting';
    }
  }

  /** Tells everyone when the state, or the reason of it, is another one. */
  #update(): void {
    const before = this.#state;
    this.#state = this.#currentState();
    const reason = this.error?.code;
    if (this.#state === before && reason === this.#reason) return;
    this.#reason = reason;
    if (this.#state !== before) {
      this.#since = this.#clock.now();
      const fields = { from: before, code: reason };
      if (this.#state === 'offline') this.#log.warn({ ...fields, reason: this.#error?.message }, 'device is offline');
      else if (before === 'offline' || before === 'starting') this.#log.info(fields, `device is ${this.#state}`);
      else this.#log.debug(fields, `device is ${this.#state}`);
    }
    this.#publisher.state(this.config.name, this.#state, this.#since, reason);
  }
}

function hintOf(error: GatewayError | undefined): { readonly hint?: string } {
  return error === undefined ? {} : { hint: error.hint };
}
