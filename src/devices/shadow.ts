/** The last reading of every point, with a revision number that grows with every change. */
import type { Quality, Value } from '../core/adapter.js';
import type { PointConfig } from '../core/config.js';
import { errorView, type GatewayError } from '../core/errors.js';
import type { PointView } from '../core/views.js';
import { displayText, type Engineering, type RawKind, rawKind } from './point.js';

export interface Sample {
  readonly value: Engineering | undefined;
  readonly quality: Quality;
  /** Unix ms. */
  readonly at: number;
  readonly error: GatewayError | undefined;
}

/** What is known of one point. The view is made when someone looks, once per change. */
export class ShadowPoint {
  readonly device: string;
  readonly config: PointConfig;
  readonly topic: string;
  /** Why it cannot be written; undefined: it can. */
  readonly readOnlyReason: string | undefined;
  /** Where it is in the device, as people read it. */
  readonly address: string | undefined;
  readonly #shadow: Shadow;
  #sample: Sample | undefined;
  #kind: RawKind | undefined;
  #revision: number;
  #view: PointView | undefined;

  constructor(
    shadow: Shadow,
    device: string,
    config: PointConfig,
    topic: string,
    readOnlyReason: string | undefined,
    address: string | undefined,
  ) {
    this.#shadow = shadow;
    this.device = device;
    this.config = config;
    this.topic = topic;
    this.readOnlyReason = readOnlyReason;
    this.address = address;
    this.#revision = shadow.advance();
  }

  /** undefined before the first attempt to read it. */
  get sample(): Sample | undefined {
    return this.#sample;
  }

  /** Kind of the last raw value. */
  get kind(): RawKind | undefined {
    return this.#kind;
  }

  get revision(): number {
    return this.#revision;
  }

  set(sample: Sample, raw: Value | undefined): void {
    this.#sample = sample;
    if (raw !== undefined) this.#kind = rawKind(raw);
    this.#view = undefined;
    this.#revision = this.#shadow.advance();
  }

  view(): PointView {
    this.#view ??= this.#makeView();
    return this.#view;
  }

  #makeView(): PointView {
    const { config, readOnlyReason } = this;
    const sample = this.#sample;
    const value = sample?.value;
    const write = config.write;
    return {
      device: this.device,
      point: config.id,
      topic: this.topic,
      ...(this.address === undefined ? {} : { address: this.address }),
      value: viewValue(value),
      text: displayText(value, config),
      ...(config.unit === undefined ? {} : { unit: config.unit }),
      quality: sample?.quality ?? 'stale',
      at: sample?.at ?? null,
      every: config.every,
      writable: readOnlyReason === undefined,
      ...(readOnlyReason === undefined ? {} : { readOnlyReason }),
      ...(write === undefined || readOnlyReason !== undefined
        ? {}
        : {
            write: {
              ...(write.min === undefined ? {} : { min: write.min }),
              ...(write.max === undefined ? {} : { max: write.max }),
              ...(write.step === undefined ? {} : { step: write.step }),
              verify: write.verify,
              critical: write.critical,
            },
          }),
      ...(sample?.error === undefined ? {} : { error: errorView(sample.error) }),
    };
  }
}

/** bigint has no JSON: a number where exact, else its digits. */
export function viewValue(value: Engineering | undefined): number | boolean | string | null {
  if (value === undefined) return null;
  if (typeof value !== 'bigint') return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

export class Shadow {
  readonly #points = new Map<string, ShadowPoint[]>();
  #revision = 0;

  get revision(): number {
    return this.#revision;
  }

  /** @returns a number larger than all before */
  advance(): number {
    return ++this.#revision;
  }

  add(
    device: string,
    config: PointConfig,
    topic: string,
    readOnlyReason: string | undefined,
    address?: string,
  ): ShadowPoint {
    const point = new ShadowPoint(this, device, config, topic, readOnlyReason, address);
    const points = this.#points.get(device);
    if (points === undefined) this.#points.set(device, [point]);
    else points.push(point);
    return point;
  }

  views(): readonly PointView[] {
    return this.#collect(() => true);
  }

  changedSince(revision: number): { readonly revision: number; readonly points: readonly PointView[] } {
    return { revision: this.#revision, points: this.#collect((point) => point.revision > revision) };
  }

  #collect(wanted: (point: ShadowPoint) => boolean): PointView[] {
    const views: PointView[] = [];
    for (const points of this.#points.values()) {
      for (const point of points) if (wanted(point)) views.push(point.view());
    }
    return views;
  }
}
