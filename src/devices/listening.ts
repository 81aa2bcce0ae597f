/** What a device says without being asked: values that are pushed, their age, and messages for its topics. */
import type { Device, Reading } from '../core/adapter.js';
import type { Clock, Timer } from '../core/clock.js';
import type { GatewayError } from '../core/errors.js';
import type { DevicePoint } from './device-point.js';
import { devicesError } from './errors.js';

/** Node's timers hold 31 bits. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export interface ListeningOptions {
  readonly device: string;
  readonly clock: Clock;
  /** All of the device. */
  readonly points: readonly DevicePoint[];
  /** The device spoke. */
  readonly onReadings: (readings: readonly (readonly [DevicePoint, Reading])[]) => void;
  readonly onFault: (error: GatewayError) => void;
  readonly onMessage: (name: string, payload: string | Buffer) => void;
  /** Nothing came of these for longer than `staleAfter`. */
  readonly onSilence: (points: readonly DevicePoint[], error: GatewayError) => void;
}

interface Awaited {
  readonly point: DevicePoint;
  readonly staleAfter: number;
  /** Monotonic ms of its last value, or of the beginning. */
  heardAt: number;
  isSilent: boolean;
}

export class Listening {
  readonly #o: ListeningOptions;
  readonly #points: ReadonlyMap<string, DevicePoint>;
  readonly #awaited = new Map<string, Awaited>();
  #ear: Disposable | undefined;
  #timer: Timer | undefined;
  #isOn = false;

  constructor(options: ListeningOptions) {
    this.#o = options;
    this.#points = new Map(options.points.map((point) => [point.id, point]));
    for (const point of options.points) {
      const staleAfter = point.pushed?.staleAfter;
      if (staleAfter !== undefined) this.#awaited.set(point.id, { point, staleAfter, heardAt: 0, isSilent: false });
    }
  }

  /** Nothing comes by itself. */
  get empty(): boolean {
    return !this.#o.points.some(({ pushed }) => pushed?.isExpected === true);
  }

  /** Why the device counts as silent: nothing at all came in time. */
  get silence(): GatewayError | undefined {
    if (this.#awaited.size === 0) return undefined;
    for (const { isSilent } of this.#awaited.values()) if (!isSilent) return undefined;
    return this.#error(Math.min(...[...this.#awaited.values()].map(({ staleAfter }) => staleAfter)));
  }

  /** On a wire that was just opened. */
  attach(device: Device<unknown>): void {
    this.detach();
    const points = this.#o.points.map(({ point }) => point);
    this.#ear = device.listen?.(points, {
      report: (readings) => this.#heard(readings),
      fault: (error) => this.#o.onFault(error),
      publish: (name, payload) => {
        if (this.#isOn) this.#o.onMessage(name, payload);
      },
    });
  }

  detach(): void {
    this.#ear?.[Symbol.dispose]();
    this.#ear = undefined;
  }

  /** What comes counts from now on; nothing may be missing for longer than `staleAfter`. */
  start(): void {
    this.#isOn = true;
    const now = this.#o.clock.monotonic();
    for (const awaited of this.#awaited.values()) {
      awaited.heardAt = now;
      awaited.isSilent = false;
    }
    this.#arm();
  }

  stop(): void {
    this.#isOn = false;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #heard(readings: readonly Reading[]): void {
    if (!this.#isOn) return;
    const now = this.#o.clock.monotonic();
    const known: [DevicePoint, Reading][] = [];
    let isBack = false;
    for (const reading of readings) {
      const point = this.#points.get(reading.point);
      if (point === undefined) continue;
      known.push([point, reading]);
      const awaited = this.#awaited.get(reading.point);
      if (awaited === undefined) continue;
      awaited.heardAt = now;
      isBack ||= awaited.isSilent;
      awaited.isSilent = false;
    }
    if (isBack) this.#arm();
    this.#o.onReadings(known);
  }

  /** The timer follows the values lazily: one that comes a thousand times a second arms it once per `staleAfter`. */
  #arm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    let next = Number.POSITIVE_INFINITY;
    for (const { heardAt, staleAfter, isSilent } of this.#awaited.values()) {
      if (!isSilent) next = Math.min(next, heardAt + staleAfter);
    }
    if (next === Number.POSITIVE_INFINITY) return;
    const wait = Math.min(MAX_TIMER_MS, Math.max(1, Math.ceil(next - this.#o.clock.monotonic())));
    this.#timer = this.#o.clock.after(wait, () => this.#look());
  }

  #look(): void {
    const now = this.#o.clock.monotonic();
    const silent: DevicePoint[] = [];
    let least = Number.POSITIVE_INFINITY;
    for (const awaited of this.#awaited.values()) {
      if (awaited.isSilent || now - awaited.heardAt < awaited.staleAfter) continue;
      awaited.isSilent = true;
      least = Math.min(least, awaited.staleAfter);
      silent.push(awaited.point);
    }
    this.#arm();
    if (silent.length > 0) this.#o.onSilence(silent, this.#error(least));
  }

  #error(staleAfter: number): GatewayError {
    const { device } = this.#o;
    return devicesError('DEVICE_SILENT', `${device} has said nothing for ${staleAfter} ms`, {
      details: { device, staleAfter },
    });
  }
}
