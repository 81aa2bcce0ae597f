import {
  ADDRESS_SPACE,
  FUNCTION,
  isBitTable,
  READ_LIMIT,
  WRITE_COILS_LIMIT,
  WRITE_REGISTERS_LIMIT
} from "./pdu.js";
const READ_TABLE = {
  [FUNCTION.readCoils]: "coil",
  [FUNCTION.readDiscreteInputs]: "discrete",
  [FUNCTION.readHoldingRegisters]: "holding",
  [FUNCTION.readInputRegisters]: "input"
};
function exceptionResponse(functionCode, exceptionCode) {
  return Buffer.of(functionCode | 128, exceptionCode);
}
function respond(pdu, image) {
  const functionCode = pdu[0];
  try {
    const response = serve(functionCode, pdu, image);
    return typeof response === "number" ? exceptionResponse(functionCode, response) : response;
  } catch {
    return exceptionResponse(functionCode, 4);
  }
}
function serve(functionCode, pdu, image) {
  const table = READ_TABLE[functionCode];
  if (table !== void 0) return read(functionCode, table, pdu, image);
  switch (functionCode) {
    case FUNCTION.writeSingleCoil: {
      const value = pdu.length === 5 ? pdu.readUInt16BE(3) : -1;
      if (value !== 0 && value !== 65280) return 3;
      return image.write("coil", pdu.readUInt16BE(1), [value === 0 ? 0 : 1]) ?? pdu;
    }
    case FUNCTION.writeSingleRegister:
      if (pdu.length !== 5) return 3;
      return image.write("holding", pdu.readUInt16BE(1), [pdu.readUInt16BE(3)]) ?? pdu;
    case FUNCTION.writeMultipleCoils:
      return writeMany("coil", WRITE_COILS_LIMIT, pdu, image);
    case FUNCTION.writeMultipleRegisters:
      return writeMany("holding", WRITE_REGISTERS_LIMIT, pdu, image);
    default:
      return 1;
  }
}
function read(functionCode, table, pdu, image) {
  if (pdu.length !== 5) return 3;
  const start = pdu.readUInt16BE(1);
  const quantity = pdu.readUInt16BE(3);
  if (quantity < 1 || quantity > READ_LIMIT[table]) return 3;
  if (start + quantity > ADDRESS_SPACE) return 2;
  const values = image.read(table, start, quantity);
  if (typeof values === "number") return values;
  if (values.length !== quantity) return 4;
  const bits = isBitTable(table);
  const byteCount = bits ? Math.ceil(quantity / 8) : quantity * 2;
  const response = Buffer.alloc(2 + byteCount);
  response[0] = functionCode;
  response[1] = byteCount;
  for (let index = 0; index < quantity; index++) {
    const value = values[index];
    if (!bits) response.writeUInt16BE(value & 65535, 2 + index * 2);
    else if (value) response[2 + (index >> 3)] |= 1 << (index & 7);
  }
  return response;
}
function writeMany(table, limit, pdu, image) {
  if (pdu.length < 6) return 3;
  const start = pdu.readUInt16BE(1);
  const quantity = pdu.readUInt16BE(3);
  const byteCount = table === "coil" ? Math.ceil(quantity / 8) : quantity * 2;
  if (quantity < 1 || quantity > limit || pdu[5] !== byteCount || pdu.length !== 6 + byteCount) return 3;
  if (start + quantity > ADDRESS_SPACE) return 2;
  const values = Array.from(
    { length: quantity },
    (_, index) => table === "coil" ? pdu[6 + (index >> 3)] >> (index & 7) & 1 : pdu.readUInt16BE(6 + index * 2)
  );
  return image.write(table, start, values) ?? Buffer.from(pdu.subarray(0, 5));
}
export {
  exceptionResponse,
  respond
};
//# sourceMappingURL=respond.js.map
