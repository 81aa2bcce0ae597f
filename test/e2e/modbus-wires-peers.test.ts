/** Every framing on every kind of wire, as the gateway opens it, against slaves and lines that others made. */
import { copyFileSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import t, { type Test } from 'tap';
import { asciiFraming } from '../../adapters/modbus/ascii-frame.js';
import { rtuFraming } from '../../adapters/modbus/framing.js';
import type { Master } from '../../adapters/modbus/master.js';
import { SerialMaster } from '../../adapters/modbus/serial.js';
import { TcpMaster } from '../../adapters/modbus/tcp.js';
import { type Endpoint, systemClock } from '../../src/adapter.js';
import { deadline, exerciseDevice, exerciseFunctions, openDevice, point } from '../support/modbus-exercise.js';
import {
  compileLibmodbusSlave,
  dtu,
  libmodbusRtu,
  needsLibmodbus,
  needsPymodbus,
  ptyPair,
  pymodbusSerial,
  pymodbusTcp,
  type Slave,
  ser2net,
} from '../support/modbus-peers.js';
import { freePort } from '../support/peers.js';
import { createAuthority } from '../support/pki.js';
import { createWires } from '../support/wires.js';

type Framing = 'tcp' | 'rtu' | 'ascii';

const line = { baudRate: 19_200, dataBits: 8, parity: 'none', stopBits: 1 } as const;
const host = '127.0.0.1';

function masterOn(wire: Duplex, framing: Framing, endpoint: Endpoint): Master {
  if (framing === 'tcp') return new TcpMaster(wire, systemClock, endpoint.type === 'udp');
  const codec = framing === 'ascii' ? asciiFraming() : rtuFraming;
  return new SerialMaster(wire, { clock: systemClock, silenceMs: 4, lateWindowMs: undefined, framing: codec });
}

/** Every function and every type, on a wire of the gateway. */
async function exercise(t: Test, endpoint: Endpoint, framing: Framing, unit: number, slave: Slave): Promise<void> {
  const wire = await createWires(t).open(endpoint, deadline(20_000));
  t.teardown(() => wire.destroy());
  const master = masterOn(wire, framing, endpoint);
  await exerciseFunctions(t, master, unit, slave);
  master.close();
  await using device = await openDevice(wire, endpoint, unit, { framing });
  await exerciseDevice(t, device, slave);
  if (endpoint.type !== 'listen') t.equal(master.discarded, 0);
}

t.test('pymodbus, ASCII on a serial line', needsPymodbus('socat'), async (t) => {
  const [path, theirs] = await ptyPair(t);
  const slave = await pymodbusSerial(t, 'ascii', theirs, 33);
  await exercise(t, { type: 'serial', path, ...line }, 'ascii', 33, slave);
});

t.test('pymodbus, ASCII frames in a TCP connection', needsPymodbus(), async (t) => {
  const slave = await pymodbusTcp(t, 'asciitcp', 5);
  await exercise(t, { type: 'tcp', host, port: slave.port }, 'ascii', 5, slave);
});

t.test('pymodbus, UDP', needsPymodbus(), async (t) => {
  const slave = await pymodbusTcp(t, 'udp', 9);
  await exercise(t, { type: 'udp', host, port: slave.port }, 'tcp', 9, slave);
});

t.test('pymodbus, TLS with certificates of both sides', needsPymodbus('openssl'), async (t) => {
  const [ca, other] = [createAuthority(t), createAuthority(t, 'Another CA')];
  const theirs = ca.issue({ subject: '/CN=plc', names: 'DNS:plc.example' });
  const ours = ca.issue({ subject: '/CN=gateway' });
  const slave = await pymodbusTcp(t, 'tls', 9, theirs.cert, theirs.key, ca.cert);
  const endpoint = { type: 'tls', host, port: slave.port, serverName: 'plc.example' } as const;
  const { cert, key } = ours;
  await exercise(t, { ...endpoint, ca: ca.cert, cert, key }, 'tcp', 9, slave);

  const wires = createWires(t);
  const refused = (fields: object) => wires.open({ ...endpoint, ...fields }, deadline(20_000));
  await t.rejects(refused({ ca: other.cert, cert, key }), { code: 'PORT_TLS', hint: /`ca`/ });
  await t.rejects(refused({ cert, key }), { code: 'PORT_TLS', hint: /`ca`/ }, 'not by an authority of the runtime');
  await t.rejects(refused({ ca: ca.cert, cert, key, serverName: undefined }), {
    code: 'PORT_TLS',
    message: /not for 127\.0\.0\.1/,
    hint: /serverName/,
  });
  await t.rejects(refused({ ca: ca.cert, cert, key: theirs.key }), { code: 'PORT_TLS', hint: /belongs/ });
  // TLS 1.3: the client learns after its handshake that its certificate was not wanted.
  const stranger = await refused({ ca: ca.cert });
  stranger.resume();
  if (!stranger.closed) await new Promise((resolve) => stranger.once('close', resolve));

  t.test('files that are replaced are used from the next connection on', async (t) => {
    const path = `${ours.cert}.current`;
    const mine = { ca: ca.cert, cert: path, key: `${path}.key` };
    const put = (pair: { cert: string; key: string }) => {
      copyFileSync(pair.cert, mine.cert);
      copyFileSync(pair.key, mine.key);
    };
    const read = async () => {
      const wire = await wires.open({ ...endpoint, ...mine }, deadline(20_000));
      t.teardown(() => wire.destroy());
      await using device = await openDevice(wire, { ...endpoint, ...mine }, 9);
      const readings = await device.read?.([point('p', { address: 'holding:0' })], deadline());
      return readings;
    };
    put(other.issue({ subject: '/CN=not known there' }));
    await t.rejects(read(), { code: 'MODBUS_DISCONNECTED' });
    put(ours);
    t.match(await read(), [{ quality: 'good' }]);
  });
});

t.test('libmodbus RTU behind ser2net (RFC 2217)', needsLibmodbus('socat', 'ser2net'), async (t) => {
  const [path, theirs] = await ptyPair(t);
  const slave = await libmodbusRtu(t, compileLibmodbusSlave(t), theirs, 3);
  const port = await ser2net(t, path);
  await exercise(t, { type: 'rfc2217', host, port, ...line }, 'rtu', 3, slave);
});

t.test('two DTUs that dial in at one port, RTU, with heartbeats', needsPymodbus('socat'), async (t) => {
  const wires = createWires(t);
  const port = await freePort();
  const names = ['DTU-A', 'DTU-B'];
  const heartbeat = Buffer.from('alive');
  const endpoints = names.map(
    (name) => ({ type: 'listen', host, port, registration: Buffer.from(name), heartbeat }) as const,
  );
  const slaves = await Promise.all(names.map(() => pymodbusTcp(t, 'rtutcp', 3)));
  const wire = (n: number) => wires.open(endpoints[n]!, deadline(20_000));
  const opening = [wire(0), wire(1)];
  const dials = names.map((name, n) => () => dtu(t, port, slaves[n]!.port, name, 'alive'));
  const peers = dials.toReversed().map((dial) => dial());
  for (const [n, slave] of slaves.entries()) await slave.tell(`holding 0 = ${1_000 + n}`);
  for (const [n, open] of (await Promise.all(opening)).entries()) {
    await using device = await openDevice(open, endpoints[n]!, 3);
    for (let i = 0; i < 50; i++) {
      const [reading] = (await device.read?.([point('p', { address: 'holding:0' })], deadline())) ?? [];
      t.equal(reading?.value, 1_000 + n, 'the device that was meant');
    }
    await exerciseDevice(t, device, slaves[n]!);
  }

  t.test('one dials again while its old connection still stands', async (t) => {
    const old = (await Promise.all(opening))[0]!;
    const lost = old.closed ? Promise.resolve() : new Promise<void>((resolve) => old.once('close', () => resolve()));
    peers.push(dials[0]!());
    await lost;
    const again = await wire(0);
    t.teardown(() => again.destroy());
    await using device = await openDevice(again, endpoints[0]!, 3);
    t.match(await device.read?.([point('p', { address: 'holding:0' })], deadline()), [{ value: 1_000 }]);
  });
});
