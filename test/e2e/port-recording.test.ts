/** The flight recorder: what went over a wire, in Wireshark's eyes, as a simulated bus, and between other masters. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SerialPort } from 'serialport';
import t, { type Test } from 'tap';
import { plugCable } from '../support/cable.js';
import { mqttSubscribe, reading } from '../support/foreign-mqtt.js';
import { hpmqEntry, runHpmq, startTestGateway, tempFolder } from '../support/gateway.js';
import { compileLibmodbusSlave, needsLibmodbus } from '../support/modbus-peers.js';
import { eventually, freePort, startPeer } from '../support/peers.js';

const run = promisify(execFile);

/** What tshark makes of a capture: one line per message. */
async function tshark(file: string, filter: string, ...fields: readonly string[]): Promise<readonly string[]> {
  const args = ['-r', file, '-Y', filter, '-T', 'fields', ...fields.flatMap((field) => ['-e', field])];
  const { stdout } = await run('tshark', args, { timeout: 60_000 });
  return stdout.split('\n').filter((line) => line !== '');
}

/** A line between two pseudo-terminals. */
async function serialLine(t: Test, folder: string, name: string) {
  const [a, b] = [join(folder, `${name}-a`), join(folder, `${name}-b`)];
  await plugCable(t, a, b);
  return [a, b] as const;
}

t.test('recorded, exported, played again', needsLibmodbus('socat', 'mosquitto_sub', 'tshark', 'mbpoll'), async (t) => {
  const folder = tempFolder(t);
  const program = compileLibmodbusSlave(t);
  const [near, far] = await serialLine(t, folder, 'line');
  const rtu = startPeer(t, program, ['rtu', far, '19200', 'N', '3']);
  await rtu.sees(/^ready$/m);
  rtu.write('holding 100 = 714\nholding 101 = 42\n');
  const tcpPort = await freePort();
  const tcp = startPeer(t, program, ['tcp', String(tcpPort), '1']);
  await tcp.sees(/^ready$/m);
  tcp.write('holding 7 = 99\n');
  const gateway = await startTestGateway(
    t,
    `
gateway: { id: plant }
broker: { listeners: [ { type: tcp, port: 0 } ] }
ports:
  line: { type: serial, path: ${near}, baudRate: 19200, parity: none }
  plc: { type: tcp, host: 127.0.0.1, port: ${tcpPort} }
devices:
  boiler: { adapter: modbus, port: line, unit: 3, every: 100ms, points: { a: { address: 'holding:100' }, b: { address: 'holding:101' } } }
  plc: { adapter: modbus, port: plc, unit: 1, every: 100ms, points: { c: { address: 'holding:7' } } }
`,
  );
  const seen = await mqttSubscribe(t, gateway.mqttPort, 'hpmq/plant/#');
  t.equal(reading(await seen('hpmq/plant/boiler/b', (text) => text.includes('"good"'))).v, 42);
  t.equal(reading(await seen('hpmq/plant/plc/c', (text) => text.includes('"good"'))).v, 99);

  const file = (name: string) => join(folder, name);
  for (const [port, protocol] of [
    ['line', 'mbrtu'],
    ['plc', 'mbtcp'],
  ] as const) {
    const recorded = await gateway.hpmq('port', 'record', port, '--for', '0s', '-o', file(`${port}.rec`));
    t.equal(recorded.code, 0, recorded.stderr);
    const exported = await runHpmq(['port', 'export', file(`${port}.rec`), '-o', file(`${port}.pcapng`)]);
    t.equal(exported.code, 0, exported.stderr);
    const lines = await tshark(
      file(`${port}.pcapng`),
      `${protocol} && modbus`,
      'modbus.func_code',
      'modbus.reference_num',
      'modbus.regval_uint16',
    );
    t.ok(lines.length >= 2, `${lines.length} messages in the Modbus dissector of tshark`);
    t.match(lines[0], port === 'line' ? /^3\t100/ : /^3\t7/, 'a question');
    t.match(lines.join('\n'), port === 'line' ? /714,42/ : /\t99$/m, 'an answer with its registers');
    const bad = await tshark(file(`${port}.pcapng`), '_ws.malformed || mbrtu.crc16.status == "Bad"', 'frame.number');
    t.strictSame(bad, [], 'nothing malformed');
  }
  const direct = await gateway.hpmq('port', 'export', 'line', '-o', file('direct.pcapng'));
  t.equal(direct.code, 0, 'straight from the running gateway');

  const shown = await runHpmq(['port', 'sniff', file('line.rec')]);
  t.match(shown.stdout, /^\d\d:\d\d:\d\d\.\d{6} → unit 3 read holding 100 to 101$/m);
  t.match(shown.stdout, /← unit 3 answered 714 42$/m);

  const player = startPeer(t, process.execPath, [hpmqEntry, 'port', 'replay', file('plc.rec')]);
  const [, port = ''] = await player.sees(/answer at 127\.0\.0\.1:(\d+)/);
  const { stdout } = await run('mbpoll', [
    '-m',
    'tcp',
    '-p',
    port,
    '-a',
    '1',
    '-0',
    '-r',
    '7',
    '-c',
    '1',
    '-t',
    '4',
    '-1',
    '127.0.0.1',
  ]);
  t.match(stdout, /\[7\]:\s+99/, 'a foreign master reads what the device had');

  const [simulated, masterEnd] = await serialLine(t, folder, 'played');
  const onLine = startPeer(t, process.execPath, [hpmqEntry, 'port', 'replay', file('line.rec'), '--serial', simulated]);
  await onLine.sees(/answer at .*played-a 19200 8N1 \(framing rtu\)/);
  const line = ['-m', 'rtu', '-b', '19200', '-P', 'none', '-a', '3', '-0', '-r', '100', '-c', '2', '-t', '4', '-1'];
  t.match(
    (await run('mbpoll', [...line, masterEnd])).stdout,
    /\[100\]:\s+714\s+\[101\]:\s+42/,
    'on a serial line, too',
  );
  t.equal(await onLine.kill('SIGINT'), 130);
  const noFormat = ['--serial', simulated, '--format', '19200'];
  t.equal((await runHpmq(['port', 'replay', file('line.rec'), ...noFormat])).code, 64);
  const nowhere = await runHpmq(['port', 'replay', file('line.rec'), '--serial', file('nowhere')]);
  t.match(nowhere.stderr, /there is no .*nowhere/);

  await gateway.hpmq('port', 'show', 'line');
  t.match((await gateway.hpmq('port', 'record', 'nowhere')).stderr, /nowhere/);
  t.equal((await runHpmq(['port', 'export', hpmqEntry, '-o', file('x')])).code, 64, 'what is no recording');
  t.equal(readFileSync(file('line.rec'), 'utf8').split('\n')[0]?.includes('"framing":"rtu"'), true);
});

t.test(
  'between other masters, without a byte of ours',
  needsLibmodbus('socat', 'mosquitto_sub', 'mbpoll'),
  async (t) => {
    const folder = tempFolder(t);
    const program = compileLibmodbusSlave(t);
    const [master, tapA] = await serialLine(t, folder, 'master');
    const [slave, tapB] = await serialLine(t, folder, 'slave');
    const peer = startPeer(t, program, ['rtu', slave, '19200', 'N', '3']);
    await peer.sees(/^ready$/m);
    peer.write('holding 10 = 1234\nholding 11 = 65535\n');

    // The line: both ends hear each other, and so do we.
    const taps = new Set<Socket>();
    let ours = 0;
    const tap = createServer((socket) => {
      taps.add(socket);
      socket.on('error', () => {}).on('close', () => taps.delete(socket));
      socket.on('data', (bytes) => (ours += bytes.length));
    });
    tap.listen(0, '127.0.0.1');
    await once(tap, 'listening');
    const ends = [tapA, tapB].map((path) => new SerialPort({ path, baudRate: 19_200 }));
    t.teardown(() => {
      for (const end of ends) end.close();
      for (const socket of taps) socket.destroy();
      tap.close();
    });
    for (const [index, end] of ends.entries()) {
      end.on('data', (bytes: Buffer) => {
        ends[1 - index]!.write(bytes);
        for (const socket of taps) socket.write(bytes);
      });
    }
    const gateway = await startTestGateway(
      t,
      `
gateway: { id: plant }
broker: { listeners: [ { type: tcp, port: 0 } ] }
ports:
  line: { type: tcp, host: 127.0.0.1, port: ${(tap.address() as AddressInfo).port}, framing: rtu, passive: true, passiveStaleAfter: 2s }
devices:
  drive:
    adapter: modbus
    port: line
    unit: 3
    points:
      speed: { address: 'holding:10', scale: 0.1 }
      torque: { address: 'holding:11', type: int16 }
      other: { address: 'input:0' }
`,
    );
    const seen = await mqttSubscribe(t, gateway.mqttPort, 'hpmq/plant/#');
    await eventually(() => taps.size > 0);
    const ask = (count: string) =>
      run('mbpoll', [
        '-m',
        'rtu',
        '-b',
        '19200',
        '-P',
        'none',
        '-a',
        '3',
        '-0',
        '-r',
        '10',
        '-c',
        count,
        '-t',
        '4',
        '-1',
        master,
      ]);
    await ask('2');
    t.match(reading(await seen('hpmq/plant/drive/speed', (text) => text.includes('"good"'))), { v: 123.4 });
    t.match(reading(await seen('hpmq/plant/drive/torque', (text) => text.includes('"good"'))), { v: -1 });
    t.match(
      reading(await seen('hpmq/plant/drive/speed', (text) => text.includes('"stale"'))),
      { v: 123.4 },
      'nobody asks any more',
    );
    t.match(
      reading(await seen('hpmq/plant/drive/other', () => true)),
      { q: 'bad', e: 'DEVICE_SILENT' },
      'nobody ever asked',
    );
    peer.write('holding 10 = 1500\n');
    await ask('2');
    t.match(reading(await seen('hpmq/plant/drive/speed', (text) => text.includes('150'))), { v: 150, q: 'good' });
    const sniffed = await gateway.hpmq('port', 'record', 'line', '--for', '0s', '-o', join(folder, 'line.rec'));
    t.equal(sniffed.code, 0);
    t.match(
      (await runHpmq(['port', 'sniff', join(folder, 'line.rec')])).stdout,
      /→ unit 3 read holding 10 to 11\n.*← unit 3 answered 1500 65535/,
    );
    t.equal(ours, 0, 'nothing was sent');
  },
);
