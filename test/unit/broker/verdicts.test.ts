import t from 'tap';
import { type Permissions, unrestricted } from '../../../src/broker/access/access.js';
import { Verdicts } from '../../../src/broker/access/verdicts.js';

/** Allows topics that end in an even digit; counts how often it is asked. */
class Counting implements Permissions {
  revision = 1;
  asked = 0;

  mayPublish(topic: string): boolean {
    this.asked++;
    return Number(topic.at(-1)) % 2 === 0;
  }

  mayReceive(topic: string): boolean {
    return !this.mayPublish(topic);
  }

  maySubscribe(): boolean {
    return false;
  }
}

t.test('a verdict is asked for once, of each kind, for yes and no alike', async (t) => {
  const permissions = new Counting();
  const verdicts = new Verdicts();
  verdicts.adopt({ user: 'a', permissions });
  for (let i = 0; i < 3; i++) {
    t.same(
      ['t/2', 't/3'].map((topic) => [verdicts.mayPublish(topic), verdicts.mayReceive(topic)]),
      [
        [true, false],
        [false, true],
      ],
    );
  }
  t.equal(permissions.asked, 4);
  t.equal(verdicts.maySubscribe('#'), false);
});

t.test('another revision or another identity forgets what was remembered', async (t) => {
  const permissions = new Counting();
  const verdicts = new Verdicts();
  verdicts.adopt({ user: 'a', permissions });
  verdicts.mayPublish('t/2');
  permissions.revision++;
  verdicts.mayPublish('t/2');
  t.equal(permissions.asked, 2);
  verdicts.adopt({ user: 'a', permissions: unrestricted });
  t.ok(verdicts.mayPublish('t/3'));
  t.ok(verdicts.maySubscribe('#'));
  verdicts.adopt({ user: 'a', permissions });
  t.notOk(verdicts.mayPublish('t/3'));
  t.equal(permissions.asked, 3);
});

t.test('as many topics as a client likes take bounded memory; the ones in use stay remembered', async (t) => {
  const permissions = new Counting();
  const verdicts = new Verdicts();
  verdicts.adopt({ user: 'a', permissions });
  for (let i = 0; i < 10_000; i++) {
    verdicts.mayPublish(`t/${i}`);
    verdicts.mayPublish('always/2');
  }
  t.equal(permissions.asked, 10_001, 'the topic that is used all the time was asked for once');
  verdicts.mayPublish('t/0');
  t.equal(permissions.asked, 10_002, 'one not used for long was forgotten');
});
