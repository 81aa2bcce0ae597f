/**
 * Units on a line on which another master asks: what they answer it becomes values of our points. Nothing is ever sent.
 */
import type { Duplex } from 'node:stream';
import type { Bus, Clock, Device, Ear, Point, Reading } from '../../../src/adapter.js';
import { decode, reading } from '../device.js';
import { exceptionError, modbusError } from '../errors.js';
import type { Table } from '../pdu.js';
import { type Place, placeOf } from '../point.js';
import type { DeviceOptions, PointAddress } from '../schema.js';
import { type RtuFrame, RtuSniffer } from './rtu-sniffer.js';

const TABLES: Readonly<Record<number, Table>> = { 1: 'coil', 2: 'discrete', 3: 'holding', 4: 'input' };
const NOT_ASKED = 'the port is passive: another master asks, and we only listen';

export class PassiveBus implements Bus<DeviceOptions, PointAddress> {
  readonly #wire: Duplex;
  readonly #clock: Clock;
  readonly #sniffer = new RtuSniffer();
  readonly #devices: PassiveDevice[] = [];

  constructor(wire: Duplex, clock: Clock) {
    this.#wire = wire;
    this.#clock = clock;
    wire.on('data', this.#onData);
  }

  device(options: DeviceOptions): Device<PointAddress> {
    const device = new PassiveDevice(options, this.#clock);
    this.#devices.push(device);
    return device;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#wire.off('data', this.#onData);
  }

  readonly #onData = (chunk: Buffer): void => {
    for (const frame of this.#sniffer.push(chunk, this.#clock.monotonic() * 1_000)) {
      if (frame.isRequest) continue;
      for (const device of this.#devices) if (device.unit === frame.unit) device.take(frame);
    }
  };
}

class PassiveDevice implements Device<PointAddress> {
  readonly unit: number;
  readonly #options: DeviceOptions;
  readonly #clock: Clock;
  #points: readonly (readonly [id: string, place: Place])[] = [];
  #ear: Ear | undefined;

  constructor(options: DeviceOptions, clock: Clock) {
    this.unit = options.unit;
    this.#options = options;
    this.#clock = clock;
  }

  listen(points: readonly Point<PointAddress>[], ear: Ear): Disposable {
    this.#ear = ear;
    this.#points = points.map(({ id, address }) => [id, placeOf(address, this.#options)] as const);
    return {
      [Symbol.dispose]: () => {
        this.#ear = undefined;
      },
    };
  }

  read(points: readonly Point<PointAddress>[]): Promise<readonly Reading[]> {
    const error = modbusError('MODBUS_PASSIVE', NOT_ASKED);
    const at = this.#clock.now();
    return Promise.resolve(points.map(({ id }) => ({ point: id, value: undefined, quality: 'bad', at, error })));
  }

  write(): Promise<void> {
    return Promise.reject(modbusError('MODBUS_PASSIVE', NOT_ASKED));
  }

  take({ pdu, request }: RtuFrame): void {
    const asked = request?.pdu;
    const functionCode = asked?.[0] ?? 0;
    const table = TABLES[functionCode];
    if (asked === undefined || table === undefined) {
      this.#ear?.report([]);
      return;
    }
    const start = asked.readUInt16BE(1);
    const end = start + asked.readUInt16BE(3);
    const at = this.#clock.now();
    const isRefused = pdu[0]! > 0x80;
    const readings: Reading[] = [];
    for (const [id, place] of this.#points) {
      if (place.table !== table || place.models !== undefined) continue;
      if (place.start < start || place.start + place.length > end) continue;
      readings.push(
        isRefused
          ? { point: id, value: undefined, quality: 'bad', at, error: exceptionError(this.unit, functionCode, pdu[1]!) }
          : reading(id, decode(pdu.subarray(2), start, place), at),
      );
    }
    this.#ear?.report(readings);
  }
}
