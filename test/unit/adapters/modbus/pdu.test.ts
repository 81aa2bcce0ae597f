/** Requests and responses against the examples of the specification. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { encodeMbap, MbapSplitter } from '../../../../adapters/modbus/mbap.js';
import {
  judge,
  READ_LIMIT,
  type Request,
  readRequest,
  type Table,
  writeMultipleCoils,
  writeMultipleRegisters,
  writeSingleCoil,
  writeSingleRegister,
} from '../../../../adapters/modbus/pdu.js';
import { encodeRtu, hasValidCrc } from '../../../../adapters/modbus/rtu-frame.js';
import { MemoryImage } from '../../../../adapters/modbus/server/image.js';
import { respond } from '../../../../adapters/modbus/server/respond.js';
import { repoRoot } from '../../../support/peers.js';

interface Example {
  readonly clause: string;
  readonly request: string;
  readonly response: string;
  readonly read?: { readonly table: Table; readonly start: number; readonly quantity: number };
  readonly values?: readonly number[];
  readonly write?: {
    readonly table: 'coil' | 'holding';
    readonly start: number;
    readonly values: readonly number[];
    readonly single: boolean;
  };
}

const vectors = (name: string) => JSON.parse(readFileSync(join(repoRoot, 'test/vectors/modbus', name), 'utf8'));

function requestOf({ read, write }: Example): Request {
  if (read !== undefined) return readRequest(read.table, read.start, read.quantity);
  if (write === undefined) throw new Error('neither read nor write');
  const { table, start, values, single } = write;
  if (table === 'coil') {
    return single ? writeSingleCoil(start, values[0] === 1) : writeMultipleCoils(start, values.map(Boolean));
  }
  if (single) return writeSingleRegister(start, values[0]!);
  const data = Buffer.alloc(values.length * 2);
  for (const [index, value] of values.entries()) data.writeUInt16BE(value, index * 2);
  return writeMultipleRegisters(start, data);
}

for (const example of vectors('pdu.json').examples as Example[]) {
  t.test(`[${example.clause}]`, async (t) => {
    const request = requestOf(example);
    const response = Buffer.from(example.response, 'hex');
    t.equal(request.pdu.toString('hex'), example.request, 'our request');
    t.equal(judge(request, response), 'answer', 'its response is taken');
    t.equal(judge(request, Buffer.of(request.functionCode | 0x80, 2)), 2, 'its exception too');
    for (let cut = 1; cut < response.length; cut++) t.equal(judge(request, response.subarray(0, cut)), 'foreign');
    t.equal(judge(request, Buffer.concat([response, Buffer.of(0)])), 'foreign');

    const image = new MemoryImage({ coil: 1_000, discrete: 1_000, holding: 1_000, input: 1_000 });
    if (example.read !== undefined) image.tables[example.read.table].set(example.values ?? [], example.read.start);
    t.equal(respond(request.pdu, image).toString('hex'), example.response, 'our server answers so');
    if (example.write !== undefined) {
      const { table, start, values } = example.write;
      t.strictSame([...image.tables[table].subarray(start, start + values.length)], values, 'and wrote it');
      t.equal(image.tables[table][start + values.length], 0);
    }
  });
}

t.test('frames', async (t) => {
  const { rtu, mbap } = vectors('frames.json');
  for (const { unit, pdu, frame } of rtu) {
    t.equal(encodeRtu(unit, Buffer.from(pdu, 'hex')).toString('hex'), frame);
    const bytes = Buffer.from(frame, 'hex');
    t.ok(hasValidCrc(bytes, 0, bytes.length));
    bytes[1]! ^= 1;
    t.notOk(hasValidCrc(bytes, 0, bytes.length));
  }
  for (const { transactionId, unit, pdu, frame } of mbap) {
    t.equal(encodeMbap(transactionId, unit, Buffer.from(pdu, 'hex')).toString('hex'), frame);
    const splitter = new MbapSplitter();
    splitter.push(Buffer.from(frame, 'hex'));
    t.same(splitter.next(), { transactionId, unit, pdu: Buffer.from(pdu, 'hex') });
    t.equal(splitter.next(), undefined);
  }
});

t.test('what does not fit one request is our defect, and nothing is sent', async (t) => {
  const bug = { code: 'MODBUS_SPAN', fault: 'bug' };
  for (const table of ['coil', 'discrete', 'holding', 'input'] as const) {
    t.throws(() => readRequest(table, 0, READ_LIMIT[table] + 1), bug);
    t.throws(() => readRequest(table, 0, 0), bug);
    t.throws(() => readRequest(table, 65_535, 2), bug);
    t.equal(readRequest(table, 65_535, 1).pdu.readUInt16BE(1), 65_535);
  }
  t.throws(
    () =>
      writeMultipleCoils(
        0,
        Array.from({ length: 1_969 }, () => true),
      ),
    bug,
  );
  t.throws(() => writeMultipleRegisters(0, Buffer.alloc(248)), bug);
  t.throws(() => writeSingleCoil(65_536, true), bug);
});
