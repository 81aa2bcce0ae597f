/** Devices that dial in. */
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { silentLog } from '../../../../src/core/log.js';
import type { ListenEndpoint } from '../../../../src/core/transport.js';
import { HeartbeatFilter, identify } from '../../../../src/devices/transport/dial-in.js';
import { Listeners } from '../../../../src/devices/transport/listen.js';
import { ManualClock } from '../../../support/manual-clock.js';
import { eventually, freePort } from '../../../support/peers.js';

async function rig(t: Test) {
  const clock = new ManualClock();
  const listeners = new Listeners(clock, silentLog);
  t.teardown(() => listeners[Symbol.asyncDispose]());
  const port = await freePort();
  const endpoint = (fields: Partial<ListenEndpoint> = {}): ListenEndpoint => ({
    type: 'listen',
    host: '127.0.0.1',
    port,
    ...fields,
  });
  const open = (one: ListenEndpoint) => {
    const controller = new AbortController();
    t.teardown(() => controller.abort(new Error('over')));
    const wire = listeners.claim(one, controller.signal);
    wire.catch(() => {});
    return { wire, controller };
  };
  const dial = async (text: string): Promise<Socket> => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    socket.on('error', () => {});
    t.teardown(() => socket.destroy());
    await new Promise((resolve) => socket.once('connect', resolve));
    if (text !== '') socket.write(text);
    return socket;
  };
  return { clock, listeners, endpoint, open, dial };
}

const named = (name: string) => ({ registration: Buffer.from(name) });
const isClosed = (socket: Duplex) => eventually(() => socket.destroyed || socket.closed || socket.readableEnded);

/** The next `count` bytes. */
async function read(wire: Duplex, count: number): Promise<string> {
  const chunks: Buffer[] = [];
  const take = (chunk: Buffer) => void chunks.push(chunk);
  wire.on('data', take);
  await eventually(() => Buffer.concat(chunks).length >= count);
  wire.off('data', take);
  return Buffer.concat(chunks).toString();
}

t.test('devices are told apart by what they say first, in pieces or with the first data', async (t) => {
  const { endpoint, open, dial } = await rig(t);
  const [a, b] = [open(endpoint(named('PUMP-1'))), open(endpoint(named('PUMP-2')))];
  await eventually(() => true);
  const second = await dial('PUMP-2data');
  const first = await dial('PUM');
  first.write('P-1');
  const [wireA, wireB] = [await a.wire, await b.wire];
  t.equal(await read(wireB, 4), 'data');
  first.write('one');
  t.equal(await read(wireA, 3), 'one');
  wireA.write('ask');
  t.equal(await read(first, 3), 'ask');
  t.notOk(second.destroyed);
});

t.test('who is not known, says nothing, or calls from elsewhere is closed', async (t) => {
  const { clock, endpoint, open, dial } = await rig(t);
  open(endpoint(named('PUMP-1')));
  await isClosed((await dial('PUMX')).resume());
  const silent = (await dial('')).resume();
  await eventually(() => clock.pending > 0);
  await clock.advance(10_000);
  await isClosed(silent);

  const other = await rig(t);
  open(endpoint(named('PUMP-1')));
  const { wire } = other.open(other.endpoint({ from: ['10.0.0.0/8', '192.168.1.7'] }));
  await isClosed((await other.dial('hello')).resume());
  const local = other.open(other.endpoint({ ...named('L'), from: ['127.0.0.0/8'] }));
  await other.dial('L');
  t.ok(await local.wire);
  t.equal(await Promise.race([wire, Promise.resolve('waits')]), 'waits');
});

t.test('a device that dials in while nobody waits is kept for the next who does', async (t) => {
  const { endpoint, open, dial } = await rig(t);
  const one = endpoint(named('D'));
  const first = open(one);
  await dial('D');
  const wire = await first.wire;
  wire.destroy();
  const again = await dial('Dearly');
  const next = await open(one).wire;
  t.equal(await read(next, 5), 'early');
  t.notOk(again.destroyed);
});

t.test('a wait that is given up takes no device', async (t) => {
  const { endpoint, open, dial } = await rig(t);
  const one = endpoint(named('D'));
  const { wire, controller } = open(one);
  const reason = new Error('enough');
  controller.abort(reason);
  await t.rejects(wire, reason);
  await dial('D!');
  t.equal(await read(await open(one).wire, 1), '!');
});

t.test('with a registration the newer connection replaces the older one; without, it waits', async (t) => {
  const { endpoint, open, dial } = await rig(t);
  const known = endpoint(named('D'));
  const first = open(known);
  await dial('D');
  const old = (await first.wire).resume();
  await dial('D');
  await isClosed(old);
  t.notOk((await open(known).wire).destroyed);

  const unnamed = await rig(t);
  const waiting = unnamed.open(unnamed.endpoint());
  await unnamed.dial('');
  const current = await waiting.wire;
  const scanner = await unnamed.dial('GET / HTTP/1.1');
  const later = unnamed.open(unnamed.endpoint({ port: unnamed.endpoint().port }));
  t.notOk(current.destroyed, 'a stranger does not put the device out');
  later.controller.abort(new Error('over'));
  scanner.destroy();
});

t.test('many who say nothing: the rest is closed at once, and the device gets in when they are gone', async (t) => {
  const { clock, endpoint, open, dial } = await rig(t);
  const { wire } = open(endpoint(named('D')));
  await eventually(() => true);
  for (let i = 0; i < 32; i++) await dial('');
  await eventually(() => clock.pending >= 32);
  await isClosed((await dial('')).resume());
  await clock.advance(10_000);
  await dial('D');
  t.ok(await wire);
});

t.test('an address that cannot be listened at', async (t) => {
  const { endpoint, open } = await rig(t);
  const other = new Listeners(new ManualClock(), silentLog);
  t.teardown(() => other[Symbol.asyncDispose]());
  await other.port(endpoint());
  await t.rejects(open(endpoint()).wire, { code: 'PORT_LISTEN', fault: 'config', message: /EADDRINUSE/ });
  await other[Symbol.asyncDispose]();
  const { wire } = open(endpoint());
  t.equal(await Promise.race([wire, Promise.resolve('waits')]), 'waits', 'and the next attempt listens');
});

t.test('heartbeats and repeated registrations are no data; a device without a sign of life has gone', async (t) => {
  const { clock, endpoint, open, dial } = await rig(t);
  const one = endpoint({ ...named('REG'), heartbeat: Buffer.from('alive'), silenceTimeout: 30_000 });
  const { wire } = open(one);
  const device = await dial('REG');
  const open1 = await wire;
  device.write('alive');
  await eventually(() => device.bytesWritten >= 8);
  await new Promise((resolve) => setTimeout(resolve, 20));
  device.write('REGaliveanswer');
  t.equal(await read(open1, 6), 'answer');
  await clock.advance(29_000);
  t.notOk(open1.destroyed);
  const closed = new Promise<Error | undefined>((resolve) => open1.once('error', resolve));
  await clock.advance(1_000);
  t.match(await closed, { code: 'PORT_SILENT' });
});

t.test('which device it is never depends on how its first bytes were cut', async (t) => {
  const names = ['A1', 'B', 'A23'].map((name) => Buffer.from(name));
  t.strictSame(identify(Buffer.from('A'), names), 'more');
  t.strictSame(identify(Buffer.from(''), names), 'more');
  t.strictSame(identify(Buffer.from('A3'), names), 'unknown');
  t.strictSame(identify(Buffer.from('A3'), [...names, undefined]), { index: 3 });
  fc.assert(
    fc.property(fc.nat(2), fc.uint8Array({ maxLength: 10 }), (index, rest) => {
      const bytes = Buffer.concat([names[index]!, Buffer.from(rest)]);
      for (let end = 0; end <= bytes.length; end++) {
        const identity = identify(bytes.subarray(0, end), names);
        const isWhole = end >= names[index]!.length;
        if (isWhole ? (identity as { index: number }).index !== index : identity !== 'more') return false;
      }
      return true;
    }),
  );
});

t.test('heartbeats are taken out however they are cut, and nothing else is', async (t) => {
  fc.assert(
    fc.property(fc.array(fc.nat(2), { maxLength: 12 }), fc.integer({ min: 1, max: 7 }), (kinds, size) => {
      const clock = new ManualClock();
      const released: Buffer[] = [];
      const filter = new HeartbeatFilter([Buffer.from('<hb>')], clock, (bytes) => void released.push(bytes));
      let expected = '';
      for (const kind of kinds) {
        // Each frame comes for itself, in pieces; data never begins with `<`.
        const frame = kind === 0 ? '<hb>' : kind === 1 ? 'data' : 'x<hb>y';
        if (kind !== 0) expected += frame;
        const cut = kind === 0 ? size : frame.length;
        for (let at = 0; at < frame.length; at += cut) {
          released.push(filter.incoming(Buffer.from(frame.slice(at, at + cut))));
        }
      }
      return Buffer.concat(released).toString() === expected;
    }),
  );
  const clock = new ManualClock();
  const released: string[] = [];
  const filter = new HeartbeatFilter([Buffer.from('alive')], clock, (bytes) => void released.push(bytes.toString()));
  t.equal(filter.incoming(Buffer.from('al')).toString(), '', 'the beginning of one is held back');
  await clock.advance(20);
  t.strictSame(released, ['al'], 'and given out when no more comes');
  filter.incoming(Buffer.from('al'));
  t.equal(filter.incoming(Buffer.from('so')).toString(), 'also', 'or when it is something else');
  filter.close();
  t.equal(clock.pending, 0);
});
