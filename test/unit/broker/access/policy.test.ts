/** Rules: deny beats allow, the rest is refused; and what happens when there are none. */
import t from 'tap';
import { Policy, type Subject } from '../../../../src/broker/access/policy.js';
import type { RuleConfig } from '../../../../src/core/config.js';
import { both, rule } from './fixtures.js';

function ask(rules: RuleConfig[], subject: Partial<Subject> = {}, subscriptions: 'inside' | 'overlapping' = 'inside') {
  return new Policy({ rules, subscriptions }).rulesFor({
    user: 'anna',
    clientId: 'c1',
    commonName: undefined,
    roles: [],
    tokenRules: undefined,
    isLocal: false,
    ...subject,
  });
}

t.test('without rules: a user may do everything; anonymous clients from the network do not see $SYS', async (t) => {
  for (const subject of [{}, { user: undefined, isLocal: true }]) {
    const rules = ask([], subject);
    t.ok(
      rules.mayPublish('a') && rules.maySubscribe('#') && rules.maySubscribe('$SYS/#') && rules.mayReceive('$SYS/x'),
    );
  }
  const rules = ask([], { user: undefined });
  t.ok(rules.mayPublish('a') && rules.maySubscribe('#') && rules.mayReceive('a'));
  for (const filter of ['$SYS', '$SYS/#', '$SYS/+/x']) t.notOk(rules.maySubscribe(filter), filter);
  t.notOk(rules.mayReceive('$SYS/broker/version'));
  t.ok(rules.mayReceive('$SYSTEM/x'));
});

t.test('with rules: deny beats allow whatever their order, and the rest is refused', async (t) => {
  const list = [
    rule('deny', ['publish'], ['plant/safe/#']),
    rule('allow', both, ['plant/#']),
    rule('deny', ['receive'], ['plant/+/secret']),
  ];
  for (const rules of [ask(list), ask(list.toReversed())]) {
    t.ok(rules.mayPublish('plant/a'));
    t.notOk(rules.mayPublish('plant/safe'));
    t.notOk(rules.mayPublish('plant/safe/a'));
    t.ok(rules.mayReceive('plant/safe/a'));
    t.notOk(rules.mayReceive('plant/a/secret'));
    t.notOk(rules.mayPublish('other'));
    t.notOk(rules.mayReceive('other'));
    t.notOk(rules.mayReceive('$SYS/x'), '# does not reach $-topics, nor does anything here');
  }
});

t.test('subscribe includes receive; receive alone subscribes to nothing', async (t) => {
  const reading = ask([rule('allow', ['subscribe'], ['a/#'])]);
  t.ok(reading.maySubscribe('a/#') && reading.mayReceive('a/b'));
  t.notOk(reading.mayPublish('a/b'));
  const getting = ask([rule('allow', ['receive'], ['a/#'])]);
  t.notOk(getting.maySubscribe('a/b'));
  t.ok(getting.mayReceive('a/b'));
  const denied = ask([rule('allow', both, ['#']), rule('deny', ['subscribe'], ['secret/#'])]);
  t.ok(denied.maySubscribe('#'), 'granted …');
  t.notOk(denied.mayReceive('secret/x'), '… and what is denied does not come');
  t.ok(denied.mayReceive('x'));
});

t.test('a filter must lie inside one rule, and inside no denial', async (t) => {
  const rules = ask([
    rule('allow', ['subscribe'], ['plant/+/temperature', 'home/#']),
    rule('deny', ['subscribe'], ['home/private/#']),
  ]);
  for (const filter of ['plant/1/temperature', 'plant/+/temperature', 'home/#', 'home/+', 'home', 'home/+/x'])
    t.ok(rules.maySubscribe(filter), filter);
  for (const filter of [
    '#',
    '+',
    'plant/#',
    'plant/+/+',
    'plant/+/temperature/#',
    'home/private',
    'home/private/+',
    '$SYS/#',
  ])
    t.notOk(rules.maySubscribe(filter), filter);
  const wide = ask(
    [rule('allow', ['subscribe'], ['home/#']), rule('deny', ['subscribe'], ['home/private/#'])],
    {},
    'overlapping',
  );
  for (const filter of ['#', '+/+', 'home/+']) t.ok(wide.maySubscribe(filter), filter);
  for (const filter of ['other/#', 'home/private/#', '$SYS/#']) t.notOk(wide.maySubscribe(filter), filter);
  t.ok(wide.mayReceive('home/a'));
  t.notOk(wide.mayReceive('other'));
});

t.test('whom a rule concerns: every list that is there must fit', async (t) => {
  const allowed = (who: Partial<RuleConfig>, subject: Partial<Subject>) =>
    ask([rule('allow', ['publish'], ['a'], who)], subject).mayPublish('a');
  t.ok(allowed({ users: ['anna', 'bert'] }, {}));
  t.notOk(allowed({ users: ['bert'] }, {}));
  t.notOk(allowed({ users: ['*'] }, { user: undefined }), 'nobody is not a user');
  t.ok(allowed({ users: ['an*'] }, {}));
  t.notOk(allowed({ users: ['an'] }, {}));
  t.ok(allowed({ roles: ['operator'] }, { roles: ['operator'] }));
  t.notOk(allowed({ roles: ['operator'] }, {}));
  t.ok(allowed({ roles: ['authenticated'] }, {}));
  t.notOk(allowed({ roles: ['anonymous'] }, {}));
  t.ok(allowed({ roles: ['anonymous'] }, { user: undefined }));
  t.ok(allowed({ clientIds: ['meter-*'] }, { clientId: 'meter-7' }));
  t.notOk(allowed({ clientIds: ['meter-*'] }, { clientId: 'xmeter-7' }));
  t.ok(allowed({ commonNames: ['line-3'] }, { commonName: 'line-3' }));
  t.notOk(allowed({ commonNames: ['*'] }, {}), 'no certificate');
  t.notOk(allowed({ users: ['anna'], clientIds: ['c2'] }, {}));
});

t.test('%u, %c and %cn: as a level and as a part of one; never a wildcard', async (t) => {
  const list = [rule('allow', both, ['u/%u/#', 'c/x-%c', 'n/%cn/#', 'm/%u-%c'])];
  const rules = ask(list, { commonName: 'line-3' });
  t.ok(rules.mayPublish('u/anna/x') && rules.mayPublish('c/x-c1') && rules.mayPublish('n/line-3/x'));
  t.ok(rules.mayPublish('m/anna-c1') && rules.maySubscribe('u/anna/#'));
  for (const topic of ['u/bert/x', 'c/x-c2', 'n/line-4', 'u/%u/x', 'm/anna-c']) t.notOk(rules.mayPublish(topic), topic);
  for (const user of ['+', '#', 'anna/..', 'a/b', '', '+/#', '%c']) {
    const hostile = ask(list, { user });
    for (const topic of ['u/anna/x', 'u/a/b', 'u/bert', 'u/anna', 'u', 'u/c1/x'])
      t.notOk(hostile.mayPublish(topic), `${user}: ${topic}`);
    for (const filter of ['u/+/#', 'u/#', '#', 'u/a/b/#', `u/${user}/#`])
      if (user !== '%c') t.notOk(hostile.maySubscribe(filter), `${user}: ${filter}`);
  }
  for (const clientId of ['+', '#', 'a/b']) t.notOk(ask(list, { clientId }).maySubscribe(`c/x-${clientId}`), clientId);
  t.notOk(ask(list).mayPublish('n/undefined/x'), 'without a certificate');
});

t.test('what a token says is added; denials of the configuration stay', async (t) => {
  const tokenRules = [rule('allow', both, ['t/%u/#'])];
  const alone = ask([], { tokenRules });
  t.ok(alone.mayPublish('t/anna/x'));
  t.notOk(alone.mayPublish('x'), 'with a token that names topics, the rest is refused');
  t.notOk(ask([], { tokenRules: [] }).mayPublish('x'));
  t.notOk(ask([rule('deny', ['publish'], ['t/#'])], { tokenRules }).mayPublish('t/anna/x'));
});
