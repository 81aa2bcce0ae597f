/** Our Modbus client on serial lines (pseudo terminals, through serialport) against slaves that others made. */
import t, { type Test } from 'tap';
import { SerialMaster } from '../../adapters/modbus/serial.js';
import { systemClock } from '../../src/adapter.js';
import { exerciseDevice, exerciseFunctions, openDevice } from '../support/modbus-exercise.js';
import {
  compileLibmodbusSlave,
  libmodbusRtu,
  needsLibmodbus,
  needsPymodbus,
  openSerial,
  ptyPair,
  pymodbusRtu,
  type Slave,
} from '../support/modbus-peers.js';

async function exercise(t: Test, path: string, slave: Slave, unit: number): Promise<void> {
  const wire = await openSerial(t, path);
  const master = new SerialMaster(wire, { clock: systemClock, silenceMs: 4, lateWindowMs: undefined });
  await exerciseFunctions(t, master, unit, slave);
  master.close();
  const line = { type: 'serial', path, baudRate: 19_200, dataBits: 8, parity: 'none', stopBits: 1 } as const;
  await using device = await openDevice(wire, line, unit);
  await exerciseDevice(t, device, slave);
  t.equal(master.discarded, 0);
}

t.test('libmodbus on a serial line: every function, every type', needsLibmodbus('socat'), async (t) => {
  const [ours, theirs] = await ptyPair(t);
  await exercise(t, ours, await libmodbusRtu(t, compileLibmodbusSlave(t), theirs, 3), 3);
});

t.test('pymodbus on a serial line: every function, every type', needsPymodbus('socat'), async (t) => {
  const [ours, theirs] = await ptyPair(t);
  await exercise(t, ours, await pymodbusRtu(t, theirs, 247), 247);
});
