import t from "tap";
import { Replies } from "../../../src/links/replies.js";
import { ManualClock } from "../../support/manual-clock.js";
t.test("a request is found for five minutes, any number of times", async (t2) => {
  const clock = new ManualClock();
  const replies = new Replies("cloud", clock);
  t2.equal(replies.filter, "$link/cloud/#");
  const correlationData = Buffer.from("c");
  const topic = replies.add({ responseTopic: "answers/1", correlationData });
  t2.match(topic, /^\$link\/cloud\/[\w-]{16}$/);
  t2.ok(replies.isReply(topic));
  t2.notOk(replies.isReply("$link/other/abc"));
  await clock.advance(5 * 6e4 - 1);
  t2.strictSame(replies.find(topic), { responseTopic: "answers/1", correlationData });
  t2.strictSame(replies.find(topic), { responseTopic: "answers/1", correlationData });
  await clock.advance(1);
  t2.equal(replies.find(topic), void 0);
  t2.equal(replies.find("$link/cloud/guess"), void 0);
  replies.add({ responseTopic: "answers/2", correlationData: void 0 });
  t2.equal(replies.size, 1, "the old one is forgotten");
});
t.test("at most 1,000 requests wait; the oldest goes", async (t2) => {
  const replies = new Replies("cloud", new ManualClock());
  const topics = Array.from(
    { length: 1001 },
    (_, i) => replies.add({ responseTopic: `answers/${i}`, correlationData: void 0 })
  );
  t2.equal(replies.size, 1e3);
  t2.equal(replies.find(topics[0]), void 0);
  t2.equal(replies.find(topics[1])?.responseTopic, "answers/1");
  t2.equal(replies.find(topics[1e3])?.responseTopic, "answers/1000");
});
//# sourceMappingURL=replies.test.js.map
