/**
 * A unit that is a device of the gateway: its registers as they were last read; what is not there is asked for, in the
 * queue of the device's wire.
 */
import type { Clock, GatewayError, ServedDevice, ServedPoint } from '../../../src/adapter.js';
import type { ModbusDevice } from '../device.js';
import { isBitTable, READ_LIMIT, type Table } from '../pdu.js';
import { type Place, placeOf, readOnlyReason } from '../point.js';
import { keepCache, type RegisterCache } from '../register-cache.js';
import type { DeviceOptions, PointAddress } from '../schema.js';
import { Unreadable } from '../values/refuse.js';
import { exceptionOf } from './exceptions.js';
import type { ExceptionCode, RegisterImage } from './image.js';
import type { DeviceUnit } from './role-schema.js';
import { type Wish, writePoints } from './write-points.js';

/** Questions to one device that wait for its wire at a time; more are answered with exception 6. */
const MAX_QUESTIONS = 32;

export interface DeviceImageOptions {
  readonly unit: DeviceUnit;
  readonly device: ServedDevice;
  readonly identity: readonly string[];
  readonly clock: Clock;
  readonly answerWithinMs: number;
  readonly who: string;
  readonly signal: AbortSignal;
}

type Values = Uint16Array | ExceptionCode;

export class DeviceImage implements RegisterImage {
  readonly identity: readonly string[];
  readonly #o: DeviceImageOptions;
  readonly #options: DeviceOptions;
  readonly #cache: RegisterCache;
  /** Masters that want the same at the same time share one question. */
  readonly #questions = new Map<string, Promise<Values>>();
  readonly #places: readonly { readonly point: ServedPoint; readonly place: Place; readonly readOnly: boolean }[];

  constructor(o: DeviceImageOptions) {
    this.identity = o.identity;
    this.#o = o;
    this.#options = o.device.options as DeviceOptions;
    this.#cache = keepCache(this.#options);
    this.#places = o.device.points.map((point) => {
      const address = point.address as PointAddress;
      return { point, place: placeOf(address, this.#options), readOnly: readOnlyReason(address) !== undefined };
    });
  }

  read(table: Table, start: number, quantity: number): Values | Promise<Values> {
    const since = this.#o.clock.monotonic() - this.#o.unit.maxAge;
    const known = this.#cache.get(table, start, quantity, since);
    if (known !== undefined) return known.slice();
    const { unavailable } = this.#o.device;
    // A device that is known to be away costs nobody a time-out.
    if (unavailable !== undefined) return exceptionOf(unavailable);
    const key = `${table} ${start} ${quantity}`;
    let question = this.#questions.get(key);
    if (question === undefined) {
      if (this.#questions.size >= MAX_QUESTIONS) return 6;
      question = this.#ask(table, start, quantity).finally(() => this.#questions.delete(key));
      this.#questions.set(key, question);
    }
    return question;
  }

  async write(table: 'coil' | 'holding', start: number, values: readonly number[]): Promise<ExceptionCode | undefined> {
    const { write } = this.#o.unit;
    if (write === 'none') return 2;
    const end = start + values.length;
    const there = this.#places.filter(
      ({ place }) => place.table === table && place.start < end && place.start + place.length > start,
    );
    // One half of a value is no value, and a point that may not be written stays as it is.
    if (there.some(({ place, readOnly }) => readOnly || place.start < start || place.start + place.length > end))
      return 2;
    const covered = new Set(
      there.flatMap(({ place }) => Array.from({ length: place.length }, (_, i) => place.start + i)),
    );
    if (write === 'points' && covered.size < values.length) return 2;
    // Of a register of which only some bits are points, only those can be written: with function 22.
    if (table === 'holding' && [...covered].some((address) => (this.#maskAt(address) ?? 0) !== 0xffff)) return 2;
    const exception = await this.#command(there.map((one) => ({ ...one, words: words(one.place, start, values) })));
    return exception ?? this.#writeRest(table, start, values, covered);
  }

  async writeBits(address: number, mask: number, bits: number): Promise<ExceptionCode | undefined> {
    const { write } = this.#o.unit;
    if (write === 'none') return 2;
    const there = this.#places.filter(
      ({ place }) => place.table === 'holding' && place.start <= address && place.start + place.length > address,
    );
    const touched = there.filter(({ place }) => (maskOf(place) & mask) !== 0);
    // A part of a value is no value: only whole ones are commands.
    if (touched.some(({ place, readOnly }) => readOnly || place.length > 1 || (maskOf(place) & ~mask) !== 0)) return 2;
    const rest = mask & ~(this.#maskAt(address) ?? 0);
    if (rest !== 0 && write !== 'all') return 2;
    const exception = await this.#command(touched.map((one) => ({ ...one, words: [bits] })));
    if (exception !== undefined || rest === 0) return exception;
    const refusal = await this.#exchange('command', async (device, signal) => {
      await device.writeBits(address, rest, bits & rest, signal);
      return undefined;
    });
    const outcome = refusal === undefined ? 'written' : `exception ${refusal}`;
    this.#o.device.record(`holding:${address} bits 0x${rest.toString(16)}`, this.#o.who, outcome);
    return refusal;
  }

  /** The bits of a register that are points; undefined: none. */
  #maskAt(address: number): number | undefined {
    let mask: number | undefined;
    for (const { place } of this.#places) {
      if (place.table !== 'holding' || place.start > address || place.start + place.length <= address) continue;
      mask = (mask ?? 0) | maskOf(place);
    }
    return mask;
  }

  /** Writes points, all of them checked before the first. */
  async #command(
    orders: readonly { readonly point: ServedPoint; readonly place: Place; readonly words: readonly number[] }[],
  ): Promise<ExceptionCode | undefined> {
    const wishes: Wish[] = [];
    for (const { point, place, words } of orders) {
      const raw = decode(place, words);
      const value = raw instanceof Unreadable ? undefined : point.engineering(raw);
      if (value === undefined) return 3;
      wishes.push({ point, value });
    }
    return writePoints(wishes, this.#o.who, this.#o.signal);
  }

  /** What no point covers goes out as it is, in one piece where it is one. */
  async #writeRest(
    table: 'coil' | 'holding',
    start: number,
    values: readonly number[],
    covered: ReadonlySet<number>,
  ): Promise<ExceptionCode | undefined> {
    let from = 0;
    while (from < values.length) {
      if (covered.has(start + from)) {
        from++;
        continue;
      }
      let to = from + 1;
      while (to < values.length && !covered.has(start + to)) to++;
      const piece = values.slice(from, to);
      const first = start + from;
      const exception = await this.#exchange('command', async (device, signal) => {
        await device.writeRaw(table, first, piece, signal);
        return undefined;
      });
      const outcome = exception === undefined ? 'written' : `exception ${exception}`;
      this.#o.device.record(`${table}:${first}-${first + piece.length - 1}`, this.#o.who, outcome);
      if (exception !== undefined) return exception;
      from = to;
    }
    return undefined;
  }

  async #ask(table: Table, start: number, quantity: number): Promise<Values> {
    const { maxRegisters, maxBits } = this.#options;
    const limit = (isBitTable(table) ? maxBits : maxRegisters) ?? READ_LIMIT[table];
    const values = new Uint16Array(quantity);
    for (let done = 0; done < quantity; done += limit) {
      const count = Math.min(limit, quantity - done);
      const data = await this.#exchange('ask', (device, signal) => device.readRaw(table, start + done, count, signal));
      if (typeof data === 'number') return data;
      for (let i = 0; i < count; i++) {
        values[done + i] = isBitTable(table) ? (data[i >> 3]! >> (i & 7)) & 1 : data.readUInt16BE(2 * i);
      }
    }
    return values;
  }

  /** Takes its turn on the wire; what did not get it in time is taken back. */
  async #exchange<T>(
    priority: 'ask' | 'command',
    run: (device: ModbusDevice, signal: AbortSignal) => Promise<T>,
  ): Promise<T | ExceptionCode> {
    const { device, clock, answerWithinMs, signal } = this.#o;
    const controller = new AbortController();
    const onStop = () => controller.abort(signal.reason);
    signal.addEventListener('abort', onStop, { once: true });
    const timer = clock.after(answerWithinMs, () => controller.abort());
    if (signal.aborted) onStop();
    try {
      return await device.exchange(priority, (one, deadline) => run(one as ModbusDevice, deadline), controller.signal);
    } catch (error) {
      return exceptionOf(error as GatewayError);
    } finally {
      timer.cancel();
      signal.removeEventListener('abort', onStop);
    }
  }
}

function maskOf({ codec }: Place): number {
  return codec?.mask ?? 0xffff;
}

/** Those of the written registers that are the value's. */
function words(place: Place, start: number, values: readonly number[]): readonly number[] {
  return values.slice(place.start - start, place.start - start + place.length);
}

function decode(place: Place, values: readonly number[]) {
  if (isBitTable(place.table)) return values[0] !== 0;
  const data = Buffer.alloc(2 * values.length);
  for (const [index, value] of values.entries()) data.writeUInt16BE(value, 2 * index);
  return place.codec!.decode(data, 0);
}
