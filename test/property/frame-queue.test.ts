/** What waits to be written, against a plain list: order, what is dropped, what is counted. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { DROPPABLE, FrameQueue, framesOf } from '../../src/broker/frame-queue.js';

interface Waiting {
  readonly bytes: Buffer;
  readonly isDroppable: boolean;
}

let number = 0;
/** PUBLISH of QoS 0, or PUBACK; each with a number of its own. */
const packet = fc
  .record({ isDroppable: fc.boolean(), length: fc.integer({ min: 4, max: 300 }) })
  .map((one): Waiting => {
    const bytes = Buffer.alloc(one.length + 3);
    bytes[0] = one.isDroppable ? 0x30 : 0x40;
    bytes[1] = (one.length & 0x7f) | 0x80;
    bytes[2] = one.length >> 7;
    bytes.writeUInt32BE(number++, 3);
    return { bytes, isDroppable: one.isDroppable };
  });

const operation = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('push' as const), packets: fc.tuple(packet) }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('run' as const), packets: fc.array(packet, { minLength: 1 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('drop' as const), bytes: fc.integer({ min: 0, max: 1_500 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('take' as const), bytes: fc.integer({ min: 1, max: 2_000 }) }),
  },
);

t.test('packets come out as they went in, but for the oldest of QoS 0 where room was needed', async (t) => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 40 }), (operations) => {
      const queue = new FrameQueue();
      let model: Waiting[] = [];
      const takeAll = (most: number) => {
        const taken = framesOf(queue.take(most));
        assert.deepEqual(
          taken,
          model.splice(0, taken.length).map(({ bytes }) => bytes),
        );
      };
      for (const one of operations) {
        if (one.kind === 'push') {
          const { bytes, isDroppable } = one.packets[0];
          queue.push(bytes, isDroppable ? DROPPABLE : 0, 0);
          model.push(one.packets[0]);
        } else if (one.kind === 'run') {
          const droppable = one.packets.filter(({ isDroppable }) => isDroppable).length;
          queue.pushRun(Buffer.concat(one.packets.map(({ bytes }) => bytes)), droppable);
          model.push(...one.packets);
        } else if (one.kind === 'drop') {
          let freed = 0;
          let messages = 0;
          model = model.filter(({ bytes, isDroppable }) => {
            if (!isDroppable || freed >= one.bytes) return true;
            freed += bytes.length;
            messages++;
            return false;
          });
          assert.deepEqual(queue.dropOldest(one.bytes), { messages, bytes: freed });
        } else if (!queue.isEmpty) takeAll(one.bytes);
        assert.equal(queue.droppable, model.filter(({ isDroppable }) => isDroppable).length);
        assert.equal(queue.packets, model.length);
      }
      while (!queue.isEmpty) takeAll(1_000);
      assert.equal(model.length, 0);
    }),
    { numRuns: 2_000 },
  );
  t.pass('2,000 sequences');
});
