import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { type Delivery, InflightMessages } from '../../../src/broker/inflight.js';
import { DropOldestQueue } from '../../../src/broker/queue.js';
import { createMessage, type QoS } from '../../../src/core/message.js';

function delivery(qos: QoS): Delivery {
  const message = createMessage({ topic: 't', payload: '', origin: 'device:d', receivedAt: 0, qos });
  return { message, qos, retain: false, identifiers: [], share: undefined, stored: undefined };
}

t.test('Packet Identifiers are 1 to 65,535, none twice at a time [MQTT-2.2.1-4]', async (t) => {
  const inflight = new InflightMessages();
  const held = inflight.add(delivery(1)).packetIdentifier;
  const seen = new Set<number>();
  for (let i = 0; i < 70_000; i++) {
    const { packetIdentifier } = inflight.add(delivery(1));
    seen.add(packetIdentifier);
    inflight.puback(packetIdentifier);
  }
  t.equal(seen.size, 65_534);
  t.notOk(seen.has(held) || seen.has(0));
  while (inflight.hasRoom(65_535)) inflight.add(delivery(1));
  t.equal(inflight.size, 65_535, 'full');
});

t.test('what is outstanding never exceeds the window, and a new connection starts from nothing', async (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.array(
        fc.tuple(fc.constantFrom('add', 'puback', 'pubrec', 'refuse', 'pubcomp', 'restart', 'again'), fc.nat(8)),
        {
          maxLength: 60,
        },
      ),
      (window, steps) => {
        const inflight = new InflightMessages();
        const model = new Map<number, { qos: QoS; isReleased: boolean; isOut: boolean }>();
        const outstanding = () => [...model.values()].filter(({ isOut }) => isOut).length;
        for (const [step, index] of steps) {
          const id = [...model.keys()][index % Math.max(1, model.size)] ?? 99;
          const entry = model.get(id);
          if (step === 'add') {
            assert.equal(inflight.hasRoom(window), outstanding() < window);
            if (!inflight.hasRoom(window) || inflight.peekAgain() !== undefined) continue;
            const qos: QoS = index % 2 === 0 ? 1 : 2;
            model.set(inflight.add(delivery(qos)).packetIdentifier, { qos, isReleased: false, isOut: true });
          } else if (step === 'restart') {
            inflight.restart();
            for (const one of model.values()) one.isOut = false;
          } else if (step === 'again') {
            const again = inflight.peekAgain();
            if (again === undefined || (again.state === 'publish' && !inflight.hasRoom(window))) continue;
            assert.equal(again.state === 'pubrel', model.get(again.packetIdentifier)?.isReleased);
            inflight.sentAgain(again);
            if (again.state === 'publish') model.get(again.packetIdentifier)!.isOut = true;
          } else if (step === 'puback') {
            const expected = entry === undefined ? 'unknown' : entry.qos === 1 ? 'done' : 'mismatch';
            assert.equal(inflight.puback(id), expected);
            if (expected === 'done') model.delete(id);
          } else if (step === 'pubcomp') {
            const expected = entry === undefined ? 'unknown' : entry.isReleased ? 'done' : 'mismatch';
            assert.equal(inflight.pubcomp(id), expected);
            if (expected === 'done') model.delete(id);
          } else {
            const isRefused = step === 'refuse';
            const expected =
              entry === undefined ? 'unknown' : entry.qos === 1 ? 'mismatch' : isRefused ? 'done' : 'release';
            assert.equal(inflight.pubrec(id, isRefused), expected);
            if (expected === 'done') model.delete(id);
            if (expected === 'release') entry!.isReleased = true;
          }
          assert.equal(inflight.size, model.size);
        }
      },
    ),
    { numRuns: 500 },
  );
  t.pass('500 histories');
});

t.test('the queue is first in, first out, and the oldest goes when it is full', async (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 90 }), fc.array(fc.boolean(), { maxLength: 400 }), (limit, steps) => {
      const queue = new DropOldestQueue<number>({ items: limit, bytes: 1_000, bytesOf: (value) => value });
      const model: number[] = [];
      for (const [value, isPush] of steps.entries()) {
        if (isPush) {
          model.push(value);
          let dropped = 0;
          const bytes = () => model.reduce((sum, value) => sum + value, 0);
          for (; model.length > limit || (bytes() > 1_000 && model.length > 1); dropped++) model.shift();
          assert.equal(queue.push(value), dropped);
        } else {
          assert.equal(queue.shift(), model.shift());
        }
        assert.equal(queue.size, model.length);
      }
    }),
  );
  t.pass('100 histories');
});
