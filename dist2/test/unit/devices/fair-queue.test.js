import t from "tap";
import { FairQueue } from "../../../src/devices/fair-queue.js";
t.test("lanes take turns, first in first out within a lane", async (t2) => {
  const queue = new FairQueue(10);
  for (const item of ["a1", "a2", "a3", "b1", "c1", "c2"]) queue.push(item[0], item);
  const order = [];
  for (let item = queue.shift(); item !== void 0; item = queue.shift()) order.push(item);
  t2.strictSame(order, ["a1", "b1", "c1", "a2", "c2", "a3"]);
  t2.equal(queue.size, 0);
});
t.test("a full lane refuses, the others do not", async (t2) => {
  const queue = new FairQueue(2);
  t2.ok(queue.push("a", 1));
  t2.ok(queue.push("a", 2));
  t2.notOk(queue.push("a", 3));
  t2.ok(queue.push("b", 4));
  t2.equal(queue.size, 3);
});
t.test("items can be taken back one by one, by lane, and all", async (t2) => {
  const queue = new FairQueue(5);
  for (const [key, item] of [
    ["a", 1],
    ["a", 2],
    ["b", 3],
    ["c", 4]
  ])
    queue.push(key, item);
  t2.ok(queue.remove("a", 1));
  t2.notOk(queue.remove("a", 1));
  t2.notOk(queue.remove("z", 1));
  t2.strictSame(queue.drain("b"), [3]);
  t2.strictSame(queue.drain("b"), []);
  t2.equal(queue.size, 2);
  t2.strictSame(queue.drainAll(), [2, 4]);
  t2.equal(queue.size, 0);
  t2.equal(queue.shift(), void 0);
});
//# sourceMappingURL=fair-queue.test.js.map
