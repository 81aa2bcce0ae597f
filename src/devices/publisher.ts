/** Puts readings, device states and command results into the router. */
import type { Clock } from '../core/clock.js';
import type { DeviceConfig } from '../core/config.js';
import type { HistoryRecorder } from '../core/history.js';
import type { Log } from '../core/log.js';
import { createMessage, type MessageInit } from '../core/message.js';
import type { Router } from '../core/router.js';
import { Scope } from '../core/scope.js';
import type { DeviceState } from '../core/views.js';
import { type Report, reportJson, stateJson, valueText } from './payload.js';
import type { ShadowPoint } from './shadow.js';

/** Topics of a gateway's devices. */
export class Topics {
  readonly prefix: string;

  constructor(gatewayId: string) {
    this.prefix = `hpmq/${gatewayId}`;
  }

  device(device: string): string {
    return `${this.prefix}/${device}`;
  }

  point(device: string, point: string): string {
    return `${this.prefix}/${device}/${point}`;
  }

  state(device: string): string {
    return `${this.prefix}/${device}/$state`;
  }
}

export class Publisher implements AsyncDisposable {
  readonly topics: Topics;
  readonly #router: Router;
  readonly #clock: Clock;
  readonly #scope: Scope;
  readonly #history: HistoryRecorder | undefined;

  /** @param history - keeps what is published of points */
  constructor(gatewayId: string, router: Router, clock: Clock, log: Log, history?: HistoryRecorder) {
    this.topics = new Topics(gatewayId);
    this.#router = router;
    this.#clock = clock;
    this.#history = history;
    this.#scope = new Scope((error) => log.warn({ err: error }, 'a message of the devices was not stored'));
  }

  point(device: DeviceConfig, point: ShadowPoint): void {
    const { sample, config } = point;
    if (sample === undefined) return;
    const { value, quality, at, error } = sample;
    const time = this.#timeOf(at);
    this.#history?.record({
      device: device.name,
      point: config.id,
      unit: config.unit,
      value,
      quality,
      at: time.at,
      isUnsynced: time.timeQuality === 'unsynced',
    });
    this.#send({
      topic: point.topic,
      payload:
        device.encoding === 'value'
          ? valueText(value)
          : reportJson({ value, quality, ...time, unit: config.unit, code: error?.code }),
      origin: `device:${device.name}`,
      receivedAt: this.#clock.now(),
      qos: config.qos,
      retain: config.retain,
      ...(config.expiry === undefined ? {} : { expiresAt: this.#clock.now() + config.expiry }),
    });
  }

  /** Something that the device said, for a topic of its own. */
  message(device: string, name: string, payload: string | Buffer): void {
    this.#send({
      topic: this.topics.point(device, name),
      payload,
      origin: `device:${device}`,
      receivedAt: this.#clock.now(),
      qos: 0,
    });
  }

  state(device: string, state: DeviceState, since: number, reason: string | undefined): void {
    this.#send({
      topic: this.topics.state(device),
      payload: stateJson(state, since, reason),
      origin: `device:${device}`,
      receivedAt: this.#clock.now(),
      qos: 1,
      retain: true,
    });
  }

  /** @param correlationData - goes back as it came (MQTT 5.0 §4.10) */
  result(device: string, topic: string, payload: string, correlationData: Buffer | undefined): void {
    this.#send({
      topic,
      payload,
      origin: `device:${device}`,
      receivedAt: this.#clock.now(),
      qos: 1,
      properties: correlationData === undefined ? undefined : { correlationData },
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#scope[Symbol.asyncDispose]();
  }

  /** The time of a sample by what is known of the clock now. */
  #timeOf(sampledAt: number): Pick<Report, 'at' | 'timeQuality'> {
    const { quality, rebased } = this.#clock;
    if (quality === undefined) return { at: sampledAt };
    if (quality() === 'unsynced') return { at: sampledAt, timeQuality: 'unsynced' };
    const at = rebased?.(sampledAt) ?? sampledAt;
    return at === sampledAt ? { at } : { at, timeQuality: 'rebased' };
  }

  /** Polling never waits for a store: what must be written first is awaited in the background. */
  #send(init: MessageInit): void {
    const stored = this.#router.publish(createMessage(init));
    if (stored !== undefined) this.#scope.run(() => stored);
  }
}
