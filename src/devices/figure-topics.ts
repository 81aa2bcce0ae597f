/**
 * `$SYS/hpmq/devices/<device>` and `$SYS/hpmq/ports/<port>`: what is counted, as one JSON object each, beside the broker's
 * own `$SYS/broker/…`. Retained; figures that stay are not published again. `#` does not match them [MQTT-4.7.2-1].
 */
import type { Clock, Timer } from '../core/clock.js';
import { createMessage, type Origin } from '../core/message.js';
import type { Router } from '../core/router.js';
import type { DeviceView, PortView } from '../core/views.js';

export interface FigureTopicsOptions {
  readonly router: Router;
  readonly clock: Clock;
  readonly origin: Origin;
  /** Time between two looks, ms. */
  readonly interval: number;
  readonly devices: () => readonly DeviceView[];
  readonly ports: () => readonly PortView[];
}

export class FigureTopics implements Disposable {
  readonly #o: FigureTopicsOptions;
  /** What was published last. */
  readonly #last = new Map<string, string>();
  #timer: Timer | undefined;

  /** Publishes after the first interval, then every interval. */
  constructor(options: FigureTopicsOptions) {
    this.#o = options;
    this.#arm();
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel();
  }

  #arm(): void {
    this.#timer = this.#o.clock.after(this.#o.interval, () => {
      for (const device of this.#o.devices()) this.#publish(`devices/${device.name}`, deviceFigures(device));
      for (const port of this.#o.ports()) this.#publish(`ports/${port.name}`, portFigures(port));
      this.#arm();
    });
  }

  #publish(name: string, figures: object): void {
    const payload = JSON.stringify(figures);
    if (this.#last.get(name) === payload) return;
    this.#last.set(name, payload);
    const { router, clock, origin } = this.#o;
    const topic = `$SYS/hpmq/${name}`;
    const message = createMessage({ topic, payload, origin, receivedAt: clock.now(), retain: true });
    // A figure that could not be kept is replaced by the next.
    router.publish(message)?.catch(() => {});
  }
}

function counts(one: DeviceView | PortView) {
  const { requests, timeouts, errors, crcErrors, exceptions, overruns, exchangeMs, busyShare } = one;
  return { requests, timeouts, errors, crcErrors, exceptions, overruns, exchangeMs, busyShare };
}

function deviceFigures(device: DeviceView): object {
  const { state, port, points, badPoints, latencyMs, plan } = device;
  return { state, port, points, badPoints, ...counts(device), latencyMs, plan };
}

function portFigures(port: PortView): object {
  const { state, devices, opens, load, cycleMs } = port;
  return { state, devices, opens, ...counts(port), load, cycleMs };
}
