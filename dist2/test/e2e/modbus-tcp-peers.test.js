import t, {} from "tap";
import { RtuMaster } from "../../adapters/modbus/rtu.js";
import { TcpMaster } from "../../adapters/modbus/tcp.js";
import { systemClock } from "../../src/adapter.js";
import { deadline, exerciseDevice, exerciseFunctions, openDevice, point } from "../support/modbus-exercise.js";
import {
  compileLibmodbusSlave,
  libmodbusTcp,
  needsLibmodbus,
  needsPymodbus,
  openTcp,
  pymodbusTcp
} from "../support/modbus-peers.js";
async function exercise(t2, slave, framing, unit) {
  const wire = await openTcp(t2, slave.port);
  const master = framing === "tcp" ? new TcpMaster(wire, systemClock) : new RtuMaster(wire, { clock: systemClock, silenceMs: 4, lateWindowMs: void 0 });
  await exerciseFunctions(t2, master, unit, slave);
  master.close();
  const endpoint = { type: "tcp", host: "127.0.0.1", port: slave.port };
  await using device = await openDevice(wire, endpoint, unit, { framing });
  await exerciseDevice(t2, device, slave);
  t2.equal(master.discarded, 0);
}
t.test("libmodbus over TCP: every function, every type", needsLibmodbus(), async (t2) => {
  const slave = await libmodbusTcp(t2, compileLibmodbusSlave(t2), 1);
  await exercise(t2, slave, "tcp", 1);
  t2.test("a slave that dies fails what is in flight at once, and nothing is sent after", async (t3) => {
    const wire = await openTcp(t3, slave.port);
    const endpoint = { type: "tcp", host: "127.0.0.1", port: slave.port };
    await using device = await openDevice(wire, endpoint, 1);
    const target = point("p", { address: "holding:0" });
    t3.match(await device.read?.([target], deadline()), [{ quality: "good" }]);
    slave.peer.child.kill("SIGSTOP");
    const lost = t3.rejects(device.read?.([target], deadline(1e4)), {
      code: "MODBUS_DISCONNECTED",
      fault: "device",
      details: { sent: true }
    });
    await slave.peer.kill();
    await lost;
    await t3.rejects(device.write?.(target, 1, deadline()), {
      code: "MODBUS_DISCONNECTED",
      details: { sent: false }
    });
  });
});
t.test("pymodbus over TCP: every function, every type", needsPymodbus(), async (t2) => {
  await exercise(t2, await pymodbusTcp(t2, "tcp", 17), "tcp", 17);
});
t.test("pymodbus, RTU frames in a TCP connection: every function, every type", needsPymodbus(), async (t2) => {
  await exercise(t2, await pymodbusTcp(t2, "rtutcp", 3), "rtu", 3);
});
//# sourceMappingURL=modbus-tcp-peers.test.js.map
