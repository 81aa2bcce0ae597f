import { isSilenceOfUnit, modbusError } from "./errors.js";
import {
  isBitTable,
  readRequest,
  writeMultipleRegisters,
  writeSingleCoil,
  writeSingleRegister
} from "./pdu.js";
import {
  decodeRegisters,
  encodeRegisters,
  shortestSingle,
  toBoolean
} from "./registers.js";
import { lengthOf, pointIssues, typeOf } from "./schema.js";
function readOnlyReason(point) {
  if (point.address.table === "input") return "input registers cannot be written (Modbus has no function for it)";
  if (point.address.table === "discrete") return "discrete inputs cannot be written (Modbus has no function for it)";
  if (point.bit !== void 0) return "one bit of a register cannot be written alone; write the whole register";
  return void 0;
}
class ModbusBus {
  #master;
  #clock;
  #framing;
  #onClose;
  constructor(master, clock, framing, onClose) {
    this.#master = master;
    this.#clock = clock;
    this.#framing = framing;
    this.#onClose = onClose;
  }
  /** @throws MODBUS_CONFIG when RTU cannot address the unit */
  device(options) {
    if (this.#framing === "rtu" && !isRtuUnit(options.unit)) {
      throw modbusError("MODBUS_CONFIG", RTU_UNIT_TEXT, { details: { unit: options.unit } });
    }
    return new ModbusDevice(this.#master, this.#clock, options);
  }
  async [Symbol.asyncDispose]() {
    this.#master.close();
    this.#onClose();
  }
}
function isRtuUnit(unit) {
  return unit >= 1 && unit <= 247;
}
const RTU_UNIT_TEXT = "on RTU a unit is 1 to 247: 0 addresses all at once, 248 to 255 are reserved";
class ModbusDevice {
  #master;
  #clock;
  #unit;
  #order;
  #plans = /* @__PURE__ */ new WeakMap();
  constructor(master, clock, options) {
    this.#master = master;
    this.#clock = clock;
    this.#unit = options.unit;
    this.#order = options.order;
  }
  async read(points, signal) {
    if (points.length === 0) return [];
    const plans = points.map((point) => this.#plan(point));
    const { table } = plans[0];
    let start = Number.POSITIVE_INFINITY;
    let end = 0;
    for (const plan of plans) {
      if (plan.table !== table) throw modbusError("MODBUS_SPAN", `one read cannot take ${table} and ${plan.table}`);
      start = Math.min(start, plan.start);
      end = Math.max(end, plan.start + plan.length);
    }
    let data;
    try {
      data = (await this.#execute(readRequest(table, start, end - start), signal)).subarray(2);
    } catch (error) {
      const refusal = error;
      if (refusal.code !== "MODBUS_EXCEPTION" || isSilenceOfUnit(Number(refusal.details.exceptionCode))) throw error;
      const at2 = this.#clock.now();
      return points.map(({ id }) => ({ point: id, value: void 0, quality: "bad", at: at2, error: refusal }));
    }
    const at = this.#clock.now();
    return points.map(({ id }, index) => reading(id, decode(data, start, plans[index]), at));
  }
  async write(point, value, signal) {
    const reason = readOnlyReason(point.address);
    if (reason !== void 0) throw modbusError("MODBUS_READ_ONLY", `${point.id}: ${reason}`);
    await this.#execute(encode(this.#plan(point), value), signal);
  }
  readyAt() {
    return this.#master.readyAt(this.#unit);
  }
  #execute(request, signal) {
    return this.#master.execute(this.#unit, request, signal);
  }
  #plan({ id, address }) {
    const known = this.#plans.get(address);
    if (known !== void 0) return known;
    const issue = pointIssues(address)[0];
    if (issue !== void 0) throw modbusError("MODBUS_CONFIG", `${id}: ${issue.message}`);
    const { table, start } = address.address;
    const plan = {
      table,
      start,
      length: lengthOf(address),
      type: typeOf(address),
      order: address.order ?? this.#order,
      bit: address.bit
    };
    this.#plans.set(address, plan);
    return plan;
  }
}
function decode(data, first, plan) {
  const index = plan.start - first;
  if (isBitTable(plan.table)) return (data[index >> 3] >> (index & 7) & 1) === 1;
  if (plan.bit !== void 0) return (data.readUInt16BE(index * 2) >> plan.bit & 1) === 1;
  const value = decodeRegisters(data, index, plan.type, plan.order);
  return plan.type === "float32" ? shortestSingle(value) : value;
}
function encode(plan, value) {
  if (plan.table === "coil") return writeSingleCoil(plan.start, toBoolean(value));
  const data = encodeRegisters(value, plan.type, plan.order);
  return plan.length === 1 ? writeSingleRegister(plan.start, data.readUInt16BE(0)) : writeMultipleRegisters(plan.start, data);
}
function reading(point, value, at) {
  if (typeof value !== "number" || Number.isFinite(value)) return { point, value, quality: "good", at };
  const error = modbusError("MODBUS_NOT_A_NUMBER", `the device returned ${value} for ${point}`);
  return { point, value: void 0, quality: "bad", at, error };
}
export {
  ModbusBus,
  RTU_UNIT_TEXT,
  isRtuUnit,
  readOnlyReason
};
//# sourceMappingURL=bus.js.map
