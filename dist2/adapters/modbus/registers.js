import { modbusError } from "./errors.js";
const REGISTER_TYPES = [
  "bool",
  "int16",
  "uint16",
  "int32",
  "uint32",
  "int64",
  "uint64",
  "float32",
  "float64"
];
const ORDERS_32 = ["ABCD", "BADC", "CDAB", "DCBA"];
const ORDERS_64 = ["12345678", "21436587", "87654321", "78563412", "34127856", "56781234"];
const AS_64 = {
  ABCD: "12345678",
  BADC: "21436587",
  CDAB: "78563412",
  DCBA: "87654321"
};
function refuse(type, value) {
  const what = typeof value === "number" || typeof value === "bigint" ? String(value) : `a ${typeof value}`;
  throw modbusError("MODBUS_VALUE", `${what} does not fit ${type}`, { details: { type } });
}
function integer(type, value, min, max) {
  const number = typeof value === "bigint" ? Number(value) : value;
  if (typeof number !== "number" || !Number.isInteger(number) || number < min || number > max) refuse(type, value);
  return number;
}
function bigInteger(type, value, min, max) {
  if (typeof value === "number" && !Number.isSafeInteger(value)) refuse(type, value);
  if (typeof value !== "number" && typeof value !== "bigint") refuse(type, value);
  const big = BigInt(value);
  if (big < min || big > max) refuse(type, value);
  return big;
}
function float(type, value, round) {
  const number = typeof value === "bigint" ? Number(value) : value;
  if (typeof number !== "number" || !Number.isFinite(round(number))) refuse(type, value);
  return number;
}
function toBoolean(value) {
  if (value === true || value === 1 || value === 1n) return true;
  if (value === false || value === 0 || value === 0n) return false;
  return refuse("bool", value);
}
const CODECS = {
  bool: {
    registers: 1,
    get: (bytes) => bytes.readUInt16BE(0) !== 0,
    set: (bytes, value) => bytes.writeUInt16BE(toBoolean(value) ? 1 : 0, 0)
  },
  int16: {
    registers: 1,
    get: (bytes) => bytes.readInt16BE(0),
    set: (bytes, value) => bytes.writeInt16BE(integer("int16", value, -32768, 32767), 0)
  },
  uint16: {
    registers: 1,
    get: (bytes) => bytes.readUInt16BE(0),
    set: (bytes, value) => bytes.writeUInt16BE(integer("uint16", value, 0, 65535), 0)
  },
  int32: {
    registers: 2,
    get: (bytes) => bytes.readInt32BE(0),
    set: (bytes, value) => bytes.writeInt32BE(integer("int32", value, -2147483648, 2147483647), 0)
  },
  uint32: {
    registers: 2,
    get: (bytes) => bytes.readUInt32BE(0),
    set: (bytes, value) => bytes.writeUInt32BE(integer("uint32", value, 0, 4294967295), 0)
  },
  int64: {
    registers: 4,
    get: (bytes) => bytes.readBigInt64BE(0),
    set: (bytes, value) => bytes.writeBigInt64BE(bigInteger("int64", value, -(2n ** 63n), 2n ** 63n - 1n), 0)
  },
  uint64: {
    registers: 4,
    get: (bytes) => bytes.readBigUInt64BE(0),
    set: (bytes, value) => bytes.writeBigUInt64BE(bigInteger("uint64", value, 0n, 2n ** 64n - 1n), 0)
  },
  float32: {
    registers: 2,
    get: (bytes) => bytes.readFloatBE(0),
    set: (bytes, value) => bytes.writeFloatBE(float("float32", value, Math.fround), 0)
  },
  float64: {
    registers: 4,
    get: (bytes) => bytes.readDoubleBE(0),
    set: (bytes, value) => bytes.writeDoubleBE(float("float64", value, Number), 0)
  }
};
function registersOf(type) {
  return CODECS[type].registers;
}
function orderFits(type, order) {
  const { registers } = CODECS[type];
  return registers === 4 || registers === 2 && order.length === 4;
}
function permutation(order, bytes) {
  const full = bytes === 8 && order.length === 4 ? AS_64[order] : order;
  const first = (full.length === 4 ? "A" : "1").charCodeAt(0);
  return Array.from(full, (letter) => letter.charCodeAt(0) - first);
}
const PERMUTATIONS = {
  4: Object.fromEntries(ORDERS_32.map((order) => [order, permutation(order, 4)])),
  8: Object.fromEntries([...ORDERS_32, ...ORDERS_64].map((order) => [order, permutation(order, 8)]))
};
function permutationOf(order, bytes) {
  const found = PERMUTATIONS[bytes][order];
  if (found === void 0) throw modbusError("MODBUS_CONFIG", `order ${order} does not name ${bytes} bytes`);
  return found;
}
function shortestSingle(value) {
  if (Number.isSafeInteger(value)) return value;
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return Number(value.toPrecision(9));
}
const scratch = Buffer.alloc(8);
function decodeRegisters(data, index, type, order) {
  const { registers, get } = CODECS[type];
  const bytes = registers * 2;
  const start = index * 2;
  if (start + bytes > data.length) throw new RangeError(`${type} at register ${index} is beyond ${data.length} bytes`);
  if (registers === 1) {
    data.copy(scratch, 0, start, start + 2);
  } else {
    const from = permutationOf(order, bytes);
    for (let wire = 0; wire < bytes; wire++) scratch[from[wire]] = data[start + wire];
  }
  return get(scratch);
}
function encodeRegisters(value, type, order) {
  const { registers, set } = CODECS[type];
  const bytes = registers * 2;
  set(scratch, value);
  const data = Buffer.alloc(bytes);
  if (registers === 1) {
    scratch.copy(data, 0, 0, 2);
  } else {
    const from = permutationOf(order, bytes);
    for (let wire = 0; wire < bytes; wire++) data[wire] = scratch[from[wire]];
  }
  return data;
}
export {
  ORDERS_32,
  ORDERS_64,
  REGISTER_TYPES,
  decodeRegisters,
  encodeRegisters,
  orderFits,
  registersOf,
  shortestSingle,
  toBoolean
};
//# sourceMappingURL=registers.js.map
