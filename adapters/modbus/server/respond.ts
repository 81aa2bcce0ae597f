/** One request PDU in, one response PDU out: the server side of Modbus Application Protocol V1.1b3 §6. Never throws. */
import {
  ADDRESS_SPACE,
  FUNCTION,
  isBitTable,
  MAX_PDU_BYTES,
  READ_DEVICE_IDENTIFICATION,
  READ_LIMIT,
  READ_WRITE_LIMIT,
  type Table,
  WRITE_COILS_LIMIT,
  WRITE_REGISTERS_LIMIT,
} from '../pdu.js';
import type { ExceptionCode, Later, RegisterImage } from './image.js';

const READ_TABLE: Readonly<Record<number, Table>> = {
  [FUNCTION.readCoils]: 'coil',
  [FUNCTION.readDiscreteInputs]: 'discrete',
  [FUNCTION.readHoldingRegisters]: 'holding',
  [FUNCTION.readInputRegisters]: 'input',
};

type Response = Buffer | ExceptionCode;

export function exceptionResponse(functionCode: number, exceptionCode: ExceptionCode): Buffer {
  return Buffer.of(functionCode | 0x80, exceptionCode);
}

/** @param pdu - not empty. @returns at once whenever the image does */
export function respond(pdu: Buffer, image: RegisterImage): Later<Buffer> {
  const functionCode = pdu[0]!;
  const finish = (response: Response) =>
    typeof response === 'number' ? exceptionResponse(functionCode, response) : response;
  // The image failed, which is what exception 4 is for; the master learns it, the server lives on.
  const fail = () => exceptionResponse(functionCode, 4);
  try {
    const response = serve(functionCode, pdu, image);
    return response instanceof Promise ? response.then(finish, fail) : finish(response);
  } catch {
    return fail();
  }
}

/** `next` of what is there, or of what will be. */
function after<T, U>(value: Later<T>, next: (value: T) => Later<U>): Later<U> {
  return value instanceof Promise ? value.then(next) : next(value);
}

function serve(functionCode: number, pdu: Buffer, image: RegisterImage): Later<Response> {
  const table = READ_TABLE[functionCode];
  if (table !== undefined) {
    return pdu.length === 5 ? read(functionCode, table, pdu.readUInt16BE(1), pdu.readUInt16BE(3), image) : 3;
  }
  switch (functionCode) {
    case FUNCTION.writeSingleCoil: {
      const value = pdu.length === 5 ? pdu.readUInt16BE(3) : -1;
      if (value !== 0 && value !== 0xff00) return 3;
      return done(image.write('coil', pdu.readUInt16BE(1), [value === 0 ? 0 : 1]), pdu);
    }
    case FUNCTION.writeSingleRegister:
      if (pdu.length !== 5) return 3;
      return done(image.write('holding', pdu.readUInt16BE(1), [pdu.readUInt16BE(3)]), pdu);
    case FUNCTION.writeMultipleCoils:
      return writeMany('coil', WRITE_COILS_LIMIT, pdu, image);
    case FUNCTION.writeMultipleRegisters:
      return writeMany('holding', WRITE_REGISTERS_LIMIT, pdu, image);
    case FUNCTION.maskWriteRegister:
      return maskWrite(pdu, image);
    case FUNCTION.readWriteMultipleRegisters:
      return readWrite(pdu, image);
    case FUNCTION.encapsulatedInterface:
      return identify(pdu, image);
    default:
      return 1;
  }
}

/** The answer to a write: the exception if there is one. */
function done(outcome: Later<ExceptionCode | undefined>, answer: Buffer): Later<Response> {
  return after(outcome, (exception) => exception ?? answer);
}

function read(
  functionCode: number,
  table: Table,
  start: number,
  quantity: number,
  image: RegisterImage,
): Later<Response> {
  if (quantity < 1 || quantity > READ_LIMIT[table]) return 3;
  if (start + quantity > ADDRESS_SPACE) return 2;
  return after(image.read(table, start, quantity), (values): Response => {
    if (typeof values === 'number') return values;
    if (values.length !== quantity) return 4;
    return encodeRead(functionCode, isBitTable(table), values);
  });
}

function encodeRead(functionCode: number, bits: boolean, values: ArrayLike<number>): Buffer {
  const byteCount = bits ? Math.ceil(values.length / 8) : values.length * 2;
  const response = Buffer.alloc(2 + byteCount);
  response[0] = functionCode;
  response[1] = byteCount;
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!;
    if (!bits) response.writeUInt16BE(value & 0xffff, 2 + index * 2);
    else if (value) response[2 + (index >> 3)]! |= 1 << (index & 7);
  }
  return response;
}

function registersFrom(pdu: Buffer, offset: number, quantity: number): number[] {
  return Array.from({ length: quantity }, (_, index) => pdu.readUInt16BE(offset + index * 2));
}

function writeMany(table: 'coil' | 'holding', limit: number, pdu: Buffer, image: RegisterImage): Later<Response> {
  if (pdu.length < 6) return 3;
  const start = pdu.readUInt16BE(1);
  const quantity = pdu.readUInt16BE(3);
  const byteCount = table === 'coil' ? Math.ceil(quantity / 8) : quantity * 2;
  if (quantity < 1 || quantity > limit || pdu[5] !== byteCount || pdu.length !== 6 + byteCount) return 3;
  if (start + quantity > ADDRESS_SPACE) return 2;
  const values =
    table === 'holding'
      ? registersFrom(pdu, 6, quantity)
      : Array.from({ length: quantity }, (_, index) => (pdu[6 + (index >> 3)]! >> (index & 7)) & 1);
  return done(image.write(table, start, values), Buffer.from(pdu.subarray(0, 5)));
}

/** §6.16: result = (current AND and_mask) OR (or_mask AND NOT and_mask). */
function maskWrite(pdu: Buffer, image: RegisterImage): Later<Response> {
  if (pdu.length !== 7) return 3;
  const address = pdu.readUInt16BE(1);
  const mask = ~pdu.readUInt16BE(3) & 0xffff;
  const bits = pdu.readUInt16BE(5) & mask;
  if (image.writeBits !== undefined) return done(image.writeBits(address, mask, bits), pdu);
  return after(image.read('holding', address, 1), (current) => {
    if (typeof current === 'number') return current;
    return done(image.write('holding', address, [(current[0]! & ~mask) | bits]), pdu);
  });
}

/** §6.17: the write comes before the read. */
function readWrite(pdu: Buffer, image: RegisterImage): Later<Response> {
  if (pdu.length < 10) return 3;
  const [readStart, readQuantity, start, quantity] = registersFrom(pdu, 1, 4) as [number, number, number, number];
  const isSound = pdu[9] === 2 * quantity && pdu.length === 10 + 2 * quantity;
  if (!isSound || quantity < 1 || quantity > READ_WRITE_LIMIT) return 3;
  if (readQuantity < 1 || readQuantity > READ_LIMIT.holding) return 3;
  if (start + quantity > ADDRESS_SPACE || readStart + readQuantity > ADDRESS_SPACE) return 2;
  return after(
    image.write('holding', start, registersFrom(pdu, 10, quantity)),
    (exception) => exception ?? read(pdu[0]!, 'holding', readStart, readQuantity, image),
  );
}

/** §6.21: basic (1) and regular (2) objects as a stream, and each alone (4); there are no extended ones. */
function identify(pdu: Buffer, { identity }: RegisterImage): Response {
  if (identity === undefined || pdu[1] !== READ_DEVICE_IDENTIFICATION) return 1;
  if (pdu.length !== 4) return 3;
  const code = pdu[2]!;
  const first = pdu[3]!;
  if (code < 1 || code > 4) return 3;
  if (code === 4 && first >= identity.length) return 2;
  const last = code === 4 ? first : code === 1 ? 2 : identity.length - 1;
  // A stream that begins with an object that is not there begins again from 0.
  const from = code === 4 || first <= last ? first : 0;
  const head = [pdu[0]!, READ_DEVICE_IDENTIFICATION, code, 0x82];
  const objects: Buffer[] = [];
  let bytes = head.length + 3;
  let next = from;
  for (; next <= last && next < identity.length; next++) {
    const text = Buffer.from(identity[next]!, 'latin1').subarray(0, 240);
    if (bytes + 2 + text.length > MAX_PDU_BYTES) break;
    bytes += 2 + text.length;
    objects.push(Buffer.concat([Buffer.of(next, text.length), text]));
  }
  const more = next <= last && next < identity.length;
  return Buffer.concat([Buffer.of(...head, more ? 0xff : 0, more ? next : 0, objects.length), ...objects]);
}
