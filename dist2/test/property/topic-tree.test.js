import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import { RetainedMessages } from "../../src/broker/retained.js";
import { SubscriptionTree } from "../../src/broker/subscription-tree.js";
import { createMessage } from "../../src/core/message.js";
import { topicFilterFault, topicMatches, topicNameFault } from "../../src/core/topic.js";
const level = fc.constantFrom("", "a", "b", "c", "$x", "$SYS", "\xE9");
const topic = fc.array(level, { minLength: 1, maxLength: 5 }).map((levels) => levels.join("/")).filter((text) => topicNameFault(text) === void 0);
const filter = fc.tuple(fc.array(fc.oneof(level, fc.constant("+")), { maxLength: 5 }), fc.boolean()).map(([levels, isMultiLevel]) => [...levels, ...isMultiLevel || levels.length === 0 ? ["#"] : []].join("/")).filter((text) => topicFilterFault(text) === void 0);
t.test("the subscription tree finds exactly what topicMatches says, through adds and removes", async (t2) => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ filter, isRemoved: fc.boolean() }), { maxLength: 30 }),
      fc.array(topic, { minLength: 1, maxLength: 20 }),
      (operations, topics) => {
        const tree = new SubscriptionTree();
        const model = /* @__PURE__ */ new Set();
        for (const { filter: filter2, isRemoved } of operations) {
          if (!isRemoved) {
            tree.add(filter2, filter2);
            model.add(filter2);
          } else if (tree.remove(filter2, filter2) !== model.delete(filter2)) {
            throw new Error(`remove(${filter2}) says the wrong thing`);
          }
        }
        if (tree.size !== model.size) throw new Error(`size ${tree.size}, not ${model.size}`);
        for (const topic2 of topics) {
          const found = [];
          tree.match(topic2, found);
          const expected = [...model].filter((filter2) => topicMatches(filter2, topic2));
          assert.deepEqual(found.sort(), expected.sort(), `${topic2} against ${[...model].join(" ")}`);
        }
        for (const filter2 of model) tree.remove(filter2, filter2);
        return tree.size === 0;
      }
    ),
    { numRuns: 500 }
  );
  t2.pass("500 trees");
});
t.test("retained messages are found exactly as topicMatches says, through sets and clears", async (t2) => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ topic, isCleared: fc.boolean() }), { maxLength: 40 }),
      fc.array(filter, { minLength: 1, maxLength: 10 }),
      (operations, filters) => {
        const retained = new RetainedMessages(1e3);
        const model = /* @__PURE__ */ new Map();
        for (const [index, { topic: topic2, isCleared }] of operations.entries()) {
          if (isCleared) {
            retained.delete(topic2);
            model.delete(topic2);
            continue;
          }
          const message = createMessage({
            topic: topic2,
            payload: `${index}`,
            origin: "gateway:test",
            receivedAt: 0,
            retain: true
          });
          retained.set(message);
          model.set(topic2, message);
        }
        assert.equal(retained.size, model.size);
        for (const filter2 of filters) {
          const found = [...retained.match(filter2, () => 0)].map(({ topic: topic2, payload }) => `${topic2} ${payload}`);
          const expected = [...model.values()].filter(({ topic: topic2 }) => topicMatches(filter2, topic2));
          assert.deepEqual(found.sort(), expected.map(({ topic: topic2, payload }) => `${topic2} ${payload}`).sort(), filter2);
        }
      }
    ),
    { numRuns: 300 }
  );
  t2.pass("300 sets of messages");
});
//# sourceMappingURL=topic-tree.test.js.map
