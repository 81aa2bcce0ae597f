import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { MemoryImage } from "../../../../adapters/modbus/image.js";
import { encodeMbap, MbapSplitter } from "../../../../adapters/modbus/mbap.js";
import {
  judge,
  READ_LIMIT,
  readRequest,
  writeMultipleCoils,
  writeMultipleRegisters,
  writeSingleCoil,
  writeSingleRegister
} from "../../../../adapters/modbus/pdu.js";
import { respond } from "../../../../adapters/modbus/respond.js";
import { encodeRtu, hasValidCrc } from "../../../../adapters/modbus/rtu-frame.js";
import { repoRoot } from "../../../support/peers.js";
const vectors = (name) => JSON.parse(readFileSync(join(repoRoot, "test/vectors/modbus", name), "utf8"));
function requestOf({ read, write }) {
  if (read !== void 0) return readRequest(read.table, read.start, read.quantity);
  if (write === void 0) throw new Error("neither read nor write");
  const { table, start, values, single } = write;
  if (table === "coil") {
    return single ? writeSingleCoil(start, values[0] === 1) : writeMultipleCoils(start, values.map(Boolean));
  }
  if (single) return writeSingleRegister(start, values[0]);
  const data = Buffer.alloc(values.length * 2);
  for (const [index, value] of values.entries()) data.writeUInt16BE(value, index * 2);
  return writeMultipleRegisters(start, data);
}
for (const example of vectors("pdu.json").examples) {
  t.test(`[${example.clause}]`, async (t2) => {
    const request = requestOf(example);
    const response = Buffer.from(example.response, "hex");
    t2.equal(request.pdu.toString("hex"), example.request, "our request");
    t2.equal(judge(request, response), "answer", "its response is taken");
    t2.equal(judge(request, Buffer.of(request.functionCode | 128, 2)), 2, "its exception too");
    for (let cut = 1; cut < response.length; cut++) t2.equal(judge(request, response.subarray(0, cut)), "foreign");
    t2.equal(judge(request, Buffer.concat([response, Buffer.of(0)])), "foreign");
    const image = new MemoryImage({ coil: 1e3, discrete: 1e3, holding: 1e3, input: 1e3 });
    if (example.read !== void 0) image.tables[example.read.table].set(example.values ?? [], example.read.start);
    t2.equal(respond(request.pdu, image).toString("hex"), example.response, "our server answers so");
    if (example.write !== void 0) {
      const { table, start, values } = example.write;
      t2.strictSame([...image.tables[table].subarray(start, start + values.length)], values, "and wrote it");
      t2.equal(image.tables[table][start + values.length], 0);
    }
  });
}
t.test("frames", async (t2) => {
  const { rtu, mbap } = vectors("frames.json");
  for (const { unit, pdu, frame } of rtu) {
    t2.equal(encodeRtu(unit, Buffer.from(pdu, "hex")).toString("hex"), frame);
    const bytes = Buffer.from(frame, "hex");
    t2.ok(hasValidCrc(bytes, 0, bytes.length));
    bytes[1] ^= 1;
    t2.notOk(hasValidCrc(bytes, 0, bytes.length));
  }
  for (const { transactionId, unit, pdu, frame } of mbap) {
    t2.equal(encodeMbap(transactionId, unit, Buffer.from(pdu, "hex")).toString("hex"), frame);
    const splitter = new MbapSplitter();
    splitter.push(Buffer.from(frame, "hex"));
    t2.same(splitter.next(), { transactionId, unit, pdu: Buffer.from(pdu, "hex") });
    t2.equal(splitter.next(), void 0);
  }
});
t.test("what does not fit one request is our defect, and nothing is sent", async (t2) => {
  const bug = { code: "MODBUS_SPAN", fault: "bug" };
  for (const table of ["coil", "discrete", "holding", "input"]) {
    t2.throws(() => readRequest(table, 0, READ_LIMIT[table] + 1), bug);
    t2.throws(() => readRequest(table, 0, 0), bug);
    t2.throws(() => readRequest(table, 65535, 2), bug);
    t2.equal(readRequest(table, 65535, 1).pdu.readUInt16BE(1), 65535);
  }
  t2.throws(
    () => writeMultipleCoils(
      0,
      Array.from({ length: 1969 }, () => true)
    ),
    bug
  );
  t2.throws(() => writeMultipleRegisters(0, Buffer.alloc(248)), bug);
  t2.throws(() => writeSingleCoil(65536, true), bug);
});
//# sourceMappingURL=pdu.test.js.map
