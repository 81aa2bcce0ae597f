/** What comes of one device's reads: into the shadow, and to its topics when it is worth it. */
import type { Reading, Value } from '../core/adapter.js';
import type { Clock } from '../core/clock.js';
import type { DeviceConfig } from '../core/config.js';
import type { GatewayError } from '../core/errors.js';
import type { DevicePoint } from './device-point.js';
import type { Publisher } from './publisher.js';
import type { Sample } from './shadow.js';

export class Readings {
  readonly #config: DeviceConfig;
  readonly #points: readonly DevicePoint[];
  readonly #publisher: Publisher;
  readonly #clock: Clock;
  /** Points whose last attempt, since the device answers, was bad. */
  readonly #troubled = new Map<string, GatewayError>();

  constructor(config: DeviceConfig, points: readonly DevicePoint[], publisher: Publisher, clock: Clock) {
    this.#config = config;
    this.#points = points;
    this.#publisher = publisher;
    this.#clock = clock;
  }

  /** Why a point of a device that answers is bad; undefined when none is. */
  get trouble(): GatewayError | undefined {
    return this.#troubled.values().next().value;
  }

  /** @param force - publish in any case: someone waits for it */
  take(point: DevicePoint, reading: Reading, force = false): void {
    const sample = point.sampleOf(reading);
    if (sample.error === undefined) this.#troubled.delete(point.id);
    else this.#troubled.set(point.id, sample.error);
    this.#store(point, sample, reading.value, force);
  }

  /** The attempt to read these points failed: no value is better than an old one that looks new. */
  fault(points: readonly DevicePoint[], error: GatewayError): void {
    const at = this.#clock.now();
    for (const point of points) {
      this.#troubled.set(point.id, error);
      this.#store(point, { value: undefined, quality: 'bad', at, error });
    }
  }

  /** Nothing new of these points: what is known is said again when it is time. */
  repeat(points: readonly DevicePoint[]): void {
    const now = this.#clock.monotonic();
    for (const { shadow, rule } of points) {
      if (shadow.sample !== undefined && rule.accepts(shadow.sample, now)) this.#publisher.point(this.#config, shadow);
    }
  }

  /** The device is not there. */
  faultAll(error: GatewayError): void {
    this.fault(this.#points, error);
  }

  /** The device answers again; what is bad from its absence says nothing about it any more. */
  forget(): void {
    this.#troubled.clear();
  }

  /** These did not come when they should have: the last value is old, and where there is none, the error says why. */
  silent(points: readonly DevicePoint[], error: GatewayError): void {
    for (const point of points) {
      const { sample } = point.shadow;
      if (sample === undefined) this.#store(point, { value: undefined, quality: 'bad', at: this.#clock.now(), error });
      else if (sample.quality === 'good') this.#store(point, { ...sample, quality: 'stale' });
    }
  }

  /** Nobody looks after the values any more. */
  stale(): void {
    for (const point of this.#points) {
      const { sample } = point.shadow;
      if (sample?.quality === 'good') this.#store(point, { ...sample, quality: 'stale' });
    }
  }

  #store(point: DevicePoint, sample: Sample, raw?: Value, force = false): void {
    point.shadow.set(sample, raw);
    if (point.rule.accepts(sample, this.#clock.monotonic(), force)) this.#publisher.point(this.#config, point.shadow);
  }
}
