import { setTimeout as sleep } from "node:timers/promises";
import t, {} from "tap";
import { systemClock } from "../../src/adapter.js";
import { openSerial, ptyPair } from "../support/modbus-peers.js";
import { needs } from "../support/peers.js";
import { rtuFaults } from "../support/rtu-faults.js";
import { readRegisters, scriptedLine } from "../support/rtu-line.js";
const SLOWER = 6;
const slowClock = {
  now: () => Date.now(),
  monotonic: () => systemClock.monotonic() / SLOWER,
  after: (ms, callback) => systemClock.after(ms * SLOWER, callback),
  sleep: (ms, signal) => systemClock.sleep(ms * SLOWER, signal)
};
async function open(t2, script, lateWindowMs) {
  const [ours, theirs] = await ptyPair(t2);
  const wires = [await openSerial(t2, ours), await openSerial(t2, theirs)];
  const line = scriptedLine(wires, slowClock, (ms) => sleep(ms * SLOWER), script, lateWindowMs);
  t2.teardown(() => line.master.close());
  return line;
}
t.test("faults on a pseudo terminal", needs("socat"), (t2) => {
  t2.jobs = 4;
  rtuFaults(t2, open);
  t2.test("the line goes away: what is in flight fails at once", async (t3) => {
    const [ours] = await ptyPair(t3);
    const pair = [await openSerial(t3, ours), await openSerial(t3, ours.replace("ttyA", "ttyB"))];
    const line = scriptedLine(
      pair,
      slowClock,
      (ms) => sleep(ms * SLOWER),
      () => {
      }
    );
    const read = readRegisters(line, 100, 1, 6e4);
    pair[0].destroy();
    t3.equal(await read, "MODBUS_DISCONNECTED");
  });
  t2.end();
});
//# sourceMappingURL=modbus-rtu-faults.test.js.map
