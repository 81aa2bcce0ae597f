/** The RTU master against scripted slaves on pseudo terminals, through serialport. */
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { type Clock, systemClock } from '../../src/adapter.js';
import { openSerial, ptyPair } from '../support/modbus-peers.js';
import { needs } from '../support/peers.js';
import { rtuFaults } from '../support/rtu-faults.js';
import { readRegisters, type Script, scriptedLine } from '../support/rtu-line.js';

/** The cases count in tens of milliseconds; a busy machine needs more, so their time runs slower than the wall's. */
const SLOWER = 6;
const slowClock: Clock = {
  now: () => Date.now(),
  monotonic: () => systemClock.monotonic() / SLOWER,
  after: (ms, callback) => systemClock.after(ms * SLOWER, callback),
  sleep: (ms, signal) => systemClock.sleep(ms * SLOWER, signal),
};

async function open(t: Test, script: Script, lateWindowMs?: number) {
  const [ours, theirs] = await ptyPair(t);
  const wires = [await openSerial(t, ours), await openSerial(t, theirs)] as const;
  const line = scriptedLine(wires, slowClock, (ms) => sleep(ms * SLOWER), script, lateWindowMs);
  t.teardown(() => line.master.close());
  return line;
}

t.test('faults on a pseudo terminal', needs('socat'), (t) => {
  t.jobs = 4;
  rtuFaults(t, open);

  t.test('the line goes away: what is in flight fails at once', async (t) => {
    const [ours] = await ptyPair(t);
    const pair = [await openSerial(t, ours), await openSerial(t, ours.replace('ttyA', 'ttyB'))] as const;
    const line = scriptedLine(
      pair,
      slowClock,
      (ms) => sleep(ms * SLOWER),
      () => {},
    );
    const read = readRegisters(line, 100, 1, 60_000);
    pair[0].destroy();
    t.equal(await read, 'MODBUS_DISCONNECTED');
  });
  t.end();
});
