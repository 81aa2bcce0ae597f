import { createServer } from "node:net";
import { client } from "jsmodbus";
import { SerialPort } from "serialport";
import t, {} from "tap";
import { MemoryImage } from "../../adapters/modbus/image.js";
import { serveModbus } from "../../adapters/modbus/server.js";
import { systemClock } from "../../src/adapter.js";
import { openSerial, openTcp, ptyPair } from "../support/modbus-peers.js";
import { needs, startPeer } from "../support/peers.js";
function plant() {
  const image = new MemoryImage({ coil: 100, discrete: 100, holding: 200, input: 200 });
  image.tables.holding.set([10, 11, 12], 10);
  image.tables.input.set([16457, 4059], 20);
  image.tables.discrete.set([1, 0, 1], 5);
  return image;
}
async function serveTcp(t2, image) {
  const stop = new AbortController();
  const serving = /* @__PURE__ */ new Set();
  const server = createServer({ noDelay: true }, (socket) => {
    const units = /* @__PURE__ */ new Map([[1, image]]);
    serving.add(serveModbus(socket, { framing: "tcp", units, clock: systemClock, signal: stop.signal }));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t2.teardown(async () => {
    stop.abort();
    await Promise.all(serving);
    await new Promise((resolve) => server.close(resolve));
  });
  return server.address().port;
}
async function serveRtu(t2, image) {
  const [ours, theirs] = await ptyPair(t2);
  const wire = await openSerial(t2, ours);
  const stop = new AbortController();
  const units = /* @__PURE__ */ new Map([[1, image]]);
  const served = serveModbus(wire, { framing: "rtu", units, clock: systemClock, signal: stop.signal });
  t2.teardown(async () => {
    stop.abort();
    await served;
  });
  return theirs;
}
async function mbpoll(t2, wire, table, start, rest) {
  const [place, ...options] = wire;
  const peer = startPeer(t2, "mbpoll", [
    ...options,
    ...["-0", "-1", "-o", "2", "-a", "1", "-t", table, "-r", String(start)],
    ...rest[0] === "-c" ? [...rest, String(place)] : [String(place), ...rest]
  ]);
  const code = await peer.ended;
  const values = [...peer.stdout().matchAll(/^\[(\d+)\]:\s*(-?\d+)/gm)].map(([, n, v]) => [Number(n), Number(v)]);
  return { code, values, text: peer.stdout() + peer.stderr() };
}
async function exerciseMbpoll(t2, wire, image) {
  const read = async (table, start, count) => (await mbpoll(t2, wire, table, start, ["-c", String(count)])).values;
  t2.strictSame(
    await read("4", 10, 3),
    [
      [10, 10],
      [11, 11],
      [12, 12]
    ],
    "FC 3"
  );
  t2.strictSame(await read("3", 21, 1), [[21, 4059]], "FC 4");
  t2.strictSame(
    await read("1", 5, 3),
    [
      [5, 1],
      [6, 0],
      [7, 1]
    ],
    "FC 2"
  );
  const write = async (table, start, ...values) => (await mbpoll(t2, wire, table, start, values)).code;
  t2.equal(await write("4", 50, "4711"), 0, "FC 6");
  t2.equal(await write("4", 51, "1", "2", "65535"), 0, "FC 16");
  t2.strictSame([...image.tables.holding.subarray(50, 54)], [4711, 1, 2, 65535]);
  t2.equal(await write("0", 8, "1"), 0, "FC 5");
  t2.equal(await write("0", 9, "0", "1", "1"), 0, "FC 15");
  t2.strictSame([...image.tables.coil.subarray(8, 12)], [1, 0, 1, 1]);
  t2.strictSame(
    await read("0", 8, 2),
    [
      [8, 1],
      [9, 0]
    ],
    "FC 1"
  );
  const beyond = await mbpoll(t2, wire, "4", 199, ["-c", "2"]);
  t2.match(beyond.text, /Illegal data address/i);
}
t.test("mbpoll over TCP", needs("mbpoll"), async (t2) => {
  const image = plant();
  const port = await serveTcp(t2, image);
  await exerciseMbpoll(t2, ["127.0.0.1", "-m", "tcp", "-p", String(port)], image);
});
t.test("mbpoll on a serial line", needs("mbpoll", "socat"), async (t2) => {
  const image = plant();
  const path = await serveRtu(t2, image);
  await exerciseMbpoll(t2, [path, "-m", "rtu", "-b", "19200", "-P", "none"], image);
});
async function exerciseJsmodbus(t2, master, image) {
  const holding = await master.readHoldingRegisters(10, 3);
  t2.strictSame([...holding.response.body.valuesAsArray], [10, 11, 12]);
  const input = await master.readInputRegisters(20, 2);
  t2.strictSame([...input.response.body.valuesAsArray], [16457, 4059]);
  const discrete = await master.readDiscreteInputs(5, 3);
  t2.strictSame([...discrete.response.body.valuesAsArray].slice(0, 3), [1, 0, 1]);
  await master.writeSingleRegister(60, 77);
  await master.writeMultipleRegisters(61, [78, 79]);
  t2.strictSame([...image.tables.holding.subarray(60, 63)], [77, 78, 79]);
  await master.writeSingleCoil(30, true);
  await master.writeMultipleCoils(31, [false, true, true]);
  t2.strictSame([...image.tables.coil.subarray(30, 34)], [1, 0, 1, 1]);
  const coils = await master.readCoils(30, 4);
  t2.strictSame([...coils.response.body.valuesAsArray].slice(0, 4), [1, 0, 1, 1]);
  const refusal = await master.readHoldingRegisters(199, 2).then(
    () => void 0,
    (error) => error.err
  );
  t2.equal(refusal, "ModbusException");
}
t.test("jsmodbus over TCP", async (t2) => {
  const image = plant();
  const port = await serveTcp(t2, image);
  const wire = await openTcp(t2, port);
  const master = new client.TCP(wire, 1, 2e3);
  wire.emit("connect");
  await exerciseJsmodbus(t2, master, image);
});
t.test("jsmodbus on a serial line", needs("socat"), async (t2) => {
  const image = plant();
  const path = await serveRtu(t2, image);
  const wire = new SerialPort({ path, baudRate: 19200, autoOpen: false });
  const master = new client.RTU(wire, 1, 2e3);
  await new Promise((resolve, reject) => wire.open((error) => error ? reject(error) : resolve()));
  t2.teardown(() => new Promise((resolve) => wire.close(resolve)));
  await exerciseJsmodbus(t2, master, image);
});
//# sourceMappingURL=modbus-masters.test.js.map
