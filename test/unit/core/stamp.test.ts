import fc from 'fast-check';
import t from 'tap';
import type { Stamp } from '../../../src/core/message.js';
import { isGatewayId, joinStamp, MAX_HOPS, originOf, renamed, splitStamp } from '../../../src/core/stamp.js';

const stamp: Stamp = { gateway: 'g1', epoch: 'e', sequence: 7, hops: ['g1'], at: 1_000, isSync: false };
const message = { retain: false, qos: 0 } as const;
const id = fc.stringMatching(/^[A-Za-z0-9_.-]{1,64}$/);

t.test('what is joined is split again, the next hop behind the others', async (t) => {
  const stamps = fc.record({
    gateway: id,
    epoch: fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/),
    sequence: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    hops: fc.array(id, { maxLength: MAX_HOPS }),
    at: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    isSync: fc.boolean(),
  });
  const names = fc.array(fc.tuple(fc.string(), fc.string()).filter(([name]) => !name.startsWith('hpmq-')));
  fc.assert(
    fc.property(stamps, names, id, fc.boolean(), fc.constantFrom(0, 1, 2), (one, userProperties, self, retain, qos) => {
      const properties = userProperties.length === 0 ? undefined : { userProperties };
      const split = splitStamp(joinStamp(properties, one, self, { retain, qos }), 5);
      t.strictSame(split.properties, properties);
      t.strictSame(split.stamp, { ...one, hops: [...one.hops, self], at: retain ? one.at : 5 });
      t.equal(split.qos, qos);
    }),
    { numRuns: 100 },
  );
});

t.test('properties without a stamp stay the same object', async (t) => {
  for (const properties of [undefined, {}, { contentType: 'a' }, { userProperties: [['a', 'b']] as const }]) {
    t.equal(splitStamp(properties, 1).properties, properties);
  }
});

t.test('what is no stamp is taken away, and none', async (t) => {
  const good = joinStamp(undefined, stamp, 'g2', { retain: true, qos: 0 }).userProperties!;
  t.ok(splitStamp({ userProperties: good }, 1).stamp);
  const bad: Readonly<Record<string, readonly string[]>> = {
    'hpmq-origin': ['', 'g1', '/e', 'g1/', 'g1/e/f', 'a,b/e', `${'x'.repeat(65)}/e`, 'g 1/e', 'g1/e\u0000'],
    'hpmq-seq': ['', '0', '-1', '1.5', '1e3', '99999999999999999', ' 1', '٣'],
    'hpmq-hops': ['', ',', 'a,', 'a,,b', 'a/b', Array.from({ length: 65 }, () => 'a').join()],
    'hpmq-time': ['', '0', 'x', '-1'],
  };
  for (const [name, values] of Object.entries(bad)) {
    for (const value of values) {
      const userProperties = [...good.filter(([one]) => one !== name), [name, value] as const];
      const split = splitStamp({ userProperties, contentType: 'c' }, 1);
      t.equal(split.stamp, undefined, `${name} ${value.slice(0, 30)}`);
      t.strictSame(split.properties, { contentType: 'c' });
    }
    const twice = splitStamp({ userProperties: [...good, good.find(([one]) => one === name)!] }, 1);
    t.equal(twice.stamp, undefined, `${name} twice`);
  }
});

t.test('a QoS that is none, or has no stamp, is nothing', async (t) => {
  const good = joinStamp(undefined, stamp, 'g2', message).userProperties!;
  for (const value of ['', '3', '-1', '01', 'x']) {
    const split = splitStamp({ userProperties: [...good, ['hpmq-qos', value]] }, 1);
    t.ok(split.stamp);
    t.equal(split.qos, undefined, value);
  }
  t.equal(splitStamp({ userProperties: [['hpmq-qos', '2']] }, 1).qos, undefined);
});

t.test('a renamed message is another one, the same by each way that renames it alike', async (t) => {
  const there = renamed(stamp, 'a');
  t.not(originOf(there), originOf(stamp));
  t.equal(originOf(renamed({ ...stamp, hops: ['g1', 'g9'] }, 'a')), originOf(there));
  t.not(originOf(renamed(stamp, 'b')), originOf(there));
  t.not(originOf(renamed(there, 'a')), originOf(there));
  t.ok(splitStamp(joinStamp(undefined, renamed(there, 'a'), 'g2', message), 1).stamp, 'and can be sent');
});

t.test('gateway ids have nothing that separates', async (t) => {
  for (const good of ['a', 'plant-7', 'x'.repeat(64)]) t.ok(isGatewayId(good), good);
  for (const bad of ['', 'a/b', 'a,b', 'a b', 'a~b', 'x'.repeat(65)]) t.notOk(isGatewayId(bad), bad);
});
