/**
 * One device: when it is read, what state it is in, and what its readings become.
 *
 *   waiting ──port up──▶ probing ──first answer──▶ polling ──2 failures──▶ probing (offline)
 *      ▲                    │                         │
 *      └──────────── port does not open ──────────────┘            pause / resume from anywhere
 *
 * Rules: one read at a time per device (as many as the wire carries at once), so neighbours get their turn; after an
 * exchange without an answer the device rests until its next beat; offline, only one exchange is tried, with growing
 * delays and within the budget of the port.
 */
import type { Device, ReadCosts, Reading } from '../core/adapter.js';
import type { Clock } from '../core/clock.js';
import type { DeviceConfig } from '../core/config.js';
import type { GatewayError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import type { PlannedDevice } from '../core/plan-views.js';
import { readMs } from '../core/read-plan.js';
import { Scope } from '../core/scope.js';
import type { DeviceState } from '../core/views.js';
import { type DevicePoint, readAll } from './device-point.js';
import { DeviceStatus } from './device-status.js';
import { devicesError } from './errors.js';
import type { Outcome, Priority } from './exchange.js';
import type { Learned } from './learned.js';
import { Listening } from './listening.js';
import { type Entry, PollGroups } from './poll-groups.js';
import type { Port } from './port.js';
import { type Mode, Presence } from './presence.js';
import { Probe } from './probe.js';
import type { Publisher } from './publisher.js';
import { Readings } from './readings.js';
import type { Session } from './session.js';
import { ExchangeStats } from './stats.js';

export interface SupervisorOptions {
  readonly config: DeviceConfig;
  readonly port: Port;
  readonly points: readonly DevicePoint[];
  readonly publisher: Publisher;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly costs: ReadCosts;
  readonly learned: Learned;
}

export class Supervisor implements AsyncDisposable {
  readonly config: DeviceConfig;
  readonly points: ReadonlyMap<string, DevicePoint>;
  readonly stats: ExchangeStats;
  readonly #port: Port;
  readonly #status: DeviceStatus;
  readonly #presence: Presence;
  readonly #scope: Scope;
  readonly #groups: PollGroups;
  readonly #listening: Listening;
  readonly #probe: Probe;
  readonly #readings: Readings;
  readonly #costs: ReadCosts;
  /** Reads that wait for the wire or are on it. */
  #reading = 0;
  /** After an unanswered exchange, until the next beat. */
  #resting = false;
  /** A beat came since the last read began. */
  #beaten = false;

  /** @param phase - of the device's beats among those of its port, above 0 to 1 */
  constructor(o: SupervisorOptions, phase: number) {
    const { config, clock } = o;
    const polled = o.points.filter(({ pushed }) => pushed === undefined);
    this.config = config;
    this.points = new Map(o.points.map((point) => [point.id, point]));
    this.stats = new ExchangeStats(clock);
    this.#port = o.port;
    this.#costs = o.costs;
    const log = o.log.child({ device: config.name });
    this.#status = new DeviceStatus(config.name, o.publisher, clock, log);
    this.#presence = new Presence(config.name, this.#status, clock);
    this.#scope = new Scope((error) => log.error({ err: error }, 'reading a device ended by a defect'));
    this.#readings = new Readings(config, o.points, o.publisher, clock);
    this.#probe = new Probe(clock, o.random, () => this.#kick());
    this.#listening = new Listening({
      device: config.name,
      clock,
      points: o.points,
      onReadings: (readings) => this.#heard(readings),
      onFault: (error) => {
        this.stats.unasked(error);
        this.#port.stats.unasked(error);
      },
      onMessage: (name, payload) => o.publisher.message(config.name, name, payload),
      onSilence: (points, error) => {
        this.#readings.silent(points, error);
        this.#tell();
      },
    });
    this.#groups = new PollGroups(polled, {
      clock,
      phase,
      costs: o.costs,
      learned: o.learned,
      latencyMs: () => this.stats.latencyMs,
      onDue: () => {
        this.#resting = false;
        this.#beaten = true;
        this.#kick();
      },
      onRest: (points) => this.#readings.repeat(points),
    });
  }

  get state(): DeviceState {
    return this.#status.state;
  }

  /** Unix ms. */
  get since(): number {
    return this.#status.since;
  }

  /** What is wrong with it; undefined when nothing is. */
  get error(): GatewayError | undefined {
    return this.#status.error;
  }

  /** How it is read. */
  planned(): PlannedDevice {
    const { latencyMs } = this.stats;
    return {
      name: this.config.name,
      costs: this.#costs,
      latencyMs: latencyMs ?? this.#costs.latencyMs,
      isMeasured: latencyMs !== undefined,
      groups: this.#groups.plans(),
      absent: this.#groups.absent(),
    };
  }

  get overruns(): number {
    return this.#groups.overruns;
  }

  /** Unix ms of the next attempt while offline. */
  get nextTryAt(): number | undefined {
    return this.#presence.mode === 'waiting' ? this.#port.nextTryAt : this.#probe.nextTryAt;
  }

  /** Why nothing can be sent to it now; undefined when something can. */
  get unavailable(): GatewayError | undefined {
    return this.#presence.unavailable;
  }

  /** Makes the first state known; before that nothing is published. */
  start(): void {
    this.#status.publish();
  }

  /** A wire was opened: what the device says by itself is listened for from its first byte. */
  onOpen(session: Session): void {
    session.isHeard ||= !this.#listening.empty;
    try {
      this.#listening.attach(session.device(this.config.name, this.config.options));
    } catch {
      // A defect of the adapter: the first read meets it, too, and says so.
    }
    if (this.#presence.mode !== 'paused') this.#listening.start();
  }

  onPortUp(): void {
    if (this.#presence.mode !== 'waiting') return;
    this.#presence.mode = 'probing';
    this.#listening.start();
    this.#probe.reset();
    this.#probe.now();
    // Nothing to ask and nothing to wait for: an open wire is all there is to know.
    if (this.#groups.empty && this.#listening.empty) this.#answered();
    this.#tell();
  }

  onPortDown(error: GatewayError): void {
    if (this.#presence.mode === 'paused') return;
    this.#halt('waiting');
    this.#presence.cutOff(error);
    this.#readings.faultAll(error);
    this.#tell();
  }

  pause(): void {
    if (this.#presence.mode === 'paused') return;
    this.#halt('paused');
    this.#presence.forgive();
    this.#port.cancel(this.config.name, devicesError('DEVICE_PAUSED', `${this.config.name} was paused`));
    this.#readings.stale();
    this.#tell();
  }

  resume(): void {
    if (this.#presence.mode !== 'paused') return;
    this.#presence.mode = 'waiting';
    this.#tell();
    if (this.#port.isUp) this.onPortUp();
    else if (this.#port.error !== undefined) this.onPortDown(this.#port.error);
  }

  /** Tries now what would be tried later. */
  retry(): void {
    switch (this.#presence.mode) {
      case 'waiting':
        this.#port.retry();
        break;
      case 'probing':
        this.#probe.now();
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
    if (this.#presence.mode !== 'polling') return;
    this.#groups.due(point);
    this.#kick();
  }

  /**
   * Reads one point now, through the queue of the wire. The shadow and the topic get what came.
   *
   * @returns the outcome; when it is ok the reading may still be bad, because the device refused
   */
  async readNow(point: DevicePoint, priority: Priority, signal?: AbortSignal): Promise<Outcome<Reading>> {
    const { epoch } = this.#presence;
    const outcome = await this.#exchange(priority, (device, s) => readAll(device, [point], s), signal);
    const reading = outcome.ok ? outcome.value[0]! : undefined;
    if (epoch === this.#presence.epoch) {
      if (reading !== undefined) {
        this.#answered();
        this.#readings.take(point, reading, true);
        this.#tell();
      } else if (!outcome.ok && outcome.sent) {
        this.#failed([point], outcome);
      }
    }
    return outcome.ok ? { ...outcome, value: reading! } : outcome;
  }

  /** Writes a raw value. Confirmed, refused or without an answer: the outcome says. */
  async write(
    run: (device: Device<unknown>, signal: AbortSignal) => Promise<void>,
    signal: AbortSignal,
  ): Promise<Outcome<void>> {
    const { epoch } = this.#presence;
    const outcome = await this.#exchange('command', run, signal);
    if (epoch !== this.#presence.epoch) return outcome;
    if (outcome.ok) this.#answered();
    else if (outcome.sent && (outcome.timedOut || outcome.lost)) this.#unanswered(outcome);
    this.#tell();
    return outcome;
  }

  /**
   * An exchange for somebody else. That it got no answer says nothing about the device: the question may be the reason.
   */
  async lend<T>(
    priority: Priority,
    run: (device: Device<unknown>, signal: AbortSignal) => Promise<T>,
    signal: AbortSignal,
  ): Promise<Outcome<T>> {
    const { epoch } = this.#presence;
    const outcome = await this.#exchange(priority, run, signal);
    if (outcome.ok && epoch === this.#presence.epoch) {
      this.#answered();
      this.#tell();
    }
    return outcome;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#halt('waiting');
    this.#listening.detach();
    await this.#scope[Symbol.asyncDispose]();
  }

  #heard(readings: readonly (readonly [DevicePoint, Reading])[]): void {
    const { mode } = this.#presence;
    if (mode === 'paused' || mode === 'waiting') return;
    this.#port.heard();
    this.#answered();
    for (const [point, reading] of readings) this.#readings.take(point, reading);
    this.#tell();
  }

  /** Whatever is ready next goes to the port: one at a time, or as many as the wire carries. */
  #kick(): void {
    const atOnce = this.#presence.mode === 'polling' && this.#presence.isTrusted ? this.#port.parallel : 1;
    while (this.#reading < atOnce && !this.#scope.signal.aborted) {
      const entry = this.#nextEntry();
      if (entry === undefined) return;
      this.#reading++;
      this.#scope.run(async () => {
        try {
          await this.#read(entry);
        } finally {
          this.#reading--;
          this.#kick();
        }
      });
    }
  }

  #nextEntry(): Entry | undefined {
    const { mode } = this.#presence;
    if (mode === 'polling') return this.#resting ? undefined : this.#groups.next();
    return mode === 'probing' && this.#probe.take() ? this.#groups.nextProbe() : undefined;
  }

  async #read(entry: Entry): Promise<void> {
    const { epoch, mode, isTrusted } = this.#presence;
    const { points } = entry.piece;
    this.#beaten = false;
    const priority = mode === 'polling' && isTrusted ? 'poll' : 'probe';
    const outcome = await this.#exchange(priority, (device, signal) => readAll(device, points, signal));
    this.#groups.done(entry);
    if (epoch !== this.#presence.epoch) return;
    if (outcome.ok) {
      this.stats.tookLonger(outcome.ms - this.#wireMs(points));
      this.#groups.answered(entry);
      this.#answered(entry);
      this.#apply(entry, outcome.value);
      this.#tell();
    } else if (!outcome.sent) {
      if (this.#presence.mode === 'probing') this.#probe.later();
    } else {
      this.#groups.failed(entry);
      this.#failed(points, outcome);
    }
  }

  /** ms that the bytes of this read take, and the silence that was waited for before it. */
  #wireMs(points: readonly DevicePoint[]): number {
    const { restMs } = this.#costs;
    return readMs(points, this.#costs, 0) - Math.min(restMs, this.#port.stats.restedMs);
  }

  /** An attempt to read these points failed. */
  #failed(points: readonly DevicePoint[], outcome: Outcome<unknown> & { readonly ok: false }): void {
    const { error } = outcome;
    this.#readings.fault(points, error);
    if (error.fault === 'caller') {
      // The adapter would not even ask: that says nothing against the device.
      this.#answered();
      this.#tell();
    } else this.#unanswered(outcome);
  }

  /** Puts an exchange on the wire and counts it. */
  async #exchange<T>(
    priority: Priority,
    run: (device: Device<unknown>, signal: AbortSignal) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<Outcome<T>> {
    const outcome = await this.#port.exchange({ device: this.config.name, priority, run, signal });
    this.stats.count(outcome);
    return outcome;
  }

  #apply(entry: Entry, readings: readonly Reading[]): void {
    const { points } = entry.piece;
    const refusal = refusalOf(readings);
    if (refusal !== undefined) {
      this.stats.error(refusal);
      this.#port.stats.error(refusal);
      if (refusal.details.busy === true) this.#groups.postponed(entry);
      else if (this.#groups.refused(entry, refusal.details.absent === true)) return;
    } else {
      this.#groups.succeeded(entry);
    }
    for (let i = 0; i < points.length; i++) this.#readings.take(points[i]!, readings[i]!);
  }

  /** The device is there. After an absence everything is read at once, except what was read just now. */
  #answered(entry?: Entry): void {
    this.#presence.answered();
    if (this.#presence.mode !== 'probing') return;
    this.#presence.mode = 'polling';
    this.#resting = false;
    this.#probe.stop();
    this.#readings.forget();
    this.#groups.start(entry);
    this.#kick();
  }

  #unanswered(outcome: Outcome<unknown> & { readonly ok: false }): void {
    const { error } = outcome;
    const presence = this.#presence;
    const wasTrusted = presence.isTrusted;
    presence.unanswered(outcome, error);
    if (presence.isOffline) {
      if (presence.mode === 'polling') {
        this.#halt('probing');
        // Who comes and goes is tried ever less, as if it had never come.
        if (wasTrusted) this.#probe.reset();
      }
      this.#readings.faultAll(error);
    }
    // A beat that came during the exchange is the next one already.
    if (presence.mode === 'polling') this.#resting = !this.#beaten;
    if (presence.mode === 'probing') this.#probe.later();
    this.#tell();
    const { unavailable } = this;
    if (unavailable !== undefined) this.#port.cancel(this.config.name, unavailable);
  }

  #halt(mode: Mode): void {
    this.#presence.epoch++;
    this.#presence.mode = mode;
    this.#resting = false;
    this.#groups.stop();
    this.#probe.stop();
    if (mode === 'paused' || mode === 'waiting') this.#listening.stop();
  }

  #tell(): void {
    const { silence } = this.#listening;
    this.#presence.tell(silence ?? this.#readings.trouble, silence);
  }
}

/** Why the device refused the exchange as a whole; undefined: it did not, even if no reading is good. */
function refusalOf(readings: readonly Reading[]): GatewayError | undefined {
  const error = readings[0]?.error;
  const isRefusal = error?.fault === 'device' && readings.every((reading) => reading.error === error);
  return isRefusal ? error : undefined;
}
