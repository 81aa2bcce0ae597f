/**
 * A serial adapter that is unplugged and plugged in again, each time as another device file behind the same stable name.
 * HPMQ_UNPLUG says how often.
 */
import { readdirSync, renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import modbus from '../../adapters/modbus/index.js';
import { systemClock } from '../../src/core/clock.js';
import { silentLog } from '../../src/core/log.js';
import { Port } from '../../src/devices/port.js';
import { plugCable } from '../support/cable.js';
import { tempFolder } from '../support/gateway.js';
import { deadline, point } from '../support/modbus-exercise.js';
import { compileLibmodbusSlave, libmodbusRtu, needsLibmodbus } from '../support/modbus-peers.js';
import { eventually } from '../support/peers.js';
import { createWires } from '../support/wires.js';

const times = Number(process.env.HPMQ_UNPLUG ?? 6);

/** A new adapter with a device behind it; `name` leads to it. */
async function plugIn(t: Test, folder: string, name: string, program: string, n: number) {
  const [near, far] = [join(folder, `ttyUSB${n}`), join(folder, `device${n}`)];
  const cable = await plugCable(t, near, far);
  const slave = await libmodbusRtu(t, program, far, 3);
  await slave.tell(`holding 0 = ${n}`);
  symlinkSync(near, `${name}.new`);
  renameSync(`${name}.new`, name);
  return async () => {
    await cable.unplug();
    await slave.peer.kill();
  };
}

const openFiles = () => readdirSync('/proc/self/fd').length;

t.test(`unplugged and plugged in again ${times} times`, needsLibmodbus('socat'), async (t) => {
  const folder = tempFolder(t);
  const path = join(folder, 'by-id');
  const program = compileLibmodbusSlave(t);
  const states: string[] = [];
  const port = new Port({
    config: {
      name: 'line',
      endpoint: { type: 'serial', path, baudRate: 19_200, dataBits: 8, parity: 'none', stopBits: 1 },
      timeout: 500,
      pause: 0,
      options: {},
    },
    adapter: modbus,
    devices: new Map([['meter', modbus.device.parse({ unit: 3 })]]),
    openTransport: createWires(t).open,
    clock: systemClock,
    log: silentLog,
    random: Math.random,
    onUp: () => void states.push('up'),
    onDown: (error) => void states.push(error.code),
  });
  t.teardown(() => port[Symbol.asyncDispose]());
  port.start();
  const read = async () => {
    const outcome = await port.exchange({
      device: 'meter',
      priority: 'poll',
      run: async (device) => device.read?.([point('p', { address: 'holding:0' })], deadline(400)),
    });
    return outcome.ok ? outcome.value?.[0]?.value : undefined;
  };
  let first = 0;
  for (let n = 1; n <= times; n++) {
    const unplug = await plugIn(t, folder, path, program, n);
    await eventually(async () => (await read()) === n, 20_000);
    if (n === 2) first = openFiles();
    if (n === times) t.equal(openFiles(), first, 'as many open files as after the second time');
    await unplug();
    await eventually(
      async () => port.view().state === 'down' || ((await read()) === undefined && port.view().state === 'down'),
    );
    t.match(port.error, { code: /^PORT_(NOT_FOUND|CLOSED|FAILED)$/ }, `unplugged ${n}`);
  }
  t.equal(states.filter((state) => state === 'up').length >= times, true, 'it was up each time');
});
