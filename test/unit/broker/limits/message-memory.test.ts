/** Who pays when messages that wait take more memory than there is. */
import t from 'tap';
import { ENTRY_BYTES, type MessageHolder, MessageMemory } from '../../../../src/broker/limits/message-memory.js';
import { createMessage, type Message } from '../../../../src/core/message.js';
import { ManualClock } from '../../../support/manual-clock.js';

const PAYLOAD = 10_000;
const LIMIT = 4_000_000;

function start() {
  const clock = new ManualClock();
  const memory = new MessageMemory(LIMIT, clock);
  const holder = (isBehind = () => false) => {
    const queue: Message[] = [];
    const one = {
      dropped: 0,
      progressAt: 0,
      isStuck: false,
      get isBehind() {
        return isBehind();
      },
      get heldBytes() {
        return queue.length * (PAYLOAD + ENTRY_BYTES);
      },
      take(message: Message) {
        queue.push(message);
        memory.keep(message);
        memory.relieve();
      },
      acknowledge() {
        const message = queue.shift();
        if (message !== undefined) memory.release(message);
        one.progressAt = clock.monotonic();
      },
      dropOldest() {
        const message = queue.shift();
        if (message === undefined) return false;
        memory.release(message);
        one.dropped++;
        return true;
      },
      giveUp() {},
    } satisfies MessageHolder & Record<string, unknown>;
    memory.add(one);
    return one;
  };
  const message = (n: number) =>
    createMessage({ topic: `${n}`, payload: Buffer.alloc(PAYLOAD), origin: 'client:c', receivedAt: 0, qos: 1 });
  return { clock, memory, holder, message };
}

t.test('who acknowledges loses nothing to those that take nothing, from the first moment on', async (t) => {
  const { clock, memory, holder, message } = start();
  const idle = Array.from({ length: 100 }, () => holder());
  const healthy = holder();
  const own: number[] = [];
  for (let i = 0; i < 5_000; i++) {
    await clock.advance(1);
    const sent = message(i);
    idle[i % 100]!.take(sent);
    healthy.take(sent);
    own.push(i);
    // It has four on their way, which is as much as the others have on average.
    if (own.length >= 4) {
      own.shift();
      healthy.acknowledge();
    }
    if (memory.used > LIMIT) t.fail(`${memory.used} bytes are held`);
  }
  t.equal(healthy.dropped, 0);
  const dropped = idle.map((one) => one.dropped);
  t.ok(Math.min(...dropped) > 0 && Math.max(...dropped) - Math.min(...dropped) < 20, `each pays alike: ${dropped}`);
});

t.test('where everybody acknowledges, those that hold most pay', async (t) => {
  const { clock, memory, holder, message } = start();
  const [fat, lean] = [holder(), holder()];
  for (let i = 0; i < 1_000; i++) {
    await clock.advance(1);
    fat.take(message(i));
    fat.progressAt = clock.monotonic();
    if (i % 10 === 0) lean.take(message(-i));
    if (i % 20 === 0) lean.acknowledge();
  }
  t.ok(fat.dropped > 0);
  t.equal(lean.dropped, 0);
  t.ok(memory.used <= LIMIT);
});

t.test('who does not keep up pays first, however little it has', async (t) => {
  const { clock, holder, message } = start();
  const [behind, fat] = [holder(() => true), holder()];
  for (let i = 0; i < 30; i++) behind.take(message(i));
  for (let i = 0; i < 365; i++) {
    await clock.advance(1);
    fat.take(message(100 + i));
  }
  t.ok(behind.dropped > 0);
  t.equal(fat.dropped, 0);
});
