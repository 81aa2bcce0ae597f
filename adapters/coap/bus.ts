/** CoAP on one wire: datagrams of one peer. Devices on it share tokens, Message IDs and congestion control. */
import type { Duplex } from 'node:stream';
import type { Bus, Clock, FrameFunctions } from '../../src/adapter.js';
import { CoapDevice } from './device.js';
import { Requests } from './exchange/requests.js';
import type { Address, DeviceOptions } from './schema.js';

export class CoapBus implements Bus<DeviceOptions, Address> {
  readonly #wire: Duplex;
  readonly #clock: Clock;
  readonly #devices: CoapDevice[] = [];
  #requests: Requests | undefined;

  constructor(wire: Duplex, clock: Clock) {
    this.#wire = wire;
    this.#clock = clock;
  }

  device(config: DeviceOptions, functions?: FrameFunctions): CoapDevice {
    // One peer, one message layer: the parameters are those of the first device on the wire.
    this.#requests ??= new Requests({ wire: this.#wire, clock: this.#clock, transmission: config });
    const device = new CoapDevice(config, { requests: this.#requests, clock: this.#clock, functions });
    this.#devices.push(device);
    return device;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const device of this.#devices) device.close();
    this.#requests?.close();
  }
}
