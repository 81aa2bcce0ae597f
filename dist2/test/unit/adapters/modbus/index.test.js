import { createRequire } from "node:module";
import t, {} from "tap";
import { z } from "zod";
import { isSilenceOfUnit } from "../../../../adapters/modbus/errors.js";
import { MemoryImage } from "../../../../adapters/modbus/image.js";
import modbus from "../../../../adapters/modbus/index.js";
import { serveModbus } from "../../../../adapters/modbus/server.js";
import { silentLog } from "../../../../src/adapter.js";
import { duplexPair } from "../../../support/duplex-pair.js";
import { ManualClock, settle } from "../../../support/manual-clock.js";
const TCP = { type: "tcp", host: "10.0.0.7", port: 502 };
const SERIAL = {
  type: "serial",
  path: "/dev/ttyUSB0",
  baudRate: 9600,
  dataBits: 8,
  parity: "even",
  stopBits: 1
};
const never = new AbortController().signal;
const pointSchema = z.strictObject({ every: z.string().optional(), ...modbus.address.shape });
t.test("addresses", async (t2) => {
  const parsed = (fields) => modbus.address.parse(fields).address;
  t2.strictSame(parsed({ address: "holding:100" }), { table: "holding", start: 100 });
  t2.strictSame(parsed({ address: "input:0x20" }), { table: "input", start: 32 });
  t2.strictSame(parsed({ address: "coil:5" }), { table: "coil", start: 5 });
  t2.strictSame(parsed({ address: "discrete:65535" }), { table: "discrete", start: 65535 });
  for (const address of [
    "40001",
    40001,
    "holding",
    "holding:",
    "holding:-1",
    "register:5",
    "Holding:5",
    "holding:5x"
  ]) {
    const result = pointSchema.safeParse({ address });
    t2.match(result.error?.issues, [
      { path: ["address"], message: /"holding:100", "input:0x20", "coil:5" or "discrete:7"/ }
    ]);
  }
  t2.match(pointSchema.safeParse({ address: "holding:65536" }).error?.issues, [{ message: /beyond 65535/ }]);
  t2.match(pointSchema.safeParse({ address: "coil:1", typ: "bool" }).error?.issues, [{ code: "unrecognized_keys" }]);
  t2.match(pointSchema.safeParse({ address: "holding:1", order: 12345678 }).error?.issues, [{ message: /in quotes/ }]);
  t2.match(modbus.port.safeParse({ lateWindow: 500 }).success, false);
  t2.equal(modbus.port.parse({ lateWindow: "1.5s" }).lateWindow, 1500);
  t2.strictSame(modbus.device.parse({}), { unit: 1, order: "ABCD" });
  for (const schema of [modbus.port, modbus.device, modbus.address]) t2.ok(z.toJSONSchema(schema, { io: "input" }));
});
t.test("fields that contradict one another", async (t2) => {
  const issues = (fields) => modbus.check?.point?.(modbus.address.parse(fields));
  t2.strictSame(issues({ address: "holding:1", type: "float32", order: "CDAB" }), []);
  t2.strictSame(issues({ address: "holding:1", type: "int64", order: "CDAB" }), []);
  t2.strictSame(issues({ address: "holding:1", type: "int64", order: "34127856" }), []);
  t2.strictSame(issues({ address: "coil:1", type: "bool" }), []);
  t2.strictSame(issues({ address: "input:1", bit: 15 }), []);
  t2.match(issues({ address: "coil:1", type: "uint16" }), [{ path: ["type"], message: /a coil holds one bit/ }]);
  t2.match(issues({ address: "discrete:1", bit: 2 }), [{ path: ["bit"] }]);
  t2.match(issues({ address: "holding:1", bit: 2, type: "int16" }), [{ path: ["type"] }]);
  t2.match(issues({ address: "holding:1", type: "int16", order: "CDAB" }), [
    { path: ["order"], message: /one register/ }
  ]);
  t2.match(issues({ address: "holding:1", type: "int32", order: "12345678" }), [
    { path: ["order"], message: /8 bytes/ }
  ]);
  t2.match(issues({ address: "holding:65535", type: "int32" }), [
    { path: ["address"], message: /beyond address 65535/ }
  ]);
  const port = modbus.port.parse({});
  t2.strictSame(modbus.check?.device?.({ unit: 0, order: "ABCD" }, port, TCP), []);
  t2.match(modbus.check?.device?.({ unit: 0, order: "ABCD" }, port, SERIAL), [{ path: ["unit"], message: /1 to 247/ }]);
  t2.match(modbus.check?.device?.({ unit: 248, order: "ABCD" }, { framing: "rtu" }, TCP), [{ path: ["unit"] }]);
  t2.strictSame(modbus.check?.port?.({ framing: "rtu" }, TCP), []);
  t2.match(modbus.check?.port?.({ framing: "tcp" }, SERIAL), [{ path: ["framing"] }]);
});
t.test("spans and what cannot be written", async (t2) => {
  const span = (fields) => modbus.span?.(modbus.address.parse(fields));
  t2.strictSame(span({ address: "holding:100" }), { space: "holding", start: 100, length: 1, limit: 125 });
  t2.strictSame(span({ address: "input:7", type: "float64" }), { space: "input", start: 7, length: 4, limit: 125 });
  t2.strictSame(span({ address: "input:7", bit: 3 }), { space: "input", start: 7, length: 1, limit: 125 });
  t2.strictSame(span({ address: "coil:3" }), { space: "coil", start: 3, length: 1, limit: 2e3 });
  const reason = (fields) => modbus.readOnly?.(modbus.address.parse(fields));
  t2.equal(reason({ address: "holding:1" }), void 0);
  t2.equal(reason({ address: "coil:1" }), void 0);
  t2.match(reason({ address: "input:1" }), /input registers cannot be written/);
  t2.match(reason({ address: "discrete:1" }), /discrete inputs cannot be written/);
  t2.match(reason({ address: "holding:1", bit: 1 }), /write the whole register/);
});
async function open(t2, image, endpoint = TCP, order = "ABCD") {
  const [near, far] = duplexPair();
  const clock = new ManualClock();
  const asked = [];
  const seen = {
    read: (table, start, quantity) => {
      asked.push(`read ${table} ${start} ${quantity}`);
      return image.read(table, start, quantity);
    },
    write: (table, start, values) => {
      asked.push(`write ${table} ${start} ${values}`);
      return image.write(table, start, values);
    }
  };
  const framing = endpoint.type === "serial" ? "rtu" : "tcp";
  const stop = new AbortController();
  const served = serveModbus(far, { framing, units: /* @__PURE__ */ new Map([[1, seen]]), clock, signal: stop.signal });
  const bus = await modbus.open(near, modbus.port.parse({}), { clock, endpoint, log: silentLog });
  t2.teardown(async () => {
    stop.abort();
    await served;
    await bus[Symbol.asyncDispose]();
  });
  const device = bus.device(modbus.device.parse({ unit: 1, order }));
  const during = async (work) => {
    const held = Promise.resolve(work);
    held.catch(() => {
    });
    await clock.advance(200);
    return held;
  };
  return { bus, device, clock, asked, during };
}
const point = (id, fields) => ({ id, address: modbus.address.parse(fields), writable: true });
for (const endpoint of [TCP, SERIAL]) {
  t.test(`${endpoint.type}: many points are one exchange; NaN is no value`, async (t2) => {
    const image = new MemoryImage({ holding: 200, coil: 100 });
    image.tables.holding.set([8192, 18417], 10);
    image.tables.holding.set([32704, 0], 20);
    const { device, asked, during, clock } = await open(t2, image, endpoint, "CDAB");
    const points = [
      point("nan", { address: "holding:20", type: "float32", order: "ABCD" }),
      point("float", { address: "holding:10", type: "float32" }),
      point("word", { address: "holding:11", type: "bool" })
    ];
    const readings = await during(device.read?.(points, never));
    t2.match(readings, [
      { point: "nan", value: void 0, quality: "bad", error: { code: "MODBUS_NOT_A_NUMBER", fault: "device" } },
      { point: "float", value: 123456, quality: "good" },
      { point: "word", value: true, quality: "good" }
    ]);
    t2.ok(readings.every(({ at }) => at > Date.UTC(2026, 0, 1) - 1 && at <= clock.now()));
    t2.strictSame(asked, ["read holding 10 12"]);
    t2.strictSame(await during(device.read?.([], never)), []);
  });
}
t.test("writes use one coil, one register, or many registers", async (t2) => {
  const { device, asked, during } = await open(t2, new MemoryImage({ holding: 200, coil: 100 }));
  await during(device.write?.(point("c", { address: "coil:3" }), 1, never));
  await during(device.write?.(point("r", { address: "holding:3", type: "int16" }), -2, never));
  await during(device.write?.(point("w", { address: "holding:4", type: "float32" }), 123456, never));
  t2.strictSame(asked, ["write coil 3 1", "write holding 3 65534", `write holding 4 ${18417},${8192}`]);
  const caller = { fault: "caller" };
  await t2.rejects(during(device.write?.(point("i", { address: "input:3" }), 1, never)), {
    code: "MODBUS_READ_ONLY",
    ...caller
  });
  await t2.rejects(during(device.write?.(point("r", { address: "holding:3" }), 7e4, never)), {
    code: "MODBUS_VALUE",
    ...caller
  });
  await t2.rejects(during(device.write?.(point("r", { address: "holding:200" }), 1, never)), {
    code: "MODBUS_EXCEPTION",
    details: { exceptionCode: 2 }
  });
  t2.equal(asked.length, 4, "what was refused here was not sent");
});
t.test("a refusal is a bad reading for each point; a gateway that speaks for a silent unit is no answer", async (t2) => {
  let code = 2;
  const { device, during } = await open(t2, { read: () => code, write: () => void 0 });
  const points = [point("a", { address: "input:1" }), point("b", { address: "input:2" })];
  const bad = { value: void 0, quality: "bad", error: { code: "MODBUS_EXCEPTION", details: { exceptionCode: 2 } } };
  t2.match(await during(device.read?.(points, never)), [
    { point: "a", ...bad },
    { point: "b", ...bad }
  ]);
  code = 11;
  await t2.rejects(during(device.read?.(points, never)), { code: "MODBUS_EXCEPTION", details: { exceptionCode: 11 } });
  t2.ok(isSilenceOfUnit(10));
});
t.test("what was not planned into one request is refused, not guessed", async (t2) => {
  const { bus, device, asked, during } = await open(t2, new MemoryImage({ holding: 200 }), SERIAL);
  const two = [point("a", { address: "holding:1" }), point("b", { address: "input:1" })];
  await t2.rejects(during(device.read?.(two, never)), { code: "MODBUS_SPAN", fault: "bug" });
  const far = [point("a", { address: "holding:1" }), point("b", { address: "holding:126" })];
  await t2.rejects(during(device.read?.(far, never)), { code: "MODBUS_SPAN" });
  const odd = point("odd", { address: "holding:1", type: "int32", order: "12345678" });
  await t2.rejects(during(device.read?.([odd], never)), { code: "MODBUS_CONFIG", fault: "config" });
  t2.throws(() => bus.device({ unit: 0, order: "ABCD" }), { code: "MODBUS_CONFIG" });
  const [wire] = duplexPair();
  await t2.rejects(
    modbus.open(wire, { framing: "tcp" }, { clock: new ManualClock(), endpoint: SERIAL, log: silentLog }),
    {
      code: "MODBUS_CONFIG"
    }
  );
  t2.strictSame(asked, []);
});
t.test("a bus on a wire that is gone says so", async (t2) => {
  for (const endpoint of [TCP, SERIAL]) {
    const [wire] = duplexPair();
    wire.destroy();
    await settle();
    const bus = await modbus.open(wire, {}, { clock: new ManualClock(), endpoint, log: silentLog });
    const device = bus.device({ unit: 1, order: "ABCD" });
    await t2.rejects(device.read?.([point("a", { address: "coil:1" })], never), {
      code: "MODBUS_DISCONNECTED",
      details: { sent: false }
    });
    await bus[Symbol.asyncDispose]();
  }
});
t.test("of jsmodbus only the request bodies are loaded", async (t2) => {
  const loaded = Object.keys(createRequire(import.meta.url).cache).filter((path) => path.includes("node_modules"));
  t2.ok(loaded.some((path) => path.includes("jsmodbus/dist/request/")));
  t2.strictSame(
    loaded.filter((path) => /serialport|commander|jsmodbus\/dist\/modbus|\/crc\//.test(path)),
    []
  );
});
//# sourceMappingURL=index.test.js.map
