/**
 * Requests of Modbus Application Protocol V1.1b3 §6 and what their answers must look like.
 *
 * The bodies of requests come from jsmodbus. Its response bodies are not used: they accept an answer that is shorter
 * than what was asked (two registers asked, one returned) and throw on truncated ones. Neither are its request parsers:
 * FC 15 and 16 believe the byte count without comparing it with the quantity. Its limits are checked here, because it
 * allows 2000 registers in one read. Only its request folder is imported; the package's entry brings clients, servers and twelve kinds of CRC.
 */
import {
  ReadCoilsRequestBody,
  ReadDiscreteInputsRequestBody,
  ReadHoldingRegistersRequestBody,
  ReadInputRegistersRequestBody,
  WriteMultipleCoilsRequestBody,
  WriteMultipleRegistersRequestBody,
  WriteSingleCoilRequestBody,
  WriteSingleRegisterRequestBody,
} from 'jsmodbus/dist/request/index.js';
import { modbusError } from './errors.js';

/** The four tables of the data model (§4.3): coils, discrete inputs, holding registers, input registers. */
export type Table = 'coil' | 'discrete' | 'holding' | 'input';

/** §6.1–6.4: the most one read can carry, bits or registers. */
export const READ_LIMIT: Readonly<Record<Table, number>> = { coil: 2_000, discrete: 2_000, holding: 125, input: 125 };
/** §6.11, §6.12: the most one write can carry. */
export const WRITE_COILS_LIMIT = 1_968;
export const WRITE_REGISTERS_LIMIT = 123;
/** Addresses are 16 bit (§4.4). */
export const ADDRESS_SPACE = 65_536;
/** §4.1: the longest PDU, and so the longest frame after MBAP or before the CRC. */
export const MAX_PDU_BYTES = 253;

export const FUNCTION = {
  readCoils: 1,
  readDiscreteInputs: 2,
  readHoldingRegisters: 3,
  readInputRegisters: 4,
  writeSingleCoil: 5,
  writeSingleRegister: 6,
  writeMultipleCoils: 15,
  writeMultipleRegisters: 16,
  reportServerId: 17,
  maskWriteRegister: 22,
  readWriteMultipleRegisters: 23,
  encapsulatedInterface: 43,
} as const;
/** §6.21: the kind of encapsulated interface that identifies a device. */
export const READ_DEVICE_IDENTIFICATION = 14;
/** §6.17: the most that function 23 can write in one request. */
export const READ_WRITE_LIMIT = 121;

const READ_BODY = {
  coil: ReadCoilsRequestBody,
  discrete: ReadDiscreteInputsRequestBody,
  holding: ReadHoldingRegistersRequestBody,
  input: ReadInputRegistersRequestBody,
} as const;

export interface Request {
  readonly functionCode: number;
  readonly pdu: Buffer;
  /** The answer begins with these bytes: function and byte count of a read, the echoed fields of a write. */
  readonly answerPrefix: Buffer;
  /** Length of the answer's PDU: exact, or the least where `answerLength` says more. */
  readonly answerBytes: number;
  /**
   * For answers that say themselves how long they are. @param pdu - what there is of it, `answerBytes` or more
   * @returns the whole length; more than is there as long as that does not say it
   */
  readonly answerLength?: (pdu: Buffer) => number;
  /** The answer equals the request (FC 5 and 6), so a line that echoes our bytes needs care. */
  readonly mirrored: boolean;
}

export function isBitTable(table: Table): boolean {
  return table === 'coil' || table === 'discrete';
}

function checkRange(start: number, quantity: number, limit: number): void {
  if (!(quantity >= 1 && quantity <= limit && start >= 0 && start + quantity <= ADDRESS_SPACE)) {
    throw modbusError('MODBUS_SPAN', `${quantity} from address ${start} do not fit one request (limit ${limit})`, {
      details: { start, quantity, limit },
    });
  }
}

/** FC 1, 2, 3 or 4 by table. @throws MODBUS_SPAN */
export function readRequest(table: Table, start: number, quantity: number): Request {
  checkRange(start, quantity, READ_LIMIT[table]);
  const body = new READ_BODY[table](start, quantity);
  const byteCount = isBitTable(table) ? Math.ceil(quantity / 8) : quantity * 2;
  return {
    functionCode: body.fc,
    pdu: body.createPayload(),
    answerPrefix: Buffer.of(body.fc, byteCount),
    answerBytes: 2 + byteCount,
    mirrored: false,
  };
}

/** The answer repeats the first five bytes of the request: function, address, and value (5, 6) or quantity (15, 16). */
function writeRequest(functionCode: number, pdu: Buffer): Request {
  return {
    functionCode,
    pdu,
    answerPrefix: pdu.subarray(0, 5),
    answerBytes: 5,
    mirrored: pdu.length === 5,
  };
}

/** FC 5. */
export function writeSingleCoil(address: number, value: boolean): Request {
  checkRange(address, 1, 1);
  const body = new WriteSingleCoilRequestBody(address, value);
  return writeRequest(body.fc, body.createPayload());
}

/** FC 6. */
export function writeSingleRegister(address: number, value: number): Request {
  checkRange(address, 1, 1);
  const body = new WriteSingleRegisterRequestBody(address, value);
  return writeRequest(body.fc, body.createPayload());
}

/** FC 15. */
export function writeMultipleCoils(start: number, values: readonly boolean[]): Request {
  checkRange(start, values.length, WRITE_COILS_LIMIT);
  const body = new WriteMultipleCoilsRequestBody(start, [...values]);
  return writeRequest(body.fc, body.createPayload());
}

/** FC 16. @param data - two bytes per register, big-endian */
export function writeMultipleRegisters(start: number, data: Buffer): Request {
  checkRange(start, data.length / 2, WRITE_REGISTERS_LIMIT);
  const body = new WriteMultipleRegistersRequestBody(start, data);
  return writeRequest(body.fc, body.createPayload());
}

/** FC 22: of the register only the bits of `mask` change, in one step that no other master can come between. */
export function maskWriteRegister(address: number, mask: number, value: number): Request {
  checkRange(address, 1, 1);
  const pdu = Buffer.alloc(7);
  pdu[0] = FUNCTION.maskWriteRegister;
  pdu.writeUInt16BE(address, 1);
  // §6.16: result = (current AND and_mask) OR (or_mask AND NOT and_mask).
  pdu.writeUInt16BE(~mask & 0xffff, 3);
  pdu.writeUInt16BE(value & mask, 5);
  return { functionCode: pdu[0], pdu, answerPrefix: pdu, answerBytes: 7, mirrored: true };
}

/** FC 23: writes first, then reads. @param data - to be written, two bytes per register */
export function readWriteRegisters(readStart: number, quantity: number, writeStart: number, data: Buffer): Request {
  checkRange(readStart, quantity, READ_LIMIT.holding);
  checkRange(writeStart, data.length / 2, READ_WRITE_LIMIT);
  const pdu = Buffer.alloc(10 + data.length);
  pdu[0] = FUNCTION.readWriteMultipleRegisters;
  pdu.writeUInt16BE(readStart, 1);
  pdu.writeUInt16BE(quantity, 3);
  pdu.writeUInt16BE(writeStart, 5);
  pdu.writeUInt16BE(data.length / 2, 7);
  pdu[9] = data.length;
  data.copy(pdu, 10);
  return {
    functionCode: pdu[0],
    pdu,
    answerPrefix: Buffer.of(pdu[0], 2 * quantity),
    answerBytes: 2 + 2 * quantity,
    mirrored: false,
  };
}

/** FC 17. */
export function reportServerId(): Request {
  const pdu = Buffer.of(FUNCTION.reportServerId);
  const answerLength = (answer: Buffer) => 2 + answer[1]!;
  return { functionCode: pdu[0]!, pdu, answerPrefix: pdu, answerBytes: 2, answerLength, mirrored: false };
}

/** Function, interface, code, conformity level, more follows, next object, number of objects. */
const IDENTIFICATION_HEAD = 7;

/** FC 43/14. @param code - 1 basic, 2 regular, 3 extended, each from `objectId` on; 4 that one object */
export function readDeviceIdentification(code: 1 | 2 | 3 | 4, objectId: number): Request {
  const pdu = Buffer.of(FUNCTION.encapsulatedInterface, READ_DEVICE_IDENTIFICATION, code, objectId);
  return {
    functionCode: pdu[0]!,
    pdu,
    answerPrefix: pdu.subarray(0, 3),
    answerBytes: IDENTIFICATION_HEAD,
    answerLength: identificationLength,
    mirrored: false,
  };
}

function identificationLength(pdu: Buffer): number {
  let end = IDENTIFICATION_HEAD;
  for (let object = 0; object < pdu[6]!; object++) {
    if (pdu.length < end + 2) return end + 2;
    end += 2 + pdu[end + 1]!;
  }
  return end;
}

/** How long the answer to this request is, as far as what there is of it says: more than that while it is incomplete. */
export function answerLength(request: Request, pdu: Buffer): number {
  if (request.answerLength === undefined || pdu.length < request.answerBytes) return request.answerBytes;
  return request.answerLength(pdu);
}

/** What a complete PDU is to a request. A number is the code of the exception the device answered with. */
export type Verdict = 'answer' | 'foreign' | number;

export function judge(request: Request, pdu: Buffer): Verdict {
  if (pdu.length === 2 && pdu[0] === (request.functionCode | 0x80)) return pdu[1]!;
  if (pdu.length !== answerLength(request, pdu)) return 'foreign';
  return request.answerPrefix.equals(pdu.subarray(0, request.answerPrefix.length)) ? 'answer' : 'foreign';
}
