/** A wire that answers from recorded frames: the very answer to the very question, else from all that was recorded. */
import { Duplex } from 'node:stream';
import type { Endpoint, Recording, Replay } from '../../src/adapter.js';
import { modbusError } from './errors.js';
import { encodeMbap, MbapSplitter } from './mbap.js';
import { isBitTable, type Table } from './pdu.js';
import { encodeRtu, hasValidCrc } from './rtu-frame.js';
import type { ExceptionCode, RegisterImage } from './server/image.js';
import { respond } from './server/respond.js';

interface Frame {
  readonly transactionId: number;
  readonly unit: number;
  readonly pdu: Buffer;
}

type Framing = 'tcp' | 'rtu';

const TABLES: Readonly<Record<number, Table>> = { 1: 'coil', 2: 'discrete', 3: 'holding', 4: 'input' };
const ILLEGAL_ADDRESS = 2;

const ENDPOINTS: Readonly<Record<Framing, Endpoint>> = {
  tcp: { type: 'tcp', host: 'recording', port: 502 },
  rtu: { type: 'serial', path: 'recording', baudRate: 115_200, dataBits: 8, parity: 'none', stopBits: 1 },
};

/** @throws MODBUS_BAD_FRAME when a frame is not one, or an answer does not fit its question */
export function replay({ framing, exchanges }: Recording): Replay {
  if (framing !== 'tcp' && framing !== 'rtu') {
    throw modbusError('MODBUS_BAD_FRAME', `recorded frames are tcp or rtu, not ${framing}`);
  }
  const answers = new Map<string, Buffer>();
  const asked = new Set<string>();
  const image = new RecordedImage();
  const units = new Set<number>();
  for (const [index, exchange] of exchanges.entries()) {
    const request = parse(exchange.request, framing, `request ${index + 1}`);
    const response = parse(exchange.response, framing, `response ${index + 1}`);
    checkPair(request, response, framing, index + 1);
    units.add(request.unit);
    answers.set(keyOf(request), response.pdu);
    image.add(request.pdu, response.pdu);
  }
  if (units.size !== 1) throw modbusError('MODBUS_BAD_FRAME', 'a recording is of exactly one unit');
  const [unit = 1] = units;
  const wire = new ReplayWire(async (bytes) => {
    const request = parse(bytes, framing, 'the request');
    if (request.unit !== unit) return undefined;
    const key = keyOf(request);
    const known = answers.get(key);
    if (known !== undefined) asked.add(key);
    const pdu = known ?? (await respond(request.pdu, image));
    return framing === 'tcp' ? encodeMbap(request.transactionId, unit, pdu) : encodeRtu(unit, pdu);
  });
  return { wire, port: { framing }, device: { unit }, endpoint: ENDPOINTS[framing], repeated: () => asked.size };
}

function keyOf({ unit, pdu }: Frame): string {
  return `${unit} ${pdu.toString('hex')}`;
}

function parse(bytes: Buffer, framing: Framing, name: string): Frame {
  const fail = (reason: string) => modbusError('MODBUS_BAD_FRAME', `${name} is no ${framing} frame: ${reason}`);
  if (framing === 'rtu') {
    if (!hasValidCrc(bytes, 0, bytes.length)) throw fail('its CRC is wrong');
    return { transactionId: 0, unit: bytes[0]!, pdu: bytes.subarray(1, -2) };
  }
  const splitter = new MbapSplitter();
  splitter.push(bytes);
  const frame = splitter.next();
  if (frame === undefined) throw fail('it is shorter than it says');
  if (frame.pdu.length + 7 !== bytes.length) throw fail('it is longer than it says');
  return frame;
}

function checkPair(request: Frame, response: Frame, framing: Framing, number: number): void {
  const fail = (reason: string) => modbusError('MODBUS_BAD_FRAME', `exchange ${number}: ${reason}`);
  const table = TABLES[request.pdu[0]!];
  if (table === undefined || request.pdu.length !== 5) throw fail('the request is no read of functions 1 to 4');
  if (response.unit !== request.unit) throw fail('the response is of another unit');
  if (framing === 'tcp' && response.transactionId !== request.transactionId) {
    throw fail('the response is of another transaction');
  }
  if (response.pdu.length === 2 && response.pdu[0] === (request.pdu[0]! | 0x80)) return;
  const quantity = request.pdu.readUInt16BE(3);
  const bytes = isBitTable(table) ? Math.ceil(quantity / 8) : 2 * quantity;
  if (response.pdu[0] !== request.pdu[0] || response.pdu[1] !== bytes || response.pdu.length !== 2 + bytes) {
    throw fail(`the response does not carry the ${quantity} values that were asked for`);
  }
}

/** What was recorded of each table; other addresses do not exist. */
class RecordedImage implements RegisterImage {
  readonly #cells: Readonly<Record<Table, Map<number, number>>> = {
    coil: new Map(),
    discrete: new Map(),
    holding: new Map(),
    input: new Map(),
  };

  add(request: Buffer, response: Buffer): void {
    const table = TABLES[request[0]!]!;
    if (response[0] !== request[0]) return;
    const start = request.readUInt16BE(1);
    for (let index = 0; index < request.readUInt16BE(3); index++) {
      const value = isBitTable(table)
        ? (response[2 + (index >> 3)]! >> (index & 7)) & 1
        : response.readUInt16BE(2 + 2 * index);
      this.#cells[table].set(start + index, value);
    }
  }

  read(table: Table, start: number, quantity: number): ArrayLike<number> | ExceptionCode {
    const values = Array.from({ length: quantity }, (_, index) => this.#cells[table].get(start + index));
    return values.includes(undefined) ? ILLEGAL_ADDRESS : (values as number[]);
  }

  write(): ExceptionCode {
    return ILLEGAL_ADDRESS;
  }
}

class ReplayWire extends Duplex {
  readonly #answer: (request: Buffer) => Promise<Buffer | undefined>;

  constructor(answer: (request: Buffer) => Promise<Buffer | undefined>) {
    super();
    this.#answer = answer;
    this.on('error', () => {});
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#answer(chunk).then(
      (answer) => {
        if (answer !== undefined) this.push(answer);
        callback();
      },
      (error: Error) => callback(error),
    );
  }
}
