/** A device with one socket: the gateway and a master that others made take turns. */
import { readdirSync } from 'node:fs';
import t, { type Test } from 'tap';
import { type RunningGateway, startTestGateway } from '../support/gateway.js';
import { mbpoll } from '../support/modbus-masters.js';
import { compileLibmodbusSlave, libmodbusTcp, needsLibmodbus, type TcpSlave } from '../support/modbus-peers.js';
import { eventually } from '../support/peers.js';

async function start(t: Test, closing: string): Promise<{ gateway: RunningGateway; slave: TcpSlave }> {
  const slave = await libmodbusTcp(t, compileLibmodbusSlave(t), 1, 'single');
  await slave.tell('holding 7 = 4711');
  const gateway = await startTestGateway(
    t,
    `
gateway: { id: plant-7 }
broker: { listeners: [ { type: tcp, port: 0 } ] }
ports:
  plc: { type: tcp, host: 127.0.0.1, port: ${slave.port}, timeout: 5s${closing} }
devices:
  boiler:
    adapter: modbus
    port: plc
    every: 250ms
    points:
      level: { address: 'holding:7' }
      setpoint: { address: 'holding:9000', write: true }
`,
  );
  await eventually(async () => (await point(gateway, 'level')).value === 4_711);
  return { gateway, slave };
}

async function show<T>(gateway: RunningGateway, ...args: readonly string[]): Promise<T> {
  return JSON.parse((await gateway.hpmq(...args, '--json')).stdout) as T;
}

interface Item {
  readonly name: string;
  readonly point: string;
  readonly value: unknown;
}

async function point(gateway: RunningGateway, name: string): Promise<Item> {
  const { items } = await show<{ items: readonly Item[] }>(gateway, 'point', 'list');
  return items.find((one) => one.point === name)!;
}

interface Port {
  readonly state: string;
  readonly opens: number;
  readonly requests: number;
  readonly timeouts: number;
  readonly errors: number;
}

const port = (gateway: RunningGateway) => show<Port>(gateway, 'port', 'show', 'plc');

function masterReads(t: Test, slave: TcpSlave): Promise<{ readonly text: string }> {
  const wire = ['127.0.0.1', '-m', 'tcp', '-p', String(slave.port), '-a', '1'];
  return mbpoll(t, wire, ['-t', '4', '-r', '7', '-c', '1']);
}

t.test('a connection that stays open keeps the other master out', needsLibmodbus('mbpoll'), async (t) => {
  const { slave } = await start(t, '');
  t.notMatch((await masterReads(t, slave)).text, /4711/);
});

for (const closing of ['closeAfterCycle: true', 'idleTimeout: 50ms']) {
  t.test(`${closing}: both masters get answers`, needsLibmodbus('mbpoll'), async (t) => {
    const { gateway, slave } = await start(t, `, ${closing}`);
    const handles = () => readdirSync(`/proc/${gateway.process.child.pid}/fd`).length;
    const before = handles();
    for (let value = 1; value <= 5; value++) {
      t.match((await masterReads(t, slave)).text, /\[7\]:\s+4711/);
      const written = await gateway.hpmq('point', 'write', 'boiler.setpoint', String(value));
      t.equal(written.code, 0, written.stderr);
    }
    t.equal(await slave.tell('holding 9000'), 5);
    const early = await port(gateway);
    const late = await eventually(async () => {
      const now = await port(gateway);
      return now.opens >= early.opens + 10 ? now : undefined;
    });
    t.match(late, { state: 'up', timeouts: 0, errors: 0 });
    t.ok(late.requests > early.requests);
    t.ok(handles() <= before + 2, 'no handle is left behind');
    t.match(await show(gateway, 'status'), { alarms: [] });
  });
}
