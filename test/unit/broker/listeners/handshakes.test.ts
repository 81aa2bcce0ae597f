import { Socket } from 'node:net';
import t, { type Test } from 'tap';
import { type Handshake, Handshakes } from '../../../../src/broker/listeners/handshakes.js';
import { ManualClock } from '../../../support/manual-clock.js';

function setUp(t: Test, atOnce: number) {
  const clock = new ManualClock();
  const failed: string[] = [];
  const handshakes = new Handshakes({
    limits: { timeout: 10_000, atOnce },
    clock,
    onFailed: (_socket, reason) => failed.push(reason),
  });
  const enter = () => {
    const socket = new Socket();
    const entry: { socket: Socket; handshake: Handshake | undefined } = { socket, handshake: undefined };
    t.teardown(() => socket.destroy());
    handshakes.enter(socket, (handshake) => {
      entry.handshake = handshake;
    });
    return entry;
  };
  return { clock, failed, handshakes, enter };
}

t.test('one that gets through leaves no timer', async (t) => {
  const { clock, failed, handshakes, enter } = setUp(t, 2);
  const { handshake, socket } = enter();
  t.equal(handshake?.done(), true);
  t.equal(clock.pending, 0);
  socket.destroy();
  await new Promise((resolve) => socket.once('close', resolve));
  t.same([failed, handshakes.running], [[], 0]);
});

t.test('the deadline ends it, and done() says so', async (t) => {
  const { clock, failed, enter } = setUp(t, 2);
  const { handshake, socket } = enter();
  await clock.advance(10_000);
  t.ok(socket.destroyed);
  t.equal(handshake?.done(), false);
  t.same(failed, ['not done within 10000 ms']);
});

t.test('a refusal in words closes later; the reason is kept, and the deadline holds on', async (t) => {
  const { clock, failed, enter } = setUp(t, 2);
  const first = enter();
  first.handshake?.refuse('wrong path');
  t.notOk(first.socket.destroyed);
  first.socket.destroy();
  await new Promise((resolve) => first.socket.once('close', resolve));
  const second = enter();
  second.handshake?.refuse('wrong path');
  await clock.advance(10_000);
  t.ok(second.socket.destroyed);
  t.same(failed, ['wrong path', 'not done within 10000 ms']);
});

t.test('more than the limit wait in line, first come first served', async (t) => {
  const { handshakes, enter } = setUp(t, 2);
  const [a, b, c, d] = [enter(), enter(), enter(), enter()];
  t.same([c.handshake, d.handshake, handshakes.waiting], [undefined, undefined, 2]);
  a.handshake?.done();
  t.ok(c.handshake);
  t.notOk(d.handshake);
  b.handshake?.fail('x');
  t.ok(d.handshake);
  t.same([handshakes.running, handshakes.waiting], [2, 0]);
});

t.test('the line has an end, and who waits in it has the same deadline', async (t) => {
  const { clock, failed, handshakes, enter } = setUp(t, 1);
  const entries = Array.from({ length: 10 }, enter);
  t.same([handshakes.running, handshakes.waiting], [1, 8]);
  t.ok(entries[9]?.socket.destroyed);
  t.same(failed, ['too many handshakes at a time']);
  await clock.advance(10_000);
  t.ok(entries.every(({ socket }) => socket.destroyed));
  t.same([handshakes.running, handshakes.waiting, clock.pending], [0, 0, 0]);
});

t.test('silent connections give their place to newcomers', async (t) => {
  const { clock, failed, enter } = setUp(t, 2);
  const silent = [enter(), enter()];
  await clock.advance(3_001);
  const client = enter();
  t.ok(client.handshake, 'it is served at once');
  t.ok(silent[0]?.socket.destroyed);
  t.notOk(silent[1]?.socket.destroyed);
  t.same(failed, ['slow, and others wait']);
});

t.test('the end: all of them are closed', async (t) => {
  const { clock, handshakes, enter } = setUp(t, 1);
  const entries = [enter(), enter(), enter()];
  handshakes[Symbol.dispose]();
  t.ok(entries.every(({ socket }) => socket.destroyed));
  t.equal(clock.pending, 0);
});
