import t from 'tap';
import { FairQueue } from '../../../src/devices/fair-queue.js';

t.test('lanes take turns, first in first out within a lane', async (t) => {
  const queue = new FairQueue<string>(10);
  for (const item of ['a1', 'a2', 'a3', 'b1', 'c1', 'c2']) queue.push(item[0]!, item);
  const order: string[] = [];
  for (let item = queue.shift(); item !== undefined; item = queue.shift()) order.push(item);
  t.strictSame(order, ['a1', 'b1', 'c1', 'a2', 'c2', 'a3']);
  t.equal(queue.size, 0);
});

t.test('a full lane refuses, the others do not', async (t) => {
  const queue = new FairQueue<number>(2);
  t.ok(queue.push('a', 1));
  t.ok(queue.push('a', 2));
  t.notOk(queue.push('a', 3));
  t.ok(queue.push('b', 4));
  t.equal(queue.size, 3);
});

t.test('items can be taken back one by one, by lane, and all', async (t) => {
  const queue = new FairQueue<number>(5);
  for (const [key, item] of [
    ['a', 1],
    ['a', 2],
    ['b', 3],
    ['c', 4],
  ] as const)
    queue.push(key, item);
  t.ok(queue.remove('a', 1));
  t.notOk(queue.remove('a', 1));
  t.notOk(queue.remove('z', 1));
  t.strictSame(queue.drain('b'), [3]);
  t.strictSame(queue.drain('b'), []);
  t.equal(queue.size, 2);
  t.strictSame(queue.drainAll(), [2, 4]);
  t.equal(queue.size, 0);
  t.equal(queue.shift(), undefined);
});
