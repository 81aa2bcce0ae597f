import { once } from 'node:events';
import { chmodSync, closeSync, constants, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { SerialEndpoint } from '../../../../src/core/transport.js';
import { serialError } from '../../../../src/devices/transport/serial.js';
import { readLine } from '../../../../src/devices/transport/serial-read.js';
import { plugCable } from '../../../support/cable.js';
import { eventually, needs } from '../../../support/peers.js';
import { openTransport } from '../../../support/wires.js';

const signal = new AbortController().signal;
const line = (path: string): SerialEndpoint => ({
  type: 'serial',
  path,
  baudRate: 9_600,
  dataBits: 8,
  parity: 'none',
  stopBits: 1,
});

t.test('what cannot be opened says why and what to do', async (t) => {
  const folder = t.testdir({ plain: 'no line' });
  await t.rejects(openTransport(line(join(folder, 'ttyUSB7')), signal), {
    code: 'PORT_NOT_FOUND',
    fault: 'device',
    message: /ttyUSB7/,
    hint: /plugged in/,
  });
  await t.rejects(openTransport(line(join(folder, 'plain')), signal), { code: 'PORT_NOT_SERIAL' });
  await t.rejects(openTransport(line(folder), signal), { code: 'PORT_NOT_SERIAL' });
});

t.test('without permission the hint names the group dialout', async (t) => {
  const path = join(t.testdir(), 'line');
  writeFileSync(path, '');
  chmodSync(path, 0);
  const root = process.geteuid?.() === 0;
  // Root may open everything: be somebody else for a moment.
  if (root) process.seteuid?.(65_534);
  try {
    await t.rejects(openTransport(line(path), signal), { code: 'PORT_NOT_PERMITTED', hint: /dialout/ });
  } finally {
    if (root) process.seteuid?.(0);
  }
});

t.test('a line in use is busy', needs('socat'), async (t) => {
  const { ours } = await pair(t);
  const first = await openTransport(line(ours), signal);
  await t.rejects(openTransport(line(ours), signal), { code: 'PORT_BUSY', hint: /one owner/ });
  first.destroy();
  await once(first, 'close');
  const again = await openTransport(line(ours), signal);
  again.destroy();
  await once(again, 'close');
});

t.test(
  'unplugged and plugged in again: the wire closes with an error, and a new one works',
  needs('socat'),
  async (t) => {
    const { ours, theirs, cable } = await pair(t);
    const wire = await openTransport(line(ours), signal);
    const errors: unknown[] = [];
    wire.on('error', (error) => errors.push(error));
    wire.resume();
    await cable.unplug();
    if (!wire.closed) await new Promise((resolve) => wire.once('close', resolve));
    t.match(errors, [{ code: 'PORT_CLOSED', hint: /serial adapter/ }]);
    await t.rejects(openTransport(line(ours), signal), { code: 'PORT_NOT_FOUND' });
    await plugCable(t, ours, theirs);
    const [near, far] = await Promise.all([openTransport(line(ours), signal), openTransport(line(theirs), signal)]);
    far.write('hello');
    const [chunk] = (await once(near, 'data')) as [Buffer];
    t.equal(chunk.toString().slice(0, 1), 'h');
    for (const end of [near, far]) {
      end.destroy();
      await once(end, 'close');
    }
  },
);

t.test(
  'hung up while no read waits on it: the next read fails, and does not come back empty',
  needs('socat'),
  async (t) => {
    const { ours, cable } = await pair(t);
    const fd = openSync(ours, constants.O_RDWR | constants.O_NONBLOCK | constants.O_NOCTTY);
    t.teardown(() => closeSync(fd));
    await cable.unplug();
    const isReadable = (_event: string, callback: (error: Error | null) => void) => setImmediate(callback, null);
    const open = { isOpen: true, fd, poller: { once: isReadable } };
    await t.rejects(readLine(open, Buffer.alloc(8), 0, 8));
    const closed = await readLine({ ...open, isOpen: false }, Buffer.alloc(8), 0, 8).catch((error: unknown) => error);
    t.match(closed, { canceled: true });
  },
);

t.test('bytes that wait on the line when it is opened are not lost', needs('socat'), async (t) => {
  const { ours, theirs } = await pair(t);
  const far = await openTransport(line(theirs), signal);
  const near = await openTransport(line(ours), signal);
  far.write(Buffer.alloc(3_000, 'x'));
  await eventually(() => near.readableLength >= 3_000);
  t.equal((near.read() as Buffer).length, 3_000);
  for (const end of [near, far]) {
    end.destroy();
    await once(end, 'close');
  }
});

t.test('an open that is given up leaves the line free', needs('socat'), async (t) => {
  const { ours } = await pair(t);
  const controller = new AbortController();
  const opening = openTransport(line(ours), controller.signal);
  setImmediate(() => controller.abort(new Error('enough')));
  const first = await opening.catch((error: Error) => error);
  if (!(first instanceof Error)) first.destroy();
  const again = await eventually(() => openTransport(line(ours), signal).catch(() => undefined));
  t.notOk(again.destroyed);
  again.destroy();
  await once(again, 'close');
});

t.test('other failures keep the words of the system', async (t) => {
  t.match(serialError('/dev/ttyX', new Error('Error: Input/output error, cannot open /dev/ttyX')), {
    code: 'PORT_FAILED',
    message: '/dev/ttyX: Input/output error, cannot open /dev/ttyX',
  });
});

async function pair(t: Test) {
  const folder = t.testdir();
  const [ours, theirs] = [join(folder, 'ours'), join(folder, 'theirs')];
  return { ours, theirs, cable: await plugCable(t, ours, theirs) };
}
