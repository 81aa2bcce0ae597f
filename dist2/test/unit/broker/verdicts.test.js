import t from "tap";
import { unrestricted } from "../../../src/broker/access/access.js";
import { Verdicts } from "../../../src/broker/access/verdicts.js";
class Counting {
  revision = 1;
  asked = 0;
  mayPublish(topic) {
    this.asked++;
    return Number(topic.at(-1)) % 2 === 0;
  }
  mayReceive(topic) {
    return !this.mayPublish(topic);
  }
  maySubscribe() {
    return false;
  }
}
t.test("a verdict is asked for once, of each kind, for yes and no alike", async (t2) => {
  const permissions = new Counting();
  const verdicts = new Verdicts();
  verdicts.adopt({ user: "a", permissions });
  for (let i = 0; i < 3; i++) {
    t2.same(
      ["t/2", "t/3"].map((topic) => [verdicts.mayPublish(topic), verdicts.mayReceive(topic)]),
      [
        [true, false],
        [false, true]
      ]
    );
  }
  t2.equal(permissions.asked, 4);
  t2.equal(verdicts.maySubscribe("#"), false);
});
t.test("another revision or another identity forgets what was remembered", async (t2) => {
  const permissions = new Counting();
  const verdicts = new Verdicts();
  verdicts.adopt({ user: "a", permissions });
  verdicts.mayPublish("t/2");
  permissions.revision++;
  verdicts.mayPublish("t/2");
  t2.equal(permissions.asked, 2);
  verdicts.adopt({ user: "a", permissions: unrestricted });
  t2.ok(verdicts.mayPublish("t/3"));
  t2.ok(verdicts.maySubscribe("#"));
  verdicts.adopt({ user: "a", permissions });
  t2.notOk(verdicts.mayPublish("t/3"));
  t2.equal(permissions.asked, 3);
});
t.test("as many topics as a client likes take bounded memory; the ones in use stay remembered", async (t2) => {
  const permissions = new Counting();
  const verdicts = new Verdicts();
  verdicts.adopt({ user: "a", permissions });
  for (let i = 0; i < 1e4; i++) {
    verdicts.mayPublish(`t/${i}`);
    verdicts.mayPublish("always/2");
  }
  t2.equal(permissions.asked, 10001, "the topic that is used all the time was asked for once");
  verdicts.mayPublish("t/0");
  t2.equal(permissions.asked, 10002, "one not used for long was forgotten");
});
//# sourceMappingURL=verdicts.test.js.map
