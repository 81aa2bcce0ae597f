import modbus from "../../adapters/modbus/index.js";
import {
  readRequest,
  writeMultipleCoils,
  writeMultipleRegisters,
  writeSingleCoil,
  writeSingleRegister
} from "../../adapters/modbus/pdu.js";
import { shortestSingle } from "../../adapters/modbus/registers.js";
import { silentLog, systemClock } from "../../src/adapter.js";
const deadline = (ms = 2e3) => AbortSignal.timeout(ms);
function point(id, fields) {
  const address = modbus.address.parse(fields);
  return { id, address, writable: modbus.readOnly?.(address) === void 0 };
}
async function openDevice(wire, endpoint, unit, port = {}) {
  const bus = await modbus.open(wire, modbus.port.parse(port), { clock: systemClock, endpoint, log: silentLog });
  const device = bus.device(modbus.device.parse({ unit }));
  return {
    read: (points, signal) => device.read(points, signal),
    write: (point2, value, signal) => device.write(point2, value, signal),
    [Symbol.asyncDispose]: () => bus[Symbol.asyncDispose]()
  };
}
async function exerciseFunctions(t, master, unit, slave) {
  const send = async (request) => (await master.execute(unit, request, deadline())).toString("hex");
  for (const line of ["coil 9 = 1", "discrete 21 = 1", "holding 300 = 4660", "input 17 = 65535"])
    await slave.tell(line);
  t.equal(await send(readRequest("coil", 0, 10)), "01020002", "FC 1");
  t.equal(await send(readRequest("discrete", 20, 3)), "020102", "FC 2");
  t.equal(await send(readRequest("holding", 299, 3)), "0306000012340000", "FC 3");
  t.equal(await send(readRequest("input", 17, 1)), "0402ffff", "FC 4");
  t.equal(await send(writeSingleCoil(3, true)), "050003ff00", "FC 5");
  t.equal(await slave.tell("coil 3"), 1);
  await send(writeSingleCoil(3, false));
  t.equal(await slave.tell("coil 3"), 0);
  t.equal(await send(writeSingleRegister(12, 54321)), "06000cd431", "FC 6");
  t.equal(await slave.tell("holding 12"), 54321);
  await send(writeMultipleCoils(40, [true, false, true, true, false, false, false, true, false, true]));
  t.strictSame(
    await Promise.all([40, 41, 43, 47, 49, 50].map((n) => slave.tell(`coil ${n}`))),
    [1, 0, 1, 1, 1, 0],
    "FC 15"
  );
  await send(writeMultipleRegisters(500, Buffer.from("00010002ffff", "hex")));
  t.strictSame(await Promise.all([500, 501, 502].map((n) => slave.tell(`holding ${n}`))), [1, 2, 65535], "FC 16");
  t.equal(await send(readRequest("holding", 0, 125)).then((hex) => hex.length), 2 * 252, "the longest read");
  t.equal(await send(readRequest("coil", 0, 2e3)).then((hex) => hex.length), 2 * 252);
  await t.rejects(send(readRequest("holding", 9999, 2)), {
    code: "MODBUS_EXCEPTION",
    fault: "device",
    details: { exceptionCode: 2 }
  });
}
const VALUES = [
  ["bool", [""], [true, false]],
  ["int16", [""], [-1, -32768, 32767]],
  ["uint16", [""], [0, 65535]],
  ["int32", ["ABCD", "BADC", "CDAB", "DCBA"], [-2147483648, 305419896]],
  ["uint32", ["ABCD", "CDAB"], [4294967295]],
  ["int64", ["12345678", "78563412", "CDAB"], [-(2n ** 63n), 81985529216486895n]],
  ["uint64", ["87654321", "34127856"], [2n ** 64n - 1n]],
  ["float32", ["ABCD", "BADC", "CDAB", "DCBA"], [-0.5, Math.fround(Math.PI)]],
  ["float64", ["12345678", "21436587", "56781234"], [Math.PI, -1e300]]
];
async function exerciseDevice(t, device, slave) {
  for (const [type, orders, values] of VALUES) {
    for (const order of orders) {
      const target = point("p", { address: "holding:700", type, ...order === "" ? {} : { order } });
      for (const value of values) {
        await device.write?.(target, value, deadline());
        const shown = type === "float32" ? shortestSingle(value) : value;
        const [reading] = await device.read?.([target], deadline()) ?? [];
        t.strictSame([reading?.value, reading?.quality], [shown, "good"], `${type} ${order} ${value}`);
      }
    }
  }
  const float = point("float", { address: "holding:800", type: "float32", order: "CDAB" });
  await device.write?.(float, Math.PI, deadline());
  t.strictSame([await slave.tell("holding 800"), await slave.tell("holding 801")], [4059, 16457], "low word first");
  const coil = point("pump", { address: "coil:70" });
  await device.write?.(coil, true, deadline());
  t.equal(await slave.tell("coil 70"), 1);
  await slave.tell("input 105 = 32769");
  await slave.tell("input 100 = 5");
  const before = Date.now();
  const readings = await device.read?.(
    [
      point("word", { address: "input:100" }),
      point("signed", { address: "input:105", type: "int16" }),
      point("top", { address: "input:105", bit: 15 }),
      point("next", { address: "input:105", bit: 14 })
    ],
    deadline()
  );
  t.strictSame(
    readings?.map(({ point: point2, value }) => [point2, value]),
    [
      ["word", 5],
      ["signed", -32767],
      ["top", true],
      ["next", false]
    ],
    "one exchange for points with a gap between them"
  );
  t.ok(
    readings?.every(({ at }) => at >= before && at <= Date.now()),
    "the sample time is that of the answer"
  );
  const absent = await device.read?.([point("x", { address: "holding:20000" })], deadline());
  t.match(
    absent,
    [{ quality: "bad", value: void 0, error: { code: "MODBUS_EXCEPTION" } }],
    "a refusal is a bad reading"
  );
}
export {
  deadline,
  exerciseDevice,
  exerciseFunctions,
  openDevice,
  point
};
//# sourceMappingURL=modbus-exercise.js.map
