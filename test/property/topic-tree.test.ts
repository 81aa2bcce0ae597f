/** The trees agree with the plain matcher of core/topic, whatever the filters and topics are. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { RetainedMessages } from '../../src/broker/retained.js';
import { SubscriptionTree } from '../../src/broker/subscription-tree.js';
import { createMessage, type Message } from '../../src/core/message.js';
import { topicFilterFault, topicMatches, topicNameFault } from '../../src/core/topic.js';

const level = fc.constantFrom('', 'a', 'b', 'c', '$x', '$SYS', 'é');
const topic = fc
  .array(level, { minLength: 1, maxLength: 5 })
  .map((levels) => levels.join('/'))
  .filter((text) => topicNameFault(text) === undefined);
const filter = fc
  .tuple(fc.array(fc.oneof(level, fc.constant('+')), { maxLength: 5 }), fc.boolean())
  .map(([levels, isMultiLevel]) => [...levels, ...(isMultiLevel || levels.length === 0 ? ['#'] : [])].join('/'))
  .filter((text) => topicFilterFault(text) === undefined);

t.test('the subscription tree finds exactly what topicMatches says, through adds and removes', async (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ filter, isRemoved: fc.boolean() }), { maxLength: 30 }),
      fc.array(topic, { minLength: 1, maxLength: 20 }),
      (operations, topics) => {
        const tree = new SubscriptionTree<string>();
        const model = new Set<string>();
        for (const { filter, isRemoved } of operations) {
          if (!isRemoved) {
            tree.add(filter, filter);
            model.add(filter);
          } else if (tree.remove(filter, filter) !== model.delete(filter)) {
            throw new Error(`remove(${filter}) says the wrong thing`);
          }
        }
        if (tree.size !== model.size) throw new Error(`size ${tree.size}, not ${model.size}`);
        for (const topic of topics) {
          const found: string[] = [];
          tree.match(topic, found);
          const expected = [...model].filter((filter) => topicMatches(filter, topic));
          assert.deepEqual(found.sort(), expected.sort(), `${topic} against ${[...model].join(' ')}`);
        }
        for (const filter of model) tree.remove(filter, filter);
        return tree.size === 0;
      },
    ),
    { numRuns: 500 },
  );
  t.pass('500 trees');
});

t.test('retained messages are found exactly as topicMatches says, through sets and clears', async (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ topic, isCleared: fc.boolean() }), { maxLength: 40 }),
      fc.array(filter, { minLength: 1, maxLength: 10 }),
      (operations, filters) => {
        const retained = new RetainedMessages(1_000);
        const model = new Map<string, Message>();
        for (const [index, { topic, isCleared }] of operations.entries()) {
          if (isCleared) {
            retained.delete(topic);
            model.delete(topic);
            continue;
          }
          const message = createMessage({
            topic,
            payload: `${index}`,
            origin: 'gateway:test',
            receivedAt: 0,
            retain: true,
          });
          retained.set(message);
          model.set(topic, message);
        }
        assert.equal(retained.size, model.size);
        for (const filter of filters) {
          const found = [...retained.match(filter, () => 0)].map(({ topic, payload }) => `${topic} ${payload}`);
          const expected = [...model.values()].filter(({ topic }) => topicMatches(filter, topic));
          assert.ok(retained.mayMatch(filter) || expected.length === 0, `${filter} is said to match nothing`);
          assert.deepEqual(found.sort(), expected.map(({ topic, payload }) => `${topic} ${payload}`).sort(), filter);
        }
      },
    ),
    { numRuns: 300 },
  );
  t.pass('300 sets of messages');
});
