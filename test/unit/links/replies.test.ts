import t from 'tap';
import { Replies } from '../../../src/links/replies.js';
import { ManualClock } from '../../support/manual-clock.js';

t.test('a request is found for five minutes, any number of times', async (t) => {
  const clock = new ManualClock();
  const replies = new Replies('cloud', clock);
  t.equal(replies.filter, '$link/cloud/#');
  const correlationData = Buffer.from('c');
  const topic = replies.add({ responseTopic: 'answers/1', correlationData });
  t.match(topic, /^\$link\/cloud\/[\w-]{16}$/);
  t.ok(replies.isReply(topic));
  t.notOk(replies.isReply('$link/other/abc'));
  await clock.advance(5 * 60_000 - 1);
  t.strictSame(replies.find(topic), { responseTopic: 'answers/1', correlationData });
  t.strictSame(replies.find(topic), { responseTopic: 'answers/1', correlationData });
  await clock.advance(1);
  t.equal(replies.find(topic), undefined);
  t.equal(replies.find('$link/cloud/guess'), undefined);
  replies.add({ responseTopic: 'answers/2', correlationData: undefined });
  t.equal(replies.size, 1, 'the old one is forgotten');
});

t.test('at most 1,000 requests wait; the oldest goes', async (t) => {
  const replies = new Replies('cloud', new ManualClock());
  const topics = Array.from({ length: 1_001 }, (_, i) =>
    replies.add({ responseTopic: `answers/${i}`, correlationData: undefined }),
  );
  t.equal(replies.size, 1_000);
  t.equal(replies.find(topics[0]!), undefined);
  t.equal(replies.find(topics[1]!)?.responseTopic, 'answers/1');
  t.equal(replies.find(topics[1_000]!)?.responseTopic, 'answers/1000');
});
