/** Masters that others made against our Modbus server, on TCP and on a serial line. */
import { createServer, type Socket } from 'node:net';
import { client } from 'jsmodbus';
import { SerialPort } from 'serialport';
import t, { type Test } from 'tap';
import { MemoryImage } from '../../adapters/modbus/server/image.js';
import { serveModbus } from '../../adapters/modbus/server/serve.js';
import { systemClock } from '../../src/adapter.js';
import { openSerial, openTcp, ptyPair } from '../support/modbus-peers.js';
import { needs, startPeer } from '../support/peers.js';

function plant(): MemoryImage {
  const image = new MemoryImage({ coil: 100, discrete: 100, holding: 200, input: 200 });
  image.tables.holding.set([10, 11, 12], 10);
  image.tables.input.set([0x4049, 0x0fdb], 20);
  image.tables.discrete.set([1, 0, 1], 5);
  return image;
}

/** Serves unit 1 on a TCP port until the test ends. */
async function serveTcp(t: Test, image: MemoryImage): Promise<number> {
  const stop = new AbortController();
  const serving = new Set<Promise<number>>();
  const server = createServer({ noDelay: true }, (socket) => {
    const units = new Map([[1, image]]);
    serving.add(serveModbus(socket, { framing: 'tcp', units, clock: systemClock, signal: stop.signal }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(async () => {
    stop.abort();
    await Promise.all(serving);
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as { port: number }).port;
}

/** Serves unit 1 on one end of a serial line. @returns the other end */
async function serveRtu(t: Test, image: MemoryImage): Promise<string> {
  const [ours, theirs] = await ptyPair(t);
  const wire = await openSerial(t, ours);
  const stop = new AbortController();
  const units = new Map([[1, image]]);
  const served = serveModbus(wire, { framing: 'rtu', units, clock: systemClock, signal: stop.signal });
  t.teardown(async () => {
    stop.abort();
    await served;
  });
  return theirs;
}

type Table = '0' | '1' | '3' | '4';

/** Runs mbpoll once. @returns what it printed, and whether it succeeded */
async function mbpoll(t: Test, wire: readonly string[], table: Table, start: number, rest: readonly string[]) {
  const [place, ...options] = wire;
  const peer = startPeer(t, 'mbpoll', [
    ...options,
    ...['-0', '-1', '-o', '2', '-a', '1', '-t', table, '-r', String(start)],
    ...(rest[0] === '-c' ? [...rest, String(place)] : [String(place), ...rest]),
  ]);
  const code = await peer.ended;
  const values = [...peer.stdout().matchAll(/^\[(\d+)\]:\s*(-?\d+)/gm)].map(([, n, v]) => [Number(n), Number(v)]);
  return { code, values, text: peer.stdout() + peer.stderr() };
}

async function exerciseMbpoll(t: Test, wire: readonly string[], image: MemoryImage): Promise<void> {
  const read = async (table: Table, start: number, count: number) =>
    (await mbpoll(t, wire, table, start, ['-c', String(count)])).values;
  t.strictSame(
    await read('4', 10, 3),
    [
      [10, 10],
      [11, 11],
      [12, 12],
    ],
    'FC 3',
  );
  t.strictSame(await read('3', 21, 1), [[21, 0x0fdb]], 'FC 4');
  t.strictSame(
    await read('1', 5, 3),
    [
      [5, 1],
      [6, 0],
      [7, 1],
    ],
    'FC 2',
  );
  const write = async (table: Table, start: number, ...values: string[]) =>
    (await mbpoll(t, wire, table, start, values)).code;
  t.equal(await write('4', 50, '4711'), 0, 'FC 6');
  t.equal(await write('4', 51, '1', '2', '65535'), 0, 'FC 16');
  t.strictSame([...image.tables.holding.subarray(50, 54)], [4_711, 1, 2, 65_535]);
  t.equal(await write('0', 8, '1'), 0, 'FC 5');
  t.equal(await write('0', 9, '0', '1', '1'), 0, 'FC 15');
  t.strictSame([...image.tables.coil.subarray(8, 12)], [1, 0, 1, 1]);
  t.strictSame(
    await read('0', 8, 2),
    [
      [8, 1],
      [9, 0],
    ],
    'FC 1',
  );
  const beyond = await mbpoll(t, wire, '4', 199, ['-c', '2']);
  t.match(beyond.text, /Illegal data address/i);
}

t.test('mbpoll over TCP', needs('mbpoll'), async (t) => {
  const image = plant();
  const port = await serveTcp(t, image);
  await exerciseMbpoll(t, ['127.0.0.1', '-m', 'tcp', '-p', String(port)], image);
});

t.test('mbpoll on a serial line', needs('mbpoll', 'socat'), async (t) => {
  const image = plant();
  const path = await serveRtu(t, image);
  await exerciseMbpoll(t, [path, '-m', 'rtu', '-b', '19200', '-P', 'none'], image);
});

async function exerciseJsmodbus(
  t: Test,
  master: InstanceType<typeof client.TCP> | InstanceType<typeof client.RTU>,
  image: MemoryImage,
): Promise<void> {
  const holding = await master.readHoldingRegisters(10, 3);
  t.strictSame([...holding.response.body.valuesAsArray], [10, 11, 12]);
  const input = await master.readInputRegisters(20, 2);
  t.strictSame([...input.response.body.valuesAsArray], [0x4049, 0x0fdb]);
  const discrete = await master.readDiscreteInputs(5, 3);
  t.strictSame([...discrete.response.body.valuesAsArray].slice(0, 3), [1, 0, 1]);
  await master.writeSingleRegister(60, 77);
  await master.writeMultipleRegisters(61, [78, 79]);
  t.strictSame([...image.tables.holding.subarray(60, 63)], [77, 78, 79]);
  await master.writeSingleCoil(30, true);
  await master.writeMultipleCoils(31, [false, true, true]);
  t.strictSame([...image.tables.coil.subarray(30, 34)], [1, 0, 1, 1]);
  const coils = await master.readCoils(30, 4);
  t.strictSame([...coils.response.body.valuesAsArray].slice(0, 4), [1, 0, 1, 1]);
  const refusal = await master.readHoldingRegisters(199, 2).then(
    () => undefined,
    (error: { err: string }) => error.err,
  );
  t.equal(refusal, 'ModbusException');
}

t.test('jsmodbus over TCP', async (t) => {
  const image = plant();
  const port = await serveTcp(t, image);
  const wire = (await openTcp(t, port)) as Socket;
  const master = new client.TCP(wire, 1, 2_000);
  // It learns of the connection from this event only, which was before it existed.
  wire.emit('connect');
  await exerciseJsmodbus(t, master, image);
});

t.test('jsmodbus on a serial line', needs('socat'), async (t) => {
  const image = plant();
  const path = await serveRtu(t, image);
  const wire = new SerialPort({ path, baudRate: 19_200, autoOpen: false });
  const master = new client.RTU(wire, 1, 2_000);
  await new Promise<void>((resolve, reject) => wire.open((error) => (error ? reject(error) : resolve())));
  t.teardown(() => new Promise((resolve) => wire.close(resolve)));
  await exerciseJsmodbus(t, master, image);
});
