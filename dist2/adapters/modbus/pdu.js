import {
  ReadCoilsRequestBody,
  ReadDiscreteInputsRequestBody,
  ReadHoldingRegistersRequestBody,
  ReadInputRegistersRequestBody,
  WriteMultipleCoilsRequestBody,
  WriteMultipleRegistersRequestBody,
  WriteSingleCoilRequestBody,
  WriteSingleRegisterRequestBody
} from "jsmodbus/dist/request/index.js";
import { modbusError } from "./errors.js";
const READ_LIMIT = { coil: 2e3, discrete: 2e3, holding: 125, input: 125 };
const WRITE_COILS_LIMIT = 1968;
const WRITE_REGISTERS_LIMIT = 123;
const ADDRESS_SPACE = 65536;
const MAX_PDU_BYTES = 253;
const FUNCTION = {
  readCoils: 1,
  readDiscreteInputs: 2,
  readHoldingRegisters: 3,
  readInputRegisters: 4,
  writeSingleCoil: 5,
  writeSingleRegister: 6,
  writeMultipleCoils: 15,
  writeMultipleRegisters: 16
};
const READ_BODY = {
  coil: ReadCoilsRequestBody,
  discrete: ReadDiscreteInputsRequestBody,
  holding: ReadHoldingRegistersRequestBody,
  input: ReadInputRegistersRequestBody
};
function isBitTable(table) {
  return table === "coil" || table === "discrete";
}
function checkRange(start, quantity, limit) {
  if (!(quantity >= 1 && quantity <= limit && start >= 0 && start + quantity <= ADDRESS_SPACE)) {
    throw modbusError("MODBUS_SPAN", `${quantity} from address ${start} do not fit one request (limit ${limit})`, {
      details: { start, quantity, limit }
    });
  }
}
function readRequest(table, start, quantity) {
  checkRange(start, quantity, READ_LIMIT[table]);
  const body = new READ_BODY[table](start, quantity);
  const byteCount = isBitTable(table) ? Math.ceil(quantity / 8) : quantity * 2;
  return {
    functionCode: body.fc,
    pdu: body.createPayload(),
    answerPrefix: Buffer.of(body.fc, byteCount),
    answerBytes: 2 + byteCount,
    mirrored: false
  };
}
function writeRequest(functionCode, pdu) {
  return {
    functionCode,
    pdu,
    answerPrefix: pdu.subarray(0, 5),
    answerBytes: 5,
    mirrored: pdu.length === 5
  };
}
function writeSingleCoil(address, value) {
  checkRange(address, 1, 1);
  const body = new WriteSingleCoilRequestBody(address, value);
  return writeRequest(body.fc, body.createPayload());
}
function writeSingleRegister(address, value) {
  checkRange(address, 1, 1);
  const body = new WriteSingleRegisterRequestBody(address, value);
  return writeRequest(body.fc, body.createPayload());
}
function writeMultipleCoils(start, values) {
  checkRange(start, values.length, WRITE_COILS_LIMIT);
  const body = new WriteMultipleCoilsRequestBody(start, [...values]);
  return writeRequest(body.fc, body.createPayload());
}
function writeMultipleRegisters(start, data) {
  checkRange(start, data.length / 2, WRITE_REGISTERS_LIMIT);
  const body = new WriteMultipleRegistersRequestBody(start, data);
  return writeRequest(body.fc, body.createPayload());
}
function judge(request, pdu) {
  if (pdu.length === 2 && pdu[0] === (request.functionCode | 128)) return pdu[1];
  if (pdu.length !== request.answerBytes) return "foreign";
  return request.answerPrefix.equals(pdu.subarray(0, request.answerPrefix.length)) ? "answer" : "foreign";
}
export {
  ADDRESS_SPACE,
  FUNCTION,
  MAX_PDU_BYTES,
  READ_LIMIT,
  WRITE_COILS_LIMIT,
  WRITE_REGISTERS_LIMIT,
  isBitTable,
  judge,
  readRequest,
  writeMultipleCoils,
  writeMultipleRegisters,
  writeSingleCoil,
  writeSingleRegister
};
//# sourceMappingURL=pdu.js.map
