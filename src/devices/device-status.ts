import type { Clock } from '../core/clock.js';
import type { GatewayError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import type { DeviceState } from '../core/views.js';
import type { Publisher } from './publisher.js';

/** The state of a device as everyone is told: on its `$state` topic, in the log, in the views. */
export class DeviceStatus {
  readonly #device: string;
  readonly #publisher: Publisher;
  readonly #clock: Clock;
  readonly #log: Log;
  #state: DeviceState = 'starting';
  #since: number;
  #error: GatewayError | undefined;

  /** @param log - of the device */
  constructor(device: string, publisher: Publisher, clock: Clock, log: Log) {
    this.#device = device;
    this.#publisher = publisher;
    this.#clock = clock;
    this.#log = log;
    this.#since = clock.now();
  }

  get state(): DeviceState {
    return this.#state;
  }

  /** Unix ms. */
  get since(): number {
    return this.#since;
  }

  /** What is wrong; undefined when nothing is. */
  get error(): GatewayError | undefined {
    return this.#error;
  }

  publish(): void {
    this.#publisher.state(this.#device, this.#state, this.#since, this.#error?.code);
  }

  /** Tells everyone when the state, or the reason of it, is another one. */
  set(state: DeviceState, error: GatewayError | undefined): void {
    const before = this.#state;
    const isSame = state === before && error?.code === this.#error?.code;
    this.#state = state;
    this.#error = error;
    if (isSame) return;
    if (state !== before) {
      this.#since = this.#clock.now();
      this.#tell(before);
    }
    this.publish();
  }

  /** Absence and return are news; a device that answers but has bad points changes often. */
  #tell(before: DeviceState): void {
    const fields = { from: before, code: this.#error?.code };
    if (this.#state === 'offline') this.#log.warn({ ...fields, reason: this.#error?.message }, 'device is offline');
    else if (before === 'offline' || before === 'starting') this.#log.info(fields, `device is ${this.#state}`);
    else this.#log.debug(fields, `device is ${this.#state}`);
  }
}
