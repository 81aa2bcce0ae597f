/** One unit on a bus: points in, one exchange, readings out. */
import type { Clock, Device, GatewayError, Identity, Point, Reading, Value } from '../../src/adapter.js';
import { isSilenceOfUnit, modbusError } from './errors.js';
import { identifyUnit } from './identify.js';
import type { Master } from './master.js';
import {
  isBitTable,
  maskWriteRegister,
  type Request,
  readRequest,
  type Table,
  writeMultipleCoils,
  writeMultipleRegisters,
  writeSingleCoil,
  writeSingleRegister,
} from './pdu.js';
import { extentOf, type Place, placeIssues, placeOf, pointIssues, readOnlyReason } from './point.js';
import { cacheOf } from './register-cache.js';
import type { DeviceOptions, PointAddress } from './schema.js';
import { type SunSpecModel, SunSpecWalk, scaled } from './sunspec.js';
import { toBoolean } from './values/numbers.js';
import { Unreadable } from './values/refuse.js';

/** Reading fewer of them would help nothing: the plan stays as it is. */
const NOT_THE_POINTS = { busy: true };
/** A device without a marker is not searched for one more often, ms. */
const NO_SUNSPEC_MS = 60_000;

export class ModbusDevice implements Device<PointAddress> {
  readonly #master: Master;
  readonly #clock: Clock;
  readonly #options: DeviceOptions;
  readonly #places = new WeakMap<PointAddress, Place>();
  readonly #walk: SunSpecWalk;
  #noSunSpec: { readonly error?: GatewayError; readonly until: number } = { until: 0 };

  constructor(master: Master, clock: Clock, options: DeviceOptions) {
    this.#master = master;
    this.#clock = clock;
    this.#options = options;
    this.#walk = new SunSpecWalk(options.sunspecAt);
  }

  async read(points: readonly Point<PointAddress>[], signal: AbortSignal): Promise<readonly Reading[]> {
    if (points.length === 0) return [];
    const places = points.map((point) => this.#place(point));
    const { table, models } = places[0]!;
    let start = Number.POSITIVE_INFINITY;
    let end = 0;
    for (const place of places) {
      if (place.table !== table) throw modbusError('MODBUS_SPAN', `one read cannot take ${table} and ${place.table}`);
      const extent = extentOf(place);
      start = Math.min(start, extent.start);
      end = Math.max(end, extent.start + extent.length);
    }
    let data: Buffer;
    try {
      const model = models && (await this.#modelOf(models, signal));
      data = await this.readRaw(table, start + (model?.start ?? 0), end - start, signal);
      if (model !== undefined && start === 0) this.#checkModel(model, data);
    } catch (error) {
      const refusal = error as GatewayError;
      if (!isRefusal(refusal)) throw error;
      if (models !== undefined && refusal.code === 'MODBUS_EXCEPTION') this.#walk.forget();
      const at = this.#clock.now();
      return points.map(({ id }) => ({ point: id, value: undefined, quality: 'bad', at, error: refusal }));
    }
    const at = this.#clock.now();
    return points.map(({ id }, index) => reading(id, decode(data, start, places[index]!), at));
  }

  /** @throws MODBUS_NO_MODEL, MODBUS_NO_SUNSPEC, and the errors of the wire */
  async #modelOf(models: readonly number[], signal: AbortSignal): Promise<SunSpecModel> {
    const { error, until } = this.#noSunSpec;
    if (error !== undefined && this.#clock.monotonic() < until) throw error;
    const model = await this.#findModel(models, signal);
    if (model !== undefined) return model;
    const has = this.#walk.models.map(({ id }) => id).join(', ');
    const wanted = models.join(' or ');
    throw modbusError(
      'MODBUS_NO_MODEL',
      `the device has no SunSpec model ${wanted}, but ${has === '' ? 'none' : has}`,
      {
        details: NOT_THE_POINTS,
      },
    );
  }

  async #findModel(models: readonly number[], signal: AbortSignal): Promise<SunSpecModel | undefined> {
    try {
      return await this.#walk.find(models, (start, quantity) => this.readRaw('holding', start, quantity, signal));
    } catch (error) {
      if ((error as GatewayError).code === 'MODBUS_NO_SUNSPEC') {
        this.#noSunSpec = { error: error as GatewayError, until: this.#clock.monotonic() + NO_SUNSPEC_MS };
      }
      throw error;
    }
  }

  /** A device that was changed has its models elsewhere: nothing of the wrong one becomes a value. */
  #checkModel({ id, start }: SunSpecModel, data: Buffer): void {
    const found = data.readUInt16BE(0);
    if (found === id) return;
    this.#walk.forget();
    throw modbusError(
      'MODBUS_NO_MODEL',
      `SunSpec model ${id} is not at ${start} any more (${found}), it is looked for again`,
      { details: NOT_THE_POINTS },
    );
  }

  /** All SunSpec models of the device. @throws MODBUS_NO_SUNSPEC, and the errors of the wire */
  models(signal: AbortSignal): Promise<readonly SunSpecModel[]> {
    return this.#walk.all((start, quantity) => this.readRaw('holding', start, quantity, signal));
  }

  /**
   * @returns the data of the answer: registers big-endian, or bits packed from the lowest
   * @throws MODBUS_EXCEPTION and the errors of the wire
   */
  async readRaw(table: Table, start: number, quantity: number, signal: AbortSignal): Promise<Buffer> {
    const data = (await this.#execute(readRequest(table, start, quantity), signal)).subarray(2);
    cacheOf(this.#options)?.store(table, start, quantity, data, this.#clock.monotonic());
    return data;
  }

  async write(point: Point<PointAddress>, value: Value, signal: AbortSignal): Promise<void> {
    const reason = readOnlyReason(point.address);
    if (reason !== undefined) throw modbusError('MODBUS_READ_ONLY', `${point.id}: ${reason}`);
    const place = this.#place(point);
    if (place.codec === undefined) return this.#writeCoils(place.start, [toBoolean(value)], signal);
    const data = place.codec.encode(value);
    const { mask } = place.codec;
    if (mask === undefined) return this.#writeRegisters(place.start, data, signal);
    return this.writeBits(place.start, mask, data.readUInt16BE(0), signal);
  }

  /** Registers or coils as they are, without a point. @param values - registers 0 to 65535, coils 0 or 1 */
  async writeRaw(
    table: 'coil' | 'holding',
    start: number,
    values: readonly number[],
    signal: AbortSignal,
  ): Promise<void> {
    if (table === 'coil') {
      return this.#writeCoils(
        start,
        values.map((value) => value !== 0),
        signal,
      );
    }
    const data = Buffer.alloc(2 * values.length);
    for (const [index, value] of values.entries()) data.writeUInt16BE(value, 2 * index);
    return this.#writeRegisters(start, data, signal);
  }

  identify(signal: AbortSignal): Promise<Identity> {
    return identifyUnit((request) => this.#execute(request, signal));
  }

  readyAt(): number {
    return this.#master.readyAt(this.#options.unit);
  }

  async #writeCoils(start: number, values: readonly boolean[], signal: AbortSignal): Promise<void> {
    const single = values.length === 1 && this.#options.writeCoil === 'single';
    cacheOf(this.#options)?.forget('coil', start, values.length);
    await this.#execute(single ? writeSingleCoil(start, values[0]!) : writeMultipleCoils(start, values), signal);
  }

  async #writeRegisters(start: number, data: Buffer, signal: AbortSignal): Promise<void> {
    const single = data.length === 2 && this.#options.writeRegister === 'single';
    cacheOf(this.#options)?.forget('holding', start, data.length / 2);
    const request = single ? writeSingleRegister(start, data.readUInt16BE(0)) : writeMultipleRegisters(start, data);
    await this.#execute(request, signal);
  }

  /** Of a holding register the bits of `mask`; the others stay as they are. */
  async writeBits(address: number, mask: number, bits: number, signal: AbortSignal): Promise<void> {
    if (this.#options.writeBits === 'mask') {
      cacheOf(this.#options)?.forget('holding', address, 1);
      await this.#execute(maskWriteRegister(address, mask, bits), signal);
      return;
    }
    // The wire is ours until the write is out; only another master could come between.
    const current = (await this.readRaw('holding', address, 1, signal)).readUInt16BE(0);
    const data = Buffer.alloc(2);
    data.writeUInt16BE((current & ~mask & 0xffff) | bits, 0);
    await this.#writeRegisters(address, data, signal);
  }

  #execute(request: Request, signal: AbortSignal): Promise<Buffer> {
    return this.#master.execute(this.#options.unit, request, signal);
  }

  #place({ id, address }: Point<PointAddress>): Place {
    const known = this.#places.get(address);
    if (known !== undefined) return known;
    const issue = [...pointIssues(address), ...placeIssues(address, this.#options)][0];
    if (issue !== undefined) throw modbusError('MODBUS_CONFIG', `${id}: ${issue.message}`);
    const place = placeOf(address, this.#options);
    this.#places.set(address, place);
    return place;
  }
}

/** @param first - address of the first register or bit of `data` */
export function decode(data: Buffer, first: number, place: Place): Value | Unreadable {
  const index = place.start - first;
  if (isBitTable(place.table)) return ((data[index >> 3]! >> (index & 7)) & 1) === 1;
  const value = place.codec!.decode(data, index);
  if (place.scaleFactor === undefined || (typeof value !== 'number' && typeof value !== 'bigint')) return value;
  const exponent = data.readInt16BE((place.scaleFactor - first) * 2);
  return (
    scaled(value, exponent) ?? new Unreadable('MODBUS_NOT_AVAILABLE', `${value} with the power of ten ${exponent}`)
  );
}

/** The device answered: it does not have what was asked for. */
function isRefusal({ code, details }: GatewayError): boolean {
  if (code === 'MODBUS_NO_MODEL' || code === 'MODBUS_NO_SUNSPEC') return true;
  return code === 'MODBUS_EXCEPTION' && !isSilenceOfUnit(Number(details.exceptionCode));
}

export function reading(point: string, value: Value | Unreadable, at: number): Reading {
  if (value instanceof Unreadable) {
    const error = modbusError(value.code, `the device returned ${value.text} for ${point}`);
    return { point, value: undefined, quality: 'bad', at, error };
  }
  if (typeof value !== 'number' || Number.isFinite(value)) return { point, value, quality: 'good', at };
  const error = modbusError('MODBUS_NOT_A_NUMBER', `the device returned ${value} for ${point}`);
  return { point, value: undefined, quality: 'bad', at, error };
}
