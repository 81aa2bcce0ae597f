/** Units on one wire: points in, one exchange, readings out. */
import type { Bus, Clock, Device, GatewayError, Point, Reading, Value } from '../../src/adapter.js';
import { isSilenceOfUnit, modbusError } from './errors.js';
import type { Framing } from './framing.js';
import type { Master } from './master.js';
import {
  isBitTable,
  type Request,
  readRequest,
  type Table,
  writeMultipleRegisters,
  writeSingleCoil,
  writeSingleRegister,
} from './pdu.js';
import {
  decodeRegisters,
  encodeRegisters,
  type Order,
  type RegisterType,
  shortestSingle,
  toBoolean,
} from './registers.js';
import { type DeviceOptions, lengthOf, type PointAddress, pointIssues, typeOf } from './schema.js';

/** @returns why a point of this address cannot be written, or undefined */
export function readOnlyReason(point: PointAddress): string | undefined {
  if (point.address.table === 'input') return 'input registers cannot be written (Modbus has no function for it)';
  if (point.address.table === 'discrete') return 'discrete inputs cannot be written (Modbus has no function for it)';
  if (point.bit !== undefined) return 'one bit of a register cannot be written alone; write the whole register';
  return undefined;
}

/** A point's address with everything decided once. */
interface Plan {
  readonly table: Table;
  readonly start: number;
  readonly length: number;
  readonly type: RegisterType;
  readonly order: Order;
  readonly bit: number | undefined;
}

export class ModbusBus implements Bus<DeviceOptions, PointAddress> {
  readonly #master: Master;
  readonly #clock: Clock;
  readonly #framing: Framing;
  readonly #onClose: () => void;

  constructor(master: Master, clock: Clock, framing: Framing, onClose: () => void) {
    this.#master = master;
    this.#clock = clock;
    this.#framing = framing;
    this.#onClose = onClose;
  }

  /** @throws MODBUS_CONFIG when RTU or ASCII cannot address the unit */
  device(options: DeviceOptions): Device<PointAddress> {
    if (this.#framing !== 'tcp' && !isRtuUnit(options.unit)) {
      throw modbusError('MODBUS_CONFIG', RTU_UNIT_TEXT, { details: { unit: options.unit } });
    }
    return new ModbusDevice(this.#master, this.#clock, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#master.close();
    this.#onClose();
  }
}

/** MODBUS over Serial Line V1.02 §2.2: 0 is broadcast, 248 to 255 are reserved. */
export function isRtuUnit(unit: number): boolean {
  return unit >= 1 && unit <= 247;
}
export const RTU_UNIT_TEXT =
  'with RTU and ASCII frames a unit is 1 to 247: 0 addresses all at once, 248 to 255 are reserved';

class ModbusDevice implements Device<PointAddress> {
  readonly #master: Master;
  readonly #clock: Clock;
  readonly #unit: number;
  readonly #order: Order;
  readonly #plans = new WeakMap<PointAddress, Plan>();

  constructor(master: Master, clock: Clock, options: DeviceOptions) {
    this.#master = master;
    this.#clock = clock;
    this.#unit = options.unit;
    this.#order = options.order;
  }

  async read(points: readonly Point<PointAddress>[], signal: AbortSignal): Promise<readonly Reading[]> {
    if (points.length === 0) return [];
    const plans = points.map((point) => this.#plan(point));
    const { table } = plans[0]!;
    let start = Number.POSITIVE_INFINITY;
    let end = 0;
    for (const plan of plans) {
      if (plan.table !== table) throw modbusError('MODBUS_SPAN', `one read cannot take ${table} and ${plan.table}`);
      start = Math.min(start, plan.start);
      end = Math.max(end, plan.start + plan.length);
    }
    let data: Buffer;
    try {
      data = (await this.#execute(readRequest(table, start, end - start), signal)).subarray(2);
    } catch (error) {
      const refusal = error as GatewayError;
      if (refusal.code !== 'MODBUS_EXCEPTION' || isSilenceOfUnit(Number(refusal.details.exceptionCode))) throw error;
      const at = this.#clock.now();
      return points.map(({ id }) => ({ point: id, value: undefined, quality: 'bad', at, error: refusal }));
    }
    const at = this.#clock.now();
    return points.map(({ id }, index) => reading(id, decode(data, start, plans[index]!), at));
  }

  async write(point: Point<PointAddress>, value: Value, signal: AbortSignal): Promise<void> {
    const reason = readOnlyReason(point.address);
    if (reason !== undefined) throw modbusError('MODBUS_READ_ONLY', `${point.id}: ${reason}`);
    await this.#execute(encode(this.#plan(point), value), signal);
  }

  readyAt(): number {
    return this.#master.readyAt(this.#unit);
  }

  #execute(request: Request, signal: AbortSignal): Promise<Buffer> {
    return this.#master.execute(this.#unit, request, signal);
  }

  #plan({ id, address }: Point<PointAddress>): Plan {
    const known = this.#plans.get(address);
    if (known !== undefined) return known;
    const issue = pointIssues(address)[0];
    if (issue !== undefined) throw modbusError('MODBUS_CONFIG', `${id}: ${issue.message}`);
    const { table, start } = address.address;
    const plan: Plan = {
      table,
      start,
      length: lengthOf(address),
      type: typeOf(address),
      order: address.order ?? this.#order,
      bit: address.bit,
    };
    this.#plans.set(address, plan);
    return plan;
  }
}

function decode(data: Buffer, first: number, plan: Plan): Value {
  const index = plan.start - first;
  if (isBitTable(plan.table)) return ((data[index >> 3]! >> (index & 7)) & 1) === 1;
  if (plan.bit !== undefined) return ((data.readUInt16BE(index * 2) >> plan.bit) & 1) === 1;
  const value = decodeRegisters(data, index, plan.type, plan.order);
  return plan.type === 'float32' ? shortestSingle(value as number) : value;
}

function encode(plan: Plan, value: Value): Request {
  if (plan.table === 'coil') return writeSingleCoil(plan.start, toBoolean(value));
  const data = encodeRegisters(value, plan.type, plan.order);
  return plan.length === 1
    ? writeSingleRegister(plan.start, data.readUInt16BE(0))
    : writeMultipleRegisters(plan.start, data);
}

function reading(point: string, value: Value, at: number): Reading {
  if (typeof value !== 'number' || Number.isFinite(value)) return { point, value, quality: 'good', at };
  const error = modbusError('MODBUS_NOT_A_NUMBER', `the device returned ${value} for ${point}`);
  return { point, value: undefined, quality: 'bad', at, error };
}
