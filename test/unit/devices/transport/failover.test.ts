/** Several addresses of one device. */
import { createServer, type Server, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { silentLog } from '../../../../src/core/log.js';
import { Failover } from '../../../../src/devices/transport/failover.js';
import { openTcp } from '../../../../src/devices/transport/tcp.js';
import { ManualClock } from '../../../support/manual-clock.js';
import { eventually, freePort } from '../../../support/peers.js';

const signal = new AbortController().signal;

interface Device {
  readonly port: number;
  readonly connections: Socket[];
  /** Whether it answers what it is asked. */
  answers: boolean;
  stop(): Promise<void>;
  start(): Promise<void>;
}

async function device(t: Test): Promise<Device> {
  const port = await freePort();
  let server: Server | undefined;
  const one: Device = {
    port,
    connections: [],
    answers: true,
    stop: async () => {
      for (const socket of one.connections.splice(0)) socket.destroy();
      if (server !== undefined) await new Promise((resolve) => server?.close(resolve));
      server = undefined;
    },
    start: async () => {
      server = createServer((socket) => {
        socket.on('error', () => {});
        socket.on('data', (bytes) => one.answers && socket.write(bytes));
        one.connections.push(socket);
      });
      await new Promise<void>((resolve) => server?.listen(port, '127.0.0.1', resolve));
    },
  };
  t.teardown(() => one.stop());
  await one.start();
  return one;
}

async function rig(t: Test) {
  const [first, second] = [await device(t), await device(t)];
  const clock = new ManualClock();
  const host = '127.0.0.1';
  const backups = [{ host, port: second.port }];
  const failover = new Failover({ host, port: first.port, backups, failBack: 60_000 }, clock, silentLog);
  const open = async () => {
    const socket = await failover.open(openTcp, signal);
    t.teardown(() => socket.destroy());
    return socket;
  };
  return { first, second, clock, open };
}

/** One question and its answer. */
async function ask(socket: Socket): Promise<void> {
  const answer = new Promise((resolve) => socket.once('data', resolve));
  socket.write('?');
  await answer;
}

const closed = (socket: Socket) =>
  new Promise((resolve) => (socket.closed ? resolve(null) : socket.once('close', resolve)));

t.test('the first address is used while it works', async (t) => {
  const { first, open } = await rig(t);
  for (let i = 0; i < 2; i++) {
    const socket = await open();
    t.equal(socket.remotePort, first.port);
    await ask(socket);
    socket.destroy();
    await closed(socket);
  }
});

t.test('the first is dead: the second, until the first is back, then the first again', async (t) => {
  const { first, second, clock, open } = await rig(t);
  await first.stop();
  const socket = await open();
  t.equal(socket.remotePort, second.port);
  await ask(socket);
  await clock.advance(60_000);
  await ask(socket);
  t.notOk(socket.destroyed, 'the first is still dead: nothing changes');
  await first.start();
  // The last probe found nobody; the next one is due after another interval.
  await eventually(() => clock.pending > 0);
  await clock.advance(60_000);
  await eventually(() => first.connections.length === 1);
  await eventually(async () => {
    await ask(socket).catch(() => {});
    return socket.destroyed || socket.closed;
  });
  const again = await open();
  t.equal(again.remotePort, first.port, 'the first again');
});

t.test(
  'connections to a backup that we close ourselves: the first is tried again after the interval all the same',
  async (t) => {
    const { first, second, clock, open } = await rig(t);
    const once = async () => {
      const socket = await open();
      await ask(socket);
      const { remotePort } = socket;
      socket.destroy();
      await closed(socket);
      return remotePort;
    };
    await first.stop();
    t.equal(await once(), second.port);
    await first.start();
    await clock.advance(59_999);
    t.equal(await once(), second.port, 'not before');
    await clock.advance(1);
    t.equal(await once(), first.port);
  },
);

t.test('a connection that is lost is made to the same address again', async (t) => {
  const { first, second, open } = await rig(t);
  await first.stop();
  const socket = await open();
  await ask(socket);
  await first.start();
  socket.destroy();
  await closed(socket);
  t.equal((await open()).remotePort, second.port);
});

t.test('the first accepts but never answers: the second', async (t) => {
  const { first, second, open } = await rig(t);
  first.answers = false;
  const socket = await open();
  t.equal(socket.remotePort, first.port);
  socket.write('?');
  await eventually(() => socket.bytesWritten > 0);
  socket.destroy();
  await closed(socket);
  const next = await open();
  t.equal(next.remotePort, second.port);
});

t.test('the first is silent for longer than the interval: the second all the same', async (t) => {
  const { first, second, clock, open } = await rig(t);
  first.answers = false;
  const socket = await open();
  socket.write('?');
  await eventually(() => socket.bytesWritten > 0);
  await clock.advance(200_000);
  socket.destroy();
  await closed(socket);
  t.equal((await open()).remotePort, second.port);
});

t.test('nobody works: the error of the first', async (t) => {
  const { first, second, open } = await rig(t);
  await first.stop();
  await second.stop();
  await t.rejects(open(), { code: 'PORT_REFUSED', message: new RegExp(`:${first.port}`) });
  await second.start();
  t.equal((await open()).remotePort, second.port, 'and the next attempt begins with the first again');
});

t.test('an address that does not answer to a connection is given up after the time for it', async (t) => {
  const clock = new ManualClock();
  const late = new Failover({ host: '127.0.0.1', port: 1, connectTimeout: 700 }, clock, silentLog);
  const opening = late.open(
    (_address, signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    signal,
  );
  const outcome = t.rejects(opening, { code: 'PORT_CONNECT_TIMEOUT', details: { timeoutMs: 700 } });
  await clock.advance(700);
  await outcome;
  t.equal(clock.pending, 0);
});
