import t, {} from "tap";
import { RtuMaster } from "../../adapters/modbus/rtu.js";
import { systemClock } from "../../src/adapter.js";
import { exerciseDevice, exerciseFunctions, openDevice } from "../support/modbus-exercise.js";
import {
  compileLibmodbusSlave,
  libmodbusRtu,
  needsLibmodbus,
  needsPymodbus,
  openSerial,
  ptyPair,
  pymodbusRtu
} from "../support/modbus-peers.js";
async function exercise(t2, path, slave, unit) {
  const wire = await openSerial(t2, path);
  const master = new RtuMaster(wire, { clock: systemClock, silenceMs: 4, lateWindowMs: void 0 });
  await exerciseFunctions(t2, master, unit, slave);
  master.close();
  const line = { type: "serial", path, baudRate: 19200, dataBits: 8, parity: "none", stopBits: 1 };
  await using device = await openDevice(wire, line, unit);
  await exerciseDevice(t2, device, slave);
  t2.equal(master.discarded, 0);
}
t.test("libmodbus on a serial line: every function, every type", needsLibmodbus("socat"), async (t2) => {
  const [ours, theirs] = await ptyPair(t2);
  await exercise(t2, ours, await libmodbusRtu(t2, compileLibmodbusSlave(t2), theirs, 3), 3);
});
t.test("pymodbus on a serial line: every function, every type", needsPymodbus("socat"), async (t2) => {
  const [ours, theirs] = await ptyPair(t2);
  await exercise(t2, ours, await pymodbusRtu(t2, theirs, 247), 247);
});
//# sourceMappingURL=modbus-rtu-peers.test.js.map
