/** Serial lines by Telnet: against pyserial's server, and against servers that refuse or misbehave. */
import { createServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import type { Rfc2217Endpoint } from '../../../../src/core/transport.js';
import type { Rfc2217Wire } from '../../../../src/devices/transport/rfc2217.js';
import * as telnet from '../../../../src/devices/transport/telnet.js';
import { PYTHON } from '../../../support/modbus-peers.js';
import { eventually, freePort, needs, startPeer } from '../../../support/peers.js';
import { openTransport } from '../../../support/wires.js';

const signal = new AbortController().signal;
const line = {
  type: 'rfc2217',
  host: '127.0.0.1',
  baudRate: 19_200,
  dataBits: 8,
  parity: 'even',
  stopBits: 1,
} as const;
const { IAC, DO, DONT, WILL, WONT, SB, SE, COM_PORT_OPTION: COM } = telnet;

async function collect(wire: Duplex, count: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const take = (chunk: Buffer) => void chunks.push(chunk);
  wire.on('data', take);
  await eventually(() => Buffer.concat(chunks).length >= count);
  wire.off('data', take);
  return Buffer.concat(chunks);
}

const close = (wire: Duplex) =>
  new Promise((resolve) => (wire.closed ? resolve(null) : wire.once('close', resolve).destroy()));

t.test('pyserial: every setting arrives, every byte comes back', needs('python3'), async (t) => {
  const port = await freePort();
  const peer = startPeer(t, PYTHON, ['test/peers/rfc2217-server.py', String(port)]);
  await peer.sees(/ready/);
  const open = async (fields: Partial<Rfc2217Endpoint>) => openTransport({ ...line, port, ...fields }, signal);
  const all = Buffer.from(Array.from({ length: 300 }, (_, i) => i & 0xff));
  for (const [fields, set] of [
    [{}, /line 19200 8 E 1 rts=\d dtr=\d/],
    [{ parity: 'odd', dataBits: 7, stopBits: 2, rts: false, dtr: true }, /line 19200 7 O 2 rts=0 dtr=1/],
    [{ parity: 'mark', baudRate: 250_000, rts: true, dtr: false }, /line 250000 8 M 1 rts=1 dtr=0/],
    [{ parity: 'space', baudRate: 31_250 }, /line 31250 8 S 1/],
    [{ parity: 'none', baudRate: 9_600 }, /line 9600 8 N 1/],
  ] as const) {
    const wire = await open(fields);
    wire.write(all);
    t.ok((await collect(wire, all.length)).equals(all), 'all 256 bytes, IAC too');
    await close(wire);
    t.ok(await peer.sees(set));
  }
});

/** A server of our own making. @param react - to each command or chunk of data */
async function server(t: Test, react: (socket: Socket, bytes: Buffer) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const listener = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (bytes) => react(socket, bytes));
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    listener.close();
  });
  return (listener.address() as { port: number }).port;
}

const open = (port: number, fields: object = {}) => openTransport({ ...line, port, ...fields }, signal);
const ok = Buffer.of(IAC, DO, COM);
const sub = (command: number, ...value: number[]) => telnet.subnegotiation(COM, Buffer.of(command, ...value));

/** Confirms every setting, but for what `change` makes of one of them. */
function confirming(change: (command: number, value: Buffer) => Buffer = (_, value) => value) {
  return (socket: Socket, bytes: Buffer) => {
    if (bytes.includes(Buffer.of(WILL, COM))) socket.write(ok);
    for (
      let at = bytes.indexOf(Buffer.of(IAC, SB, COM));
      at >= 0;
      at = bytes.indexOf(Buffer.of(IAC, SB, COM), at + 3)
    ) {
      const end = bytes.indexOf(Buffer.of(IAC, SE), at);
      const command = bytes[at + 3]!;
      const value = change(command, bytes.subarray(at + 4, end));
      socket.write(telnet.subnegotiation(COM, Buffer.concat([Buffer.of(command + 100), value])));
    }
  };
}

t.test('a server without this option, one that says nothing, one that sets something else', async (t) => {
  const refuses = await server(t, (socket, bytes) => {
    if (bytes.includes(Buffer.of(WILL, COM))) socket.write(Buffer.of(IAC, DONT, COM));
  });
  await t.rejects(open(refuses), { code: 'PORT_RFC2217', fault: 'device', hint: /type tcp/ });
  const silent = await server(t, () => {});
  await t.rejects(open(silent, { connectTimeout: 150 }), { code: 'PORT_RFC2217', message: /did not answer/ });
  const closes = await server(t, (socket) => socket.destroy());
  await t.rejects(open(closes), { code: 'PORT_RFC2217', message: /closed/ });
  const slower = await server(
    t,
    confirming((command, value) => (command === 1 ? Buffer.of(0, 0, 0x25, 0x80) : value)),
  );
  await t.rejects(open(slower), { code: 'PORT_RFC2217', message: /baud rate 9600 to 19200/ });
  await t.rejects(open(await freePort()), { code: 'PORT_REFUSED' });
});

t.test('options that are not wanted are declined, once', async (t) => {
  const said: Buffer[] = [];
  const confirm = confirming();
  const port = await server(t, (socket, bytes) => {
    if (said.push(bytes) === 1) socket.write(Buffer.of(IAC, DO, 24, IAC, WILL, 1, IAC, WONT, 5, IAC, DONT, 6));
    confirm(socket, bytes);
  });
  const wire = await open(port);
  await eventually(() => Buffer.concat(said).includes(Buffer.of(IAC, DONT, 1)));
  const all = Buffer.concat(said);
  t.ok(all.includes(Buffer.of(IAC, WONT, 24)));
  t.notOk(all.includes(Buffer.of(IAC, DONT, 5)), 'a refusal is not answered');
  await close(wire);
});

t.test('the far side may stop us, and tells about its line', async (t) => {
  const confirm = confirming();
  const data: Buffer[] = [];
  let peer: Socket | undefined;
  const port = await server(t, (socket, bytes) => {
    peer = socket;
    if (bytes[0] === IAC) confirm(socket, bytes);
    else data.push(bytes);
  });
  const wire = (await open(port)) as Rfc2217Wire;
  wire.resume();
  peer?.write(Buffer.concat([sub(107, 0xb0), sub(106, 0x08), sub(106, 0x60), sub(108)]));
  await eventually(() => wire.figures.lineErrors === 1);
  t.equal(wire.figures.modemState, 0xb0);
  wire.write('waits');
  await new Promise((resolve) => setTimeout(resolve, 50));
  t.strictSame(data, [], 'nothing goes out');
  peer?.write(sub(109));
  await eventually(() => Buffer.concat(data).toString() === 'waits');
  await close(wire);
});

t.test('whatever bytes there are, in whatever pieces: data and commands are told apart', async () => {
  const events: string[] = [];
  const piece = fc.oneof(
    fc
      .uint8Array({ maxLength: 20 })
      .map((bytes) => ({ bytes: telnet.escapeIac(Buffer.from(bytes)), data: Buffer.from(bytes), event: '' })),
    fc.tuple(fc.constantFrom(WILL, WONT, DO, DONT), fc.nat(255)).map(([verb, option]) => ({
      bytes: Buffer.of(IAC, verb, option),
      data: Buffer.alloc(0),
      event: `${verb} ${option}`,
    })),
    fc.uint8Array({ maxLength: 20 }).map((bytes) => ({
      bytes: telnet.subnegotiation(COM, Buffer.from(bytes)),
      data: Buffer.alloc(0),
      event: `sb ${Buffer.concat([Buffer.of(COM), Buffer.from(bytes)]).toString('hex')}`,
    })),
    fc
      .constantFrom(241, 246, 249)
      .map((command) => ({ bytes: Buffer.of(IAC, command), data: Buffer.alloc(0), event: '' })),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 15 }), fc.integer({ min: 1, max: 9 }), (pieces, size) => {
      events.length = 0;
      const decoder = new telnet.TelnetDecoder({
        onNegotiation: (verb, option) => void events.push(`${verb} ${option}`),
        onSubnegotiation: (bytes) => void events.push(`sb ${bytes.toString('hex')}`),
      });
      const all = Buffer.concat(pieces.map(({ bytes }) => bytes));
      const out: Buffer[] = [];
      for (let at = 0; at < all.length; at += size) out.push(Buffer.from(decoder.decode(all.subarray(at, at + size))));
      const wanted = pieces.map(({ event }) => event).filter((event) => event !== '');
      return (
        Buffer.concat(out).equals(Buffer.concat(pieces.map(({ data }) => data))) && events.join() === wanted.join()
      );
    }),
  );
  const decoder = new telnet.TelnetDecoder({ onNegotiation() {}, onSubnegotiation() {} });
  fc.assert(fc.property(fc.uint8Array(), (bytes) => decoder.decode(Buffer.from(bytes)).length <= bytes.length));
});
