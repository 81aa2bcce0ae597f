import fc from 'fast-check';
import t from 'tap';
import type { RouteConfig } from '../../../src/core/config.js';
import { topicNameFault } from '../../../src/core/topic.js';
import { compileRoutes, resume, routeFault, targetsOf } from '../../../src/links/rules.js';

const route = (more: Partial<RouteConfig> = {}): RouteConfig => ({
  direction: 'out',
  filter: 'a/#',
  to: '{topic}',
  qos: 1,
  ...more,
});

t.test('templates rename topics', async (t) => {
  const cases: readonly [to: string, topic: string, expected: string | undefined][] = [
    ['{topic}', 'a/b/c', 'a/b/c'],
    ['plants/7/{topic}', 'a/b/c', 'plants/7/a/b/c'],
    ['{topic:1}', 'a/b/c', 'b/c'],
    ['{topic:2}', 'a/b/c', 'c'],
    ['{topic:3}', 'a/b/c', undefined],
    ['x/{topic:3}', 'a/b/c', undefined],
    ['{topic:2}', 'a/b/', undefined],
    ['x/{topic:2}', 'a/b/', 'x/'],
    ['{gateway}/{topic:1}', 'a/b', 'plant-7/b'],
    ['{topic:1}/from/{gateway}', 'a/b', 'b/from/plant-7'],
    ['all', 'a/b', 'all'],
    ['$aws/things/{gateway}/{topic:1}', 'a/shadow', '$aws/things/plant-7/shadow'],
    ['{topic:1}', 'a//b', '/b'],
    ['x/{1}', 'a/b/c', 'x/b/c'],
    ['x/{1}', 'a', 'x'],
    ['{1}', 'a', undefined],
    ['{level:3}/{level:1}', 'a/b/c', 'c/a'],
    ['x/{level:3}', 'a/b', undefined],
    ['{device}', 'a/b/c/d', undefined],
    [`x/{topic}`, `a/${'b'.repeat(65_532)}`, undefined],
  ];
  for (const [to, topic, expected] of cases) {
    const { out } = compileRoutes([route({ to })], 'plant-7');
    t.equal(out[0]!.map(topic), expected, `${topic.slice(0, 20)} by ${to}`);
  }
});

t.test('what comes in cannot reach topics with $ unless the route says so', async (t) => {
  const incoming = (to: string) => compileRoutes([route({ direction: 'in', to })], 'plant-7').in[0]!;
  t.equal(incoming('{topic:1}').map('a/$link/cloud/token'), undefined);
  t.equal(incoming('{topic:1}').map('a/$SYS/broker/uptime'), undefined);
  t.equal(incoming('$far/{topic:1}').map('a/x'), '$far/x');
  t.equal(incoming('{topic:1}').map('a/hpmq/$state'), 'hpmq/$state');
});

t.test('faults of a route are named', async (t) => {
  const cases: readonly [Partial<RouteConfig>, RegExp | undefined][] = [
    [{}, undefined],
    [{ direction: 'both' }, undefined],
    [{ to: 'x/{topic:12}/{gateway}' }, undefined],
    [{ filter: '' }, /filter is empty/],
    [{ filter: 'a/#/b' }, /filter wildcard is misplaced/],
    [{ filter: '$share/group/a/#' }, /shared subscriptions/],
    [{ to: '' }, /template is empty/],
    [{ to: '{topics}' }, /does not know "\{topics\}"/],
    [{ to: '{topic:0}' }, /does not know/],
    [{ to: '{topic:x}' }, /does not know/],
    [{ to: '{topic' }, /brace/],
    [{ to: 'topic}' }, /brace/],
    [{ to: 'a/+/{topic}' }, /contains a wildcard/],
    [{ to: 'a/\0' }, /contains U\+0000/],
    [{ to: '{2}' }, /no \{2\}: a\/# has 1 wildcards/],
    [{ filter: 'a/b', to: '{topic:2}' }, /\{topic:2\} leaves nothing of a\/b/],
    [{ filter: 'a/b', to: '{level:3}' }, /a\/b has no level 3/],
    [{ filter: 'a/+/+', to: '{device}/{point}' }, /has no level 4/],
    [{ filter: ['a/#', '#/b'] }, /misplaced/],
    [{ except: ['a/+b'] }, /misplaced/],
    [{ schedule: ['25:00-26:00'] }, /no times/],
    [{ direction: 'both', to: 'x/{topic}' }, undefined],
    [{ direction: 'both', to: 'x' }, /cannot be reversed: what wildcard 1 .* is lost/],
    [{ direction: 'both', to: '{1}/{1}' }, /cannot be reversed/],
    [{ direction: 'both', filter: 'a/+/b', to: '{1}/{1}' }, /comes twice/],
    [{ direction: 'both', filter: 'a/+/b', to: 'x-{1}' }, /part of a level/],
    [{ direction: 'both', filter: 'a/+/{b}', to: 'x/{1}' }, /brace/],
  ];
  for (const [more, expected] of cases) {
    const fault = routeFault(route(more));
    if (expected === undefined) t.equal(fault, undefined, JSON.stringify(more));
    else t.match(fault, expected, JSON.stringify(more));
  }
});

t.test('directions', async (t) => {
  const rules = compileRoutes(
    [route(), route({ direction: 'in', filter: 'b/#' }), route({ direction: 'both', filter: 'c/#' })],
    'g',
  );
  t.strictSame(
    rules.out.map(({ filter }) => filter),
    ['a/#', 'c/#'],
  );
  t.strictSame(
    rules.in.map(({ filter }) => filter),
    ['b/#', 'c/#'],
  );
});

t.test('several rules: each target once, with the highest QoS; what cannot be mapped is counted', async (t) => {
  const { out } = compileRoutes(
    [
      route({ qos: 0 }),
      route({ filter: 'a/b', qos: 2 }),
      route({ filter: 'a/b/#', to: 'x/{topic:5}' }),
      route({ to: 'y' }),
    ],
    'g',
  );
  let unmapped = 0;
  const targets = targetsOf(out, 'a/b', () => unmapped++);
  t.strictSame(plain(targets), [
    { topic: 'a/b', qos: 2 },
    { topic: 'y', qos: 1 },
  ]);
  t.equal(unmapped, 1);
  t.strictSame(
    targetsOf(out, 'z', () => unmapped++),
    [],
  );
});

const plain = (targets: readonly { readonly topic: string; readonly qos: number }[]) =>
  targets.map(({ topic, qos }) => ({ topic, qos }));
const none = () => {};

t.test('a list of filters is one route; `except` leaves topics out', async (t) => {
  const { out } = compileRoutes(
    [route({ filter: ['a/+/x', 'a/#', 'b'], except: ['a/secret/#', 'a/+/$state'], to: 'up/{topic}' })],
    'g',
  );
  t.strictSame(plain(targetsOf(out, 'a/1/x', none)), [{ topic: 'up/a/1/x', qos: 1 }], 'two filters match: one target');
  t.strictSame(plain(targetsOf(out, 'b', none)), [{ topic: 'up/b', qos: 1 }]);
  for (const topic of ['a/secret', 'a/secret/x', 'a/1/$state', 'c']) t.strictSame(targetsOf(out, topic, none), []);
});

t.test('wildcards are counted in the filter that matches', async (t) => {
  const { out } = compileRoutes([route({ filter: ['x/+/+', '+/y/z/+'], to: '{2}/{1}' })], 'g');
  t.strictSame(plain(targetsOf(out, 'x/1/2', none)), [{ topic: '2/1', qos: 1 }]);
  t.strictSame(plain(targetsOf(out, 'w/y/z/9', none)), [{ topic: '9/w', qos: 1 }]);
});

t.test('{device} and {point} of our own layout', async (t) => {
  const to = 'v1/{device}/{point}/up';
  const { out } = compileRoutes([route({ filter: ['hpmq/+/+/+', 'a/#'], to })], 'g');
  t.strictSame(plain(targetsOf(out, 'hpmq/g/boiler/temp', none)), [{ topic: 'v1/boiler/temp/up', qos: 1 }]);
  let unmapped = 0;
  t.strictSame(
    targetsOf(out, 'a/b/c/d', () => unmapped++),
    [],
    'a topic of another layout has no device',
  );
  t.equal(unmapped, 1);
});

t.test('two routes to one place: one target when they say the same, two when the payload differs', async (t) => {
  const same = compileRoutes(
    [route({ to: 'all', priority: 1 }), route({ filter: '#', to: 'all', qos: 2, priority: 9 })],
    'g',
  );
  const [target, ...more] = targetsOf(same.out, 'a/b', none);
  t.strictSame(more, []);
  t.match(target, { topic: 'all', qos: 2, route: { priority: 9 } });
  const other = compileRoutes([route({ to: 'all' }), route({ to: 'all', format: { type: 'value' } })], 'g');
  t.equal(targetsOf(other.out, 'a/b', none).length, 2);
});

t.test('batches have QoS 1 at most', async (t) => {
  const batch = { maxMessages: 10, maxBytes: 1_000, maxDelay: 1_000, as: 'array' } as const;
  const { out } = compileRoutes([route({ qos: 2, batch })], 'g');
  t.equal(targetsOf(out, 'a/b', none)[0]!.qos, 1);
  t.ok(targetsOf(out, 'a/b', none)[0]!.route.encoder, 'and a form of which batches can be made');
});

t.test('both: names are mapped there and back; what is excepted here is so on the way back', async (t) => {
  const both = route({ direction: 'both', filter: 'hpmq/g/+/#', to: 'plants/{1}/x/{2}', except: ['hpmq/g/secret/#'] });
  const rules = compileRoutes([both], 'g');
  t.equal(rules.in[0]!.filter, 'plants/+/x/#');
  t.equal(rules.in[0]!.mapped, 'hpmq/g/+/#');
  t.equal(rules.out[0]!.map('hpmq/g/boiler/temp/set'), 'plants/boiler/x/temp/set');
  t.equal(rules.in[0]!.map('plants/boiler/x/temp/set'), 'hpmq/g/boiler/temp/set');
  t.equal(rules.out[0]!.map('hpmq/g/boiler'), 'plants/boiler/x');
  t.equal(rules.in[0]!.map('plants/boiler/x'), 'hpmq/g/boiler');
  t.notOk(rules.in[0]!.takes('plants/secret/x/y', ['plants', 'secret', 'x', 'y']));
  t.ok(rules.in[0]!.takes('plants/other/x/y', ['plants', 'other', 'x', 'y']));
});

t.test('a kept message finds its target after the routes were edited', async (t) => {
  const before = [route({ to: 'old/{topic:1}' }), route({ filter: '#', to: 'copy/{topic}' })];
  const targets = targetsOf(compileRoutes(before, 'g').out, 'a/b', none);
  const [first, second] = [targets[0]!.tag, targets[1]!.tag];
  const after = (routes: readonly RouteConfig[], tag: string) =>
    resume(compileRoutes(routes, 'g').out, 'a/b', tag).topic;
  t.strictSame([after(before, first), after(before, second)], ['old/b', 'copy/a/b']);
  t.equal(after(before.toReversed(), first), 'old/b', 'the order does not matter');
  const renamed = [route({ to: 'new/{topic:1}' }), before[1]!];
  t.strictSame([after(renamed, first), after(renamed, second)], ['new/b', 'copy/a/b'], 'a renamed route: the new name');
  t.equal(after([route({ filter: 'a/+', to: 'old/{topic:1}' })], first), 'old/b', 'another filter, the same place');
  t.equal(after([before[1]!], first), 'old/b', 'the route is gone: as it was accepted, not a second copy of the other');
  t.equal(after([], second), 'copy/a/b');
});

t.test('a prefix with wildcards in both directions is reversed (property)', async (t) => {
  const word = fc.constantFrom('a', 'b', 'plants', '', 'ü', '$x');
  const local = fc.record({
    levels: fc.array(fc.oneof(word, fc.constant('+')), { minLength: 1, maxLength: 4 }),
    isOpen: fc.boolean(),
  });
  let reversed = 0;
  fc.assert(
    fc.property(
      local,
      fc.array(
        fc.oneof(word, fc.constantFrom('{1}', '{2}', '{3}', '{topic:1}', '{topic}', '{level:2}', '{gateway}', 'x{1}')),
        {
          minLength: 1,
          maxLength: 4,
        },
      ),
      fc.array(word, { minLength: 1, maxLength: 6 }),
      ({ levels, isOpen }, to, topicLevels) => {
        const filter = [...levels, ...(isOpen ? ['#'] : [])].join('/');
        const both = route({ direction: 'both', filter, to: to.join('/') });
        if (routeFault(both) !== undefined) return;
        const rules = compileRoutes([both], 'g');
        // A topic of the filter, and one of the far side.
        for (const [there, back] of [
          [rules.out[0]!, rules.in[0]!],
          [rules.in[0]!, rules.out[0]!],
        ] as const) {
          let next = 0;
          const pick = () => topicLevels[next++ % topicLevels.length]!;
          const topic = there.filter
            .split('/')
            .flatMap((level) => (level === '+' ? [pick()] : level === '#' ? topicLevels.slice(1) : [level]))
            .join('/');
          if (topicNameFault(topic) !== undefined || !there.takes(topic, topic.split('/'))) continue;
          const mapped = there.map(topic);
          if (mapped === undefined) continue;
          reversed++;
          if (topicNameFault(mapped) !== undefined) throw new Error(`${topic} became ${mapped}`);
          if (!back.takes(mapped, mapped.split('/')))
            throw new Error(`${filter} to ${both.to}: ${mapped} does not come back`);
          const home = back.map(mapped);
          // What is called $… here is not reached from there.
          if (home !== topic && !(home === undefined && topic.startsWith('$'))) {
            throw new Error(`${filter} to ${both.to}: ${topic}, ${mapped}, ${home}`);
          }
        }
      },
    ),
    { numRuns: 5_000 },
  );
  t.ok(reversed > 500, `${reversed} topics went there and back`);
});

t.test('a valid route gives legal Topic Names or nothing (property)', async (t) => {
  const level = fc.constantFrom('a', 'b', '', '$x', 'ü', '{', 'plants');
  const topics = fc.array(level, { minLength: 1, maxLength: 6 }).map((levels) => levels.join('/'));
  const parts = fc.constantFrom(
    '{topic}',
    '{topic:1}',
    '{topic:3}',
    '{1}',
    '{2}',
    '{level:2}',
    '{device}',
    '{gateway}',
    '/',
    'x',
    '$y',
    '{',
    '+',
  );
  const templates = fc.array(parts, { maxLength: 5 }).map((list) => list.join(''));
  let compiled = 0;
  fc.assert(
    fc.property(templates, topics, (to, topic) => {
      if (routeFault(route({ to })) !== undefined) return;
      compiled++;
      const mapped = compileRoutes([route({ to })], 'g').out[0]!.map(topic);
      if (mapped !== undefined && topicNameFault(mapped) !== undefined) throw new Error(`${topic} by ${to}: ${mapped}`);
    }),
    { numRuns: 2_000 },
  );
  t.ok(compiled > 200, `${compiled} valid routes were tried`);
});
