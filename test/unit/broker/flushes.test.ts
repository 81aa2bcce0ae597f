import { setImmediate as turn } from 'node:timers/promises';
import t from 'tap';
import { Flushes } from '../../../src/broker/fast/flushes.js';
import type { Turns } from '../../../src/broker/limits/turns.js';
import type { Clock } from '../../../src/core/clock.js';

function setUp() {
  let now = 0;
  const turns = { isWaiting: false, isRunning: false };
  const written: string[] = [];
  const flushes = new Flushes({ monotonic: () => now } as Clock, turns as unknown as Turns);
  const writer = (name: string) => ({ flush: () => void written.push(name) });
  return { turns, written, flushes, writer, pass: (ms: number) => (now += ms) };
}

t.test('what one client sends is written at the end of the turn', async (t) => {
  const { flushes, writer, written } = setUp();
  flushes.add(writer('a'));
  t.same(written, []);
  await turn();
  t.same(written, ['a']);
});

t.test(
  'after a pause it is written at the end of the callback; what follows closely, at the end of the turn',
  async (t) => {
    const { flushes, writer, written, pass } = setUp();
    const endOfCallback = () => new Promise<void>((resolve) => process.nextTick(resolve));
    pass(1);
    flushes.add(writer('a'));
    flushes.add(writer('b'));
    t.same(written, [], 'never in the midst of what is sent');
    await endOfCallback();
    t.same(written, ['a', 'b']);
    pass(0.1);
    flushes.add(writer('c'));
    await endOfCallback();
    t.same(written, ['a', 'b'], 'others may have something in this turn');
    await turn();
    t.same(written, ['a', 'b', 'c']);
  },
);

t.test('where the end of the callback is told, it is written there', async (t) => {
  const { flushes, writer, written, pass } = setUp();
  pass(1);
  flushes.beginRead();
  flushes.add(writer('a'));
  flushes.add(writer('b'));
  t.same(written, []);
  flushes.endRead(false);
  t.same(written, ['a', 'b']);
  flushes.beginRead();
  flushes.add(writer('c'));
  flushes.endRead(false);
  t.same(written, ['a', 'b'], 'others may have something in this turn');
  await turn();
  t.same(written, ['a', 'b', 'c']);
});

t.test('what comes one by one is written at the end of its callback, until two come together', async (t) => {
  const { flushes, writer, written, pass } = setUp();
  const isWrittenAtOnce = async (name: string) => {
    flushes.add(writer(name));
    await new Promise<void>((resolve) => process.nextTick(resolve));
    const isWritten = written.at(-1) === name;
    await turn();
    t.equal(written.at(-1), name);
    return isWritten;
  };
  for (let i = 0; i < 16; i++) {
    pass(0.06);
    t.notOk(await isWrittenAtOnce(`${i}`), 'others may have something in this turn');
  }
  pass(0.06);
  t.ok(await isWrittenAtOnce('alone'));
  pass(0.01);
  t.notOk(await isWrittenAtOnce('together'));
  pass(0.06);
  t.notOk(await isWrittenAtOnce('who knows'));
  for (let i = 0; i < 40; i++) {
    pass(0.06);
    await isWrittenAtOnce(`${i}`);
  }
  t.notOk(await isWrittenAtOnce('once in a while'));
  pass(0.06);
  t.ok(await isWrittenAtOnce('alone again'));
  for (const name of ['two', 'by', 'two']) t.notOk(await isWrittenAtOnce(name));
  pass(0.06);
  t.notOk(await isWrittenAtOnce('not any more'));
});

t.test('a flood that begins after a pause is not written with each callback', async (t) => {
  const { flushes, turns, writer, written, pass } = setUp();
  pass(5);
  turns.isWaiting = true;
  turns.isRunning = true;
  flushes.add(writer('a'));
  await turn();
  t.same(written, []);
  pass(1.1);
  await turn();
  t.same(written, ['a']);
});

t.test('what a flood sends is written a millisecond later, not with each slice', async (t) => {
  const { flushes, turns, writer, written, pass } = setUp();
  turns.isWaiting = true;
  turns.isRunning = true;
  flushes.add(writer('a'));
  for (let i = 0; i < 4; i++) await turn();
  pass(0.9);
  await turn();
  t.same(written, []);
  pass(0.2);
  await turn();
  t.same(written, ['a']);
});

for (const pause of [0, 1])
  t.test(`what a flood begins with ${pause} ms after the last write waits, too: whoever read it says so`, async (t) => {
    const { flushes, turns, writer, written, pass } = setUp();
    pass(pause);
    flushes.beginRead();
    flushes.add(writer('a'));
    turns.isWaiting = true;
    flushes.endRead(true);
    await turn();
    t.same(written, []);
    pass(1.1);
    await turn();
    await turn();
    t.same(written, ['a']);
  });

t.test('somebody else has something to send: everything is written in this turn', async (t) => {
  const { flushes, turns, writer, written } = setUp();
  turns.isWaiting = true;
  turns.isRunning = true;
  flushes.add(writer('flood'));
  turns.isRunning = false;
  flushes.add(writer('other'));
  await turn();
  t.same(written, ['flood', 'other']);
});

t.test('a flood that is over is written after one turn in which nothing more came', async (t) => {
  const { flushes, turns, writer, written } = setUp();
  turns.isWaiting = true;
  turns.isRunning = true;
  flushes.add(writer('a'));
  await turn();
  turns.isWaiting = false;
  turns.isRunning = false;
  await turn();
  await turn();
  await turn();
  t.same(written, ['a']);
});
