import fc from "fast-check";
import t from "tap";
import { createMessage } from "../../../src/core/message.js";
import { Outbox } from "../../../src/links/queue.js";
function item(topic, qos = 1) {
  const source = createMessage({ topic, payload: "", origin: "client:x", receivedAt: 0, qos });
  return { ...source, queuedAt: 0, source };
}
function rest(outbox) {
  const topics = [];
  for (let next = outbox.shift(); next !== void 0; next = outbox.shift()) topics.push(next.topic);
  return topics;
}
t.test("first in, first out; in flight until settled", async (t2) => {
  const outbox = new Outbox(10);
  for (const topic of ["a", "b", "c"]) t2.ok(outbox.push(item(topic)));
  const a = outbox.send();
  t2.match(
    { topic: a.topic, waiting: outbox.waiting, inFlight: outbox.inFlight, size: outbox.size },
    {
      topic: "a",
      waiting: 2,
      inFlight: 1,
      size: 3
    }
  );
  t2.equal(outbox.oldest, a, "what is in flight is the oldest");
  t2.ok(outbox.settle(a));
  t2.notOk(outbox.settle(a), "only once");
  t2.equal(outbox.oldest?.topic, "b");
  t2.equal(outbox.peek()?.topic, "b");
  t2.strictSame(rest(outbox), ["b", "c"]);
  t2.equal(outbox.send(), void 0);
  t2.equal(outbox.oldest, void 0);
});
t.test("full: the oldest that waits goes, counted; what is in flight stays", async (t2) => {
  const outbox = new Outbox(2);
  outbox.push(item("flying"));
  outbox.send();
  outbox.push(item("a"));
  outbox.push(item("b"));
  t2.ok(outbox.isFull);
  t2.notOk(outbox.push(item("c")));
  t2.match(
    { dropped: outbox.dropped, waiting: outbox.waiting, inFlight: outbox.inFlight },
    {
      dropped: 1,
      waiting: 2,
      inFlight: 1
    }
  );
  outbox.requeue();
  t2.equal(outbox.dropped, 2, "now it waits too, and is the oldest");
  t2.strictSame(rest(outbox), ["b", "c"]);
});
t.test("a lost connection: in flight first, in the same order; QoS 0 is given up", async (t2) => {
  const outbox = new Outbox(10);
  for (const topic of ["a", "b", "c"]) outbox.push(item(topic));
  outbox.push(item("z", 0));
  outbox.send();
  const b = outbox.send();
  outbox.settle(b);
  outbox.requeue();
  t2.equal(outbox.dropped, 1);
  t2.strictSame(rest(outbox), ["a", "c"]);
});
t.test("any sequence of operations keeps the order and the books (property)", async (t2) => {
  const operation = fc.constantFrom("push", "push", "push", "send", "send", "settle", "requeue");
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 200 }), fc.integer({ min: 1, max: 20 }), (operations, capacity) => {
      const outbox = new Outbox(capacity);
      const flying = [];
      let pushed = 0;
      let settled = 0;
      for (const what of operations) {
        if (what === "push") outbox.push(item(String(pushed++)));
        else if (what === "send") {
          const sent = outbox.send();
          if (sent !== void 0) flying.push(sent);
        } else if (what === "settle") {
          const first = flying.shift();
          if (first !== void 0 && outbox.settle(first)) settled++;
        } else {
          outbox.requeue();
          flying.length = 0;
        }
        if (outbox.waiting > capacity) throw new Error(`${outbox.waiting} wait`);
        if (pushed !== settled + outbox.dropped + outbox.size) throw new Error("the books do not balance");
      }
      outbox.requeue();
      const left = rest(outbox).map(Number);
      if (left.some((value, i) => i > 0 && value <= left[i - 1])) throw new Error(`order: ${left}`);
    }),
    { numRuns: 500 }
  );
  t2.pass("500 sequences");
});
t.test("a long run keeps no memory of what is gone", async (t2) => {
  const outbox = new Outbox(5e3);
  for (let i = 0; i < 2e4; i++) {
    outbox.push(item(String(i)));
    if (i >= 3e3) outbox.settle(outbox.send());
  }
  t2.match(
    { waiting: outbox.waiting, dropped: outbox.dropped, next: outbox.peek()?.topic },
    {
      waiting: 3e3,
      dropped: 0,
      next: "17000"
    }
  );
});
//# sourceMappingURL=queue.test.js.map
