/** Masters that others made read and write the gateway, while the gateway itself polls foreign slaves. */
import { createServer, type Socket } from 'node:net';
import { client } from 'jsmodbus';
import t, { type Test } from 'tap';
import { type RunningGateway, startTestGateway } from '../support/gateway.js';
import { compileLibmodbusMaster, libmodbusMaster, mbpoll } from '../support/modbus-masters.js';
import {
  compileLibmodbusSlave,
  libmodbusTcp,
  needsLibmodbus,
  needsPymodbus,
  openTcp,
  PYTHON,
  ptyPair,
  pymodbusTcp,
  type TcpSlave,
} from '../support/modbus-peers.js';
import { eventually, repoRoot, startPeer } from '../support/peers.js';

const config = (slave: number, serial: string) => `
gateway: { id: plant-7 }
broker: { listeners: [ { type: tcp, port: 0 } ] }
ports:
  plc: { type: tcp, host: 127.0.0.1, port: ${slave}, timeout: 300ms }
devices:
  boiler:
    adapter: modbus
    port: plc
    unit: 1
    every: 100ms
    points:
      temperature: { address: 'input:0', type: int16, scale: 0.1, unit: °C }
      energy: { address: 'input:2', type: float32, order: CDAB }
      run: { address: 'coil:5', write: true }
      setpoint: { address: 'holding:20', type: int16, scale: 0.1, write: { min: 10, max: 90 } }
      absent: { address: 'holding:20000' }
servers:
  scada:
    type: modbus
    listen: { type: tcp, port: 0 }
    allow: [127.0.0.0/8]
    units:
      1:
        points:
          - { point: boiler.temperature, address: 'input:0', type: float32 }
          - { point: boiler.temperature, address: 30011, type: int16, scale: 0.1 }
          - { point: boiler.energy, address: 'input:2', type: float64 }
          - { point: boiler.run, address: 'coil:0', write: true }
          - { point: boiler.setpoint, address: 'holding:0', type: float32, write: true }
          - { point: boiler.setpoint, address: 'holding:2', type: int16, scale: 0.1 }
          - { point: boiler.absent, address: 'holding:10' }
          - { point: boiler.absent, address: 'holding:11', onBad: sentinel }
      2: { device: boiler, write: points, maxAge: 5s }
      3: { device: boiler, write: all }
  line:
    type: modbus
    listen: { type: serial, path: ${serial}, baudRate: 19200, parity: none }
    units:
      7: { points: [ { point: boiler.temperature, address: 'input:0', type: int16, scale: 0.1 } ] }
      8: { device: boiler }
`;

interface ServerJson {
  readonly items: readonly { readonly name: string; readonly endpoint: string; readonly requests: number }[];
}

interface Plant {
  readonly gateway: RunningGateway;
  readonly slave: TcpSlave;
  readonly port: number;
  /** The masters' end of the serial line. */
  readonly line: string;
}

async function startPlant(t: Test): Promise<Plant> {
  const slave = await libmodbusTcp(t, compileLibmodbusSlave(t), 1);
  // 71.4 °C; 123456 as a single, low word first; 60.0 °C.
  for (const line of ['input 0 = 714', 'input 2 = 8192', 'input 3 = 18417', 'holding 20 = 600', 'holding 100 = 4660']) {
    await slave.tell(line);
  }
  const [ours, line] = await ptyPair(t);
  const gateway = await startTestGateway(t, config(slave.port, ours));
  const { endpoint } = await eventually(async () => {
    const points = (await gateway.hpmq('point', 'list', '--json')).stdout;
    if (!points.includes('"value":71.4') || !points.includes('"value":60')) return undefined;
    const { items } = JSON.parse((await gateway.hpmq('server', 'list', '--json')).stdout) as ServerJson;
    return items.find((one) => one.name === 'scada' && !one.endpoint.endsWith(':0'));
  });
  return { gateway, slave, port: Number(endpoint.split(':')[1]), line };
}

t.test('mbpoll and libmodbus over TCP', needsLibmodbus('mbpoll', 'socat'), async (t) => {
  const { gateway, slave, port, line } = await startPlant(t);
  const tcp = (unit: number) => ['127.0.0.1', '-m', 'tcp', '-p', String(port), '-a', String(unit)];
  const program = compileLibmodbusMaster(t);

  t.test('chosen points, each in its type', async (t) => {
    t.match((await mbpoll(t, tcp(1), ['-t', '3:float', '-B', '-r', '0', '-c', '1'])).text, /\[0\]:\s+71\.4/);
    t.match((await mbpoll(t, tcp(1), ['-t', '3', '-r', '10', '-c', '1'])).text, /\[10\]:\s+714/);
    t.match(
      (await mbpoll(t, tcp(1), ['-t', '3:hex', '-r', '2', '-c', '4'])).text,
      /0x40FE\s+\[3\]:\s+0x2400\s/,
      '123456 as a double',
    );
    t.match((await mbpoll(t, tcp(1), ['-t', '0', '-r', '0', '-c', '1'])).text, /\[0\]:\s+0/);
    t.match((await mbpoll(t, tcp(1), ['-t', '3', '-r', '7', '-c', '1'])).text, /Illegal data address/, 'a gap');
    t.match(
      (await mbpoll(t, tcp(1), ['-t', '4', '-r', '10', '-c', '1'])).text,
      /device or server failure/,
      'a point that is bad',
    );
    t.match((await mbpoll(t, tcp(1), ['-t', '4:hex', '-r', '11', '-c', '1'])).text, /0xFFFF/, 'or its mark');
    t.match((await mbpoll(t, tcp(9), ['-t', '3', '-r', '0', '-c', '1'])).text, /path unavailable/, 'no such unit');
  });

  t.test('writes are commands: they reach the device, and its limits hold', async (t) => {
    t.match((await mbpoll(t, tcp(1), ['-t', '4:float', '-B', '-r', '0'], ['--', '45.5'])).text, /Written 1/);
    t.equal(await slave.tell('holding 20'), 455);
    t.match((await mbpoll(t, tcp(1), ['-t', '4:float', '-B', '-r', '0'], ['--', '95'])).text, /Illegal data value/);
    t.equal(await slave.tell('holding 20'), 455, 'above its maximum nothing is written');
    t.match((await mbpoll(t, tcp(1), ['-t', '4', '-r', '2'], ['300'])).text, /Illegal data address/, 'no `write` here');
    t.match((await mbpoll(t, tcp(1), ['-t', '4', '-r', '0'], ['300'])).text, /Illegal data address/, 'half a value');
    t.match((await mbpoll(t, tcp(1), ['-t', '0', '-r', '0'], ['1'])).text, /Written 1/);
    t.equal(await slave.tell('coil 5'), 1);
    await gateway.process.sees(/"who":"modbus master 127\.0\.0\.1 \(server scada\)".*boiler\.setpoint.*verified/);
    await gateway.process.sees(/boiler\.setpoint","outcome":"refused POINT_OUT_OF_RANGE/);
  });

  t.test('a whole device: from memory what is polled, from the device what is not', async (t) => {
    const master = await libmodbusMaster(t, program, ['tcp', '127.0.0.1', String(port), '2']);
    t.equal(await master('read input 0 1'), '714');
    t.equal(await master('read input 2 2'), '8192 18417');
    t.equal(await master('read holding 100 2'), '4660 0', 'not polled: asked for');
    t.equal(await master('read coil 0 8'), '0 0 0 0 0 1 0 0');
    t.equal(await master('read holding 20000 1'), 'error Illegal data address', 'as the device says itself');
    t.equal(await master('write 20 333'), 'ok');
    t.equal(await slave.tell('holding 20'), 333, 'a point, within its limits');
    t.equal(await master('write 20 950'), 'error Illegal data value');
    t.equal(await master('write 100 1'), 'error Illegal data address', 'no point: refused');
    t.equal(await slave.tell('holding 100'), 4_660);
    t.equal(await master('readwrite 20 1 20 444'), '444', 'function 23');
    const all = await libmodbusMaster(t, program, ['tcp', '127.0.0.1', String(port), '3']);
    t.equal(await all('write 100 1 2 3'), 'ok');
    t.equal(await slave.tell('holding 102'), 3);
    await gateway.process.sees(/"write registers","target":"boiler holding:100-102","outcome":"written"/);
    t.equal(await all('mask 100 65520 10'), 'ok', 'function 22');
    t.equal(await slave.tell('holding 100'), 10);
    t.equal(await all('write 19 7 500 8'), 'ok', 'points and what is around them');
    t.strictSame(
      [await slave.tell('holding 19'), await slave.tell('holding 20'), await slave.tell('holding 21')],
      [7, 500, 8],
    );
    t.equal(await all('write 20 9999'), 'error Illegal data value', 'the limits of a point hold in any case');
  });

  t.test('several masters at a time, and the gateway goes on polling', async (t) => {
    const masters = await Promise.all(
      [1, 2, 2, 3].map((unit) => libmodbusMaster(t, program, ['tcp', '127.0.0.1', String(port), String(unit)])),
    );
    const expected = ['read input 10 1', 'read input 0 1', 'read holding 300 60', 'read input 2 2'] as const;
    const first = await Promise.all(masters.map((ask, index) => ask(expected[index]!)));
    for (let round = 0; round < 100; round++) {
      const now = await Promise.all(masters.map((ask, index) => ask(expected[index]!)));
      if (now.join() !== first.join()) t.fail(`round ${round}: ${now}`);
    }
    t.equal(first[0], '714');
    await slave.tell('input 0 = 725');
    await eventually(async () => (await masters[0]!('read input 10 1')) === '725');
    t.equal(await masters[1]!('read input 0 1'), '725', 'the same reading for both');
    const shown = JSON.parse((await gateway.hpmq('server', 'list', '--json')).stdout) as ServerJson;
    t.ok(shown.items.find(({ name }) => name === 'scada')!.requests > 400);
  });

  t.test('masters on a serial line', async (t) => {
    const rtu = (unit: number) => [line, '-m', 'rtu', '-b', '19200', '-P', 'none', '-a', String(unit)];
    t.match((await mbpoll(t, rtu(7), ['-t', '3', '-r', '0', '-c', '1'])).text, /\[0\]:\s+725/);
    t.match((await mbpoll(t, rtu(8), ['-t', '4', '-r', '102', '-c', '1'])).text, /\[102\]:\s+3/, 'asked for');
    t.match((await mbpoll(t, rtu(9), ['-t', '3', '-r', '0', '-c', '1'])).text, /timed out/i, 'silence for other units');
  });

  t.test('a device that is away: exception 11, without a time-out for each question', async (t) => {
    const points = await libmodbusMaster(t, program, ['tcp', '127.0.0.1', String(port), '1']);
    const whole = await libmodbusMaster(t, program, ['tcp', '127.0.0.1', String(port), '3']);
    slave.peer.child.kill('SIGSTOP');
    await eventually(async () =>
      (await gateway.hpmq('device', 'show', 'boiler', '--json')).stdout.includes('"offline"'),
    );
    t.equal(await points('read input 10 1'), 'error Target device failed to respond');
    t.equal(await whole('read holding 500 1'), 'error Target device failed to respond');
    await gateway.hpmq('device', 'list');
    slave.peer.child.kill('SIGCONT');
    await eventually(async () => (await points('read input 10 1')) === '725', 20_000);
  });
});

t.test('jsmodbus over TCP', needsLibmodbus('socat'), async (t) => {
  const { port } = await startPlant(t);
  const wire = (await openTcp(t, port)) as Socket;
  const master = new client.TCP(wire, 1, 2_000);
  wire.emit('connect');
  const floats = await master.readInputRegisters(0, 2);
  t.equal(floats.response.body.valuesAsBuffer.readFloatBE(0), Math.fround(71.4));
  await master.writeSingleCoil(0, true);
  const coils = await master.readCoils(0, 1);
  t.equal(coils.response.body.valuesAsArray[0], 1);
});

const identityConfig = (slave: number, server: string) => `
gateway: { id: plant-7 }
broker: { listeners: [ { type: tcp, port: 0 } ] }
devices:
  meter: { adapter: modbus, port: { type: tcp, host: 127.0.0.1, port: ${slave} }, unit: 17, points: { a: { address: 'holding:0' } } }
${server}
`;

t.test(
  'identification: pymodbus as device, then as master; libmodbus has only a server id',
  needsPymodbus('gcc'),
  async (t) => {
    const slave = await pymodbusTcp(t, 'tcp', 17);
    const server = `servers: { s: { type: modbus, listen: { type: tcp, port: 0 }, units: { 5: { points: [ { point: meter.a, address: 'holding:0' } ] } } } }`;
    const gateway = await startTestGateway(t, identityConfig(slave.port, server));
    const identity = await eventually(async () => {
      const { code, stdout } = await gateway.hpmq('device', 'identify', 'meter', '--json');
      return code === 0 && JSON.parse(stdout);
    });
    t.match(identity, {
      device: 'meter',
      source: 'function 43/14',
      fields: {
        vendorName: 'ACME',
        productCode: 'B-7',
        majorMinorRevision: '1.4.2',
        productName: 'Meter',
        modelName: 'B',
      },
    });
    const shown = JSON.parse((await gateway.hpmq('server', 'list', '--json')).stdout) as ServerJson;
    const port = shown.items[0]!.endpoint.split(':')[1]!;
    const asked = startPeer(t, PYTHON, [`${repoRoot}/test/peers/modbus-identify.py`, port, '5']);
    t.equal(await asked.ended, 0, asked.stderr());
    t.match(JSON.parse(asked.stdout()), { 0: 'HPMQ', 1: 'hpmq', 4: 'HPMQ edge gateway', 5: 'plant-7' });

    const other = await libmodbusTcp(t, compileLibmodbusSlave(t), 17);
    const second = await startTestGateway(t, identityConfig(other.port, ''));
    const id = await eventually(async () => {
      const { code, stdout } = await second.hpmq('device', 'identify', 'meter', '--json');
      return code === 0 && JSON.parse(stdout);
    });
    t.match(id, { source: 'function 17', fields: { running: 'yes', additional: /LMB3/ } });
  },
);

t.test('who may not, and who is too much', needsLibmodbus(), async (t) => {
  const blocker = createServer();
  await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve));
  t.teardown(() => blocker.close());
  const { port: taken } = blocker.address() as { port: number };
  const gateway = await startTestGateway(
    t,
    `
gateway: { id: plant-7 }
broker: { listeners: [ { type: tcp, port: 0 } ] }
devices: { sim: { adapter: simulator, points: { level: { wave: constant, value: 5, write: true } } } }
servers:
  few: { type: modbus, listen: { type: tcp, port: 0 }, maxConnections: 1, units: { 1: { points: [ { point: sim.level, address: 'holding:0', write: true } ] } } }
  others: { type: modbus, listen: { type: tcp, port: 0 }, allow: [10.9.8.7], units: { 1: { points: [ { point: sim.level, address: 'holding:0' } ] } } }
  late: { type: modbus, listen: { type: tcp, port: ${taken} }, units: { 1: { points: [ { point: sim.level, address: 'holding:0' } ] } } }
`,
  );
  const list = async () => JSON.parse((await gateway.hpmq('server', 'list', '--json')).stdout) as ServerJson;
  const { items } = await eventually(async () => {
    const found = await list();
    return found.items.every(({ endpoint }) => !endpoint.endsWith(':0')) && found;
  });
  const portOf = (name: string) => Number(items.find((one) => one.name === name)!.endpoint.split(':')[1]);
  const program = compileLibmodbusMaster(t);
  const first = await libmodbusMaster(t, program, ['tcp', '127.0.0.1', String(portOf('few')), '1']);
  t.equal(await first('read holding 0 1'), '5');
  t.equal(await first('write 0 7'), 'ok', 'a point of any adapter');
  t.equal(await first('read holding 0 1'), '7');
  const second = await libmodbusMaster(t, program, ['tcp', '127.0.0.1', String(portOf('few')), '1']);
  t.match(await second('read holding 0 1'), /^error/);
  const stranger = await libmodbusMaster(t, program, ['tcp', '127.0.0.1', String(portOf('others')), '1']);
  t.match(await stranger('read holding 0 1'), /^error/);
  t.equal(await first('read holding 0 1'), '7', 'the first is not disturbed');
  const status = (await gateway.hpmq('status', '--json')).stdout;
  t.match(status, /"subject":"server:late".*SERVER_LISTEN/);
  await new Promise((resolve) => blocker.close(resolve));
  await eventually(async () => !(await gateway.hpmq('status', '--json')).stdout.includes('SERVER_LISTEN'), 20_000);
});
