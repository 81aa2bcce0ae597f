/** Our Modbus client on TCP against slaves that others made. */
import t, { type Test } from 'tap';
import { SerialMaster } from '../../adapters/modbus/serial.js';
import { TcpMaster } from '../../adapters/modbus/tcp.js';
import { systemClock } from '../../src/adapter.js';
import { deadline, exerciseDevice, exerciseFunctions, openDevice, point } from '../support/modbus-exercise.js';
import {
  compileLibmodbusSlave,
  libmodbusTcp,
  needsLibmodbus,
  needsPymodbus,
  openTcp,
  pymodbusTcp,
  type TcpSlave,
} from '../support/modbus-peers.js';

async function exercise(t: Test, slave: TcpSlave, framing: 'tcp' | 'rtu', unit: number): Promise<void> {
  const wire = await openTcp(t, slave.port);
  const master =
    framing === 'tcp'
      ? new TcpMaster(wire, systemClock)
      : new SerialMaster(wire, { clock: systemClock, silenceMs: 4, lateWindowMs: undefined });
  await exerciseFunctions(t, master, unit, slave);
  master.close();
  const endpoint = { type: 'tcp', host: '127.0.0.1', port: slave.port } as const;
  await using device = await openDevice(wire, endpoint, unit, { framing });
  await exerciseDevice(t, device, slave);
  t.equal(master.discarded, 0);
}

t.test('libmodbus over TCP: every function, every type', needsLibmodbus(), async (t) => {
  const slave = await libmodbusTcp(t, compileLibmodbusSlave(t), 1);
  await exercise(t, slave, 'tcp', 1);

  t.test('a slave that dies fails what is in flight at once, and nothing is sent after', async (t) => {
    const wire = await openTcp(t, slave.port);
    const endpoint = { type: 'tcp', host: '127.0.0.1', port: slave.port } as const;
    await using device = await openDevice(wire, endpoint, 1);
    const target = point('p', { address: 'holding:0' });
    t.match(await device.read?.([target], deadline()), [{ quality: 'good' }]);
    slave.peer.child.kill('SIGSTOP');
    const lost = t.rejects(device.read?.([target], deadline(10_000)) as Promise<unknown>, {
      code: 'MODBUS_DISCONNECTED',
      fault: 'device',
      details: { sent: true },
    });
    await slave.peer.kill();
    await lost;
    await t.rejects(device.write?.(target, 1, deadline()) as Promise<unknown>, {
      code: 'MODBUS_DISCONNECTED',
      details: { sent: false },
    });
  });
});

t.test('pymodbus over TCP: every function, every type', needsPymodbus(), async (t) => {
  await exercise(t, await pymodbusTcp(t, 'tcp', 17), 'tcp', 17);
});

t.test('pymodbus, RTU frames in a TCP connection: every function, every type', needsPymodbus(), async (t) => {
  await exercise(t, await pymodbusTcp(t, 'rtutcp', 3), 'rtu', 3);
});
